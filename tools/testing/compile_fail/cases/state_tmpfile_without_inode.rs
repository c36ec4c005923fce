// SPDX-License-Identifier: GPL-2.0

//! `->tmpfile` cannot succeed without giving the file an inode.

use testfs::*;

use vfs::file::{Opened, Tmpfile};

pub fn tmpfile<'a>(file: Tmpfile<'a, Fs>, inode: ARef<Inode<Fs>>) -> Result<Opened<'a>> {
    drop((file, inode)); //~ wrong
    Ok(()) //~ wrong, error E0308: expected `Opened<'_>`, found `()`
    file.d_tmpfile(inode) //~ right
}
