// SPDX-License-Identifier: GPL-2.0

//! An entry is looked up once.

use testfs::*;

pub fn lookup(dentry: InLookup<'_, Fs>) -> Result {
    dentry.d_add(None)?;
    dentry.d_add(None)?; //~ wrong, error E0382: use of moved value: `dentry`
    Ok(())
}
