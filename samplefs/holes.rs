// SPDX-License-Identifier: GPL-2.0

//! Holes: how `->fallocate` and a new size make and fill them, and how `->llseek` finds them.
//!
//! A block that has room in the store holds data; the rest of a file is a hole, also where the page
//! cache has zeroes for it.

#![forbid(unsafe_code)]

use core::ops::Range;
use kernel::prelude::*;
use vfs::{
    address_space::AddressSpace,
    fatal_signal_pending,
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
    limits,
    pages::{
        block_at,
        cancel,
        reserve, //
    },
    store::{
        Blocks,
        Store,
        BLOCK_SIZE, //
    },
    SampleFs, //
};

/// Goes through the blocks of `bytes` in the store, calls `part` for each that is in there only in
/// part, and returns the others. The page cache of it has been thrown away.
fn whole_blocks(bytes: Range<i64>, mut part: impl FnMut(u64, Range<usize>)) -> Range<u64> {
    let (mut first, offset) = block_at(bytes.start);
    // No file is larger, so there is nothing after it in its block.
    let (last, end) = match bytes.end {
        i64::MAX => (block_at(i64::MAX).0 + 1, 0),
        end => block_at(end),
    };
    if offset != 0 {
        let within = if first == last { end } else { BLOCK_SIZE };
        part(first, offset..within);
        first += 1;
    }
    if first <= last && end != 0 {
        part(last, 0..end);
    }
    first..last.max(first)
}

/// Makes a hole of what is in the store: zeroes, where it is only a part of a block.
fn free(mapping: &Locked<'_, AddressSpace<SampleFs>, Exclusive>, bytes: Range<i64>) {
    let store = mapping.host().info().store();
    let whole = whole_blocks(bytes, |block, bytes| store.zero(block, bytes));
    limits::give_back_blocks(mapping.host(), store.free(whole));
}

/// Sets the size of a file, and gives back what it has beyond it.
pub(crate) fn truncate<M: AtLeast<Exclusive>>(
    inode: &mut Locked<'_, Inode<SampleFs>, M>,
    size: i64,
) {
    inode.truncate_setsize(size, |mapping| free(mapping, size..i64::MAX));
}

/// Zeroes what is there. Room is kept.
fn zero(inode: &mut Locked<'_, Inode<SampleFs>, Exclusive>, bytes: Range<i64>) {
    inode.truncate_pagecache_range(bytes.clone(), |mapping| {
        let store = mapping.host().info().store();
        for block in whole_blocks(bytes, |block, bytes| store.zero(block, bytes)) {
            store.zero(block, 0..BLOCK_SIZE);
        }
    });
}

/// Reserves all blocks of these bytes.
///
/// If it fails, it takes back what it has reserved beyond the end of the file, where nobody would see
/// it. What was there before stays.
fn allocate(inode: &Inode<SampleFs>, bytes: Range<i64>) -> Result {
    let (first, _) = block_at(bytes.start);
    let last = (bytes.end.max(0) as u64).div_ceil(BLOCK_SIZE as u64);
    let max = inode.sb().info().limits.usage().blocks.max();
    if max != 0 && last - first > max {
        return Err(ENOSPC);
    }
    let mut new: KVVec<Blocks> = KVVec::new();
    let result = Blocks::batches(first..last).try_for_each(|blocks| {
        // As in tmpfs.
        if fatal_signal_pending() {
            return Err(EINTR);
        }
        new.reserve(1, GFP_KERNEL_ACCOUNT)?;
        let holes = reserve(inode, blocks)?;
        if holes.count() != 0 {
            new.push(holes, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(())
    });
    if result.is_err() {
        let beyond = (inode.i_size().max(0) as u64).div_ceil(BLOCK_SIZE as u64);
        new.iter().for_each(|new| cancel(inode, new.from(beyond)));
    }
    result
}

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
        inode.truncate_pagecache_range(offset..end, |mapping| free(mapping, offset..end));
        return Ok(());
    }
    // First the room, then the zeroes: without room, nothing is lost.
    allocate(&inode, offset..end)?;
    if mode & FALLOC_FL_ZERO_RANGE != 0 {
        zero(&mut inode, offset..end);
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
    let (block, _) = block_at(offset);
    let store = inode.info().store();
    let found = match whence {
        SEEK_DATA => store.next(block),
        // The end of the file is one.
        SEEK_HOLE => Blocks::batches(block..block_at(size).0 + 1)
            .find_map(|blocks| blocks.without(store.reserved(blocks)).first())
            .or(Some(u64::MAX)),
        _ => return Err(EINVAL),
    };
    let found = found.ok_or(ENXIO)?.saturating_mul(BLOCK_SIZE as u64);
    let found = i64::try_from(found).unwrap_or(i64::MAX);
    if whence == SEEK_DATA && found >= size {
        return Err(ENXIO);
    }
    file.vfs_setpos(found.clamp(offset, size))
}
