// SPDX-License-Identifier: GPL-2.0

//! An inode that is not finished stays with its maker.

use testfs::*;

fn send<T: Send>(_: T) {}

pub fn make(new: vfs::inode::New<Fs>, i_op: vfs::inode::Ops<Fs>) {
    send(new); //~ wrong, error E0277: cannot be sent between threads safely
    let _ = (new.special(i_op, 0), send(0)); //~ right
}
