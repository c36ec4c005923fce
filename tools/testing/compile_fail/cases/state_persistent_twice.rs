// SPDX-License-Identifier: GPL-2.0

//! A name is made persistent once.

use testfs::*;

pub fn create(dentry: Negative<'_, Fs>, inode: ARef<Inode<Fs>>) -> Result {
    dentry.d_make_persistent(inode.clone())?;
    dentry.d_make_persistent(inode)?; //~ wrong, error E0382: use of moved value: `dentry`
    Ok(())
}
