// SPDX-License-Identifier: GPL-2.0

//! The block device of a superblock: [`crate::fs_context::GetTree::GET_TREE_BDEV`].
//!
//! C header: [`include/linux/blkdev.h`](srctree/include/linux/blkdev.h)

use core::ptr;
use kernel::{
    bindings,
    error::from_err_ptr,
    page::PAGE_SHIFT,
    prelude::*, //
};

use super::SuperBlock;
use crate::FileSystem;

impl<F: FileSystem> SuperBlock<F> {
    /// The size of the block device in bytes; 0 if there is none. Takes no lock and does not sleep.
    #[inline]
    pub fn bdev_nr_bytes(&self) -> u64 {
        // SAFETY: The superblock is valid. Its device is set before it is set up, and stays until
        // after `->kill_sb`.
        unsafe { extra_bindings::slots_sb_bdev_bytes(self.as_ptr()) }
    }

    /// Reads from the block device, through its page cache, from byte `pos` on. May sleep; takes the
    /// locks of folios of the device, and does not enter a filesystem for memory.
    ///
    /// # Errors
    ///
    /// `EINVAL` if not all of it is on the device; those of reading.
    pub fn read_bdev(&self, pos: u64, mut to: &mut [u8]) -> Result {
        let end = pos.checked_add(to.len() as u64).ok_or(EINVAL)?;
        if end > self.bdev_nr_bytes() {
            return Err(EINVAL);
        }
        if to.is_empty() {
            return Ok(());
        }
        // SAFETY: There is a device, as it has bytes.
        let mapping = unsafe { extra_bindings::slots_sb_bdev_mapping(self.as_ptr()) };
        let mut pos = pos;
        while !to.is_empty() {
            let index = (pos >> PAGE_SHIFT) as usize;
            // SAFETY: It only changes a flag of the current task.
            let flags = unsafe { extra_bindings::memalloc_nofs_save() };
            // SAFETY: The mapping is valid, and needs no file.
            let folio =
                unsafe { bindings::read_cache_folio(mapping, index, None, ptr::null_mut()) };
            // SAFETY: Pairs with the save above.
            unsafe { extra_bindings::memalloc_nofs_restore(flags) };
            let folio = from_err_ptr(folio)?;
            // SAFETY: We have a reference to the folio. It begins at a multiple of its size, a power of two.
            let size = unsafe { extra_bindings::folio_size(folio) };
            let offset = pos as usize & size.wrapping_sub(1);
            let len = to.len().min(size - offset);
            let (part, rest) = to.split_at_mut(len);
            // SAFETY: As above; both ranges have that length. Others may write to the device, and
            // nothing counts on what was read.
            unsafe {
                extra_bindings::memcpy_from_folio(part.as_mut_ptr().cast(), folio, offset, len)
            };
            // SAFETY: The reference is ours.
            unsafe { extra_bindings::folio_put(folio) };
            pos += len as u64;
            to = rest;
        }
        Ok(())
    }
}
