// SPDX-License-Identifier: GPL-2.0

//! What `->swap_activate` is given.

use core::marker::PhantomData;
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    prelude::*,
    types::NotThreadSafe, //
};

use crate::{
    File,
    FileSystem, //
};

/// A file that is about to be swapped to, in `->swap_activate`.
///
/// # Invariants
///
/// `sis` is being set up by `swapon(2)`, and nobody else uses it.
pub struct SwapActivate<'a, F: FileSystem> {
    sis: *mut bindings::swap_info_struct,
    file: &'a File<F>,
    /// How many pages were added.
    pages: usize,
    extents: c_int,
    _lifetime: PhantomData<&'a F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> SwapActivate<'a, F> {
    /// # Safety
    ///
    /// Both must be what C passes to a `->swap_activate` of `F`, and `'a` within that call.
    pub(crate) unsafe fn from_raw(
        sis: *mut bindings::swap_info_struct,
        file: *mut bindings::file,
    ) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            sis,
            // SAFETY: The caller promises that it is open, and of the filesystem.
            file: unsafe { File::from_raw(file) },
            pages: 0,
            extents: 0,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The file. Its inode is locked: `i_rwsem` is held exclusively by `swapon(2)`, which the
    /// document does not promise.
    pub fn file(&self) -> &'a File<F> {
        self.file
    }

    /// Says that the next pages of the swap area are on the superblock's device, from its page `start_block`
    /// on. The first one has the header of the area.
    ///
    /// Mirrors `add_swap_extent()` of `mm/swapfile.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINVAL` if there is no device, or no file so large.
    pub fn add_swap_extent(&mut self, nr_pages: usize, start_block: u64) -> Result {
        // SAFETY: By the invariants nobody else uses it.
        if unsafe { (*self.sis).bdev.is_null() } {
            return Err(EINVAL);
        }
        let pages = self.pages.checked_add(nr_pages).ok_or(EINVAL)?;
        // C wants them in order, and each of them once.
        // SAFETY: As above.
        let added =
            unsafe { bindings::add_swap_extent(self.sis, self.pages, nr_pages, start_block) };
        if added < 0 {
            return to_result(added);
        }
        self.pages = pages;
        self.extents = self.extents.saturating_add(added);
        Ok(())
    }

    /// How many extents there are, if all pages of the area were added: C stops the kernel where it finds none.
    pub(crate) fn extents(&self) -> Option<c_int> {
        // SAFETY: By the invariants nobody else uses it.
        let max = unsafe { (*self.sis).max } as usize;
        (self.pages >= max).then_some(self.extents)
    }
}
