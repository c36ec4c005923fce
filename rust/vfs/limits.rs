// SPDX-License-Identifier: GPL-2.0

//! How much a filesystem without a device may use of the memory, and how much it does.
//!
//! What the options `size` and `nr_inodes` of tmpfs are for. C has no type for it.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::SpinLock, //
};

/// One thing that there is only so much of.
#[derive(Clone, Copy)]
pub struct Resource {
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
    pub fn max(&self) -> u64 {
        self.max
    }

    /// How much is used.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// How much is left.
    pub fn free(&self) -> u64 {
        self.max.saturating_sub(self.used)
    }
}

/// Limits and use of a superblock.
#[derive(Clone, Copy)]
pub struct Usage {
    /// Blocks, as large as the filesystem likes.
    pub blocks: Resource,
    /// Inodes.
    pub inodes: Resource,
}

/// Why new limits were refused: so much is in use.
pub enum TooSmall {
    /// So many blocks.
    Blocks(u64),
    /// So many inodes.
    Inodes(u64),
}

/// How much a superblock may use, and how much it does.
///
/// Nothing here sleeps. A spinlock is taken, under which nothing else is taken; it may be taken under
/// folio locks and `i_rwsem`, not in interrupts.
///
/// # Examples
///
/// ```
/// use vfs::limits::Limits;
///
/// let limits = KBox::pin_init(Limits::new(2, 0), GFP_KERNEL)?;
/// limits.take_blocks(2)?;
/// assert!(limits.take_blocks(1) == Err(ENOSPC));
/// limits.give_back_blocks(1);
/// assert!(limits.usage().blocks.free() == 1);
/// assert!(limits.change(Some(1), None).is_ok());
/// ```
#[pin_data]
pub struct Limits {
    #[pin]
    usage: SpinLock<Usage>,
}

impl Limits {
    /// Nothing is used yet. 0 is no limit.
    pub fn new(blocks: u64, inodes: u64) -> impl PinInit<Self> {
        pin_init!(Self {
            usage <- new_spinlock!(
                Usage {
                    blocks: Resource::new(blocks),
                    inodes: Resource::new(inodes),
                },
                "Limits"
            ),
        })
    }

    /// Takes so many blocks.
    ///
    /// # Errors
    ///
    /// `ENOSPC` if there are not as many: none is taken then.
    pub fn take_blocks(&self, count: u64) -> Result {
        self.usage.lock().blocks.take(count)
    }

    /// Gives blocks back.
    pub fn give_back_blocks(&self, count: u64) {
        self.usage.lock().blocks.give_back(count);
    }

    /// Takes an inode.
    ///
    /// # Errors
    ///
    /// `ENOSPC` if there is none left.
    pub fn take_inode(&self) -> Result {
        self.usage.lock().inodes.take(1)
    }

    /// Gives an inode back.
    pub fn give_back_inode(&self) {
        self.usage.lock().inodes.give_back(1);
    }

    /// Limits and use, both of the same moment.
    pub fn usage(&self) -> Usage {
        *self.usage.lock()
    }

    /// Sets new limits, where there are some, for a remount.
    ///
    /// # Errors
    ///
    /// [`TooSmall`] if more is in use: then nothing changes.
    pub fn change(
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
