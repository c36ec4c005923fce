// SPDX-License-Identifier: GPL-2.0

//! What a filesystem keeps with a superblock is used by many threads: it must be `Sync`.

use testfs::*;

pub struct CellFs;
pub struct CellSuper;

impl vfs::FileSystem for CellFs {
    type SbInfo = core::cell::Cell<u32>; //~ wrong, error E0277: cannot be shared between threads safely
    type SbInfo = kernel::sync::atomic::Atomic<u32>; //~ right
    type InodeInfo = u32;
    type Guarded = u32;
    type Super = CellSuper;
}

#[vtable]
impl vfs::sb::Operations for CellSuper {
    type FileSystem = CellFs;
}
