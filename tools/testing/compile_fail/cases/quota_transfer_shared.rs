// SPDX-License-Identifier: GPL-2.0

//! An inode changes hands only under its exclusive lock.

use testfs::*;

pub fn setattr(
    inode: &mut Shar<'_>, //~ wrong
    inode: &mut Excl<'_>, //~ right
    idmap: &Idmap,
    attr: &Iattr,
) -> Result {
    inode.dquot_transfer(idmap, attr) //~ error E0599: bounds were not satisfied
}
