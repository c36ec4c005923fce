// SPDX-License-Identifier: GPL-2.0

//! A reference to an inode does not go to a work item, which may run when the superblock has ended.

use testfs::*;

use kernel::workqueue;

pub fn later(inode: ARef<Inode<Fs>>) -> Result {
    let ino = inode.i_ino(); //~ right
    workqueue::system().try_spawn(GFP_KERNEL, move || { //~ wrong, error E0277: cannot be sent between threads safely
    workqueue::system().try_spawn(GFP_KERNEL, move || { //~ right
        drop(inode); //~ wrong
        drop(ino); //~ right
    })?;
    Ok(())
}
