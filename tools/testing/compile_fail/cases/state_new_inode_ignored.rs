// SPDX-License-Identifier: GPL-2.0

//! An inode that is not finished is not thrown away unnoticed.

use testfs::*;

use vfs::inode::New;

pub fn make(sb: &SuperBlock<Fs>) -> Result {
    New::new_inode(sb, Ok(1), 1)?; //~ wrong, error unused_must_use: an inode that is not finished is thrown away
    let _new = New::new_inode(sb, Ok(1), 1)?; //~ right
    Ok(())
}
