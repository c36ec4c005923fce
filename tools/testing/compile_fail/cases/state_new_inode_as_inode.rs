// SPDX-License-Identifier: GPL-2.0

//! An inode that is not finished is no inode yet.

use testfs::*;

pub fn lookup(dentry: InLookup<'_, Fs>, new: vfs::inode::New<Fs>, i_op: vfs::inode::Ops<Fs>) -> Result {
    dentry.d_add(Some(new))?; //~ wrong, error E0308: mismatched types
    dentry.d_add(Some(new.special(i_op, 0)?))?; //~ right
    Ok(())
}
