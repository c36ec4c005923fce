// SPDX-License-Identifier: GPL-2.0

//! Where the data of a file are, below the page cache.
//!
//! A store keeps the blocks of one file, as large as pages. The page cache (`pages.rs`) fills its
//! folios from the store and writes them back to it, and counts on no more than the trait says: so
//! a store on a block device can take the place of the one here, which keeps the blocks in memory.
//!
//! A block is in one of three states: a hole, which reads as zeroes and cannot be written;
//! reserved, which reads as zeroes and can be; written.
//!
//! What is asked about many blocks is asked about a batch of them at once ([`Blocks`]): that is what
//! makes large writes, and faults in large folios, cheap.

#![forbid(unsafe_code)]

use core::ops::Range;
use kernel::{
    new_spinlock,
    page::PAGE_SIZE,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::SpinLock, //
};
use vfs::prelude::*;

use crate::SampleFs;

/// The size of a block in bytes.
pub(crate) const BLOCK_SIZE: usize = PAGE_SIZE;

/// How many blocks there are in a batch: as many as a word has bits.
pub(crate) const BATCH: u64 = u64::BITS as u64;

/// Some blocks of one batch of a file.
///
/// Batch number `n` are the blocks `n * BATCH..(n + 1) * BATCH`. No folio is larger than a batch, and
/// each lies where a multiple of its size is: so the blocks of a folio are in one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocks {
    batch: u64,
    /// The first block of the batch is the lowest bit.
    pub(crate) bits: u64,
}

impl Blocks {
    /// This block.
    pub(crate) fn one(block: u64) -> Self {
        Self::first_batch(block..block.saturating_add(1))
    }

    /// As many of these blocks as are in the batch of the first one.
    pub(crate) fn first_batch(blocks: Range<u64>) -> Self {
        let batch = blocks.start / BATCH;
        Self {
            batch,
            bits: Self::bits_of(batch, &blocks),
        }
    }

    /// All of these blocks, batch by batch.
    pub(crate) fn batches(blocks: Range<u64>) -> impl Iterator<Item = Self> {
        (blocks.start / BATCH..blocks.end.div_ceil(BATCH)).map(move |batch| Self {
            batch,
            bits: Self::bits_of(batch, &blocks),
        })
    }

    /// Which blocks of a batch are among these.
    fn bits_of(batch: u64, blocks: &Range<u64>) -> u64 {
        let first = batch.saturating_mul(BATCH);
        let below = |end: u64| match end.saturating_sub(first) {
            count @ 0..BATCH => (1 << count) - 1,
            _ => u64::MAX,
        };
        below(blocks.end) & !below(blocks.start)
    }

    /// Others of the same batch.
    pub(crate) fn with_bits(self, bits: u64) -> Self {
        Self { bits, ..self }
    }

    /// All of them but the last one.
    pub(crate) fn without_last(self) -> Self {
        let last = self.bits.checked_ilog2().map_or(0, |last| 1 << last);
        self.with_bits(self.bits & !last)
    }

    /// Those of them that are not among the others, which are of the same batch.
    pub(crate) fn without(self, others: Self) -> Self {
        self.with_bits(self.bits & !others.bits)
    }

    /// Those of them that are not before this one.
    pub(crate) fn from(self, block: u64) -> Self {
        self.with_bits(self.bits & Self::bits_of(self.batch, &(block..u64::MAX)))
    }

    /// The first of them.
    pub(crate) fn first(self) -> Option<u64> {
        (self.bits != 0).then(|| self.batch * BATCH + u64::from(self.bits.trailing_zeros()))
    }

    /// How many there are.
    pub(crate) fn count(self) -> u64 {
        u64::from(self.bits.count_ones())
    }
}

/// Copies as much as there is of both.
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Where to read to.
pub(crate) enum Target<'a> {
    /// This block of a folio, from the byte on.
    Folio(&'a LockedFolio<'a, SampleFs>, usize),
    /// Memory.
    Bytes(&'a mut [u8]),
}

impl Target<'_> {
    /// Takes the bytes over, or zeroes for a hole.
    fn fill(self, from: Option<&[u8]>) {
        match (self, from) {
            (Self::Folio(folio, at), Some(from)) => folio.memcpy_to_folio(at, from),
            (Self::Folio(folio, at), None) => folio.folio_zero_range(at, BLOCK_SIZE),
            (Self::Bytes(to), Some(from)) => copy(to, from),
            (Self::Bytes(to), None) => to.fill(0),
        }
    }
}

/// From where to write.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// So many bytes of a folio, from the first number on.
    Folio(&'a Folio<SampleFs>, usize, usize),
    /// Memory.
    Bytes(&'a [u8]),
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Folio(_, _, len) => *len,
            Self::Bytes(from) => from.len(),
        }
    }

    /// Gives the bytes; both have the same length.
    fn copy_to(&self, to: &mut [u8]) {
        match self {
            Self::Folio(folio, at, _) => folio.memcpy_from_folio(to, *at),
            Self::Bytes(from) => copy(to, from),
        }
    }
}

/// The blocks of one file. Methods may sleep, except where said otherwise.
pub(crate) trait Store: Send + Sync {
    /// Which of the blocks are reserved or written. Does not sleep.
    fn reserved(&self, blocks: Blocks) -> Blocks;

    /// Reserves blocks, so that there is room for them when they are written: all or none. Returns
    /// which of them were holes.
    fn reserve(&self, blocks: Blocks) -> Result<Blocks>;

    /// Makes holes of those blocks that are reserved, but not of those that are written. Returns how
    /// many. Does not sleep.
    fn cancel(&self, blocks: Blocks) -> u64;

    /// Reads a block, from `offset` on: all of it into a folio, or as much as there is memory for.
    fn read(&self, block: u64, offset: usize, to: Target<'_>) -> Result;

    /// Writes a part of a block, from `offset` on. What was never written reads as zeroes. A hole
    /// stays one: nothing is written then.
    ///
    /// `ENOMEM` is no loss: it can be tried again. There is no `ENOSPC`.
    fn write(&self, block: u64, offset: usize, from: Source<'_>) -> Result;

    /// Zeroes these bytes of a block. It stays what it is: room is kept.
    fn zero(&self, block: u64, bytes: Range<usize>);

    /// The first block from `block` on that is no hole. Does not sleep.
    fn next(&self, block: u64) -> Option<u64>;

    /// Makes holes of the blocks. Returns how many of them were none.
    fn free(&self, blocks: Range<u64>) -> u64;
}

type Block = [u8; BLOCK_SIZE];

/// What is kept of a batch in which some blocks are no holes.
struct Batch {
    /// The blocks that are reserved or written; never none.
    reserved: u64,
    /// What was written to each, as soon as something was.
    written: Option<KBox<[Option<KBox<Block>>; BATCH as usize]>>,
}

impl Batch {
    /// What was written to this block of the batch.
    fn block(&self, at: usize) -> Option<&Block> {
        self.written.as_ref()?.get(at)?.as_deref()
    }

    fn block_mut(&mut self, at: usize) -> Option<&mut Block> {
        self.written.as_mut()?.get_mut(at)?.as_deref_mut()
    }
}

/// The batch of a block, and which of it the block is.
fn batch_of(block: u64) -> (u64, usize) {
    (block / BATCH, (block % BATCH) as usize)
}

/// A store in memory.
#[pin_data]
pub(crate) struct Memory {
    /// Taken under folio locks, `i_rwsem` and `invalidate_lock`; nothing is taken under it.
    #[pin]
    batches: SpinLock<RBTree<u64, Batch>>,
}

impl Memory {
    /// All is a hole.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            batches <- new_spinlock!(RBTree::new(), "samplefs_store"),
        })
    }
}

impl Store for Memory {
    fn reserved(&self, blocks: Blocks) -> Blocks {
        let batches = self.batches.lock();
        let batch = batches.get(&blocks.batch);
        blocks.with_bits(batch.map_or(0, |batch| batch.reserved & blocks.bits))
    }

    fn reserve(&self, blocks: Blocks) -> Result<Blocks> {
        let mut spare = None;
        loop {
            {
                let mut batches = self.batches.lock();
                if let Some(batch) = batches.get_mut(&blocks.batch) {
                    let new = blocks.bits & !batch.reserved;
                    batch.reserved |= new;
                    return Ok(blocks.with_bits(new));
                }
                if let Some(node) = spare.take() {
                    batches.insert(node);
                    return Ok(blocks);
                }
            }
            let batch = Batch {
                reserved: blocks.bits,
                written: None,
            };
            spare = Some(RBTreeNode::new(blocks.batch, batch, GFP_KERNEL_ACCOUNT)?);
        }
    }

    fn cancel(&self, blocks: Blocks) -> u64 {
        let mut batches = self.batches.lock();
        let Some(batch) = batches.get_mut(&blocks.batch) else {
            return 0;
        };
        let reserved = blocks.with_bits(blocks.bits & batch.reserved);
        let written = (0..BATCH as usize)
            .filter(|&at| batch.block(at).is_some())
            .fold(0, |bits, at| bits | 1 << at);
        let cancelled = reserved.with_bits(reserved.bits & !written);
        batch.reserved &= !cancelled.bits;
        if batch.reserved == 0 {
            batches.remove(&blocks.batch);
        }
        cancelled.count()
    }

    fn read(&self, block: u64, offset: usize, to: Target<'_>) -> Result {
        let (batch, at) = batch_of(block);
        let batches = self.batches.lock();
        let data = batches.get(&batch).and_then(|batch| batch.block(at));
        to.fill(data.and_then(|data| data.get(offset..)));
        Ok(())
    }

    fn write(&self, block: u64, offset: usize, from: Source<'_>) -> Result {
        let (number, at) = batch_of(block);
        let (mut all, mut one) = (None, None);
        loop {
            let first = {
                let mut batches = self.batches.lock();
                let batch = batches.get_mut(&number);
                let Some(batch) = batch.filter(|batch| batch.reserved & (1 << at) != 0) else {
                    return Ok(());
                };
                if batch.written.is_none() {
                    batch.written = all.take();
                }
                if let Some(data) = batch.written.as_mut().and_then(|all| all.get_mut(at)) {
                    if data.is_none() {
                        *data = one.take();
                    }
                }
                if let Some(data) = batch.block_mut(at) {
                    let end = offset.saturating_add(from.len());
                    from.copy_to(data.get_mut(offset..end).ok_or(EINVAL)?);
                    return Ok(());
                }
                batch.written.is_none()
            };
            let flags = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
            if first {
                all = Some(KBox::new([const { None }; BATCH as usize], flags)?);
            }
            one = Some(KBox::init(pin_init::init_zeroed::<Block>(), flags)?);
        }
    }

    fn zero(&self, block: u64, bytes: Range<usize>) {
        let (batch, at) = batch_of(block);
        let mut batches = self.batches.lock();
        let data = batches.get_mut(&batch);
        let data = data.and_then(|batch| batch.block_mut(at)?.get_mut(bytes));
        if let Some(data) = data {
            data.fill(0);
        }
    }

    fn next(&self, block: u64) -> Option<u64> {
        let (mut number, _) = batch_of(block);
        let batches = self.batches.lock();
        // No batch is empty, so the second one has it if the first has not.
        loop {
            let cursor = batches.cursor_lower_bound(&number)?;
            let (&batch, found) = cursor.current();
            let bits = found.reserved;
            if let Some(first) = (Blocks { batch, bits }).from(block).first() {
                return Some(first);
            }
            number = batch + 1;
        }
    }

    fn free(&self, range: Range<u64>) -> u64 {
        let mut count = 0;
        let mut start = range.start;
        // One batch at a time: others need not wait for a large file.
        while start < range.end {
            let mut batches = self.batches.lock();
            let Some(mut cursor) = batches.cursor_lower_bound_mut(&(start / BATCH)) else {
                break;
            };
            let (&number, batch) = cursor.current_mut();
            let bits = Blocks::bits_of(number, &range);
            count += u64::from((batch.reserved & bits).count_ones());
            batch.reserved &= !bits;
            if batch.reserved == 0 {
                let (_, node) = cursor.remove_current();
                drop(batches);
                drop(node);
            } else if let Some(written) = &mut batch.written {
                for (at, data) in written.iter_mut().enumerate() {
                    if bits & (1 << at) != 0 {
                        *data = None;
                    }
                }
            }
            start = (number + 1).saturating_mul(BATCH);
        }
        count
    }
}
