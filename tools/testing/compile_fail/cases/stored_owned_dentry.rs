// SPDX-License-Identifier: GPL-2.0

//! An entry is not kept with an inode, also not behind a lock.

use testfs::*;

use kernel::sync::Mutex;

pub struct KeepsFs;
pub struct KeepsSuper;

impl vfs::FileSystem for KeepsFs {
    type SbInfo = u32;
    type InodeInfo = Mutex<Option<ARef<Dentry<KeepsFs>>>>; //~ wrong, error E0277: cannot be sent between threads safely
    type InodeInfo = Mutex<Option<KVec<u8>>>; //~ right
    type Guarded = u32;
    type Super = KeepsSuper;
}

#[vtable]
impl vfs::sb::Operations for KeepsSuper {
    type FileSystem = KeepsFs;
}
