// SPDX-License-Identifier: GPL-2.0

//! A shared lock does not do where the inode is changed.

use testfs::*;

pub fn link(dir: &mut Shar<'_>) { //~ wrong
pub fn link(dir: &mut Excl<'_>) { //~ right
    dir.inc_nlink(); //~ error E0599: bounds were not satisfied
}
