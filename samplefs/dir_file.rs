// SPDX-License-Identifier: GPL-2.0

//! Open directories: `struct file_operations`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    file::{
        DirContext,
        Fsync,
        Llseek,
        Operations,
        Read,
        Setlease, //
    },
    File,
    Inode,
    Locked, //
};

use crate::{
    entries::FIRST,
    SampleFs, //
};

/// The table.
pub(crate) struct DirFile;

#[vtable]
impl Operations for DirFile {
    type FileSystem = SampleFs;

    const LLSEEK: Option<Llseek> = Some(Llseek::GENERIC_FILE_LLSEEK);
    const READ: Option<Read> = Some(Read::GENERIC_READ_DIR);
    const FSYNC: Option<Fsync> = Some(Fsync::NOOP_FSYNC);
    const SETLEASE: Option<Setlease> = Some(Setlease::GENERIC_SETLEASE);

    /// Emits the entries in the order of their cookies, which are the positions.
    ///
    /// Names that come to be while the directory is read are left out, or a loop that renames what
    /// it reads would never end. So the open file remembers, from the beginning of each pass, which
    /// cookie was the next.
    fn iterate_shared(
        file: &File<SampleFs>,
        dir: &Locked<'_, Inode<SampleFs>, vfs::rules::Shared>,
        ctx: &mut DirContext,
    ) -> Result {
        if !ctx.dir_emit_dots(file) {
            return Ok(());
        }
        let entries = dir.guarded();
        let Ok(pos) = usize::try_from(ctx.pos()) else {
            return Ok(());
        };
        if pos == FIRST || file.private_data() == 0 {
            file.set_private_data(entries.next());
        }
        let end = file.private_data();

        let mut from = pos;
        while let Some((cookie, entry)) = entries.from(from) {
            if cookie >= end {
                break;
            }
            ctx.set_pos(cookie as i64);
            if !ctx.dir_emit(entry.name(), entry.ino(), entry.dtype()) {
                break;
            }
            from = cookie + 1;
            ctx.set_pos(from as i64);
        }
        Ok(())
    }
}
