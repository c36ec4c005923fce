// SPDX-License-Identifier: GPL-2.0

//! What is charged for, and to whom.
//!
//! Everything that stays in memory on behalf of a file is charged before it is there, and given
//! back when it has gone: a block (a page) for each block of the store, for each long symbolic link
//! and for many attributes, and an inode for each inode. It is charged to the mount ([`vfs::limits`]), and to the
//! quotas of those to whom the file belongs. An inode for each name but the first is charged to the mount
//! alone, as in tmpfs.

#![forbid(unsafe_code)]

use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};
use vfs::prelude::*;

use crate::SampleFs;

/// Charges for blocks of a file, and counts them. May sleep.
///
/// Fails with `ENOSPC` or `EDQUOT`: nothing is charged then.
pub(crate) fn take_blocks(inode: &Host<SampleFs>, count: u64) -> Result {
    let limits = &inode.sb().info().limits;
    limits.take_blocks(count)?;
    inode
        .dquot_alloc_space_nodirty(count * PAGE_SIZE as u64)
        .inspect_err(|_| limits.give_back_blocks(count))
}

/// Gives back what was charged for blocks of a file.
pub(crate) fn give_back_blocks(inode: &Host<SampleFs>, count: u64) {
    if count != 0 {
        inode.dquot_free_space_nodirty(count * PAGE_SIZE as u64);
        inode.sb().info().limits.give_back_blocks(count);
    }
}

/// Takes a link away, and gives back what was charged for its name. The last one is the inode's own.
pub(crate) fn drop_nlink<M: AtLeast<Exclusive>>(inode: &mut Locked<'_, Inode<SampleFs>, M>) {
    if inode.i_nlink() > 1 {
        inode.sb().info().limits.give_back_inode();
    }
    inode.drop_nlink();
}

/// Whether it was charging that failed, so that less might do.
pub(crate) fn is_full(error: Error) -> bool {
    error == ENOSPC || error == EDQUOT
}
