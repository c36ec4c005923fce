// SPDX-License-Identifier: GPL-2.0

//! A token that was lent for a call does not outlive it.

use testfs::*;

pub struct Cache<'a> {
    pub dir: Option<&'a Shar<'a>>,
}

pub fn lookup<'a>(cache: &mut Cache<'a>, dir: &Shar<'_>) { //~ wrong
pub fn lookup<'a>(cache: &mut Cache<'a>, dir: &'a Shar<'a>) { //~ right
    cache.dir = Some(dir); //~ error E0621: explicit lifetime required in the type of `dir`
}
