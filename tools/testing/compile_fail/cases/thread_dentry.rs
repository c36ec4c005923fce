// SPDX-License-Identifier: GPL-2.0

//! An entry whose name holds still does so only where the parent is locked.

use testfs::*;

fn send<T: Send>(_: T) {}

pub fn unlink(dentry: Positive<'_, Fs>) {
    send(dentry); //~ wrong, error E0277: cannot be sent between threads safely
    send(dentry.inode().i_ino()); //~ right
}
