// SPDX-License-Identifier: GPL-2.0

//! `->drop_inode` comes with `i_lock`, and with nothing else.

use testfs::*;

pub struct Sb;

#[vtable]
impl vfs::sb::Operations for Sb {
    type FileSystem = Fs;

    fn drop_inode(
        inode: &mut Excl<'_>, //~ wrong, error E0053: method `drop_inode` has an incompatible type for trait
        inode: &vfs::sb::ILocked<'_, Fs, vfs::rules::super_operations::drop_inode::Inode>, //~ right
    ) -> bool {
        inode.i_nlink() == 0
    }
}
