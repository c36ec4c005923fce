// SPDX-License-Identifier: GPL-2.0

//! Locks of an inode that a filesystem takes itself, and what it does under them.
//!
//! Order: `i_rwsem`, then `invalidate_lock`, then folio locks. Whoever takes one that it holds
//! already waits for ever, as in C; lockdep says so.

use core::{
    ops::ControlFlow,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::c_ulong,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    types::NotThreadSafe, //
};
use rules::{
    AtLeast,
    Exclusive,
    Shared, //
};

use super::{
    Host,
    Inode, //
};
use crate::{
    folio::{
        Folio,
        WriteFolio, //
    },
    FileSystem,
    Locked, //
};

/// `i_rwsem`, held exclusively until this is dropped.
///
/// # Invariants
///
/// The lock is held exclusively by the current task, and is the guard's to release.
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'a, F: FileSystem> {
    inode: &'a Inode<F>,
    _not_send: NotThreadSafe,
}

impl<F: FileSystem> LockGuard<'_, F> {
    /// Lends the token of the lock.
    #[inline]
    pub fn locked(&mut self) -> Locked<'_, Inode<F>, Exclusive> {
        // SAFETY: By the invariants the lock is held. A token that somebody else made would have
        // kept us waiting, and this one borrows the guard mutably.
        unsafe { Locked::assume(self.inode) }
    }
}

impl<F: FileSystem> Drop for LockGuard<'_, F> {
    fn drop(&mut self) {
        // SAFETY: By the invariants the lock is ours.
        unsafe { extra_bindings::inode_unlock(self.inode.as_ptr()) };
    }
}

/// `i_rwsem`, held shared until this is dropped.
///
/// # Invariants
///
/// The lock is held shared by the current task, and is the guard's to release.
#[must_use = "the lock is released when the guard is dropped"]
pub struct SharedLockGuard<'a, F: FileSystem> {
    inode: &'a Inode<F>,
    _not_send: NotThreadSafe,
}

impl<F: FileSystem> SharedLockGuard<'_, F> {
    /// Lends the token of the lock.
    #[inline]
    pub fn locked(&self) -> Locked<'_, Inode<F>, Shared> {
        // SAFETY: By the invariants the lock is held.
        unsafe { Locked::assume(self.inode) }
    }
}

impl<F: FileSystem> Drop for SharedLockGuard<'_, F> {
    fn drop(&mut self) {
        // SAFETY: By the invariants the lock is ours.
        unsafe { extra_bindings::inode_unlock_shared(self.inode.as_ptr()) };
    }
}

/// `invalidate_lock` of the inode's mapping, held exclusively until this is dropped: no fault and no
/// read brings pages into the page cache.
///
/// # Invariants
///
/// The lock is held exclusively by the current task, and is the guard's to release. So is `i_rwsem`
/// of the inode, which somebody else releases after `'a`.
#[must_use = "the lock is released when the guard is dropped"]
pub struct InvalidateLock<'a, F: FileSystem> {
    inode: &'a Inode<F>,
    mapping: *mut bindings::address_space,
    _not_send: NotThreadSafe,
}

impl<F: FileSystem> InvalidateLock<'_, F> {
    /// Throws away the cached pages from byte `start` on, and before byte `end`, and zeroes what of
    /// a page is within: `truncate_pagecache_range()`.
    ///
    /// What was zeroed of a page is not made dirty by it. May sleep.
    pub fn truncate_pagecache_range(&self, start: i64, end: i64) {
        if 0 <= start && start < end {
            // SAFETY: The inode is valid; no folio lock is held.
            unsafe { bindings::truncate_pagecache_range(self.inode.as_ptr(), start, end - 1) };
        }
    }
}

impl<F: FileSystem> Drop for InvalidateLock<'_, F> {
    fn drop(&mut self) {
        // SAFETY: By the invariants the lock is ours.
        unsafe { extra_bindings::filemap_invalidate_unlock(self.mapping) };
    }
}

impl<F: FileSystem> Inode<F> {
    /// Takes `i_rwsem` exclusively: `inode_lock()`. Sleeps.
    pub fn inode_lock(&self) -> LockGuard<'_, F> {
        // SAFETY: The inode is valid.
        unsafe { extra_bindings::inode_lock(self.as_ptr()) };
        // INVARIANT: We have it.
        LockGuard {
            inode: self,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// Takes `i_rwsem` shared: `inode_lock_shared()`. Sleeps.
    pub fn inode_lock_shared(&self) -> SharedLockGuard<'_, F> {
        // SAFETY: The inode is valid.
        unsafe { extra_bindings::inode_lock_shared(self.as_ptr()) };
        // INVARIANT: We have it.
        SharedLockGuard {
            inode: self,
            _not_send: NotThreadSafe::default(),
        }
    }
}

impl<F: FileSystem, M: AtLeast<Exclusive>> Locked<'_, Inode<F>, M> {
    /// Takes `invalidate_lock` exclusively: `filemap_invalidate_lock()`. Sleeps.
    pub fn filemap_invalidate_lock(&self) -> InvalidateLock<'_, F> {
        // SAFETY: The inode is valid, and its mapping does not change.
        let mapping = unsafe { (*self.as_ptr()).i_mapping };
        // SAFETY: The mapping is valid.
        unsafe { extra_bindings::filemap_invalidate_lock(mapping) };
        // INVARIANT: We have it, and the token says that `i_rwsem` is held.
        InvalidateLock {
            inode: self,
            mapping,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// Checks that the file may become so large: `inode_newsize_ok()`.
    ///
    /// # Errors
    ///
    /// `EFBIG`, and then sends `SIGXFSZ` where it is the limit of the task; `ETXTBSY`.
    pub fn inode_newsize_ok(&self, size: i64) -> Result {
        // SAFETY: The inode is valid and its `i_rwsem` held.
        to_result(unsafe { bindings::inode_newsize_ok(self.as_ptr(), size) })
    }

    /// Lets the file grow to `size`, unless it is as large already. What a shared mapping wrote
    /// beyond the old end is zeroed. May sleep.
    pub fn extend_i_size(&mut self, size: i64) {
        let old = self.i_size();
        if size <= old {
            return;
        }
        let within = old & (PAGE_SIZE as i64 - 1);
        if within != 0 {
            let end = (old - within).saturating_add(PAGE_SIZE as i64 - 1);
            // SAFETY: The inode is valid; no folio lock is held.
            unsafe { bindings::truncate_pagecache_range(self.as_ptr(), old, end) };
        }
        // SAFETY: The inode is valid and its `i_rwsem` held exclusively.
        unsafe { extra_bindings::i_size_write(self.as_ptr(), size) };
    }

    /// Finds or makes the folio with the page `index` of the file: `filemap_grab_folio()`.
    ///
    /// A new one is not up to date: its content is to be filled in. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EINTR`.
    pub fn filemap_grab_folio(&mut self, index: usize) -> Result<WriteFolio<'_, F>> {
        // SAFETY: The inode is valid, and its mapping does not change.
        let mapping = unsafe { (*self.as_ptr()).i_mapping };
        // SAFETY: The mapping is valid.
        let folio = from_err_ptr(unsafe { extra_bindings::filemap_grab_folio(mapping, index) })?;
        let folio = NonNull::new(folio).ok_or(ENOMEM)?;
        // SAFETY: It is locked, in the mapping of this inode, with a reference, all ours.
        Ok(unsafe { WriteFolio::from_raw(folio) })
    }
}

/// A folio that was found in the page cache, and may be just leaving it: it is not locked.
pub struct CachedFolio<'a, F: FileSystem>(&'a Folio<F>);

impl<F: FileSystem> CachedFolio<'_, F> {
    /// Where it begins in the file, in bytes.
    #[inline]
    pub fn folio_pos(&self) -> i64 {
        // SAFETY: There is a reference to the folio.
        unsafe { extra_bindings::folio_pos(self.0.as_ptr()) }
    }

    /// How many bytes it has.
    #[inline]
    pub fn folio_size(&self) -> usize {
        self.0.folio_size()
    }

    /// Whether the filesystem has given it a private value.
    #[inline]
    pub fn has_private(&self) -> bool {
        // SAFETY: There is a reference to the folio; the flag is atomic.
        unsafe { extra_bindings::folio_test_private(self.0.as_ptr()) }
    }
}

impl<F: FileSystem> Host<F> {
    /// Calls `f` for each folio that the page cache has of the bytes `start..end`, in their order,
    /// until it breaks off: `filemap_get_folios()`.
    ///
    /// Takes no lock: what comes and goes meanwhile may be left out. `f` may sleep.
    pub fn filemap_get_folios<B>(
        &self,
        start: i64,
        end: i64,
        mut f: impl FnMut(CachedFolio<'_, F>) -> ControlFlow<B>,
    ) -> Option<B> {
        if start < 0 || end <= start {
            return None;
        }
        // SAFETY: The inode is valid, and its mapping does not change.
        let mapping = unsafe { (*self.as_ptr()).i_mapping };
        let mut index = (start >> PAGE_SHIFT) as c_ulong;
        let last = ((end - 1) >> PAGE_SHIFT) as c_ulong;
        loop {
            let mut batch = bindings::folio_batch::default();
            // SAFETY: All are valid.
            if unsafe { bindings::filemap_get_folios(mapping, &mut index, last, &mut batch) } == 0 {
                return None;
            }
            let mut found = None;
            for &folio in batch.folios.iter().take(usize::from(batch.nr)) {
                if found.is_none() {
                    // SAFETY: The batch has a reference to it. CAST: `Folio` is a transparent wrapper.
                    let folio = unsafe { &*folio.cast::<Folio<F>>() };
                    if let ControlFlow::Break(value) = f(CachedFolio(folio)) {
                        found = Some(value);
                    }
                }
                // SAFETY: The reference is ours.
                unsafe { extra_bindings::folio_put(folio) };
            }
            if found.is_some() {
                return found;
            }
        }
    }
}
