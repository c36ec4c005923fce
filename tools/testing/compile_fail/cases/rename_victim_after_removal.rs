// SPDX-License-Identifier: GPL-2.0

//! What replaces a victim uses it up: it cannot be removed once more.

use testfs::*;

pub fn rename(new_dentry: NewDentry<'_, Fs>) {
    if let NewDentry::Victim(dentry, mut victim) = new_dentry {
        victim.drop_nlink();
        dentry.d_make_discardable();
    }
    drop(new_dentry); //~ wrong, error E0382: use of partially moved value: `new_dentry`
}
