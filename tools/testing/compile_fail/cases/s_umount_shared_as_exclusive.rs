// SPDX-License-Identifier: GPL-2.0

//! `->sync_fs` has `s_umount` at least shared, and no more.

use testfs::*;
use vfs::rules::super_operations as rule;

fn only_one(_sb: &Locked<'_, SuperBlock<Fs>, Exclusive>) {}

pub fn sync_fs(sb: &Locked<'_, SuperBlock<Fs>, rule::sync_fs::Sb>) { //~ wrong
pub fn put_super(sb: &Locked<'_, SuperBlock<Fs>, rule::put_super::Sb>) { //~ right
    only_one(sb); //~ error E0308: mismatched types
}
