// SPDX-License-Identifier: GPL-2.0

//! An exclusive token that is only lent out to read does not change anything.

use testfs::*;

pub fn set(dir: &Excl<'_>) { //~ wrong
pub fn set(dir: &mut Excl<'_>) { //~ right
    *dir.guarded_mut() = 1; //~ error E0596: cannot borrow `*dir` as mutable
}
