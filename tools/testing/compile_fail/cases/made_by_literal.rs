// SPDX-License-Identifier: GPL-2.0

//! A filesystem cannot put a token together.

use testfs::*;

pub fn get<'a>(dir: &'a Inode<Fs>) -> u32 { //~ wrong
    let token = Shar::<'a> { object: dir }; //~ wrong, error -: with struct literal syntax due to private fields
    *token.guarded() //~ wrong
} //~ wrong
pub fn get(dir: &Shar<'_>) -> u32 { //~ right
    *dir.guarded() //~ right
} //~ right
