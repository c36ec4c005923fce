// SPDX-License-Identifier: GPL-2.0

//! An object of the filesystem's own is not lockable without `unsafe`.

use testfs::*;

pub struct Mine;

#[allow(dead_code)]
fn locked<M, T: vfs::Lockable<M>>(_: &T) {}

impl vfs::Lockable<Exclusive> for Mine { //~ wrong, error E0200: requires an `unsafe impl` declaration
    fn assert_held(&self) {} //~ wrong
} //~ wrong
