// SPDX-License-Identifier: GPL-2.0

//! The two ways in which the VFS walks a path.
//!
//! C header: [`include/linux/namei.h`](srctree/include/linux/namei.h)
//!
//! In *ref-walk* it has references to what it walks over, and may sleep. In *rcu-walk* it has none
//! and must not sleep: what it walks over may be removed at the same time, and only its memory
//! stays, until the end of the RCU section. A callback that can be called in both gets a [`Walk`].
//! In rcu-walk there is not much that it can know; `Err(ECHILD)` makes the VFS start again in
//! ref-walk.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::NotThreadSafe, //
};

use crate::{
    dentry::Bare,
    idmap::Idmap,
    mode::Mode,
    Dentry,
    FileSystem,
    Inode, //
};

/// The name that is looked up is to be made.
pub const LOOKUP_CREATE: u32 = extra_bindings::RUST_CONST_HELPER_LOOKUP_CREATE;
/// The name that is looked up is the new one of a rename.
pub const LOOKUP_RENAME_TARGET: u32 = extra_bindings::RUST_CONST_HELPER_LOOKUP_RENAME_TARGET;

/// How the VFS has come to an object.
///
/// # Examples
///
/// ```
/// use vfs::{walk::Mask, Walk};
///
/// fn permission(idmap: &Idmap, inode: &Walk<'_, Inode<Fs>>, mask: Mask) -> Result {
///     if mask.contains(Mask::WRITE) {
///         // What says whether it may be written is only there in ref-walk.
///         let inode = inode.try_ref()?;
///         if *inode.info() == 0 {
///             return Err(EPERM);
///         }
///     }
///     inode.generic_permission(idmap, mask)
/// }
/// ```
pub enum Walk<'a, T> {
    /// By ref-walk: it has a reference to it. May sleep.
    Ref(&'a T),
    /// By rcu-walk.
    Rcu(RcuWalk<'a, T>),
}

impl<'a, T> Walk<'a, T> {
    /// Returns the object in ref-walk. In rcu-walk, makes the VFS start again in ref-walk.
    ///
    /// # Errors
    ///
    /// `ECHILD` in rcu-walk.
    #[inline]
    pub fn try_ref(&self) -> Result<&'a T> {
        match self {
            Self::Ref(object) => Ok(object),
            Self::Rcu(_) => Err(ECHILD),
        }
    }
}

/// An object that rcu-walk has come to: all that may be known of it there.
///
/// No reference can be made of it, and nothing that can be reached from it sleeps: so it is not the
/// object. What it says may be out of date by the time that it is said; C checks that afterwards.
///
/// # Invariants
///
/// During `'a` the memory of `object` stays: the current task is in an RCU read-side section, in which
/// it was found, or has a reference to it.
pub struct RcuWalk<'a, T> {
    object: *const T,
    _lifetime: PhantomData<&'a T>,
    _not_send: NotThreadSafe,
}

impl<T> RcuWalk<'_, T> {
    /// # Safety
    ///
    /// For the lifetime, the current task must be in an RCU read-side section in which it has found
    /// `object`, or have a reference to it.
    #[inline]
    pub(crate) unsafe fn from_raw(object: *const T) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            object,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// As [`RcuWalk::from_raw`], where it is known to be in rcu-walk, which is asserted.
    ///
    /// # Safety
    ///
    /// For the lifetime, the current task must be in an RCU read-side section in which it has found
    /// `object`.
    #[inline]
    pub(crate) unsafe fn assume(object: *const T) -> Self {
        // SAFETY: It only looks at the current task.
        unsafe { extra_bindings::slots_assert_rcu_walk() };
        // SAFETY: The caller promises it.
        unsafe { Self::from_raw(object) }
    }
}

impl<F: FileSystem> RcuWalk<'_, Dentry<F>> {
    /// The number that the filesystem keeps with the entry, `d_fsdata`.
    #[inline]
    pub fn d_fsdata(&self) -> usize {
        // SAFETY: The memory of a dentry is freed after an RCU grace period, and `d_fsdata` is
        // atomic.
        unsafe { Bare::<F>::from_raw(self.object.cast_mut().cast()) }.d_fsdata()
    }

    /// Whether the entry has no inode, as [`Bare::is_negative`].
    #[inline]
    pub fn is_negative(&self) -> bool {
        // SAFETY: As above, and the field is only read.
        unsafe { Bare::<F>::from_raw(self.object.cast_mut().cast()) }.is_negative()
    }

    /// Returns the hash that C gives a name in this directory.
    ///
    /// Mirrors `full_name_hash()` of `fs/namei.c`.
    #[inline]
    pub fn full_name_hash(&self, name: &[u8]) -> u32 {
        // SAFETY: The dentry is only a number to it, and the name has this length.
        unsafe {
            bindings::full_name_hash(
                self.object.cast(),
                name.as_ptr().cast(),
                name.len() as u32, //
            )
        }
    }
}

impl<F: FileSystem> RcuWalk<'_, Inode<F>> {
    fn as_ptr(&self) -> *mut bindings::inode {
        self.object.cast_mut().cast()
    }

    /// The inode number, `i_ino`.
    #[inline]
    pub fn i_ino(&self) -> u64 {
        // SAFETY: The memory of an inode is freed after an RCU grace period.
        unsafe { (&raw const (*self.as_ptr()).i_ino).read_volatile() }
    }

    /// The type and the permissions, `i_mode`.
    #[inline]
    pub fn i_mode(&self) -> Mode {
        // SAFETY: As above.
        unsafe { (&raw const (*self.as_ptr()).i_mode).read_volatile() }
    }

    /// The flags of the inode, `S_*`.
    #[inline]
    pub fn i_flags(&self) -> u32 {
        // SAFETY: As above.
        unsafe { extra_bindings::inode_i_flags(self.as_ptr()) }
    }

    /// What tells the inode from others that had its number before, `i_generation`.
    #[inline]
    pub fn i_generation(&self) -> u32 {
        // SAFETY: As above.
        unsafe { (&raw const (*self.as_ptr()).i_generation).read_volatile() }
    }
}

impl<F: FileSystem> Walk<'_, Inode<F>> {
    /// Checks owner, group, mode and access control lists of the inode.
    ///
    /// `mask` is what `->permission` was asked for. Mirrors `generic_permission()` of
    /// `fs/namei.c`; sleeps in ref-walk only.
    ///
    /// # Errors
    ///
    /// `EACCES`; `ECHILD` in rcu-walk, if it needs more than it can know there.
    pub fn generic_permission(&self, idmap: &Idmap, mask: Mask) -> Result {
        let (inode, not_block) = match self {
            Self::Ref(inode) => (inode.as_ptr(), 0),
            Self::Rcu(inode) => (inode.as_ptr(), bindings::MAY_NOT_BLOCK),
        };
        // SAFETY: The inode is valid, or in rcu-walk its memory is, which is enough with
        // `MAY_NOT_BLOCK`.
        to_result(unsafe {
            bindings::generic_permission(idmap.as_ptr(), inode, (mask.0 | not_block) as i32)
        })
    }
}

/// What `->permission` is asked for: `MAY_*`. That it must not block is said by [`Walk`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mask(u32);

impl Mask {
    /// Executing it, or for a directory using names in it: `MAY_EXEC`.
    pub const EXEC: Self = Self(bindings::MAY_EXEC);
    /// Writing: `MAY_WRITE`.
    pub const WRITE: Self = Self(bindings::MAY_WRITE);
    /// Reading: `MAY_READ`.
    pub const READ: Self = Self(bindings::MAY_READ);

    /// Whether all of `other` is asked for.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Makes the argument of `->permission` out of C's: the inode, and what is asked for.
///
/// # Safety
///
/// `inode` must be what C passes to `->permission` of `F` with `mask`, and `'a` within that call.
pub(crate) unsafe fn permission_walk<'a, F: FileSystem>(
    inode: *mut bindings::inode,
    mask: u32,
) -> (Walk<'a, Inode<F>>, Mask) {
    let walk = if mask & bindings::MAY_NOT_BLOCK != 0 {
        // SAFETY: The caller promises that this is rcu-walk then.
        Walk::Rcu(unsafe { RcuWalk::assume(inode.cast()) })
    } else {
        // SAFETY: The caller promises that this is ref-walk then.
        Walk::Ref(unsafe { Inode::from_raw(inode) })
    };
    (walk, Mask(mask & !bindings::MAY_NOT_BLOCK))
}

/// Makes the argument of `->get_link` out of C's: in rcu-walk it has no dentry.
///
/// # Safety
///
/// Both must be what C passes to `->get_link` of `F`, and `'a` within that call.
pub(crate) unsafe fn link_walk<'a, F: FileSystem>(
    dentry: *mut bindings::dentry,
    inode: *mut bindings::inode,
) -> Walk<'a, Inode<F>> {
    if ptr::eq(dentry, ptr::null()) {
        // SAFETY: The caller promises that this is rcu-walk then.
        Walk::Rcu(unsafe { RcuWalk::assume(inode.cast()) })
    } else {
        // SAFETY: The caller promises that this is ref-walk then.
        Walk::Ref(unsafe { Inode::from_raw(inode) })
    }
}
