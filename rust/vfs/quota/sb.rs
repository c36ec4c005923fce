// SPDX-License-Identifier: GPL-2.0

//! What a superblock does about quotas.

use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    prelude::*, //
};
use rules::{
    AtLeast,
    Exclusive,
    Held,
    Shared, //
};

use super::{
    has_quotas,
    Format,
    FormatType,
    Kqid,
    QuotaType, //
};
use crate::{
    sb::Operations,
    FileSystem,
    Locked,
    SuperBlock, //
};

/// Sets `dq_op` and `s_qcop`, if the filesystem has quotas. None is on yet.
///
/// # Safety
///
/// `sb` must be a new superblock of `F`, whose data and operations are set.
pub(crate) unsafe fn init<F: FileSystem>(sb: *mut bindings::super_block) {
    if let Some(ops) = &<F::Super as Operations>::DQ_OP {
        // SAFETY: The superblock is the caller's; the table lives for ever.
        unsafe { extra_bindings::sb_init_quota(sb, ops.as_ptr()) };
    }
}

/// Turns all quotas off, waits until nobody uses them, and has the formats drop what they keep.
///
/// # Safety
///
/// `sb` must be a superblock of `F` that is set up, and the current task hold its `s_umount`
/// exclusively.
pub(crate) unsafe fn quota_off<F: FileSystem>(sb: *mut bindings::super_block) {
    if has_quotas::<F>() {
        // SAFETY: The caller promises it.
        unsafe { extra_bindings::sb_quota_off(sb) };
    }
}

impl<F: FileSystem> SuperBlock<F> {
    /// Whether quotas of this type are on. Takes no lock; it changes under `s_umount`.
    #[inline]
    pub fn sb_has_quota_active(&self, ty: QuotaType) -> bool {
        // SAFETY: `self` is valid.
        unsafe { extra_bindings::sb_has_quota_active(self.as_ptr(), ty as c_int) }
    }
}

impl<F: FileSystem, M: AtLeast<Exclusive>> Locked<'_, SuperBlock<F>, M> {
    /// Turns quotas of this type on: use is counted from now on, and limits hold.
    ///
    /// What exists already is not counted. The layer turns them off when the superblock goes.
    /// Mirrors `dquot_load_quota_sb()` of `fs/quota/dquot.c`. Sleeps.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` on a kernel without `CONFIG_QUOTA`; `ESRCH` if the format is not registered;
    /// `EBUSY` if they are on; `EINVAL` for projects without `->get_projid`, or in a user namespace;
    /// those of the format.
    pub fn dquot_load_quota_sb<T: Format<FileSystem = F>>(
        &self,
        ty: QuotaType,
        format: &'static FormatType<T>,
    ) -> Result {
        const { assert!(has_quotas::<F>(), "the filesystem has no DQ_OP") };
        // SAFETY: The superblock is set up, has `dq_op`, and its `s_umount` is held exclusively.
        // If another format has the same number, it refuses a superblock that is not its own.
        to_result(unsafe {
            extra_bindings::sb_load_quota(self.as_ptr(), ty as c_int, format.qf_fmt_id())
        })
    }
}

impl<F: FileSystem> Locked<'_, SuperBlock<F>, Held> {
    /// Has the format take note of what is known of all quotas of the type.
    ///
    /// Mirrors `dquot_commit_info()` of `fs/quota/dquot.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ESRCH` if they are not on.
    pub fn dquot_commit_info(&self, ty: QuotaType) -> Result {
        // SAFETY: The superblock is set up, and `s_umount` is held: formats do not come and go.
        to_result(unsafe { extra_bindings::vfs_dquot_commit_info(self.as_ptr(), ty as c_int) })
    }
}

impl<F: FileSystem, M: AtLeast<Shared>> Locked<'_, SuperBlock<F>, M> {
    /// Asks the format for the first quota from `id` on: [`Format::get_next_id`].
    ///
    /// Mirrors `dquot_get_next_id()` of `fs/quota/dquot.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ESRCH` if quotas of the type are not on, `ENOSYS` if the format does not know, `ENOENT`.
    pub fn dquot_get_next_id(&self, mut id: Kqid) -> Result<Kqid> {
        // SAFETY: The superblock is set up, and `s_umount` is held: formats do not come and go.
        to_result(unsafe {
            extra_bindings::vfs_dquot_get_next_id(self.as_ptr(), &mut id.0) //
        })?;
        Ok(id)
    }
}
