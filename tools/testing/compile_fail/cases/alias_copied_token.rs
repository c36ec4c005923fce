// SPDX-License-Identifier: GPL-2.0

//! A token cannot be taken out of the argument: there is one for each lock.

use testfs::*;

pub fn two(dir: &mut Excl<'_>) {
    let mut copy = *dir; //~ wrong, error E0507: cannot move out of `*dir`
    let copy = &mut *dir; //~ right
    copy.inc_nlink();
}
