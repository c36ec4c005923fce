// SPDX-License-Identifier: GPL-2.0

//! What a filesystem keeps with an inode is freed by another thread: it must be `Send`.

use testfs::*;

pub struct RawFs;
pub struct RawSuper;

impl vfs::FileSystem for RawFs {
    type SbInfo = u32;
    type InodeInfo = u32;
    type Guarded = *mut u8; //~ wrong, error E0277: cannot be sent between threads safely
    type Guarded = usize; //~ right
    type Super = RawSuper;
}

#[vtable]
impl vfs::sb::Operations for RawSuper {
    type FileSystem = RawFs;
}
