// SPDX-License-Identifier: GPL-2.0

//! Folios between `->write_begin` and `->write_end`.

use core::{
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::to_result,
    page::PAGE_SHIFT,
    prelude::*,
    types::NotThreadSafe, //
};

use super::LockedFolio;
use crate::{
    FileSystem,
    Inode, //
};

/// A locked folio with a reference to it: between `->write_begin` and `->write_end`.
///
/// Dropping it unlocks the folio and gives the reference up.
///
/// # Invariants
///
/// As [`LockedFolio`], and the reference is owned.
#[must_use = "dropping it unlocks the folio"]
pub struct WriteFolio<'a, F: FileSystem> {
    folio: ManuallyDrop<LockedFolio<'a, F>>,
    fsdata: usize,
}

impl<'a, F: FileSystem> WriteFolio<'a, F> {
    /// # Safety
    ///
    /// `folio` must satisfy the invariants. The lock and the reference belong to the result.
    pub(crate) unsafe fn from_raw(folio: NonNull<bindings::folio>, fsdata: usize) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            // SAFETY: The caller promises it.
            folio: unsafe { LockedFolio::borrow(folio.as_ptr()) },
            fsdata,
        }
    }

    /// What `->write_begin` has left for `->write_end`: 0 if nothing.
    #[inline]
    pub fn fsdata(&self) -> usize {
        self.fsdata
    }

    /// Leaves a number for `->write_end`: C's `*fsdata`.
    #[inline]
    pub fn set_fsdata(&mut self, fsdata: usize) {
        self.fsdata = fsdata;
    }

    pub(crate) fn into_raw(self) -> *mut bindings::folio {
        ManuallyDrop::new(self).as_ptr()
    }

    /// Takes over `copied` bytes that were written at `pos`: lets the file grow if it must, and
    /// marks the folio dirty.
    ///
    /// What generic helpers like `generic_write_end()` do in the end. Uses the folio up, and so
    /// unlocks it. The callers of `->write_end` hold `i_rwsem` of the inode, or nobody else has
    /// seen it.
    pub fn write_end(self, pos: i64, copied: usize) {
        if copied == 0 {
            return;
        }
        let end = pos.saturating_add(copied as i64);
        let inode = self.host();
        if end > inode.i_size() {
            // SAFETY: The inode is valid; the callers of `->write_end` hold its `i_rwsem`.
            unsafe { extra_bindings::i_size_write(inode.as_ptr(), end) };
        }
        self.folio_mark_dirty();
    }
}

impl<'a, F: FileSystem> Deref for WriteFolio<'a, F> {
    type Target = LockedFolio<'a, F>;

    #[inline]
    fn deref(&self) -> &LockedFolio<'a, F> {
        &self.folio
    }
}

impl<F: FileSystem> Drop for WriteFolio<'_, F> {
    fn drop(&mut self) {
        let folio = self.as_ptr();
        // SAFETY: By the invariants the lock is ours.
        unsafe { bindings::folio_unlock(folio) };
        // SAFETY: By the invariants the reference is ours.
        unsafe { extra_bindings::folio_put(folio) };
    }
}

/// A write that is about to begin, in `->write_begin`. Derefs to the inode that is written to.
///
/// # Invariants
///
/// The inode's `i_rwsem` is held exclusively, or nobody else has seen the inode yet. `iocb` is null
/// or valid.
pub struct WriteBegin<'a, F: FileSystem> {
    inode: &'a Inode<F>,
    iocb: *const bindings::kiocb,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> WriteBegin<'a, F> {
    /// # Safety
    ///
    /// `inode` and `iocb` must satisfy the invariants for `'a`.
    pub(crate) unsafe fn from_raw(
        inode: *mut bindings::inode,
        iocb: *const bindings::kiocb,
    ) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            // SAFETY: The caller promises it.
            inode: unsafe { Inode::from_raw(inode) },
            iocb,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// Finds or makes the folio for a write of `len` bytes at `pos`; it may be smaller than that.
    ///
    /// The folio need not be up to date. What a shared mapping wrote beyond the end of the file
    /// into its last page is zeroed if the write begins beyond the end. Mirrors
    /// `write_begin_get_folio()`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINVAL` if `pos` is less than 0.
    pub fn write_begin_get_folio(&self, pos: i64, len: usize) -> Result<WriteFolio<'a, F>> {
        if pos < 0 {
            return Err(EINVAL);
        }
        let inode = self.inode;
        inode.zero_beyond_eof(pos);
        // SAFETY: The inode is valid.
        let mapping = unsafe { (*inode.as_ptr()).i_mapping };
        let index = (pos >> PAGE_SHIFT) as usize;
        let mut error = 0;
        // SAFETY: The mapping is valid, and `iocb` as the function wants it, by the invariants.
        let folio = unsafe {
            extra_bindings::write_begin_get_folio(self.iocb, mapping, index, len, &mut error)
        };
        to_result(error)?;
        let folio = NonNull::new(folio).ok_or(ENOMEM)?;
        // SAFETY: The folio comes back locked, in the mapping of this inode, with a reference.
        Ok(unsafe { WriteFolio::from_raw(folio, 0) })
    }
}

impl<F: FileSystem> Deref for WriteBegin<'_, F> {
    type Target = Inode<F>;

    #[inline]
    fn deref(&self) -> &Inode<F> {
        self.inode
    }
}
