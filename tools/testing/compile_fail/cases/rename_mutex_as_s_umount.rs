// SPDX-License-Identifier: GPL-2.0

//! One lock of a superblock does not stand for another.

use testfs::*;

fn reconfigure(_sb: &Locked<'_, SuperBlock<Fs>, Exclusive>) {}

pub fn rename(
    sb: &Locked<'_, vfs::VfsRenameMutex<Fs>, rule::rename::LockedSb>, //~ wrong
    sb: &Locked<'_, SuperBlock<Fs>, Exclusive>, //~ right
) {
    reconfigure(sb); //~ error E0308: mismatched types
}
