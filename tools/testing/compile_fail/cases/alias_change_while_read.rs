// SPDX-License-Identifier: GPL-2.0

//! What is read under the lock does not change meanwhile.

use testfs::*;

pub fn count(dir: &mut Excl<'_>) -> u32 {
    let count = dir.guarded(); //~ wrong
    let count = *dir.guarded(); //~ right
    dir.inc_nlink(); //~ error E0502: cannot borrow `*dir` as mutable
    *count //~ wrong
    count //~ right
}
