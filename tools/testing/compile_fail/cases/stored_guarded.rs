// SPDX-License-Identifier: GPL-2.0

//! A reference to what the lock protects ends with the token.

use testfs::*;

pub fn get<'a>(dir: &Locked<'a, Inode<Fs>, Shared>) -> &'a u32 { //~ wrong
pub fn get<'a>(dir: &'a Locked<'_, Inode<Fs>, Shared>) -> &'a u32 { //~ right
    dir.guarded() //~ error E0621: explicit lifetime required in the type of `dir`
}
