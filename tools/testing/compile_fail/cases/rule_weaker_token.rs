// SPDX-License-Identifier: GPL-2.0

//! A method cannot ask for less than its rule says: the types are those of the rule.

use testfs::*;

pub struct Dir;

#[vtable]
impl vfs::inode::Operations for Dir {
    type FileSystem = Fs;

    fn rmdir(
        _dir: &mut Locked<'_, Inode<Fs>, Shared>, //~ wrong, error E0053: method `rmdir` has an incompatible type for trait
        _dir: &mut Locked<'_, Inode<Fs>, rule::rmdir::Dir>, //~ right
        _dentry: Positive<'_, Fs>,
        _victim: &mut Locked<'_, Inode<Fs>, rule::rmdir::Victim>,
    ) -> Result {
        Err(EPERM)
    }
}
