// SPDX-License-Identifier: GPL-2.0

//! `->atomic_open` does not succeed without the file having been opened or left to C.

use testfs::*;
use vfs::inode::{AtomicOpen, AtomicOpened};

pub fn atomic_open<'a>(file: AtomicOpen<'_, 'a, Fs>) -> Result<AtomicOpened<'a>> {
    match file {
        AtomicOpen::Lookup(_, file) => Ok(()), //~ wrong, error E0308: mismatched types
        AtomicOpen::Lookup(_, file) => Ok(file.finish_no_open()), //~ right
        AtomicOpen::Create(_, file, _) => Ok(file.finish_no_open()),
    }
}
