// SPDX-License-Identifier: GPL-2.0

//! A superblock has no inodes before it has its data and operations.

use testfs::*;

use vfs::inode::New;

pub fn fill_super(sb: vfs::sb::New<'_, Fs>) -> Result<New<Fs>> {
    New::new_inode(&sb, Ok(1), 1) //~ wrong, error E0308: mismatched types
    New::new_inode(&*sb.init(Ok(1))?, Ok(1), 1) //~ right
}
