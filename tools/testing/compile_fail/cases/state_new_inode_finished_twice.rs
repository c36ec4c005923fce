// SPDX-License-Identifier: GPL-2.0

//! An inode is finished once.

use testfs::*;

pub fn make(
    mut new: vfs::inode::New<Fs>,
    idmap: &Idmap,
    dir: &Inode<Fs>,
    i_op: vfs::inode::Ops<Fs>,
) -> Result<ARef<Inode<Fs>>> {
    new.inode_init_owner(idmap, dir, 0); //~ right
    let inode = new.special(i_op, 0)?;
    new.inode_init_owner(idmap, dir, 0); //~ wrong, error E0382: borrow of moved value: `new`
    Ok(inode)
}
