// SPDX-License-Identifier: GPL-2.0

//! Where no lock is promised, what `i_rwsem` protects cannot even be read.

use testfs::*;

pub fn get(dir: &Locked<'_, Inode<Fs>, rule::getattr::Inode>) -> u32 { //~ wrong
pub fn get(dir: &Locked<'_, Inode<Fs>, rule::lookup::Dir>) -> u32 { //~ right
    *dir.guarded() //~ error E0599: bounds were not satisfied
}
