// SPDX-License-Identifier: GPL-2.0

//! What exists is not made once more.

use testfs::*;

pub fn create(dentry: Positive<'_, Fs>, inode: ARef<Inode<Fs>>) -> Result { //~ wrong
pub fn create(dentry: Negative<'_, Fs>, inode: ARef<Inode<Fs>>) -> Result { //~ right
    dentry.d_make_persistent(inode) //~ error E0599: no method named `d_make_persistent`
}
