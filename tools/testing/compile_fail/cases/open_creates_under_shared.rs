// SPDX-License-Identifier: GPL-2.0

//! Without `O_CREAT` the directory of `->atomic_open` is locked shared: nothing is made in it.

use testfs::*;
use vfs::inode::{AtomicOpen, AtomicOpened};

pub fn atomic_open<'a>(
    file: AtomicOpen<'_, 'a, Fs>,
    inode: ARef<Inode<Fs>>,
) -> Result<AtomicOpened<'a>> {
    match file {
        AtomicOpen::Lookup(_, mut file) => {
            file.negative()?.d_make_persistent(inode)?; //~ wrong, error E0599: bounds were not satisfied
            file.d_add(Some(inode))?; //~ right
            file.finish_open()
        }
        AtomicOpen::Create(_, mut file, _) => {
            file.negative()?.d_make_persistent(inode)?;
            file.finish_open()
        }
    }
}
