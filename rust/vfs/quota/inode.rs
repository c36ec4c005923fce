// SPDX-License-Identifier: GPL-2.0

//! How inodes are charged to those to whom they belong.
//!
//! Each inode keeps up to three dquots, one of each type that was on when it was made. They go when
//! it is evicted.

use core::{
    cell::UnsafeCell,
    ptr, //
};
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*, //
};
use rules::{
    AtLeast,
    Exclusive, //
};

use super::{
    has_quotas,
    QuotaType,
    MAXQUOTAS, //
};
use crate::{
    idmap::{
        Idmap,
        Kprojid, //
    },
    inode::{
        Container,
        Host,
        Inode,
        New, //
    },
    sb::Evicted,
    stat::Iattr,
    FileSystem,
    Locked, //
};

/// What there is of an inode in a filesystem with quotas: one object of the inode cache.
#[repr(C)]
pub(crate) struct Charged<F: FileSystem> {
    container: Container<F>,
    /// C's, which has locks of its own for them. Null, or with a reference.
    dquots: UnsafeCell<[*mut bindings::dquot; MAXQUOTAS]>,
}

/// Makes the inode one that is not charged to anybody.
///
/// # Safety
///
/// `container` must be new memory for a [`Charged`].
pub(crate) unsafe fn init_dquots<F: FileSystem>(container: *mut Container<F>) {
    let charged: *mut Charged<F> = container.cast();
    // SAFETY: The memory is new, and large enough.
    unsafe { (&raw mut (*charged).dquots).write(UnsafeCell::new([ptr::null_mut(); MAXQUOTAS])) };
}

/// Implements `->get_dquots`.
///
/// # Safety
///
/// `inode` must be one that `->alloc_inode` of `F`, a filesystem with quotas, has made.
#[cfg(CONFIG_QUOTA)]
pub(crate) unsafe extern "C" fn get_dquots<F: FileSystem>(
    inode: *mut bindings::inode,
) -> *mut *mut bindings::dquot {
    // CAST: The inode is the first field of its `repr(C)` container, and that of a `Charged`.
    let charged: *mut Charged<F> = inode.cast();
    // SAFETY: The inode is alive.
    unsafe { (&raw mut (*charged).dquots).cast() }
}

/// Gives back the dquots of an inode.
///
/// # Safety
///
/// `inode` must be an inode of `F` that is being evicted.
pub(crate) unsafe fn drop_dquots<F: FileSystem>(inode: *mut bindings::inode) {
    if has_quotas::<F>() {
        // SAFETY: The caller promises that nobody can use it any more, so nobody gives it new ones.
        unsafe { extra_bindings::vfs_dquot_drop(inode) };
    }
}

impl<F: FileSystem> New<F> {
    /// Charges for the inode, to those to whom it belongs: call it once owner, group and project are
    /// what they are to be, and before anything else of the inode is charged.
    ///
    /// [`Evicted::dquot_free_inode`] gives it back. If it fails, the inode is not charged to anybody,
    /// and nor is what else it is charged for from now on; drop it.
    ///
    /// Mirrors `dquot_initialize()` and `dquot_alloc_inode()` of `fs/quota/dquot.c`. Sleeps.
    ///
    /// # Errors
    ///
    /// `EDQUOT`, and those of [`super::Operations::acquire_dquot`].
    pub fn dquot_alloc_inode(&mut self) -> Result {
        const { assert!(has_quotas::<F>(), "the filesystem has no DQ_OP") };
        // SAFETY: The inode is valid, and its data are initialised.
        to_result(unsafe { extra_bindings::vfs_dquot_initialize(self.as_ptr()) })?;
        // SAFETY: As above.
        let result = to_result(unsafe { extra_bindings::vfs_dquot_alloc_inode(self.as_ptr()) });
        if result.is_err() {
            // Or it would be given back.
            // SAFETY: The inode is valid, and not seen by others.
            unsafe { extra_bindings::vfs_dquot_drop(self.as_ptr()) };
        }
        result
    }
}

impl<F: FileSystem> Inode<F> {
    /// Looks for the dquots of an inode that was not made with [`New::dquot_alloc_inode`], or before
    /// quotas were turned on, so that it is charged to somebody from now on.
    ///
    /// To be called before anything of such an inode is charged or given back. Mirrors
    /// `dquot_initialize()` of `fs/quota/dquot.c`. Sleeps; not under a folio lock.
    ///
    /// # Errors
    ///
    /// Those of [`super::Operations::acquire_dquot`].
    pub fn dquot_initialize(&self) -> Result {
        const { assert!(has_quotas::<F>(), "the filesystem has no DQ_OP") };
        // SAFETY: The inode is valid and has references, so it is not being evicted.
        to_result(unsafe { extra_bindings::vfs_dquot_initialize(self.as_ptr()) })
    }
}

impl<F: FileSystem> Evicted<'_, F> {
    /// Gives back what [`New::dquot_alloc_inode`] has charged: the inode is gone for ever.
    ///
    /// Mirrors `dquot_free_inode()` of `fs/quota/dquot.c`. May sleep.
    pub fn dquot_free_inode(&mut self) {
        const { assert!(has_quotas::<F>(), "the filesystem has no DQ_OP") };
        // SAFETY: The inode is valid.
        unsafe { extra_bindings::vfs_dquot_free_inode(self.as_ptr()) };
    }
}

impl<F: FileSystem> Host<F> {
    /// Charges for so many bytes that the file is to use, and counts them: `st_blocks`, in effect.
    ///
    /// Does not mark the inode dirty. All that is charged must be counted here, as it changes hands
    /// with the owner. Where no quotas are on it only counts, as [`Host::inode_add_bytes`].
    ///
    /// Mirrors `dquot_alloc_space_nodirty()` of `include/linux/quotaops.h`. Takes `i_lock`; may sleep.
    ///
    /// # Errors
    ///
    /// `EDQUOT`: nothing is charged or counted then.
    #[inline]
    pub fn dquot_alloc_space_nodirty(&self, bytes: u64) -> Result {
        const { assert!(has_quotas::<F>(), "the filesystem has no DQ_OP") };
        let bytes = i64::try_from(bytes)?;
        // SAFETY: `self` is valid.
        to_result(unsafe { extra_bindings::dquot_alloc_space_nodirty(self.as_ptr(), bytes) })
    }

    /// Gives back bytes that were charged, and counts them no more.
    ///
    /// Mirrors `dquot_free_space_nodirty()` of `include/linux/quotaops.h`. Takes `i_lock`; may sleep.
    #[inline]
    pub fn dquot_free_space_nodirty(&self, bytes: u64) {
        const { assert!(has_quotas::<F>(), "the filesystem has no DQ_OP") };
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        // SAFETY: `self` is valid.
        unsafe { extra_bindings::dquot_free_space_nodirty(self.as_ptr(), bytes) };
    }
}

impl<F: FileSystem, M: AtLeast<Exclusive>> Locked<'_, Inode<F>, M> {
    /// Charges the inode to its new owner and group, if `attr` has some, and no more to the old ones.
    ///
    /// Comes after [`Locked::setattr_prepare`], before anything is changed and so before
    /// [`Locked::setattr_copy`]. Mirrors `dquot_initialize()` and `dquot_transfer()` of
    /// `fs/quota/dquot.c`. Sleeps.
    ///
    /// # Errors
    ///
    /// `EDQUOT`, and those of [`super::Operations::acquire_dquot`]: nothing is changed then.
    pub fn dquot_transfer(&mut self, idmap: &Idmap, attr: &Iattr) -> Result {
        const { assert!(has_quotas::<F>(), "the filesystem has no DQ_OP") };
        self.dquot_initialize()?;
        // SAFETY: All three are valid, and the inode's `i_rwsem` is held exclusively.
        to_result(unsafe {
            extra_bindings::vfs_dquot_transfer(idmap.as_ptr(), self.as_ptr(), attr.as_ptr())
        })
    }

    /// Charges the inode to another project, and no more to that to which it belongs.
    ///
    /// C has no function for it: filesystems call `dqget()` and `__dquot_transfer()`. Comes before
    /// the project of the inode changes. Sleeps.
    ///
    /// # Errors
    ///
    /// As for [`Locked::dquot_transfer`].
    pub fn dquot_transfer_projid(&mut self, projid: Kprojid) -> Result {
        const { assert!(has_quotas::<F>(), "the filesystem has no DQ_OP") };
        self.dquot_initialize()?;
        // SAFETY: The superblock is set up.
        let found = from_err_ptr(unsafe {
            extra_bindings::dqget_projid(self.sb().as_ptr(), projid.0) //
        });
        let dquot = match found {
            // Quotas of projects are not on.
            Err(error) if error == ESRCH => return Ok(()),
            found => found?,
        };
        let mut transfer_to = [ptr::null_mut(); MAXQUOTAS];
        transfer_to[QuotaType::Project as usize] = dquot;
        // SAFETY: The inode is valid, its `i_rwsem` is held exclusively, and there is a reference to
        // the dquot, which the call takes for one to the old dquot.
        let result = to_result(unsafe {
            extra_bindings::vfs___dquot_transfer(self.as_ptr(), transfer_to.as_mut_ptr())
        });
        for dquot in transfer_to {
            // SAFETY: It is null, or the reference is ours.
            unsafe { extra_bindings::vfs_dqput(dquot) };
        }
        result
    }
}
