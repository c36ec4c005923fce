// SPDX-License-Identifier: GPL-2.0

//! The token of a directory does not give access to what another inode's lock protects.

use testfs::*;

pub fn get(dir: &Shar<'_>, other: &Inode<Fs>) -> u32 {
    *dir.guarded() + *other.guarded() //~ wrong, error E0599: no method named `guarded`
    *dir.guarded() + *other.info() //~ right
}
