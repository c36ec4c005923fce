// SPDX-License-Identifier: GPL-2.0

//! What is fixed when a superblock is made does not change later.

use testfs::*;

pub fn fill_super(mut sb: vfs::sb::New<'_, Fs>) -> Result {
    sb.set_s_magic(1); //~ right
    sb.init(Ok(1))?;
    sb.set_s_magic(1); //~ wrong, error E0382: borrow of moved value: `sb`
    Ok(())
}
