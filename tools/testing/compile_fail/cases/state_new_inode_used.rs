// SPDX-License-Identifier: GPL-2.0

//! Nothing can be asked of an inode that is not finished.

use testfs::*;

pub fn make(new: vfs::inode::New<Fs>, i_op: vfs::inode::Ops<Fs>) -> Result<u64> {
    Ok(new.i_ino()) //~ wrong, error E0599: no method named `i_ino` found for struct `vfs::inode::New`
    Ok(new.special(i_op, 0)?.i_ino()) //~ right
}
