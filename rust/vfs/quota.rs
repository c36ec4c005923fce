// SPDX-License-Identifier: GPL-2.0

//! Disk quotas: how much a user, a group or a project may use of a filesystem.
//!
//! C headers: [`include/linux/quota.h`](srctree/include/linux/quota.h),
//! [`include/linux/quotaops.h`](srctree/include/linux/quotaops.h)
//!
//! C keeps use and limits of each of them in a `struct dquot` ([`Dquot`]), counts, and answers
//! quotactl(2). A filesystem
//!
//! - names its [`Operations`] in [`crate::sb::Operations::DQ_OP`]: each of its inodes then has room
//!   for the three dquots that it is charged to, and all superblocks answer
//!   `dquot_quotactl_sysfile_ops`, as there are no quota files;
//! - has a [`Format`] that keeps what is not in use, in a static [`FormatType`] and a
//!   [`Registration`] of it in its module;
//! - turns quotas on with `dquot_load_quota_sb` when it is mounted. The layer turns them off;
//! - charges: [`crate::inode::New::dquot_alloc_inode`],
//!   [`crate::inode::Host::dquot_alloc_space_nodirty`] and the rest of `quota/inode.rs`.
//!
//! On a kernel without `CONFIG_QUOTA` all of it is there, and quotas cannot be turned on.
//!
//! # Locks
//!
//! C's order is `s_umount`, `i_rwsem`, `dq_lock` of a dquot, then spinlocks of the quota code. What
//! charges may sleep, but takes only spinlocks; what looks for a dquot takes its `dq_lock`.

use core::marker::PhantomData;
use kernel::{
    bindings,
    ffi::c_int,
    types::Opaque, //
};
use rules::Held;

use crate::{
    locked::Lockable,
    FileSystem,
    SuperBlock, //
};

mod format;
mod inode;
mod operations;
mod sb;

pub use format::{
    Dqblk,
    Format,
    FormatType,
    Registration, //
};
#[cfg(CONFIG_QUOTA)]
pub(crate) use inode::get_dquots;
pub(crate) use inode::{
    drop_dquots,
    init_dquots,
    Charged, //
};
pub use operations::{
    Acquire,
    Acquired,
    Operations,
    Ops,
    Release,
    Released,
    Write,
    Written, //
};
pub(crate) use sb::{
    init,
    quota_off, //
};

/// How many types of quotas there are.
pub(crate) const MAXQUOTAS: usize = 3;

/// Whether the filesystem has quotas, so that its inodes have room for dquots.
pub(crate) const fn has_quotas<F: FileSystem>() -> bool {
    <F::Super as crate::sb::Operations>::DQ_OP.is_some()
}

/// To what a quota belongs: `enum quota_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaType {
    /// A user: `USRQUOTA`.
    User = 0,
    /// A group: `GRPQUOTA`.
    Group = 1,
    /// A project, which is whatever somebody gives a number to: `PRJQUOTA`.
    Project = 2,
}

impl QuotaType {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; MAXQUOTAS] = [Self::User, Self::Group, Self::Project];

    /// # Safety
    ///
    /// `ty` must be one of `enum quota_type`.
    unsafe fn from_raw(ty: c_int) -> Self {
        match ty {
            0 => Self::User,
            1 => Self::Group,
            _ => Self::Project,
        }
    }
}

/// Who a quota belongs to, `struct kqid`: independent of any user namespace.
#[derive(Clone, Copy)]
pub struct Kqid(bindings::kqid);

impl Kqid {
    /// What it is.
    #[inline]
    pub fn ty(self) -> QuotaType {
        // SAFETY: C makes no other.
        unsafe { QuotaType::from_raw(self.0.type_ as c_int) }
    }

    /// The number in the initial user namespace.
    #[inline]
    pub fn into_init(self) -> u32 {
        // SAFETY: It only reads the initial user namespace.
        unsafe { extra_bindings::kqid_into_init(self.0) }
    }

    /// The same type, with another number in the initial user namespace.
    #[inline]
    pub fn with_init(mut self, id: u32) -> Self {
        // SAFETY: It only reads the initial user namespace, and the type is C's.
        unsafe { extra_bindings::kqid_set_init(&mut self.0, id) };
        self
    }
}

/// What C knows of a quota in use, `struct dquot`.
///
/// C frees it some time after its last reference, of an inode or a call, has gone. The layer lends
/// it to callbacks.
///
/// # Invariants
///
/// It belongs to a superblock of `F` on which quotas of its type are on, and is not freed.
#[repr(transparent)]
pub struct Dquot<F: FileSystem> {
    inner: Opaque<bindings::dquot>,
    _fs: PhantomData<F>,
}

impl<F: FileSystem> Dquot<F> {
    /// # Safety
    ///
    /// `ptr` must be a dquot that satisfies the invariants for `'a`.
    #[inline]
    unsafe fn from_raw<'a>(ptr: *mut bindings::dquot) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    fn as_ptr(&self) -> *mut bindings::dquot {
        self.inner.get()
    }

    /// Whose it is, `dq_id`. Takes no lock.
    #[inline]
    pub fn dq_id(&self) -> Kqid {
        // SAFETY: `self` is valid; it is set before a callback sees it, and does not change.
        Kqid(unsafe { (*self.as_ptr()).dq_id })
    }

    /// The superblock, `dq_sb`. Takes no lock.
    #[inline]
    pub fn dq_sb(&self) -> &SuperBlock<F> {
        // SAFETY: `self` is valid; it never changes.
        let sb = unsafe { (*self.as_ptr()).dq_sb };
        // SAFETY: By the invariants. Quotas are turned off before the superblock goes, which waits
        // for all dquots.
        unsafe { SuperBlock::from_raw(sb) }
    }

    /// Notes that [`Operations::write_dquot`] is to be called, and returns whether that was noted
    /// already. Does nothing for a dquot that is not in use.
    ///
    /// Mirrors `dquot_mark_dquot_dirty()` of `fs/quota/dquot.c`. Takes a spinlock.
    #[inline]
    pub fn dquot_mark_dquot_dirty(&self) -> bool {
        // SAFETY: `self` is valid.
        unsafe { extra_bindings::vfs_dquot_mark_dquot_dirty(self.as_ptr()) != 0 }
    }
}

// SAFETY: The helper is lockdep_assert_held(); a mutex has no modes.
unsafe impl<F: FileSystem> Lockable<Held> for Dquot<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: `self` is valid.
        unsafe { extra_bindings::dquot_assert_dq_lock(self.as_ptr()) };
    }
}
