// SPDX-License-Identifier: GPL-2.0

//! Quotas of users, groups and projects: `struct dquot_operations`, and the format that keeps them.
//!
//! There is no quota file. C counts what is in use; what nobody uses any more is in a tree in memory,
//! one for each type and mount, and gone when the mount goes. A quota that is neither there nor in
//! use has the limits that the mount options say.
//!
//! An inode has its dquots from its beginning to its end, as quotas are turned on by mounting only.
//! What it is charged for is in `limits.rs`, `node.rs`, `attr.rs` and `fileattr.rs`.

#![forbid(unsafe_code)]

use kernel::{
    new_mutex,
    prelude::*,
    rbtree::RBTree,
    sync::Mutex, //
};
use vfs::{
    idmap::Kprojid,
    prelude::*,
    quota::{
        Acquire,
        Acquired,
        Dqblk,
        Dquot,
        Format,
        FormatType,
        Kqid,
        Operations,
        Release,
        Released, //
    },
    rules::dquot_operations as rule, //
};

use crate::{
    node::NO_PROJECT,
    SampleFs, //
};

/// What quotactl(2) calls the format: `"smpl"`.
const QFMT_SAMPLEFS: u32 = 0x736d_706c;

/// What quotas are turned on with.
pub(crate) static FORMAT: FormatType<InMemory> = FormatType::new(QFMT_SAMPLEFS);

/// The limits of a user, group or project who has got no other. 0 is no limit.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct HardLimits {
    /// In bytes.
    pub(crate) block: u64,
    pub(crate) inode: u64,
}

/// Such limits for each type, by its number.
pub(crate) type AllLimits = [HardLimits; QuotaType::ALL.len()];

/// The table.
pub(crate) struct Quota;

#[vtable]
impl Operations for Quota {
    type FileSystem = SampleFs;

    fn acquire_dquot<'a>(dquot: Acquire<'a, SampleFs>) -> Result<Acquired<'a>> {
        dquot.dquot_acquire()
    }

    fn release_dquot<'a>(dquot: Release<'a, SampleFs>) -> Released<'a> {
        dquot.dquot_release()
    }

    /// There is nowhere to write it to: the format gets it when it is released.
    fn mark_dirty(_dquot: &Dquot<SampleFs>) -> bool {
        false
    }

    fn write_info(
        sb: &Locked<'_, SuperBlock<SampleFs>, rule::write_info::Sb>,
        ty: QuotaType,
    ) -> Result {
        sb.dquot_commit_info(ty)
    }

    fn get_projid(inode: &Host<SampleFs>) -> Result<Kprojid> {
        Ok(Kprojid::from_init(inode.info().projid()))
    }

    fn get_next_id(sb: &Locked<'_, SuperBlock<SampleFs>, Shared>, id: Kqid) -> Result<Kqid> {
        sb.dquot_get_next_id(id)
    }
}

/// What a quota is before it is used, or limited by quotactl(2).
fn fresh(dquot: &Dquot<SampleFs>) -> Dqblk {
    let id = dquot.dq_id();
    // What has no project is not limited by default.
    if id.ty() == QuotaType::Project && id.into_init() == NO_PROJECT {
        return Dqblk::default();
    }
    let limits = dquot.dq_sb().info().quota_limits[id.ty() as usize];
    Dqblk {
        bhardlimit: i64::try_from(limits.block).unwrap_or(i64::MAX),
        ihardlimit: i64::try_from(limits.inode).unwrap_or(i64::MAX),
        ..Dqblk::default()
    }
}

/// The format.
pub(crate) struct InMemory;

#[vtable]
impl Format for InMemory {
    type FileSystem = SampleFs;
    /// By number; a quota in use has an entry, too, which may be old. Taken under `dq_lock`.
    type Info = Mutex<RBTree<u32, Dqblk>>;

    fn read_file_info(
        _sb: &Locked<'_, SuperBlock<SampleFs>, Exclusive>,
        _ty: QuotaType,
    ) -> Result<Pin<KBox<Self::Info>>> {
        KBox::pin_init(new_mutex!(RBTree::new(), "samplefs_quota"), GFP_KERNEL)
    }

    fn read_dqblk(info: &Self::Info, dquot: &Locked<'_, Dquot<SampleFs>, Held>) -> Result<Dqblk> {
        let kept = info.lock().get(&dquot.dq_id().into_init()).copied();
        Ok(kept.unwrap_or_else(|| fresh(dquot)))
    }

    fn commit_dqblk(
        info: &Self::Info,
        dquot: &Locked<'_, Dquot<SampleFs>, Held>,
        dqblk: &Dqblk,
    ) -> Result {
        let id = dquot.dq_id().into_init();
        info.lock()
            .try_create_and_insert(id, *dqblk, GFP_KERNEL_ACCOUNT)?;
        Ok(())
    }

    /// Keeps only what says more than that there is no entry.
    fn release_dqblk(
        info: &Self::Info,
        dquot: &Locked<'_, Dquot<SampleFs>, Held>,
        dqblk: &Dqblk,
    ) -> Result {
        let id = dquot.dq_id().into_init();
        let mut kept = info.lock();
        if *dqblk == fresh(dquot) {
            kept.remove(&id);
        } else if let Some(kept) = kept.get_mut(&id) {
            *kept = *dqblk;
        }
        Ok(())
    }

    fn get_next_id(info: &Self::Info, id: u32) -> Option<u32> {
        let kept = info.lock();
        let cursor = kept.cursor_lower_bound(&id)?;
        Some(*cursor.current().0)
    }
}
