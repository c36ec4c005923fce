// SPDX-License-Identifier: GPL-2.0

//! The superblock: `struct super_operations`.

#![forbid(unsafe_code)]

use core::mem;
use kernel::{
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::{
        atomic::Atomic,
        Arc, //
    },
};
use vfs::{
    limits::Limits,
    prelude::*,
    quota,
    rules::super_operations as rule,
    sb::{
        DropInode,
        Evicted,
        Kstatfs,
        Operations, //
    },
    sysfs::{
        Count,
        Counter, //
    },
};

use crate::{
    entries::Entries,
    limits,
    quota::{
        AllLimits,
        Quota, //
    },
    stats::{
        self,
        Stats, //
    },
    store::Store,
    SampleFs, //
};

/// The mount options that turn quotas on, in the order of the types.
pub(crate) const QUOTA_NAMES: [&str; 3] = ["usrquota", "grpquota", "prjquota"];

/// To whom the root belongs.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) mode: Mode,
    pub(crate) uid: Kuid,
    pub(crate) gid: Kgid,
}

/// What samplefs keeps with a superblock.
#[pin_data]
pub(crate) struct Info {
    /// As the options said; the root may have been changed since.
    pub(crate) owner: Owner,
    /// Whether the case of letters does not count in names.
    pub(crate) casefold: bool,
    pub(crate) stats: Stats,
    /// The number of the next inode.
    pub(crate) next_ino: Atomic<u64>,
    /// How many file locks there are.
    pub(crate) locks: Arc<Count>,
    /// Of who has no others, where quotas are on.
    pub(crate) quota_limits: AllLimits,
    /// In pages.
    #[pin]
    pub(crate) limits: Limits,
}

impl Info {
    pub(crate) fn new(
        owner: Owner,
        casefold: bool,
        limits: impl PinInit<Limits>,
        quota_limits: AllLimits,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            owner,
            casefold,
            stats: Stats::default(),
            next_ino: Atomic::new(1),
            quota_limits,
            locks: Arc::new(Count::new(), GFP_KERNEL)?,
            limits <- limits,
        })
    }
}

/// The table.
pub(crate) struct Super;

#[vtable]
impl Operations for Super {
    type FileSystem = SampleFs;

    const DROP_INODE: Option<DropInode> = Some(DropInode::INODE_JUST_DROP);
    const COUNTERS: &'static [Counter<SampleFs>] = stats::COUNTERS;
    const DQ_OP: Option<quota::Ops<SampleFs>> = Some(quota::Ops::of::<Quota>());

    fn evict_inode(mut inode: Evicted<'_, SampleFs>) {
        // A large directory is better freed here than in the RCU callback that frees the inode.
        drop(mem::replace(inode.guarded_mut(), Entries::new()));
        inode.info().xattrs.free();
        inode.info().store().free(0..u64::MAX);
        // What is charged is what is counted.
        limits::give_back_blocks(&inode, inode.inode_get_bytes() / PAGE_SIZE as u64);
        inode.dquot_free_inode();
        inode.sb().info().limits.give_back_inode();
    }

    /// That this is there is what lets the filesystem be frozen: C holds the writers, and there is
    /// no device to be quieted.
    fn freeze_fs(_sb: &Locked<'_, SuperBlock<SampleFs>, rule::freeze_fs::Sb>) -> Result {
        Ok(())
    }

    fn unfreeze_fs(_sb: &Locked<'_, SuperBlock<SampleFs>, rule::unfreeze_fs::Sb>) -> Result {
        Ok(())
    }

    fn statfs(sb: &SuperBlock<SampleFs>, buf: &mut Kstatfs) -> Result {
        // Without a limit there is no number that would be true: leave them at zero, as tmpfs does.
        let usage = sb.info().limits.usage();
        if usage.blocks.max() != 0 {
            buf.set_blocks(usage.blocks.max(), usage.blocks.free());
        }
        if usage.inodes.max() != 0 {
            buf.set_files(usage.inodes.max(), usage.inodes.free());
        }
        Ok(())
    }

    fn show_options(seq: &SeqFile, sb: &SuperBlock<SampleFs>) -> Result {
        let owner = sb.info().owner;
        let usage = sb.info().limits.usage();
        seq_print!(seq, ",size={}k", usage.blocks.max() << (PAGE_SHIFT - 10));
        seq_print!(seq, ",nr_inodes={}", usage.inodes.max());
        seq_print!(seq, ",mode={:o}", owner.mode);
        seq_print!(seq, ",uid={}", owner.uid.into_init_uid());
        seq_print!(seq, ",gid={}", owner.gid.into_init_gid());
        if sb.info().casefold {
            seq_print!(seq, ",casefold");
        }
        for (ty, name) in QuotaType::ALL.into_iter().zip(QUOTA_NAMES) {
            if sb.sb_has_quota_active(ty) {
                seq_print!(seq, ",{}", name);
                let limits = sb.info().quota_limits[ty as usize];
                if limits.block != 0 {
                    seq_print!(seq, ",{}_block_hardlimit={}", name, limits.block);
                }
                if limits.inode != 0 {
                    seq_print!(seq, ",{}_inode_hardlimit={}", name, limits.inode);
                }
            }
        }
        Ok(())
    }
}
