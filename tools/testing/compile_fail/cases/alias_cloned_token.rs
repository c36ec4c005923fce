// SPDX-License-Identifier: GPL-2.0

//! A token cannot be cloned.

use testfs::*;

pub fn two(dir: &mut Excl<'_>) {
    let mut copy = Locked::clone(dir); //~ wrong, error E0277: Clone` is not satisfied
    let copy = &mut *dir; //~ right
    copy.inc_nlink();
}
