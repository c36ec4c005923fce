// SPDX-License-Identifier: GPL-2.0

//! The token of another filesystem's inode does not do.

use testfs::*;

fn change(dir: &mut Excl<'_>) {
    dir.inc_nlink();
}

pub fn link(dir: &mut Locked<'_, Inode<OtherFs>, Exclusive>) { //~ wrong
pub fn link(dir: &mut Locked<'_, Inode<Fs>, Exclusive>) { //~ right
    change(dir); //~ error E0308: found mutable reference `&mut testfs::Locked<'_, testfs::Inode<testfs::OtherFs>, _>`
}
