// SPDX-License-Identifier: GPL-2.0

//! Also a reference that is never given back cannot be kept: its superblock ends.

use testfs::*;

fn send<T: Send>(_: T) {}

pub fn keep(inode: ARef<Inode<Fs>>) -> Result {
    let inode: &'static Inode<Fs> = &**KBox::leak(KBox::new(inode, GFP_KERNEL)?);
    send(inode); //~ wrong, error E0277: cannot be shared between threads safely
    send(inode.i_ino()); //~ right
    Ok(())
}
