// SPDX-License-Identifier: GPL-2.0

//! Ranges of two files that are to share blocks: what `->remap_file_range` gets.

use kernel::{
    bindings,
    error::to_result,
    page::PAGE_SIZE,
    prelude::*,
    types::NotThreadSafe, //
};
use rules::Exclusive;

use super::{
    OpenFile,
    Operations, //
};
use crate::{
    FileSystem,
    Inode,
    Locked, //
};

/// A range of a file that is to have the blocks of another one, in `->remap_file_range`: of
/// `FICLONERANGE` or `FIDEDUPERANGE`.
///
/// Both files have the same table, and are of one superblock; they may be of one inode, or of different mounts.
/// C's caller has protected the filesystem from a freeze. No lock is held.
pub struct RemapFileRange<'a, T: Operations> {
    /// Whose blocks.
    pub file_in: &'a OpenFile<T>,
    /// From where in it.
    pub pos_in: i64,
    /// Who gets them.
    pub file_out: &'a OpenFile<T>,
    /// Where in it.
    pub pos_out: i64,
    /// How many bytes; 0 means all to the end of `file_in`.
    pub len: i64,
    pub(super) flags: u32,
    pub(super) _not_send: NotThreadSafe,
}

/// The inodes of the two files of a [`RemapFileRange`], whose `i_rwsem` and `invalidate_lock` are
/// held exclusively.
pub enum Remapped<'t, 'a, F: FileSystem> {
    /// Both files are of one inode.
    Same(&'t mut Locked<'a, Inode<F>, Exclusive>),
    /// The inode whose blocks they are, and that which gets them.
    Two(
        &'t mut Locked<'a, Inode<F>, Exclusive>,
        &'t mut Locked<'a, Inode<F>, Exclusive>,
    ),
}

/// Holds the locks of both inodes.
///
/// # Invariants
///
/// The current task holds `i_rwsem` and `invalidate_lock` of both exclusively, and they are ours to
/// release. Both inodes are alive.
struct TwoLocks(*mut bindings::inode, *mut bindings::inode);

impl Drop for TwoLocks {
    fn drop(&mut self) {
        // SAFETY: By the invariants both are alive.
        let mappings = unsafe { ((*self.0).i_mapping, (*self.1).i_mapping) };
        // SAFETY: By the invariants the locks are ours.
        unsafe { bindings::filemap_invalidate_unlock_two(mappings.0, mappings.1) };
        // SAFETY: As above.
        unsafe { bindings::unlock_two_nondirectories(self.0, self.1) };
    }
}

impl<'a, T: Operations> RemapFileRange<'a, T> {
    /// Whether the bytes must be the same in both files: `REMAP_FILE_DEDUP`.
    #[inline]
    pub fn is_dedupe(&self) -> bool {
        self.flags & bindings::REMAP_FILE_DEDUP != 0
    }

    /// Checks what is asked for, and lets `share` make the blocks of the range be those of the other
    /// file. Returns how many bytes were shared, which may be fewer where the caller allows that.
    ///
    /// `share` gets how many bytes, and runs with `i_rwsem` and `invalidate_lock` of both inodes held.
    /// Before it both ranges are written back and, for a dedupe, compared; what the page cache has of
    /// `file_out`'s is thrown away, and what a shared mapping wrote beyond its end is zeroed if the range
    /// begins beyond it. After it the file grows, if it must. Mirrors what C's filesystems do
    /// around `generic_remap_file_range_prep()` of `fs/remap_range.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the range is not one of whole blocks, `EBADE` if the bytes are not the same, `EPERM`,
    /// `ETXTBSY`, `EISDIR`, `EXDEV`, and those of writing and of `share`.
    pub fn generic_remap_file_range(
        self,
        share: impl FnOnce(Remapped<'_, '_, T::FileSystem>, u64) -> Result,
    ) -> Result<i64> {
        let inode_in = self.file_in.inode();
        let inode_out = self.file_out.inode();
        let (raw_in, raw_out) = (inode_in.as_ptr(), inode_out.as_ptr());
        if inode_in.is_dir() || inode_out.is_dir() {
            return Err(EISDIR);
        }
        if inode_in.sb().as_ptr() != inode_out.sb().as_ptr() {
            return Err(EXDEV);
        }
        if self.pos_in < 0 || self.pos_out < 0 || self.len < 0 {
            return Err(EINVAL);
        }
        // SAFETY: Both inodes are alive, as the files are open, and no directories.
        unsafe { bindings::lock_two_nondirectories(raw_in, raw_out) };
        // SAFETY: As above.
        let mappings = unsafe { ((*raw_in).i_mapping, (*raw_out).i_mapping) };
        // SAFETY: As above.
        unsafe { bindings::filemap_invalidate_lock_two(mappings.0, mappings.1) };
        // INVARIANT: All four are ours now.
        let locks = TwoLocks(raw_in, raw_out);

        let mut len = self.len;
        // SAFETY: The files are open, and the locks that it wants are held.
        to_result(unsafe {
            extra_bindings::slots_remap_prep(
                self.file_in.as_ptr(),
                self.pos_in,
                self.file_out.as_ptr(),
                self.pos_out,
                &mut len,
                self.flags,
            )
        })?;
        if len <= 0 {
            return Ok(0);
        }
        let end = self.pos_out.checked_add(len).ok_or(EINVAL)?;
        let page = PAGE_SIZE as i64;
        let first = self.pos_out - self.pos_out % page;
        let last = end
            .checked_add(page - 1)
            .map_or(i64::MAX, |e| e - e % page - 1);
        // What a shared mapping wrote beyond the old end is zeroed, as for all else by which a file
        // grows; the lock that `zero_beyond_eof()` takes is held.
        let size = inode_out.i_size();
        if self.pos_out > size {
            // SAFETY: The inode is alive, and its locks are held.
            unsafe { bindings::truncate_pagecache(raw_out, size) };
        }
        // What shares a page with the ends of the range is written back, too, before it goes.
        // SAFETY: The mapping is valid.
        to_result(unsafe { bindings::filemap_write_and_wait_range(mappings.1, first, last) })?;
        // SAFETY: The inode is alive, and its locks are held.
        unsafe { bindings::truncate_pagecache_range(raw_out, first, last) };

        // SAFETY: The lock is held, and there is no other token for it.
        let mut out = unsafe { Locked::assume(inode_out) };
        if raw_in == raw_out {
            share(Remapped::Same(&mut out), len as u64)?;
        } else {
            // SAFETY: As above; it is another inode.
            let mut from = unsafe { Locked::assume(inode_in) };
            share(Remapped::Two(&mut from, &mut out), len as u64)?;
        }
        if end > out.i_size() {
            // SAFETY: The inode is alive, and its `i_rwsem` held exclusively.
            unsafe { extra_bindings::i_size_write(raw_out, end) };
        }
        drop(locks);
        Ok(len)
    }
}
