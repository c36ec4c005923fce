// SPDX-License-Identifier: GPL-2.0

//! What rcu-walk has come to is not kept beyond the call.

use testfs::*;

pub struct Last<'a>(pub Option<&'a vfs::RcuWalk<'a, Dentry<Fs>>>);

pub fn d_hash<'a>(last: &mut Last<'a>, parent: &vfs::RcuWalk<'_, Dentry<Fs>>) { //~ wrong
pub fn d_hash<'a>(last: &mut Last<'a>, parent: &'a vfs::RcuWalk<'a, Dentry<Fs>>) { //~ right
    last.0 = Some(parent); //~ error E0621: explicit lifetime required in the type of `parent`
}
