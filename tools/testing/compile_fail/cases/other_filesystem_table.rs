// SPDX-License-Identifier: GPL-2.0

//! An inode does not get the table of another filesystem.

use testfs::*;

pub struct Dir;

#[vtable]
impl vfs::inode::Operations for Dir {
    type FileSystem = OtherFs; //~ wrong
    type FileSystem = Fs; //~ right
}

pub const OPS: vfs::inode::Ops<Fs> = vfs::inode::Ops::of::<Dir>(); //~ error E0308: expected `Ops<Fs>`, found `Ops<OtherFs>`
