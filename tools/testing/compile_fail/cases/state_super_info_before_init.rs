// SPDX-License-Identifier: GPL-2.0

//! A superblock has no data before it was given them.

use testfs::*;

pub fn fill_super(sb: vfs::sb::New<'_, Fs>) -> Result<u32> {
    Ok(*sb.info()) //~ wrong, error E0599: no method named `info` found for struct `vfs::sb::New`
    Ok(*sb.init(Ok(1))?.info()) //~ right
}
