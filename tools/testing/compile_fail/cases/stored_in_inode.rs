// SPDX-License-Identifier: GPL-2.0

//! A token cannot be kept with an inode.

use testfs::*;

pub struct KeepsFs;
pub struct KeepsSuper;

impl vfs::FileSystem for KeepsFs {
    type SbInfo = u32;
    type InodeInfo = Option<Excl<'static>>; //~ wrong, error E0277: cannot be sent between threads safely
    type InodeInfo = Option<u64>; //~ right
    type Guarded = u32;
    type Super = KeepsSuper;
}

#[vtable]
impl vfs::sb::Operations for KeepsSuper {
    type FileSystem = KeepsFs;
}
