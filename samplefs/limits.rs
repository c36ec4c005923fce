// SPDX-License-Identifier: GPL-2.0

//! How much a mount may use, and how much it does.
//!
//! Everything that stays in memory on behalf of a file is charged before it is there, and given
//! back when it has gone: a block (a page) for each block of the store, for each long symbolic link
//! and for many attributes, an inode for each inode. It is charged to the mount, and to the quotas
//! of those to whom the file belongs.

#![forbid(unsafe_code)]

use kernel::{
    new_spinlock,
    page::PAGE_SIZE,
    prelude::*,
    sync::SpinLock, //
};
use vfs::inode::Host;

use crate::SampleFs;

/// One thing that there is only so much of.
#[derive(Clone, Copy)]
pub(crate) struct Resource {
    /// How much may be used; 0 is no limit.
    max: u64,
    used: u64,
}

impl Resource {
    const fn new(max: u64) -> Self {
        Self { max, used: 0 }
    }

    fn take(&mut self, count: u64) -> Result {
        if self.max != 0 && self.free() < count {
            return Err(ENOSPC);
        }
        self.used += count;
        Ok(())
    }

    fn give_back(&mut self, count: u64) {
        self.used -= count.min(self.used);
    }

    /// How much may be used; 0 is no limit.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// How much is used.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// How much is left.
    pub(crate) fn free(&self) -> u64 {
        self.max.saturating_sub(self.used)
    }
}

/// The limits of a mount.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// Pages.
    pub(crate) blocks: Resource,
    /// Inodes.
    pub(crate) inodes: Resource,
}

/// Why new limits were refused: so much is in use.
pub(crate) enum TooSmall {
    /// So many pages.
    Blocks(u64),
    /// So many inodes.
    Inodes(u64),
}

/// The limits of a mount, and what they are held against.
#[pin_data]
pub(crate) struct Limits {
    /// Taken under folio locks and `i_rwsem`; nothing is taken under it.
    #[pin]
    usage: SpinLock<Usage>,
}

impl Limits {
    /// Nothing is used yet. 0 is no limit.
    pub(crate) fn new(blocks: u64, inodes: u64) -> impl PinInit<Self> {
        pin_init!(Self {
            usage <- new_spinlock!(
                Usage {
                    blocks: Resource::new(blocks),
                    inodes: Resource::new(inodes),
                },
                "samplefs_limits"
            ),
        })
    }

    /// Takes an inode, or fails with `ENOSPC`.
    pub(crate) fn take_inode(&self) -> Result {
        self.usage.lock().inodes.take(1)
    }

    /// Gives an inode back.
    pub(crate) fn give_back_inode(&self) {
        self.usage.lock().inodes.give_back(1);
    }

    /// Limits and use, both of the same moment.
    pub(crate) fn usage(&self) -> Usage {
        *self.usage.lock()
    }

    /// Sets new limits, unless more is in use: then nothing changes.
    pub(crate) fn change(
        &self,
        blocks: Option<u64>,
        inodes: Option<u64>,
    ) -> core::result::Result<(), TooSmall> {
        let mut usage = self.usage.lock();
        let blocks = blocks.unwrap_or(usage.blocks.max);
        let inodes = inodes.unwrap_or(usage.inodes.max);
        if blocks != 0 && blocks < usage.blocks.used {
            return Err(TooSmall::Blocks(usage.blocks.used));
        }
        if inodes != 0 && inodes < usage.inodes.used {
            return Err(TooSmall::Inodes(usage.inodes.used));
        }
        usage.blocks.max = blocks;
        usage.inodes.max = inodes;
        Ok(())
    }
}

/// Charges for blocks of a file, and counts them. May sleep.
///
/// Fails with `ENOSPC` or `EDQUOT`: nothing is charged then.
pub(crate) fn take_blocks(inode: &Host<SampleFs>, count: u64) -> Result {
    let usage = &inode.sb().info().limits().usage;
    usage.lock().blocks.take(count)?;
    inode
        .dquot_alloc_space_nodirty(count * PAGE_SIZE as u64)
        .inspect_err(|_| usage.lock().blocks.give_back(count))
}

/// Gives back what was charged for blocks of a file.
pub(crate) fn give_back_blocks(inode: &Host<SampleFs>, count: u64) {
    if count != 0 {
        inode.dquot_free_space_nodirty(count * PAGE_SIZE as u64);
        let usage = &inode.sb().info().limits().usage;
        usage.lock().blocks.give_back(count);
    }
}

/// Whether it was charging that failed, so that less might do.
pub(crate) fn is_full(error: Error) -> bool {
    error == ENOSPC || error == EDQUOT
}
