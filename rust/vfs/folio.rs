// SPDX-License-Identifier: GPL-2.0

//! Folios of the page cache.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    num::NonZeroUsize,
    ops::{
        Deref,
        Range, //
    },
    ptr, //
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
    FileSystem, //
};

mod write;

pub use write::{
    WriteBegin,
    WriteFolio, //
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

    /// Whether the folio holds what is in the file: `folio_test_uptodate()`.
    #[inline]
    pub fn folio_test_uptodate(&self) -> bool {
        // SAFETY: The folio is alive.
        unsafe { extra_bindings::folio_test_uptodate(self.as_ptr()) }
    }

    /// Whether the folio holds what is to be written back: `folio_test_dirty()`.
    #[inline]
    pub fn folio_test_dirty(&self) -> bool {
        // SAFETY: The folio is alive.
        unsafe { extra_bindings::folio_test_dirty(self.as_ptr()) }
    }

    /// Whether the folio is being written back: `folio_test_writeback()`.
    #[inline]
    pub fn folio_test_writeback(&self) -> bool {
        // SAFETY: The folio is alive.
        unsafe { extra_bindings::folio_test_writeback(self.as_ptr()) }
    }

    /// Copies the bytes from `offset` on out of the folio, or as many of them as it has.
    ///
    /// Others may change them meanwhile. Mirrors `memcpy_from_folio()`. Callable in any context.
    #[inline]
    pub fn memcpy_from_folio(&self, to: &mut [u8], offset: usize) {
        let size = self.folio_size();
        let offset = offset.min(size);
        let len = to.len().min(size - offset);
        // SAFETY: The folio is alive, and both ranges have that length.
        unsafe {
            extra_bindings::memcpy_from_folio(to.as_mut_ptr().cast(), self.as_ptr(), offset, len)
        };
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

    /// The bytes of the folio among the `len` from `pos` of the file on.
    #[inline]
    pub fn range(&self, pos: i64, len: usize) -> Range<usize> {
        let size = self.folio_size();
        let start = (pos.saturating_sub(self.folio_pos()).max(0) as usize).min(size);
        start..start.saturating_add(len).min(size)
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

    /// Writes the folio back at once, if it is dirty: for `->launder_folio`.
    ///
    /// The folio is under writeback while `write` runs, and stays locked. If `write` fails, the
    /// folio is dirty again, and its error is returned. Mirrors `folio_wait_writeback()`,
    /// `folio_clear_dirty_for_io()`, `folio_start_writeback()` and `folio_end_writeback()`. May sleep.
    pub fn folio_launder(&self, write: impl FnOnce(&Folio<F>) -> Result) -> Result {
        let folio = self.as_ptr();
        // The callers of `->launder_folio` have done so, but not those of other callbacks.
        // SAFETY: The folio is locked, and there is a reference to it.
        unsafe { bindings::folio_wait_writeback(folio) };
        // SAFETY: The folio is locked and in the page cache.
        if !unsafe { bindings::folio_clear_dirty_for_io(folio) } {
            return Ok(());
        }
        // SAFETY: The folio is locked and was dirty. An earlier writeback has ended, as was waited for,
        // and under the lock nobody else starts one.
        unsafe { bindings::__folio_start_writeback(folio, false) };
        let result = write(self);
        if result.is_err() {
            self.folio_mark_dirty();
        }
        // SAFETY: Pairs with the start above.
        unsafe { bindings::folio_end_writeback(folio) };
        result
    }

    /// The filesystem's private value: `folio_get_private()`.
    #[inline]
    pub fn folio_get_private(&self) -> Option<NonZeroUsize> {
        // SAFETY: The folio is locked, so nobody else sets it.
        NonZeroUsize::new(unsafe { extra_bindings::folio_get_private(self.as_ptr()) } as usize)
    }

    /// Gives the folio a private value, if it has none: `folio_attach_private()`.
    ///
    /// A folio with one does not leave the page cache without `->invalidate_folio` or `->release_folio`.
    /// Of a file without either of them no folio gets one: C would take the number for a list of buffers.
    /// Returns whether it was given.
    pub fn folio_attach_private(&self, value: NonZeroUsize) -> bool {
        // SAFETY: The mapping of a locked folio does not change.
        let mapping = unsafe { extra_bindings::folio_mapping_field(self.as_ptr()) };
        // SAFETY: By the invariants it is the mapping of an inode of `F`, whose table lives for ever.
        let ops = unsafe { &*(*mapping).a_ops };
        if ops.invalidate_folio.is_none()
            || ops.release_folio.is_none()
            || self.folio_get_private().is_some()
        {
            return false;
        }
        let value = ptr::without_provenance_mut(value.get());
        // SAFETY: The folio is locked and has no private value; this takes a reference for it.
        unsafe { extra_bindings::folio_attach_private(self.as_ptr(), value) };
        true
    }

    /// Gives the folio another private value, if it has one: `folio_change_private()`.
    ///
    /// Returns the old one.
    #[inline]
    pub fn folio_change_private(&self, value: NonZeroUsize) -> Option<NonZeroUsize> {
        let old = self.folio_get_private()?;
        let value = ptr::without_provenance_mut(value.get());
        // SAFETY: The folio is locked and has a private value.
        unsafe { extra_bindings::folio_change_private(self.as_ptr(), value) };
        Some(old)
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
