// SPDX-License-Identifier: GPL-2.0

//! The token of a superblock's lock is none of an inode's.

use testfs::*;

fn change(dir: &mut Excl<'_>) {
    dir.inc_nlink();
}

pub fn link(lock: &mut Locked<'_, SuperBlock<Fs>, Exclusive>) { //~ wrong
pub fn link(lock: &mut Locked<'_, Inode<Fs>, Exclusive>) { //~ right
    change(lock); //~ error E0308: mismatched types
}
