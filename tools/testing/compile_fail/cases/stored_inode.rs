// SPDX-License-Identifier: GPL-2.0

//! An inode is kept beyond the call by a reference of its own, not by the token's.

use testfs::*;

pub fn keep(dir: &Shar<'_>) -> &'static Inode<Fs> { //~ wrong
    dir //~ wrong, error -: lifetime may not live long enough
} //~ wrong
pub fn keep(dir: &Shar<'_>) -> ARef<Inode<Fs>> { //~ right
    ARef::from(&**dir) //~ right
} //~ right
