// SPDX-License-Identifier: GPL-2.0

//! Folios of the page cache.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    num::NonZeroUsize,
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    prelude::*,
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

use crate::{
    inode::Host,
    FileSystem,
    Inode, //
};

/// A `struct folio` of the page cache of an inode of `F`.
///
/// A `&Folio` promises that the folio is alive, nothing about what it holds or belongs to.
#[repr(transparent)]
pub struct Folio<F: FileSystem> {
    inner: Opaque<bindings::folio>,
    _fs: PhantomData<F>,
}

impl<F: FileSystem> Folio<F> {
    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::folio {
        self.inner.get()
    }

    /// The size in bytes, `folio_size()`.
    #[inline]
    pub fn folio_size(&self) -> usize {
        // SAFETY: The folio is alive.
        unsafe { extra_bindings::folio_size(self.as_ptr()) }
    }
}

/// A folio that is locked and in the page cache of an inode of `F`. Dropping it unlocks it.
///
/// A method that gets one by value must give it back unlocked, and does so by using it up. A method
/// that gets a reference must leave it locked.
///
/// # Examples
///
/// ```
/// fn read_folio(folio: LockedFolio<'_, Fs>) -> Result {
///     if folio.folio_pos() != 0 {
///         // The folio is unlocked here,
///         return Err(EIO);
///     }
///     folio.folio_fill_tail(0, b"Hello, world!");
///     folio.folio_mark_uptodate();
///     // and here.
///     Ok(())
/// }
/// ```
///
/// # Invariants
///
/// The folio lock is held for the current task, and the folio's mapping is that of an inode of `F`,
/// which is alive for `'a`.
#[must_use = "dropping it unlocks the folio"]
pub struct LockedFolio<'a, F: FileSystem> {
    folio: &'a Folio<F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> LockedFolio<'a, F> {
    /// # Safety
    ///
    /// `folio` must satisfy the invariants. The lock belongs to the result.
    #[inline]
    pub(crate) unsafe fn from_raw(folio: *mut bindings::folio) -> Self {
        if cfg!(CONFIG_PROVE_LOCKING) {
            // SAFETY: The caller promises that it is alive.
            unsafe { extra_bindings::folio_assert_locked(folio) };
        }
        // INVARIANT: The caller promises it.
        Self {
            // SAFETY: The caller promises that it is alive. CAST: `Folio` is a transparent wrapper.
            folio: unsafe { &*folio.cast() },
            _not_send: NotThreadSafe::default(),
        }
    }

    /// Borrows a folio whose lock stays with C's caller.
    ///
    /// # Safety
    ///
    /// `folio` must satisfy the invariants.
    #[inline]
    pub(crate) unsafe fn borrow(folio: *mut bindings::folio) -> ManuallyDrop<Self> {
        // SAFETY: The caller promises it; `ManuallyDrop` keeps it locked.
        ManuallyDrop::new(unsafe { Self::from_raw(folio) })
    }

    /// The inode to which the folio belongs: `folio->mapping->host`. It may be just being evicted.
    #[inline]
    pub fn host(&self) -> &Host<F> {
        // SAFETY: The mapping of a locked folio does not change.
        let mapping = unsafe { extra_bindings::folio_mapping_field(self.as_ptr()) };
        // SAFETY: By the invariants it is the mapping of an inode of `F`.
        let host = unsafe { (*mapping).host };
        // SAFETY: As above.
        unsafe { Host::from_raw(host) }
    }

    /// Where the folio begins in the file, in bytes: `folio_pos()`.
    #[inline]
    pub fn folio_pos(&self) -> i64 {
        // SAFETY: The folio is locked, so it stays where it is.
        unsafe { extra_bindings::folio_pos(self.as_ptr()) }
    }

    /// Whether the folio holds what is in the file: `folio_test_uptodate()`.
    #[inline]
    pub fn folio_test_uptodate(&self) -> bool {
        // SAFETY: The folio is alive.
        unsafe { extra_bindings::folio_test_uptodate(self.as_ptr()) }
    }

    /// Says that the folio holds what is in the file: `folio_mark_uptodate()`.
    #[inline]
    pub fn folio_mark_uptodate(&self) {
        // SAFETY: The folio is locked.
        unsafe { extra_bindings::folio_mark_uptodate(self.as_ptr()) };
    }

    /// Says that the folio has changed: it must not be thrown away, except by a truncate.
    /// `folio_mark_dirty()`.
    #[inline]
    pub fn folio_mark_dirty(&self) {
        // SAFETY: The folio is locked.
        unsafe { bindings::folio_mark_dirty(self.as_ptr()) };
    }

    /// Zeroes the bytes `start..start + length` of the folio, or as many of them as it has.
    ///
    /// Mirrors `folio_zero_range()`.
    #[inline]
    pub fn folio_zero_range(&self, start: usize, length: usize) {
        let size = self.folio_size();
        let start = start.min(size);
        let length = length.min(size - start);
        // SAFETY: The folio is alive, and the range is within it. What user space maps of it may
        // change at any time: nothing in Rust counts on its content.
        unsafe { extra_bindings::folio_zero_range(self.as_ptr(), start, length) };
    }

    /// Copies bytes into the folio from `offset` on, or as many of them as it has room for.
    ///
    /// Mirrors `memcpy_to_folio()`. Callable in any context.
    #[inline]
    pub fn memcpy_to_folio(&self, offset: usize, from: &[u8]) {
        let size = self.folio_size();
        let offset = offset.min(size);
        let len = from.len().min(size - offset);
        // SAFETY: The folio is alive, and both ranges have that length. What user space maps of it
        // may change at any time: nothing in Rust counts on its content.
        unsafe {
            extra_bindings::memcpy_to_folio(self.as_ptr(), offset, from.as_ptr().cast(), len)
        };
    }

    /// Copies bytes into the folio from `offset` on, and zeroes what is behind them.
    ///
    /// Mirrors `folio_fill_tail()`. Callable in any context.
    pub fn folio_fill_tail(&self, offset: usize, from: &[u8]) {
        self.memcpy_to_folio(offset, from);
        self.folio_zero_range(offset.saturating_add(from.len()), usize::MAX);
    }

    /// The filesystem's private value: `folio_get_private()`.
    #[inline]
    pub fn folio_get_private(&self) -> Option<NonZeroUsize> {
        // SAFETY: The folio is locked, so nobody else sets it.
        NonZeroUsize::new(unsafe { extra_bindings::folio_get_private(self.as_ptr()) } as usize)
    }

    /// Gives the folio a private value, if it has none: `folio_attach_private()`.
    ///
    /// A folio with one does not leave the page cache without `->invalidate_folio` or
    /// `->release_folio`. Returns whether it was given.
    #[inline]
    pub fn folio_attach_private(&self, value: NonZeroUsize) -> bool {
        if self.folio_get_private().is_some() {
            return false;
        }
        let value = ptr::without_provenance_mut(value.get());
        // SAFETY: The folio is locked and has no private value; this takes a reference for it.
        unsafe { extra_bindings::folio_attach_private(self.as_ptr(), value) };
        true
    }

    /// Takes the private value away and returns it: `folio_detach_private()`.
    #[inline]
    pub fn folio_detach_private(&self) -> Option<NonZeroUsize> {
        // SAFETY: The folio is locked; this drops the reference that came with the value, which is
        // not the last one.
        NonZeroUsize::new(unsafe { extra_bindings::folio_detach_private(self.as_ptr()) } as usize)
    }
}

impl<F: FileSystem> Deref for LockedFolio<'_, F> {
    type Target = Folio<F>;

    #[inline]
    fn deref(&self) -> &Folio<F> {
        self.folio
    }
}

impl<F: FileSystem> Drop for LockedFolio<'_, F> {
    fn drop(&mut self) {
        // SAFETY: By the invariants the lock is ours.
        unsafe { bindings::folio_unlock(self.folio.as_ptr()) };
    }
}

/// A locked folio with a reference to it: between `->write_begin` and `->write_end`.
///
/// Dropping it unlocks the folio and gives the reference up.
///
/// # Invariants
///
/// As [`LockedFolio`], and the reference is owned.
#[must_use = "dropping it unlocks the folio"]
pub struct WriteFolio<'a, F: FileSystem>(ManuallyDrop<LockedFolio<'a, F>>);

impl<'a, F: FileSystem> WriteFolio<'a, F> {
    /// # Safety
    ///
    /// `folio` must satisfy the invariants. The lock and the reference belong to the result.
    pub(crate) unsafe fn from_raw(folio: NonNull<bindings::folio>) -> Self {
        // INVARIANT: The caller promises it.
        // SAFETY: The caller promises it.
        Self(unsafe { LockedFolio::borrow(folio.as_ptr()) })
    }

    pub(crate) fn into_raw(self) -> *mut bindings::folio {
        ManuallyDrop::new(self).as_ptr()
    }

    /// Takes over what was written into the folio, and lets the file grow if it must.
    ///
    /// `copied` of the `len` bytes from `pos` on were written. Returns `copied`. Mirrors
    /// `simple_write_end()` of `fs/libfs.c`: what a short copy left out of a folio that was not up
    /// to date is zeroed, and the folio is dirty afterwards. The caller holds `i_rwsem` of the
    /// inode, or nobody else has seen it.
    pub fn simple_write_end(self, pos: i64, len: usize, copied: usize) -> usize {
        if !self.folio_test_uptodate() {
            if copied < len {
                let from = pos.saturating_sub(self.folio_pos()).max(0) as usize;
                self.folio_zero_range(from.saturating_add(copied), len - copied);
            }
            self.folio_mark_uptodate();
        }
        let end = pos.saturating_add(copied as i64);
        let inode = self.host();
        if copied != 0 && end > inode.i_size() {
            // SAFETY: The inode is valid; the callers of `->write_end` hold its `i_rwsem`.
            unsafe { extra_bindings::i_size_write(inode.as_ptr(), end) };
        }
        self.folio_mark_dirty();
        copied
    }
}

impl<'a, F: FileSystem> Deref for WriteFolio<'a, F> {
    type Target = LockedFolio<'a, F>;

    #[inline]
    fn deref(&self) -> &LockedFolio<'a, F> {
        &self.0
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
/// The inode's `i_rwsem` is held exclusively, or nobody else has seen the inode yet.
pub struct WriteBegin<'a, F: FileSystem> {
    inode: &'a Inode<F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> WriteBegin<'a, F> {
    /// # Safety
    ///
    /// `inode` must satisfy the invariants for `'a`.
    pub(crate) unsafe fn from_raw(inode: *mut bindings::inode) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            // SAFETY: The caller promises it.
            inode: unsafe { Inode::from_raw(inode) },
            _not_send: NotThreadSafe::default(),
        }
    }

    /// Finds or makes the folio for a write of `len` bytes at `pos`, within one page.
    ///
    /// Unless the folio is up to date, what the write leaves out of it is zeroed. Mirrors
    /// `simple_write_begin()` of `fs/libfs.c`. What a shared mapping wrote beyond the end of the
    /// file into its last page is zeroed, too, if the write begins beyond the end. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EINTR`.
    pub fn simple_write_begin(&self, pos: i64, len: usize) -> Result<WriteFolio<'a, F>> {
        let inode = self.inode;
        let size = inode.i_size();
        if pos > size && size & (kernel::page::PAGE_SIZE as i64 - 1) != 0 {
            inode.truncate_pagecache(size);
        }
        let mut folio = ptr::null_mut();
        let mut fsdata = ptr::null_mut();
        // SAFETY: The inode is valid.
        let mapping = unsafe { (*inode.as_ptr()).i_mapping };
        // SAFETY: The mapping is valid, and `iocb` is not used.
        kernel::error::to_result(unsafe {
            bindings::simple_write_begin(
                ptr::null(),
                mapping,
                pos,
                len as u32,
                &mut folio,
                &mut fsdata,
            )
        })?;
        let folio = NonNull::new(folio).ok_or(ENOMEM)?;
        // SAFETY: The folio comes back locked, in the mapping of this inode, with a reference.
        Ok(unsafe { WriteFolio::from_raw(folio) })
    }
}

impl<F: FileSystem> Deref for WriteBegin<'_, F> {
    type Target = Inode<F>;

    #[inline]
    fn deref(&self) -> &Inode<F> {
        self.inode
    }
}
