// SPDX-License-Identifier: GPL-2.0

//! The mapping of users and groups of a mount.
//!
//! C header: [`include/linux/mnt_idmapping.h`](srctree/include/linux/mnt_idmapping.h)

use kernel::{
    bindings,
    types::Opaque, //
};

/// The `struct mnt_idmap` of the mount through which a callback was called.
///
/// It is handed through to what checks permissions or sets owners. Valid for the call.
#[repr(transparent)]
pub struct Idmap(Opaque<bindings::mnt_idmap>);

impl Idmap {
    /// # Safety
    ///
    /// `ptr` must be a valid `struct mnt_idmap` for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::mnt_idmap) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::mnt_idmap {
        self.0.get()
    }
}

/// A user, `kuid_t`: independent of any user namespace.
#[derive(Clone, Copy)]
pub struct Kuid(pub(crate) bindings::kuid_t);

impl Kuid {
    /// The superuser, `GLOBAL_ROOT_UID`.
    ///
    /// # Examples
    ///
    /// ```
    /// use vfs::idmap::Kuid;
    ///
    /// assert_eq!(Kuid::GLOBAL_ROOT.into_init_uid(), 0);
    /// ```
    pub const GLOBAL_ROOT: Self = Self(bindings::kuid_t { val: 0 });

    /// The user as whom the current task creates files, `current_fsuid()`.
    #[inline]
    pub fn current_fsuid() -> Self {
        // SAFETY: The current task has credentials.
        Self(unsafe { extra_bindings::current_fsuid() })
    }

    /// The number of the user in the initial user namespace; the overflow user if it has none.
    #[inline]
    pub fn into_init_uid(self) -> u32 {
        // SAFETY: It only reads the initial user namespace.
        unsafe { extra_bindings::kuid_to_init(self.0) }
    }
}

impl PartialEq for Kuid {
    fn eq(&self, other: &Self) -> bool {
        self.0.val == other.0.val
    }
}

/// A project, `kprojid_t`: independent of any user namespace.
#[derive(Clone, Copy)]
pub struct Kprojid(pub(crate) bindings::kprojid_t);

impl Kprojid {
    /// The project with this number in the initial user namespace.
    #[inline]
    pub fn from_init(projid: u32) -> Self {
        // SAFETY: It only reads the initial user namespace.
        Self(unsafe { extra_bindings::kprojid_from_init(projid) })
    }

    /// The number of the project in the initial user namespace.
    #[inline]
    pub fn into_init(self) -> u32 {
        // SAFETY: It only reads the initial user namespace.
        unsafe { extra_bindings::kprojid_into_init(self.0) }
    }
}

impl PartialEq for Kprojid {
    fn eq(&self, other: &Self) -> bool {
        self.0.val == other.0.val
    }
}

/// A group, `kgid_t`: independent of any user namespace.
#[derive(Clone, Copy)]
pub struct Kgid(pub(crate) bindings::kgid_t);

impl Kgid {
    /// The superuser's group, `GLOBAL_ROOT_GID`.
    pub const GLOBAL_ROOT: Self = Self(bindings::kgid_t { val: 0 });

    /// The group as which the current task creates files, `current_fsgid()`.
    #[inline]
    pub fn current_fsgid() -> Self {
        // SAFETY: The current task has credentials.
        Self(unsafe { extra_bindings::current_fsgid() })
    }

    /// The number of the group in the initial user namespace; the overflow group if it has none.
    #[inline]
    pub fn into_init_gid(self) -> u32 {
        // SAFETY: It only reads the initial user namespace.
        unsafe { extra_bindings::kgid_to_init(self.0) }
    }
}

impl PartialEq for Kgid {
    fn eq(&self, other: &Self) -> bool {
        self.0.val == other.0.val
    }
}
