// SPDX-License-Identifier: GPL-2.0

//! Holes: how `->fallocate` makes and fills them, and how `->llseek` finds them.
//!
//! A block that has room in the store holds data; the rest of a file is a hole, also where the page
//! cache has zeroes for it.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    file::{
        FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_PUNCH_HOLE,
        FALLOC_FL_ZERO_RANGE,
        SEEK_DATA,
        SEEK_HOLE, //
    },
    prelude::*, //
};

use crate::{
    pages,
    SampleFs, //
};

/// Allocates, punches or zeroes `len` bytes from `offset` on.
pub(crate) fn fallocate(file: &File<SampleFs>, mode: i32, offset: i64, len: i64) -> Result {
    let punch = match mode & !FALLOC_FL_KEEP_SIZE {
        0 | FALLOC_FL_ZERO_RANGE => false,
        FALLOC_FL_PUNCH_HOLE => true,
        _ => return Err(EOPNOTSUPP),
    };
    let end = offset.checked_add(len).ok_or(EFBIG)?;
    let mut guard = file.inode().inode_lock();
    let mut inode = guard.locked();

    if !punch {
        // The limit of the task counts for room beyond the end, too.
        inode.inode_newsize_ok(end)?;
    }
    file.file_modified(&mut inode)?;
    if punch {
        pages::punch(&mut inode, offset..end);
        return Ok(());
    }
    // First the room, then the zeroes: without room, nothing is lost.
    pages::allocate(&mut inode, offset..end)?;
    if mode & FALLOC_FL_ZERO_RANGE != 0 {
        pages::zero(&mut inode, offset..end);
    }
    if mode & FALLOC_FL_KEEP_SIZE == 0 {
        inode.extend_i_size(end);
    }
    Ok(())
}

/// Finds data (`SEEK_DATA`) or a hole (`SEEK_HOLE`) from `offset` on, and sets the position there.
pub(crate) fn seek(file: &File<SampleFs>, offset: i64, whence: i32) -> Result<i64> {
    let inode = file.inode();
    let _guard = inode.inode_lock_shared();
    let size = inode.i_size();
    if offset < 0 || offset >= size {
        return Err(ENXIO);
    }
    let found = match whence {
        SEEK_DATA => pages::data(inode, offset)
            .filter(|&found| found < size)
            .ok_or(ENXIO)?,
        // The end of the file is one.
        SEEK_HOLE => pages::hole(inode, offset).min(size),
        _ => return Err(EINVAL),
    };
    file.vfs_setpos(found)
}
