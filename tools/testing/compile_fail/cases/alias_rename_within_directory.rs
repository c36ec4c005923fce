// SPDX-License-Identifier: GPL-2.0

//! A rename within a directory has one token for it, not two.

use testfs::*;

fn move_between(_old: &mut Excl<'_>, _new: &mut Excl<'_>) {}

pub fn rename(
    old_dir: &mut Locked<'_, Inode<Fs>, rule::rename::OldDir>,
    new_dir: NewDir<'_, '_, Fs>,
) {
    match new_dir {
        NewDir::Same => move_between(old_dir, old_dir), //~ wrong, error E0499: cannot borrow `*old_dir` as mutable more than once
        NewDir::Same => old_dir.inc_nlink(), //~ right
        NewDir::Other(new_dir, _) => move_between(old_dir, new_dir),
    }
}
