// SPDX-License-Identifier: GPL-2.0

//! `->setattr` has its inode exclusively, and says so.

use testfs::*;

pub struct Dir;

#[vtable]
impl vfs::inode::Operations for Dir {
    type FileSystem = Fs;

    fn setattr(
        _idmap: &Idmap,
        _dentry: &Dentry<Fs>,
        _inode: &Locked<'_, Inode<Fs>, rule::lookup::Dir>, //~ wrong, error E0053: method `setattr` has an incompatible type for trait
        _inode: &mut Locked<'_, Inode<Fs>, rule::setattr::Inode>, //~ right
        _attr: &mut Iattr,
    ) -> Result {
        Err(EPERM)
    }
}
