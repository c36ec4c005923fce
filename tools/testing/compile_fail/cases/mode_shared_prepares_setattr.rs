// SPDX-License-Identifier: GPL-2.0

//! What is to be changed is settled under the exclusive lock, of the inode that is changed.

use testfs::*;

pub fn prepare(
    inode: &mut Shar<'_>, //~ wrong
    inode: &mut Excl<'_>, //~ right
    idmap: &Idmap,
    dentry: &Dentry<Fs>,
    attr: &mut Iattr,
) -> Result {
    inode.setattr_prepare(idmap, dentry, attr) //~ error E0599: bounds were not satisfied
}
