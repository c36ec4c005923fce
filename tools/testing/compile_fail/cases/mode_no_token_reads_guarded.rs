// SPDX-License-Identifier: GPL-2.0

//! Without a token there is no way to what `i_rwsem` protects.

use testfs::*;

pub fn get(dir: &Inode<Fs>) -> u32 { //~ wrong
pub fn get(dir: &Shar<'_>) -> u32 { //~ right
    *dir.guarded() //~ error E0599: no method named `guarded`
}
