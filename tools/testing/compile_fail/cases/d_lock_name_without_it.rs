// SPDX-License-Identifier: GPL-2.0

//! The name of a dentry that may be renamed is only read with its `d_lock` held.

use testfs::*;

pub fn d_prune(dentry: &vfs::dentry::Bare<Fs>) -> usize { //~ wrong
pub fn d_prune(dentry: &Locked<'_, vfs::dentry::Bare<Fs>, vfs::rules::Held>) -> usize { //~ right
    dentry.name().len() //~ error E0599: no method named `name`
}
