// SPDX-License-Identifier: GPL-2.0

//! A name is removed once.

use testfs::*;

pub fn unlink(dentry: Positive<'_, Fs>) {
    dentry.d_make_discardable();
    dentry.d_make_discardable(); //~ wrong, error E0382: use of moved value: `dentry`
}
