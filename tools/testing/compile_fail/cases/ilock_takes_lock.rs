// SPDX-License-Identifier: GPL-2.0

//! Under `i_lock`, a spinlock, nothing takes it again or sleeps.

use testfs::*;

pub fn drop_inode(inode: &vfs::sb::ILocked<'_, Fs, vfs::rules::Held>) -> bool {
    inode.inode_add_bytes(1); //~ wrong, error E0599: no method named `inode_add_bytes`
    inode.inode_generic_drop()
}
