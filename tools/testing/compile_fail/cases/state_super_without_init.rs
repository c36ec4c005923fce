// SPDX-License-Identifier: GPL-2.0

//! `fill_super` cannot return a root without a superblock that is set up.

use testfs::*;

pub fn fill_super(
    sb: vfs::sb::New<'_, Fs>,
) -> Result<Locked<'_, SuperBlock<Fs>, Exclusive>> {
    Ok(sb) //~ wrong, error E0308: mismatched types
    sb.init(Ok(1)) //~ right
}
