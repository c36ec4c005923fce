// SPDX-License-Identifier: GPL-2.0

//! Holes: how `->fallocate` makes and fills them, and how `->llseek` finds them.
//!
//! A page that is charged holds data; the rest of a file is a hole, also where the page cache has
//! a page of zeroes for it.

#![forbid(unsafe_code)]

use core::ops::ControlFlow;
use kernel::{
    page::PAGE_SHIFT,
    prelude::*, //
};
use vfs::{
    file::{
        FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_PUNCH_HOLE,
        FALLOC_FL_ZERO_RANGE,
        SEEK_DATA,
        SEEK_HOLE, //
    },
    rules::Exclusive,
    File,
    Inode,
    Locked, //
};

use crate::{
    pages,
    SampleFs, //
};

/// Allocates, punches or zeroes `len` bytes from `offset` on.
pub(crate) fn fallocate(file: &File<SampleFs>, mode: i32, offset: i64, len: i64) -> Result {
    let zero = match mode & !FALLOC_FL_KEEP_SIZE {
        0 => false,
        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE => true,
        _ => return Err(EOPNOTSUPP),
    };
    let end = offset.checked_add(len).ok_or(EFBIG)?;
    let mut guard = file.inode().inode_lock();
    let mut inode = guard.locked();

    if mode & FALLOC_FL_PUNCH_HOLE == 0 {
        // The limit of the task counts for room beyond the end, too.
        inode.inode_newsize_ok(end)?;
    }
    file.file_modified(&mut inode)?;
    if zero {
        discard(&inode, offset, end);
    }
    if mode & FALLOC_FL_PUNCH_HOLE != 0 {
        return Ok(());
    }
    if let Err(error) = allocate(&mut inode, offset, end) {
        // Nobody would see what it has of pages beyond the end.
        discard(&inode, inode.i_size().max(offset), end);
        return Err(error);
    }
    if mode & FALLOC_FL_KEEP_SIZE == 0 {
        inode.extend_i_size(end);
    }
    Ok(())
}

/// Makes a hole: whole pages go, and what is of others becomes zero.
fn discard(inode: &Locked<'_, Inode<SampleFs>, Exclusive>, start: i64, end: i64) {
    inode
        .filemap_invalidate_lock()
        .truncate_pagecache_range(start, end);
}

/// Charges for all pages of a range, and fills with zeroes those that are not there.
fn allocate(inode: &mut Locked<'_, Inode<SampleFs>, Exclusive>, start: i64, end: i64) -> Result {
    let first = (start >> PAGE_SHIFT) as usize;
    let last = ((end - 1) >> PAGE_SHIFT) as usize;
    let max = inode.sb().info().limits().usage().blocks.max();
    if max != 0 && (last - first) as u64 >= max {
        return Err(ENOSPC);
    }
    for index in first..=last {
        if kernel::current!().signal_pending() {
            return Err(EINTR);
        }
        let folio = inode.filemap_grab_folio(index)?;
        pages::charge(&folio)?;
        if !folio.folio_test_uptodate() {
            folio.folio_zero_range(0, folio.folio_size());
            folio.folio_mark_uptodate();
        }
        folio.folio_mark_dirty();
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
        SEEK_DATA => data(inode, offset, size).ok_or(ENXIO)?,
        SEEK_HOLE => hole(inode, offset, size),
        _ => return Err(EINVAL),
    };
    file.vfs_setpos(found)
}

/// The first byte from `offset` on that is data.
fn data(inode: &Inode<SampleFs>, offset: i64, size: i64) -> Option<i64> {
    inode.filemap_get_folios(offset, size, |folio| {
        if folio.has_private() {
            ControlFlow::Break(folio.folio_pos().max(offset))
        } else {
            ControlFlow::Continue(())
        }
    })
}

/// The first byte from `offset` on that is in a hole. The end of the file is one.
fn hole(inode: &Inode<SampleFs>, offset: i64, size: i64) -> i64 {
    let mut at = offset;
    let found = inode.filemap_get_folios(offset, size, |folio| {
        if !folio.has_private() || folio.folio_pos() > at {
            return ControlFlow::Break(at);
        }
        at = folio.folio_pos().saturating_add(folio.folio_size() as i64);
        ControlFlow::Continue(())
    });
    found.unwrap_or(at).min(size)
}
