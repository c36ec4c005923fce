// SPDX-License-Identifier: GPL-2.0

//! A file is opened once.

use testfs::*;
use vfs::{
    inode::{AtomicOpened, ToOpen},
    rules::inode_operations::atomic_open::Dir,
};

pub fn open<'a>(file: ToOpen<'a, Fs, Dir>) -> Result<AtomicOpened<'a>> {
    file.finish_open()?; //~ wrong
    file.finish_open() //~ error E0382: use of moved value: `file`
}
