// SPDX-License-Identifier: GPL-2.0

//! A method cannot ask for a token that lasts longer than the call.

use testfs::*;

pub struct Dir;

#[vtable]
impl vfs::inode::Operations for Dir {
    type FileSystem = Fs;

    fn lookup( //~ error E0308: method not compatible with trait
        _dir: &'static Locked<'static, Inode<Fs>, rule::lookup::Dir>, //~ wrong
        _dir: &Locked<'_, Inode<Fs>, rule::lookup::Dir>, //~ right
        dentry: InLookup<'_, Fs>,
        _flags: u32,
    ) -> Result<Option<ARef<Dentry<Fs>>>> {
        dentry.d_add(None)
    }
}
