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

    /// Says that pages of the swap area are on the superblock's device, from block `start_block` on.
    ///
    /// Mirrors `add_swap_extent()` of `mm/swapfile.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn add_swap_extent(
        &mut self,
        start_page: usize,
        nr_pages: usize,
        start_block: u64,
    ) -> Result {
        // SAFETY: By the invariants nobody else uses it.
        let added =
            unsafe { bindings::add_swap_extent(self.sis, start_page, nr_pages, start_block) };
        if added < 0 {
            return to_result(added);
        }
        self.extents = self.extents.saturating_add(added);
        Ok(())
    }

    pub(crate) fn extents(&self) -> c_int {
        self.extents
    }
}
