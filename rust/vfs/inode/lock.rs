// SPDX-License-Identifier: GPL-2.0

//! Locks of an inode that a filesystem takes itself, and what it does under them.
//!
//! Order: `i_rwsem`, then `invalidate_lock`, then folio locks. Whoever takes one that it holds
//! already waits for ever, as in C; lockdep says so.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::NotThreadSafe, //
};
use rules::{
    AtLeast,
    Exclusive,
    Shared, //
};

use super::Inode;
use crate::{
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
        if size <= self.i_size() {
            return;
        }
        self.zero_beyond_eof(size);
        // SAFETY: The inode is valid and its `i_rwsem` held exclusively.
        unsafe { extra_bindings::i_size_write(self.as_ptr(), size) };
    }
}
