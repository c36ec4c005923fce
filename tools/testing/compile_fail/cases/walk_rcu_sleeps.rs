// SPDX-License-Identifier: GPL-2.0

//! Under rcu-walk nothing sleeps.

use testfs::*;

pub fn get_link(inode: &vfs::Walk<'_, Inode<Fs>>) -> Result {
    match inode {
        vfs::Walk::Ref(inode) => drop(inode.inode_lock()),
        vfs::Walk::Rcu(inode) => drop(inode.inode_lock()), //~ wrong, error E0599: no method named `inode_lock`
        vfs::Walk::Rcu(_) => return Err(ECHILD), //~ right
    }
    Ok(())
}
