// SPDX-License-Identifier: GPL-2.0

//! `struct address_space` itself, and its `invalidate_lock`.

use core::{
    marker::PhantomData,
    ops::Range, //
};
use kernel::{
    bindings,
    types::Opaque, //
};
use rules::{
    AtLeast,
    Exclusive,
    Shared, //
};

use crate::{
    inode::Host,
    locked::{
        Lockable,
        Locked, //
    },
    FileSystem,
    Inode, //
};

/// The page cache of an inode of `F`: `struct address_space`.
///
/// Its lock, as an object of [`Locked`], is `invalidate_lock`: who holds it exclusively takes pages
/// out of the cache together with what is below them, and nobody brings one back meanwhile.
///
/// # Invariants
///
/// Its host is an inode of `F` as [`Host`] wants it.
#[repr(transparent)]
pub struct AddressSpace<F: FileSystem> {
    inner: Opaque<bindings::address_space>,
    _fs: PhantomData<F>,
}

impl<F: FileSystem> AddressSpace<F> {
    /// # Safety
    ///
    /// `ptr` must be a mapping that satisfies the invariants and stays alive for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::address_space) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::address_space {
        self.inner.get()
    }

    /// The inode whose data these are. It may be just being evicted.
    #[inline]
    pub fn host(&self) -> &Host<F> {
        // SAFETY: The host of a mapping does not change.
        let host = unsafe { (*self.as_ptr()).host };
        // SAFETY: By the invariants it is an inode of `F`.
        unsafe { Host::from_raw(host) }
    }

    /// Whether there is a shared mapping through which somebody may write, or may come to:
    /// `mapping_writably_mapped()`. Takes no lock, so the answer is soon old.
    #[inline]
    pub fn mapping_writably_mapped(&self) -> bool {
        // SAFETY: `self` is a valid mapping.
        unsafe { extra_bindings::mapping_writably_mapped(self.as_ptr()) }
    }
}

// SAFETY: The helper is lockdep_assert_held_write().
unsafe impl<F: FileSystem> Lockable<Exclusive> for AddressSpace<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a valid mapping.
        unsafe { extra_bindings::invalidate_lock_assert_exclusive(self.as_ptr()) };
    }
}

// SAFETY: The helper is lockdep_assert_held(), which any mode satisfies.
unsafe impl<F: FileSystem> Lockable<Shared> for AddressSpace<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a valid mapping.
        unsafe { extra_bindings::invalidate_lock_assert_shared(self.as_ptr()) };
    }
}

/// Holds `invalidate_lock` of a mapping exclusively.
struct InvalidateLock<'a, F: FileSystem>(&'a AddressSpace<F>);

impl<'a, F: FileSystem> InvalidateLock<'a, F> {
    /// Takes it: `filemap_invalidate_lock()`. May sleep.
    fn new(inode: &'a Host<F>) -> Self {
        // SAFETY: The inode is valid, and its mapping is part of it.
        let mapping = unsafe { AddressSpace::from_raw((*inode.as_ptr()).i_mapping) };
        // SAFETY: The mapping is valid.
        unsafe { extra_bindings::filemap_invalidate_lock(mapping.as_ptr()) };
        Self(mapping)
    }

    fn token(&mut self) -> Locked<'_, AddressSpace<F>, Exclusive> {
        // SAFETY: It is held as long as `self` is, which is borrowed mutably for the token.
        unsafe { Locked::assume(self.0) }
    }
}

impl<F: FileSystem> Drop for InvalidateLock<'_, F> {
    fn drop(&mut self) {
        // SAFETY: `new` has taken it.
        unsafe { extra_bindings::filemap_invalidate_unlock(self.0.as_ptr()) };
    }
}

impl<F: FileSystem> Host<F> {
    /// Zeroes what a shared mapping wrote beyond the end of the file into its last page, if the
    /// file is about to grow by something at `pos`.
    ///
    /// Also a large folio that reaches over the end is split or dropped: whoever maps all of it
    /// must come past `->page_mkwrite` again.
    ///
    /// The caller holds `i_rwsem`, or nobody else has seen the inode; no folio lock. May sleep.
    pub(crate) fn zero_beyond_eof(&self, pos: i64) {
        let size = self.i_size();
        if pos > size {
            let _lock = InvalidateLock::new(self);
            // SAFETY: The inode is valid, and its size does not change meanwhile.
            unsafe { bindings::truncate_pagecache(self.as_ptr(), size) };
        }
    }
}

impl<F: FileSystem, M: AtLeast<Exclusive>> Locked<'_, Inode<F>, M> {
    /// Sets the size of the file, throws away the cached pages beyond it, and lets `free` do the
    /// same with what is below them.
    ///
    /// All of it under `invalidate_lock`, so that nothing comes back into the cache between. What
    /// is cut off reads as zeroes should the file grow again; what a shared mapping wrote into the
    /// last page beyond the end of the file does so, too. Mirrors `truncate_setsize()` of
    /// `mm/truncate.c`. May sleep.
    pub fn truncate_setsize(
        &mut self,
        size: i64,
        free: impl FnOnce(&Locked<'_, AddressSpace<F>, Exclusive>),
    ) {
        self.zero_beyond_eof(size);
        let mut lock = InvalidateLock::new(self);
        // SAFETY: The inode is valid and its `i_rwsem` is held exclusively.
        unsafe { bindings::truncate_setsize(self.as_ptr(), size) };
        free(&lock.token());
    }

    /// Throws away the cached pages of `bytes`, zeroes those that are only partly among them, and lets
    /// `free` do the same with what is below them: a hole is punched.
    ///
    /// All of it under `invalidate_lock`. Mirrors `truncate_pagecache_range()` of `mm/truncate.c`.
    /// May sleep.
    pub fn truncate_pagecache_range(
        &mut self,
        bytes: Range<i64>,
        free: impl FnOnce(&Locked<'_, AddressSpace<F>, Exclusive>),
    ) {
        if bytes.start < 0 || bytes.is_empty() {
            return;
        }
        let mut lock = InvalidateLock::new(self);
        let (first, last) = (bytes.start, bytes.end - 1);
        // SAFETY: The inode is valid and its `i_rwsem` is held exclusively.
        unsafe { bindings::truncate_pagecache_range(self.as_ptr(), first, last) };
        free(&lock.token());
    }
}
