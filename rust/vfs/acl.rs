// SPDX-License-Identifier: GPL-2.0

//! POSIX access control lists.
//!
//! C header: [`include/linux/posix_acl.h`](srctree/include/linux/posix_acl.h)
//!
//! A filesystem that keeps them elsewhere reads and writes them in `->get_inode_acl` and
//! `->set_acl`. One that has no other place keeps them in the inode, where C caches them, as tmpfs
//! does: [`crate::inode::New`] says of every new inode that it has none,
//! [`crate::inode::New::posix_acl_create`] gives it those of its directory, and
//! [`Inode::simple_set_acl`] sets them.

use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    prelude::*, //
};

use crate::{
    idmap::Idmap,
    mode::Mode,
    Dentry,
    FileSystem,
    Inode, //
};

/// Which of the two lists of an inode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AclType {
    /// That which says who may do what with the inode: `ACL_TYPE_ACCESS`.
    Access,
    /// That which new files in the directory get: `ACL_TYPE_DEFAULT`.
    Default,
}

/// Their numbers in `include/uapi/linux/posix_acl.h`.
const ACL_TYPE_ACCESS: c_int = 0x8000;
const ACL_TYPE_DEFAULT: c_int = 0x4000;

impl AclType {
    pub(crate) fn from_raw(ty: c_int) -> Result<Self> {
        match ty {
            ACL_TYPE_ACCESS => Ok(Self::Access),
            ACL_TYPE_DEFAULT => Ok(Self::Default),
            _ => Err(EINVAL),
        }
    }

    fn as_raw(self) -> c_int {
        match self {
            Self::Access => ACL_TYPE_ACCESS,
            Self::Default => ACL_TYPE_DEFAULT,
        }
    }
}

/// A reference to a `struct posix_acl`. Once others know the list, nobody changes it.
///
/// # Invariants
///
/// It owns a reference.
pub struct PosixAcl(NonNull<bindings::posix_acl>);

// SAFETY: The list does not change, and its reference count is atomic.
unsafe impl Send for PosixAcl {}
// SAFETY: As above.
unsafe impl Sync for PosixAcl {}

impl PosixAcl {
    /// Takes a reference to the list.
    ///
    /// # Safety
    ///
    /// `acl` must be null or a list to which the caller has a reference.
    pub(crate) unsafe fn get(acl: *mut bindings::posix_acl) -> Option<Self> {
        let acl = NonNull::new(acl)?;
        // SAFETY: The caller promises that it is alive. INVARIANT: This is the reference.
        unsafe { extra_bindings::posix_acl_dup(acl.as_ptr()) };
        Some(Self(acl))
    }

    /// Gives up the reference without dropping it.
    pub(crate) fn into_raw(acl: Option<Self>) -> *mut bindings::posix_acl {
        acl.map_or(ptr::null_mut(), |acl| {
            let raw = acl.0.as_ptr();
            core::mem::forget(acl);
            raw
        })
    }

    /// How many entries it has, `a_count`.
    #[inline]
    pub fn count(&self) -> usize {
        // SAFETY: There is a reference, by the invariants.
        unsafe { extra_bindings::posix_acl_count(self.0.as_ptr()) as usize }
    }
}

impl Drop for PosixAcl {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariants we own a reference.
        unsafe { extra_bindings::posix_acl_release(self.0.as_ptr()) };
    }
}

/// Lets `inode`, which nobody else has seen, inherit from `dir`: `posix_acl_create()`.
///
/// # Safety
///
/// `inode` must be valid and not seen by others.
pub(crate) unsafe fn inherit(dir: *mut bindings::inode, inode: *mut bindings::inode) -> Result {
    let mut default = ptr::null_mut();
    let mut access = ptr::null_mut();
    // SAFETY: `inode` is valid and not seen by others.
    let mode: *mut Mode = unsafe { &raw mut (*inode).i_mode };
    // SAFETY: All are valid.
    to_result(unsafe {
        extra_bindings::posix_acl_create(dir, mode, &raw mut default, &raw mut access)
    })?;
    // INVARIANT: Both references are ours now.
    let default = NonNull::new(default).map(PosixAcl);
    let access = NonNull::new(access).map(PosixAcl);
    for (ty, acl) in [(ACL_TYPE_DEFAULT, &default), (ACL_TYPE_ACCESS, &access)] {
        let acl = acl.as_ref().map_or(ptr::null_mut(), |acl| acl.0.as_ptr());
        // SAFETY: The inode and the list are valid; it takes a reference of its own.
        unsafe { extra_bindings::set_cached_acl(inode, ty, acl) };
    }
    Ok(())
}

impl<F: FileSystem> Inode<F> {
    /// How many entries the list has that C knows of the inode, if there is one.
    ///
    /// Takes no lock and does not sleep.
    pub fn cached_acl_count(&self, ty: AclType) -> Option<usize> {
        // SAFETY: `self` is valid.
        let acl = unsafe { extra_bindings::get_cached_acl(self.as_ptr(), ty.as_raw()) };
        // INVARIANT: `get_cached_acl()` returns a reference.
        NonNull::new(acl).map(|acl| PosixAcl(acl).count())
    }

    /// Sets a list where it is kept only in the inode, and the permissions that it stands for.
    ///
    /// Mirrors `simple_set_acl()` of `fs/posix_acl.c`. All of C's own callers of `->set_acl` hold
    /// `i_rwsem`, though no document promises it. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the list stands for no permissions.
    pub fn simple_set_acl(&self, idmap: &Idmap, acl: Option<&PosixAcl>, ty: AclType) -> Result {
        let mut acl = acl.map_or(ptr::null_mut(), |acl| acl.0.as_ptr());
        if ty == AclType::Access {
            // SAFETY: All are valid. It changes only which list `acl` points to: none, if the
            // permissions say it all.
            to_result(unsafe {
                extra_bindings::posix_acl_update_mode(
                    idmap.as_ptr(),
                    self.as_ptr(),
                    &raw mut acl, //
                )
            })?;
        }
        self.inode_set_ctime_current();
        // SAFETY: Both are valid; it takes a reference of its own.
        unsafe { extra_bindings::set_cached_acl(self.as_ptr(), ty.as_raw(), acl) };
        Ok(())
    }

    /// Makes the list say what this mode says, which the inode is to have.
    ///
    /// Comes before anything is changed that cannot be taken back, and so before
    /// [`crate::Locked::setattr_copy`]: it may fail. Where the permissions stay as they are, it has
    /// nothing to do. Calls `->set_acl`. Mirrors `posix_acl_chmod()` of `fs/posix_acl.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `->set_acl`; `EINVAL` if `dentry` is not of this inode.
    ///
    /// # Examples
    ///
    /// ```
    /// fn setattr(
    ///     idmap: &Idmap,
    ///     dentry: &Dentry<Fs>,
    ///     inode: &mut Locked<'_, Inode<Fs>, rule::setattr::Inode>,
    ///     attr: &mut Iattr,
    /// ) -> Result {
    ///     inode.setattr_prepare(idmap, dentry, attr)?;
    ///     if let Some(mode) = attr.mode() {
    ///         inode.posix_acl_chmod(idmap, dentry, mode)?;
    ///     }
    ///     inode.setattr_copy(idmap, attr);
    ///     Ok(())
    /// }
    /// ```
    pub fn posix_acl_chmod(&self, idmap: &Idmap, dentry: &Dentry<F>, mode: Mode) -> Result {
        if !dentry.is_of(self) {
            return Err(EINVAL);
        }
        // SAFETY: All are valid, and the dentry is of the inode and stays so.
        to_result(unsafe { extra_bindings::posix_acl_chmod(idmap.as_ptr(), dentry.as_ptr(), mode) })
    }
}
