// SPDX-License-Identifier: GPL-2.0

//! A function for all modes from exclusive on does not take a shared token.

use testfs::*;

fn change<M: AtLeast<Exclusive>>(_dir: &Locked<'_, Inode<Fs>, M>) {}

pub fn lookup(dir: &Locked<'_, Inode<Fs>, rule::lookup::Dir>) { //~ wrong
pub fn lookup(dir: &Locked<'_, Inode<Fs>, rule::create::Dir>) { //~ right
    change(dir); //~ error E0277: AtLeast<testfs::Exclusive>` is not satisfied
}
