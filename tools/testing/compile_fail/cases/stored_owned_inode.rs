// SPDX-License-Identifier: GPL-2.0

//! An inode is not kept with the superblock, which it would outlive.

use testfs::*;

pub struct KeepsFs;
pub struct KeepsSuper;

impl vfs::FileSystem for KeepsFs {
    type SbInfo = Option<ARef<Inode<KeepsFs>>>; //~ wrong, error E0277: cannot be shared between threads safely
    type SbInfo = Option<u64>; //~ right
    type InodeInfo = u32;
    type Guarded = u32;
    type Super = KeepsSuper;
}

#[vtable]
impl vfs::sb::Operations for KeepsSuper {
    type FileSystem = KeepsFs;
}
