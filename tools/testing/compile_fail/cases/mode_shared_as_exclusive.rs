// SPDX-License-Identifier: GPL-2.0

//! A shared token does not serve where an exclusive one is asked for.

use testfs::*;

fn change(_dir: &Excl<'_>) {}

pub fn lookup(dir: &Shar<'_>) { //~ wrong
pub fn lookup(dir: &Excl<'_>) { //~ right
    change(dir); //~ error E0308: mismatched types
}
