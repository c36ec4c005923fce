// SPDX-License-Identifier: GPL-2.0

//! An inode does not get the page cache of another filesystem.

use testfs::*;

pub fn finish(
    new: vfs::inode::New<Fs>,
    i_op: vfs::inode::Ops<Fs>,
    i_fop: vfs::file::Ops<Fs>,
    a_ops: vfs::address_space::Ops<OtherFs>, //~ wrong
    a_ops: vfs::address_space::Ops<Fs>, //~ right
) -> Result<ARef<Inode<Fs>>> {
    new.regular(i_op, i_fop, a_ops) //~ error E0308: mismatched types
}
