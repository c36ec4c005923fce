// SPDX-License-Identifier: GPL-2.0

//! Open directories: `struct file_operations`.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use vfs::{
    file::{
        DirContext,
        Fsync,
        Llseek,
        OpenFile,
        Operations,
        Private,
        Read,
        Setlease, //
    },
    prelude::*,
    rules::file_operations as rule, //
};

use crate::{
    entries::FIRST,
    SampleFs, //
};

/// What is kept with an open directory.
pub(crate) struct Pass {
    /// Names with this cookie or a larger one are new since the pass began; 0 before the first.
    end: Atomic<usize>,
}

impl Private for Pass {}

/// The table.
pub(crate) struct DirFile;

#[vtable]
impl Operations for DirFile {
    type FileSystem = SampleFs;
    type Private = Pass;

    const LLSEEK: Option<Llseek> = Some(Llseek::GENERIC_FILE_LLSEEK);
    const READ: Option<Read> = Some(Read::GENERIC_READ_DIR);
    const FSYNC: Option<Fsync> = Some(Fsync::NOOP_FSYNC);
    const SETLEASE: Option<Setlease> = Some(Setlease::GENERIC_SETLEASE);

    fn open(_inode: &Inode<SampleFs>, _file: &File<SampleFs>) -> Result<Pass> {
        Ok(Pass {
            end: Atomic::new(0),
        })
    }

    /// Emits the entries in the order of their cookies, which are the positions.
    ///
    /// Names that come to be while the directory is read are left out, or a loop that renames what
    /// it reads would never end. So the open file remembers, from the beginning of each pass, which
    /// cookie was the next.
    fn iterate_shared(
        file: &OpenFile<Self>,
        dir: &Locked<'_, Inode<SampleFs>, rule::iterate_shared::Inode>,
        ctx: &mut DirContext,
    ) -> Result {
        if !ctx.dir_emit_dots(file) {
            return Ok(());
        }
        let entries = dir.guarded();
        let Ok(pos) = usize::try_from(ctx.pos()) else {
            return Ok(());
        };
        let pass = file.private_data();
        if pos == FIRST || pass.end.load(Relaxed) == 0 {
            pass.end.store(entries.next(), Relaxed);
        }
        let end = pass.end.load(Relaxed);

        entries.walk(pos, |cookie, entry| {
            if cookie >= end {
                return false;
            }
            ctx.set_pos(cookie as i64);
            if !ctx.dir_emit(entry.name(), entry.ino(), entry.dtype()) {
                return false;
            }
            ctx.set_pos((cookie + 1) as i64);
            true
        });
        Ok(())
    }
}
