// SPDX-License-Identifier: GPL-2.0

//! A method cannot count on more than its rule says.

use testfs::*;

pub struct Dir;

#[vtable]
impl vfs::inode::Operations for Dir {
    type FileSystem = Fs;

    fn lookup(
        _dir: &Locked<'_, Inode<Fs>, Exclusive>, //~ wrong, error E0053: method `lookup` has an incompatible type for trait
        _dir: &Locked<'_, Inode<Fs>, rule::lookup::Dir>, //~ right
        dentry: InLookup<'_, Fs>,
        _flags: u32,
    ) -> Result<Option<ARef<Dentry<Fs>>>> {
        dentry.d_add(None)
    }
}
