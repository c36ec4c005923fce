// SPDX-License-Identifier: GPL-2.0

//! A filesystem cannot claim that a lock is held.

use testfs::*;

pub fn get(dir: &Inode<Fs>) -> u32 { //~ wrong
    let token: Shar<'_> = unsafe { Locked::assume(dir) }; //~ wrong, error E0624: associated function `assume` is private
pub fn get(token: &Shar<'_>) -> u32 { //~ right
    *token.guarded()
}
