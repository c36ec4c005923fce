// SPDX-License-Identifier: GPL-2.0

//! While an exclusive token is lent as a shared one, nothing changes.

use testfs::*;

pub fn count(dir: &mut Excl<'_>) -> u32 {
    let shared = dir.shared();
    *dir.guarded_mut() = 1; //~ wrong, error E0502: cannot borrow `*dir` as mutable
    *shared.guarded()
}
