// SPDX-License-Identifier: GPL-2.0

//! What rcu-walk has come to gives no reference: it may be just going.

use testfs::*;

pub fn permission(inode: &vfs::Walk<'_, Inode<Fs>>) -> Result<ARef<Inode<Fs>>> {
    match inode {
        vfs::Walk::Ref(inode) => Ok(ARef::from(*inode)),
        vfs::Walk::Rcu(inode) => Ok(ARef::from(&**inode)), //~ wrong, error E0614: cannot be dereferenced
        vfs::Walk::Rcu(_) => Err(ECHILD), //~ right
    }
}
