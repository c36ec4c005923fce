// SPDX-License-Identifier: GPL-2.0

//! An unnamed file gets one inode.

use testfs::*;

use vfs::file::{Opened, Tmpfile};

pub fn tmpfile<'a>(file: Tmpfile<'a, Fs>, inode: ARef<Inode<Fs>>) -> Result<Opened<'a>> {
    file.d_tmpfile(inode.clone())?; //~ wrong
    file.d_tmpfile(inode) //~ error E0382: use of moved value: `file`
}
