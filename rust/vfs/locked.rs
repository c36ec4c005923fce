// SPDX-License-Identifier: GPL-2.0

//! Proof that a lock is held.

use core::{
    marker::PhantomData,
    ops::Deref, //
};
use kernel::types::NotThreadSafe;
use rules::{
    AtLeast,
    Exclusive,
    Held,
    NotPromised,
    Shared, //
};

use crate::{
    dentry,
    sb::SuperBlock,
    FileSystem,
    Inode, //
};

/// An object with a lock that can be held in mode `M`.
///
/// For an [`Inode`] the lock is `i_rwsem`, for a [`SuperBlock`] it is `s_umount`, for a dentry it is
/// `d_lock`. For another lock of the same object there is another type, such as [`VfsRenameMutex`].
///
/// # Safety
///
/// With `CONFIG_PROVE_LOCKING`, [`Lockable::assert_held`] complains if the current task does not
/// hold the lock in mode `M` or stronger.
pub unsafe trait Lockable<M> {
    /// Asserts that the current task holds the lock. Only called with `CONFIG_PROVE_LOCKING`.
    fn assert_held(&self);
}

// SAFETY: The helper is lockdep_assert_held_write().
unsafe impl<F: FileSystem> Lockable<Exclusive> for Inode<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a valid inode.
        unsafe { extra_bindings::inode_assert_exclusive(self.as_ptr()) };
    }
}

// SAFETY: The helper is lockdep_assert_held(), which any mode satisfies.
unsafe impl<F: FileSystem> Lockable<Shared> for Inode<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a valid inode.
        unsafe { extra_bindings::inode_assert_shared(self.as_ptr()) };
    }
}

// SAFETY: Nothing is promised, so there is nothing to assert.
unsafe impl<F: FileSystem> Lockable<NotPromised> for Inode<F> {
    #[inline]
    fn assert_held(&self) {}
}

// SAFETY: The helper is lockdep_assert_held_write().
unsafe impl<F: FileSystem> Lockable<Exclusive> for SuperBlock<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a valid superblock.
        unsafe { extra_bindings::s_umount_assert_exclusive(self.as_ptr()) };
    }
}

/// A superblock, as the object of its `s_vfs_rename_mutex`: while that is held, no directory gets
/// another parent.
#[repr(transparent)]
pub struct VfsRenameMutex<F: FileSystem>(SuperBlock<F>);

impl<F: FileSystem> VfsRenameMutex<F> {
    #[inline]
    pub(crate) fn of(sb: &SuperBlock<F>) -> &Self {
        // SAFETY: It is a transparent wrapper, and has no promises of its own.
        unsafe { &*core::ptr::from_ref(sb).cast() }
    }
}

impl<F: FileSystem> Deref for VfsRenameMutex<F> {
    type Target = SuperBlock<F>;

    #[inline]
    fn deref(&self) -> &SuperBlock<F> {
        &self.0
    }
}

// SAFETY: The helper is lockdep_assert_held(); a mutex has no modes.
unsafe impl<F: FileSystem> Lockable<Held> for VfsRenameMutex<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a valid superblock.
        unsafe { extra_bindings::s_vfs_rename_mutex_assert_held(self.as_ptr()) };
    }
}

// SAFETY: The helper is lockdep_assert_held(), which any mode satisfies.
unsafe impl<F: FileSystem> Lockable<Shared> for SuperBlock<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a valid superblock.
        unsafe { extra_bindings::s_umount_assert_shared(self.as_ptr()) };
    }
}

// SAFETY: The helper is lockdep_assert_held(), which any mode satisfies.
unsafe impl<F: FileSystem> Lockable<Held> for SuperBlock<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a valid superblock.
        unsafe { extra_bindings::s_umount_assert_shared(self.as_ptr()) };
    }
}

// SAFETY: The helper is lockdep_assert_held().
unsafe impl<F: FileSystem> Lockable<Held> for dentry::Bare<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is a dentry that is not freed yet.
        unsafe { extra_bindings::dentry_assert_d_lock(self.as_ptr()) };
    }
}

/// Proof that the current task holds the lock of an object at least in mode `M`.
///
/// The layer makes one for each object that a rule names, when C calls a callback, and lends it to
/// the method for the call. It cannot be made elsewhere, copied, sent to another thread or kept
/// beyond the call. It does not unlock anything: the lock belongs to C's caller.
///
/// Where any mode that is strong enough will do, ask for `M: AtLeast<Shared>`.
///
/// # Examples
///
/// ```
/// /// Serves `->lookup`, which has the lock shared, and `->create`, which has it exclusively.
/// fn count<M: AtLeast<Shared>>(dir: &Locked<'_, Inode<Fs>, M>) -> u32 {
///     *dir.guarded()
/// }
///
/// fn create(dir: &mut Locked<'_, Inode<Fs>, rule::create::Dir>) {
///     let count = count(dir);
///     *dir.guarded_mut() = count + 1;
///     dir.inc_nlink();
/// }
/// ```
///
/// # Invariants
///
/// During `'a` the current task holds the lock of `object` at least in mode `M`. If `M` is
/// [`Exclusive`], no other token for the same object is usable at the same time.
pub struct Locked<'a, T, M> {
    object: &'a T,
    _mode: PhantomData<M>,
    _not_send: NotThreadSafe,
}

impl<'a, T: Lockable<M>, M> Locked<'a, T, M> {
    /// Makes a token for a lock that is known to be held, and asserts it with lockdep.
    ///
    /// # Safety
    ///
    /// - The current task must hold the lock of `object` at least in mode `M` for all of `'a`.
    /// - If `M` is [`Exclusive`], there must be no other token for `object` during `'a`.
    #[inline]
    pub(crate) unsafe fn assume(object: &'a T) -> Self {
        if cfg!(CONFIG_PROVE_LOCKING) {
            object.assert_held();
        }
        // INVARIANT: The caller promises both parts of it.
        Self {
            object,
            _mode: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }
}

impl<T, M> Locked<'_, T, M> {
    /// Lends the token as one for the shared mode.
    #[inline]
    pub fn shared(&self) -> Locked<'_, T, Shared>
    where
        M: AtLeast<Shared>,
    {
        // INVARIANT: `M` is at least shared, and an exclusive token cannot be used to change
        // anything while it is borrowed here.
        Locked {
            object: self.object,
            _mode: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }
}

impl<T, M> Deref for Locked<'_, T, M> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.object
    }
}

impl<F: FileSystem, M: AtLeast<Shared>> Locked<'_, Inode<F>, M> {
    /// Returns what the inode's `i_rwsem` protects, to read it.
    #[inline]
    pub fn guarded(&self) -> &F::Guarded {
        // SAFETY: By the invariants of the token, `i_rwsem` is held at least shared, so nobody
        // changes it while the token is borrowed.
        unsafe { &*self.object.guarded_ptr() }
    }
}

impl<F: FileSystem, M: AtLeast<Exclusive>> Locked<'_, Inode<F>, M> {
    /// Returns what the inode's `i_rwsem` protects, to change it.
    #[inline]
    pub fn guarded_mut(&mut self) -> &mut F::Guarded {
        // SAFETY: By the invariants of the token, `i_rwsem` is held exclusively and this is the
        // only token, which is borrowed mutably here.
        unsafe { &mut *self.object.guarded_ptr() }
    }
}
