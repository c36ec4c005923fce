// SPDX-License-Identifier: GPL-2.0

//! A method for which no lock is promised cannot ask for a token.

use testfs::*;

pub struct Dir;

#[vtable]
impl vfs::inode::Operations for Dir {
    type FileSystem = Fs;

    fn getattr(
        _idmap: &Idmap,
        _inode: &Locked<'_, Inode<Fs>, Shared>, //~ wrong, error E0053: method `getattr` has an incompatible type for trait
        _inode: &Inode<Fs>, //~ right
        _stat: &mut Kstat,
        _request_mask: u32,
        _query_flags: u32,
    ) -> Result {
        Err(EPERM)
    }
}
