// SPDX-License-Identifier: GPL-2.0

//! The data of regular files: `struct address_space_operations`.
//!
//! The page cache stands before the store of the file (`store.rs`): it is filled from there, and
//! what is dirty in it is written back. Room is reserved, and charged to the limits, before something
//! can become dirty; so there is always room for what is written back.
//!
//! A folio has up to [`MAX_BLOCKS`] blocks. If only some of them hold what is in the file, they are
//! the bits of its private value. A folio that is up to date has none. A dirty folio may have
//! blocks that are holes in the store, and zeroes: they stay holes.

#![forbid(unsafe_code)]

use core::{
    num::NonZeroUsize,
    ops::Range, //
};
use kernel::prelude::*;
use vfs::{
    address_space::{
        DirectIo,
        DirtyFolio,
        ErrorRemoveFolio,
        MigrateFolio,
        Operations,
        Readahead,
        SwapActivate,
        Writepages, //
    },
    folio::{
        WriteBegin,
        WriteFolio, //
    },
    prelude::*, //
};

use crate::{
    limits,
    store::{
        Blocks,
        Source,
        Store,
        Target,
        BATCH,
        BLOCK_SIZE, //
    },
    SampleFs, //
};

/// How many blocks a folio can have: as many as a private value has bits.
const MAX_BLOCKS: u32 = usize::BITS;

// The blocks of a folio are in one batch of the store.
const _: () = assert!(MAX_BLOCKS as u64 <= BATCH);

/// The block of the file in which this byte is, and where in it.
pub(crate) fn block_at(pos: i64) -> (u64, usize) {
    let pos = pos.max(0) as u64;
    let size = BLOCK_SIZE as u64;
    (pos / size, (pos % size) as usize)
}

/// The blocks of a folio that these bytes of it touch.
fn blocks(bytes: &Range<usize>) -> Range<usize> {
    bytes.start / BLOCK_SIZE..bytes.end.div_ceil(BLOCK_SIZE)
}

/// The bits of these blocks of a folio.
fn bits(blocks: Range<usize>) -> usize {
    blocks.fold(0, |bits, block| bits | bit(block))
}

/// The bit of this block of a folio.
fn bit(block: usize) -> usize {
    1usize.checked_shl(block as u32).unwrap_or(0)
}

/// The bits of all blocks of the folio.
fn all(folio: &Folio<SampleFs>) -> usize {
    let blocks = (folio.folio_size() / BLOCK_SIZE) as u32;
    usize::MAX
        .checked_shr(MAX_BLOCKS.saturating_sub(blocks))
        .unwrap_or(0)
}

/// The bits of the blocks of the folio that hold what is in the file.
fn uptodate(folio: &LockedFolio<'_, SampleFs>) -> usize {
    if folio.folio_test_uptodate() {
        return all(folio);
    }
    folio.folio_get_private().map_or(0, NonZeroUsize::get)
}

/// Says that these blocks of the folio hold what is in the file, too.
fn set_uptodate(folio: &LockedFolio<'_, SampleFs>, bits: usize) {
    if folio.folio_test_uptodate() {
        return;
    }
    let bits = uptodate(folio) | bits;
    if bits == all(folio) {
        folio.folio_detach_private();
        folio.folio_mark_uptodate();
    } else if let Some(bits) = NonZeroUsize::new(bits) {
        if folio.folio_change_private(bits).is_none() {
            folio.folio_attach_private(bits);
        }
    }
}

/// Reads those of these blocks of the folio that do not hold what is in the file.
fn fill(folio: &LockedFolio<'_, SampleFs>, wanted: usize) -> Result {
    match wanted & !uptodate(folio) {
        0 => Ok(()),
        missing => read(folio, missing),
    }
}

/// Reads these blocks of the folio, whatever it holds.
fn read(folio: &LockedFolio<'_, SampleFs>, wanted: usize) -> Result {
    let (first, _) = block_at(folio.folio_pos());
    let store = folio.host().info().store();
    for block in blocks(&(0..folio.folio_size())) {
        if wanted & bit(block) != 0 {
            let to = Target::Folio(folio, block * BLOCK_SIZE);
            store.read(first + block as u64, 0, to)?;
            folio.host().sb().info().stats.blocks_read.inc();
        }
    }
    set_uptodate(folio, wanted);
    Ok(())
}

/// Reserves blocks of the file and charges for them: all, or it fails with `ENOSPC` or `EDQUOT`.
/// Returns which of them were holes.
pub(crate) fn reserve(inode: &Host<SampleFs>, blocks: Blocks) -> Result<Blocks> {
    let store = inode.info().store();
    let holes = blocks.without(store.reserved(blocks));
    if holes.count() == 0 {
        return Ok(holes);
    }
    limits::take_blocks(inode, holes.count())?;
    let result = store.reserve(holes);
    let new = result.as_ref().map_or(0, |new| new.count());
    if new != holes.count() {
        // It failed, or another task was faster.
        limits::give_back_blocks(inode, holes.count() - new);
    }
    result
}

/// Takes back what was reserved, as long as nothing was written to it.
pub(crate) fn cancel(inode: &Host<SampleFs>, blocks: Blocks) {
    limits::give_back_blocks(inode, inode.info().store().cancel(blocks));
}

/// The blocks of the file that `len` bytes from `pos` on touch.
fn file_blocks(pos: i64, len: usize) -> Range<u64> {
    let (first, offset) = block_at(pos);
    first..first + (offset + len).div_ceil(BLOCK_SIZE) as u64
}

/// The blocks of the file that a folio has, as far as the file reaches.
fn blocks_in_file(folio: &LockedFolio<'_, SampleFs>) -> Blocks {
    let pos = folio.folio_pos();
    let left = folio.host().i_size().saturating_sub(pos).max(0) as usize;
    Blocks::first_batch(file_blocks(pos, folio.folio_size().min(left)))
}

/// Reserves all that a folio needs that is about to be written to through a shared mapping.
///
/// Fails with `ENOSPC` or `EDQUOT` if there is no room for a block, with `E2BIG` if there is none for
/// all.
pub(crate) fn reserve_folio(folio: &LockedFolio<'_, SampleFs>) -> Result {
    let large = folio.folio_size() > BLOCK_SIZE;
    match reserve(folio.host(), blocks_in_file(folio)) {
        Err(error) if large && limits::is_full(error) => Err(E2BIG),
        result => result.map(drop),
    }
}

/// Writes blocks of a folio back, as far as the file reaches. `pos` is where the folio begins.
///
/// The store has zeroes beyond the end of the file, and keeps them.
fn write_back(inode: &Host<SampleFs>, folio: &Folio<SampleFs>, pos: i64, wanted: usize) -> Result {
    let (first, _) = block_at(pos);
    let left = inode.i_size().saturating_sub(pos).max(0) as usize;
    for block in blocks(&(0..folio.folio_size().min(left))) {
        if wanted & bit(block) != 0 {
            let at = block * BLOCK_SIZE;
            let from = Source::Folio(folio, at, BLOCK_SIZE.min(left - at));
            inode.info().store().write(first + block as u64, 0, from)?;
            inode.sb().info().stats.blocks_written.inc();
        }
    }
    Ok(())
}

/// The table.
pub(crate) struct Pages;

#[vtable]
impl Operations for Pages {
    type FileSystem = SampleFs;

    const MAX_FOLIO_ORDER: u32 = MAX_BLOCKS.ilog2();
    const DIRTY_FOLIO: DirtyFolio = DirtyFolio::FILEMAP_DIRTY_FOLIO;
    const MIGRATE_FOLIO: Option<MigrateFolio> = Some(MigrateFolio::FILEMAP_MIGRATE_FOLIO);
    const ERROR_REMOVE_FOLIO: Option<ErrorRemoveFolio> =
        Some(ErrorRemoveFolio::GENERIC_ERROR_REMOVE_FOLIO);

    fn read_folio(folio: LockedFolio<'_, SampleFs>) -> Result {
        fill(&folio, all(&folio))
    }

    /// If somebody may write through a mapping, a hole comes in folios of one block: all of a folio
    /// is reserved then.
    fn readahead(mut folios: Readahead<'_, SampleFs>) {
        let mapped = folios.mapping().mapping_writably_mapped();
        let wanted = |folio: &LockedFolio<'_, SampleFs>| {
            let blocks = blocks_in_file(folio);
            !mapped
                || folio.folio_size() == BLOCK_SIZE
                || folio.host().info().store().reserved(blocks) == blocks
        };
        while let Some(folio) = folios.next_if(wanted) {
            // If it fails, who needs the folio asks again.
            let _ = fill(&folio, all(&folio));
        }
    }

    fn writepages(folios: Writepages<'_, SampleFs>) -> Result {
        let inode = folios.mapping().host();
        folios.for_each(|folio| {
            let (pos, wanted) = (folio.folio_pos(), uptodate(&folio));
            let folio = folio.folio_start_writeback();
            match write_back(inode, &folio, pos, wanted) {
                Ok(()) => folio.folio_end_writeback(Ok(())),
                Err(error) => {
                    folio.folio_redirty();
                    return Err(error);
                }
            }
            Ok(())
        })
    }

    /// Takes as much room as there is, at least for one block. Which blocks got it is the `fsdata`.
    fn write_begin<'a>(
        inode: WriteBegin<'a, SampleFs>,
        pos: i64,
        len: usize,
    ) -> Result<WriteFolio<'a, SampleFs>> {
        let mut folio = inode.write_begin_get_folio(pos, len)?;
        let bytes = folio.range(pos, len);
        // What is overwritten as a whole need not be read.
        for edge in [bytes.start, bytes.end] {
            if edge % BLOCK_SIZE != 0 {
                fill(&folio, bit(edge / BLOCK_SIZE))?;
            }
        }
        let touched = Blocks::first_batch(file_blocks(pos, bytes.len()));
        let mut blocks = touched;
        let new = loop {
            match reserve(&inode, blocks) {
                Err(error) if limits::is_full(error) && blocks.count() > 1 => {
                    if blocks == touched {
                        // What comes after a block without room will be read again.
                        write_back(&inode, &folio, folio.folio_pos(), uptodate(&folio))?;
                    }
                    blocks = blocks.without_last();
                }
                result => break result?,
            }
        };
        folio.set_fsdata(new.bits as usize);
        Ok(folio)
    }

    fn write_end(
        folio: WriteFolio<'_, SampleFs>,
        pos: i64,
        _len: usize,
        copied: usize,
    ) -> Result<usize> {
        let mut bytes = folio.range(pos, copied);
        let len = bytes.len();
        let touched = || Blocks::first_batch(file_blocks(pos, len));
        // The first block has room, or there would be no folio. From one that has none on, all is
        // to be as it was.
        if blocks(&bytes).len() > 1 {
            let touched = touched();
            let store = folio.host().info().store();
            if let Some(hole) = touched.without(store.reserved(touched)).first() {
                let hole = (hole - block_at(folio.folio_pos()).0) as usize * BLOCK_SIZE;
                read(&folio, bits(blocks(&(hole..bytes.end))))?;
                bytes.end = hole;
            }
        }
        // Where less was copied than was to be, the last block may be neither old nor new.
        let last = bytes.end / BLOCK_SIZE;
        if bytes.end % BLOCK_SIZE != 0 && uptodate(&folio) & bit(last) == 0 {
            bytes.end = (last * BLOCK_SIZE).max(bytes.start);
        }
        let count = bytes.len();
        if count != 0 {
            set_uptodate(&folio, bits(blocks(&bytes)));
        }
        if folio.fsdata() != 0 {
            let new = touched().with_bits(folio.fsdata() as u64);
            let unused = file_blocks(pos, count).end * u64::from(count != 0);
            cancel(folio.host(), new.from(unused));
        }
        folio.write_end(pos, count);
        Ok(count)
    }

    /// What is left of a folio that is truncated in part is zeroes, as it is in the store.
    fn invalidate_folio(_folio: &LockedFolio<'_, SampleFs>, _offset: usize, _len: usize) {}

    /// Which blocks of a clean folio hold what is in the file can be forgotten.
    fn release_folio(folio: &LockedFolio<'_, SampleFs>) -> bool {
        !folio.folio_test_dirty()
    }

    fn direct_IO(file: &File<SampleFs>, pos: i64, io: DirectIo<'_>) -> Result<usize> {
        let inode = file.inode();
        let (store, stats) = (inode.info().store(), &inode.sb().info().stats);
        match io {
            DirectIo::Read(to) => {
                let left = inode.i_size().saturating_sub(pos).max(0) as usize;
                each_block(pos, to.len().min(left), |block, offset, buffer| {
                    store.read(block, offset, Target::Bytes(buffer))?;
                    stats.blocks_read.inc();
                    Ok(to.copy_to_iter(buffer))
                })
            }
            DirectIo::Write(from) => each_block(pos, from.len(), |block, offset, buffer| {
                let count = from.copy_from_iter(buffer);
                if count != 0 {
                    let copied = Source::Bytes(buffer.get(..count).ok_or(EFAULT)?);
                    let new = reserve(inode, Blocks::one(block))?;
                    // In the file a mapping may have found the room, and counts on it. Beyond the end
                    // nobody can have.
                    let beyond = file_blocks(0, inode.i_size().max(0) as usize).end;
                    store
                        .write(block, offset, copied)
                        .inspect_err(|_| cancel(inode, new.from(beyond)))?;
                    stats.blocks_written.inc();
                }
                Ok(count)
            }),
        }
    }

    fn launder_folio(folio: &LockedFolio<'_, SampleFs>) -> Result {
        let (pos, wanted) = (folio.folio_pos(), uptodate(folio));
        folio.folio_launder(|data| write_back(folio.host(), data, pos, wanted))
    }

    fn is_partially_uptodate(folio: &LockedFolio<'_, SampleFs>, from: usize, count: usize) -> bool {
        let wanted = bits(blocks(&(from..from.saturating_add(count))));
        uptodate(folio) & wanted == wanted
    }

    /// The store has no device that could be swapped to.
    fn swap_activate(_swap: &mut SwapActivate<'_, SampleFs>) -> Result {
        Err(EINVAL)
    }
}

/// Goes through the `len` bytes at `pos` of a file block by block. `each` is given the block, where
/// in it to begin, and a buffer that is as long as is to be gone through; it returns how far it got.
/// Returns how far that is in all, or the error if there is nothing.
fn each_block(
    pos: i64,
    len: usize,
    mut each: impl FnMut(u64, usize, &mut [u8]) -> Result<usize>,
) -> Result<usize> {
    let mut buffer = KVec::from_elem(0, BLOCK_SIZE, GFP_KERNEL)?;
    let mut done = 0;
    while done < len {
        let (block, offset) = block_at(pos.saturating_add(done as i64));
        let count = (BLOCK_SIZE - offset).min(len - done);
        match each(block, offset, buffer.get_mut(..count).ok_or(EINVAL)?) {
            Ok(0) | Err(_) if done != 0 => break,
            Ok(0) => return Err(EFAULT),
            Ok(count) => done += count,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
