// SPDX-License-Identifier: GPL-2.0

//! A name is stable for the call only: what lasts longer is a copy.

use testfs::*;

pub fn keep<'a>(dentry: &Positive<'a, Fs>) -> &'a [u8] { //~ wrong
    dentry.name() //~ wrong, error E0621: explicit lifetime required in the type of `dentry`
} //~ wrong
pub fn keep(dentry: &Positive<'_, Fs>) -> Option<u8> { //~ right
    dentry.name().first().copied() //~ right
} //~ right
