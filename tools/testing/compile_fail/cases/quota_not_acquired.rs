// SPDX-License-Identifier: GPL-2.0

//! A dquot that is to be used must have gone through C's function.

use testfs::*;

use vfs::quota::{
    Acquire,
    Acquired,
    Operations, //
};

pub struct Quota;

#[vtable]
impl Operations for Quota {
    type FileSystem = Fs;

    fn acquire_dquot<'a>(dquot: Acquire<'a, Fs>) -> Result<Acquired<'a>> {
        Ok(()) //~ wrong, error E0308: mismatched types
        dquot.dquot_acquire() //~ right
    }
}
