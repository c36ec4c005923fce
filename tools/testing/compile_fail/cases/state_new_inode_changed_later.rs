// SPDX-License-Identifier: GPL-2.0

//! The owner of an inode that others can see is not set as that of a new one.

use testfs::*;

use vfs::idmap::{Kgid, Kuid};

pub fn own(inode: &mut ARef<Inode<Fs>>, uid: Kuid, gid: Kgid) { //~ wrong
pub fn own(inode: &mut vfs::inode::New<Fs>, uid: Kuid, gid: Kgid) { //~ right
    inode.set_owner(uid, gid, 0); //~ error E0599: no method named `set_owner`
}
