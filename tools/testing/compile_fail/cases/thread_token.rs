// SPDX-License-Identifier: GPL-2.0

//! A token does not go to another thread: that one does not hold the lock.

use testfs::*;

use kernel::workqueue;

pub fn create(dir: Excl<'static>) -> Result {
    workqueue::system().try_spawn(GFP_KERNEL, move || { //~ wrong, error E0277: cannot be sent between threads safely
        let mut dir = dir; //~ right
        dir.inc_nlink(); //~ right
    workqueue::system().try_spawn(GFP_KERNEL, move || { //~ right
        let mut dir = dir; //~ wrong
        dir.inc_nlink(); //~ wrong
    })?;
    Ok(())
}
