// SPDX-License-Identifier: GPL-2.0

//! There are no two mutable references to what `i_rwsem` protects.

use testfs::*;

pub fn swap(dir: &mut Excl<'_>) {
    let a = dir.guarded_mut();
    let b = dir.guarded_mut(); //~ wrong, error E0499: cannot borrow `*dir` as mutable more than once
    let b = &mut 1; //~ right
    core::mem::swap(a, b);
}
