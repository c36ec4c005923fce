// SPDX-License-Identifier: GPL-2.0

//! Reading a directory does not change it: other readers are there.

use testfs::*;

use vfs::file::{DirContext, OpenFile};

pub struct DirFile;

#[vtable]
impl vfs::file::Operations for DirFile {
    type FileSystem = Fs;
    type Private = ();

    fn iterate_shared(
        _file: &OpenFile<Self>,
        dir: &Locked<'_, Inode<Fs>, Shared>,
        ctx: &mut DirContext,
    ) -> Result {
        *dir.guarded_mut() += 1; //~ wrong, error E0599: bounds were not satisfied
        ctx.set_pos(i64::from(*dir.guarded()));
        Ok(())
    }
}
