// SPDX-License-Identifier: GPL-2.0

//! The lock of a directory that keeps its parent is not promised to `->rename`.

use testfs::*;

use vfs::inode::Moved;

pub fn rename(moved: Moved<'_, Fs>) {
    match moved {
        Moved::File(mut inode) => inode.inc_nlink(),
        Moved::Dir(mut inode) => inode.inc_nlink(),
        Moved::Unlocked(mut inode) => inode.inc_nlink(), //~ wrong, error E0532: expected tuple struct or tuple variant
        Moved::Unlocked => (), //~ right
    }
}
