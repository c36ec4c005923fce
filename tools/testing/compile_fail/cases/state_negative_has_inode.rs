// SPDX-License-Identifier: GPL-2.0

//! What does not exist has no inode.

use testfs::*;

pub fn create(dentry: Negative<'_, Fs>) -> u64 { //~ wrong
pub fn create(dentry: Positive<'_, Fs>) -> u64 { //~ right
    dentry.inode().i_ino() //~ error E0599: no method named `inode`
}
