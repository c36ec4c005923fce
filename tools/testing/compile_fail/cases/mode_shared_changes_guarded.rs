// SPDX-License-Identifier: GPL-2.0

//! What `i_rwsem` protects is not changed under a shared lock.

use testfs::*;

pub fn set(dir: &mut Shar<'_>) { //~ wrong
pub fn set(dir: &mut Excl<'_>) { //~ right
    *dir.guarded_mut() = 1; //~ error E0599: bounds were not satisfied
}
