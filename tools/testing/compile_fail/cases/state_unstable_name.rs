// SPDX-License-Identifier: GPL-2.0

//! The name of a dentry may change at any time, unless the parent is locked.

use testfs::*;

pub fn name(dentry: &Dentry<Fs>) -> u8 { //~ wrong
pub fn name(dentry: &Positive<'_, Fs>) -> u8 { //~ right
    dentry.name()[0] //~ error E0599: no method named `name`
}
