// SPDX-License-Identifier: GPL-2.0

//! Where the data of a file are, below the page cache.
//!
//! A store keeps the blocks of one file, as large as pages. The page cache (`pages.rs`) fills its
//! folios from the store and writes them back to it, and counts on no more than the trait says: so
//! a store on a block device can take the place of the one here, which keeps the blocks in memory.
//!
//! A block is in one of three states: a hole, which reads as zeroes and cannot be written;
//! reserved, which reads as zeroes and can be; written.

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
use vfs::{
    folio::LockedFolio,
    Folio, //
};

use crate::SampleFs;

/// The size of a block in bytes.
pub(crate) const BLOCK_SIZE: usize = PAGE_SIZE;

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
            (Self::Bytes(to), Some(from)) => {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = *from;
                }
            }
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
            Self::Bytes(from) => {
                for (to, from) in to.iter_mut().zip(*from) {
                    *to = *from;
                }
            }
        }
    }
}

/// The blocks of one file. Methods may sleep, except where said otherwise.
pub(crate) trait Store: Send + Sync {
    /// Whether the block is reserved or written. Does not sleep.
    fn has(&self, block: u64) -> bool;

    /// Reserves a block, so that there is room for it when it is written. Returns whether it was a
    /// hole.
    fn reserve(&self, block: u64) -> Result<bool>;

    /// Makes a hole of a block that is reserved, but not of one that is written. Returns whether it
    /// did. Does not sleep.
    fn cancel(&self, block: u64) -> bool;

    /// Reads a block, from `offset` on: all of it into a folio, or as much as there is memory for.
    fn read(&self, block: u64, offset: usize, to: Target<'_>) -> Result;

    /// Writes a part of a block, from `offset` on. What was never written reads as zeroes. A hole
    /// stays one: nothing is written then, and `false` returned.
    ///
    /// `ENOMEM` is no loss: it can be tried again. There is no `ENOSPC`.
    fn write(&self, block: u64, offset: usize, from: Source<'_>) -> Result<bool>;

    /// Zeroes these bytes of a block. It stays what it is: room is kept.
    fn zero(&self, block: u64, bytes: Range<usize>);

    /// The first block from `block` on that is no hole. Does not sleep.
    fn next(&self, block: u64) -> Option<u64>;

    /// Makes holes of the blocks. Returns how many of them were none.
    fn free(&self, blocks: Range<u64>) -> u64;
}

type Block = [u8; BLOCK_SIZE];

/// A store in memory: for each block that is not a hole, what was written to it.
#[pin_data]
pub(crate) struct Memory {
    /// Taken under folio locks, `i_rwsem` and `invalidate_lock`; nothing is taken under it.
    #[pin]
    blocks: SpinLock<RBTree<u64, Option<KBox<Block>>>>,
}

impl Memory {
    /// All is a hole.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            blocks <- new_spinlock!(RBTree::new(), "samplefs_store"),
        })
    }
}

impl Store for Memory {
    fn has(&self, block: u64) -> bool {
        self.blocks.lock().get(&block).is_some()
    }

    fn reserve(&self, block: u64) -> Result<bool> {
        if self.has(block) {
            return Ok(false);
        }
        let node = RBTreeNode::new(block, None, GFP_KERNEL)?;
        let mut blocks = self.blocks.lock();
        // Another task may have been faster.
        let hole = blocks.get(&block).is_none();
        if hole {
            blocks.insert(node);
        }
        Ok(hole)
    }

    fn cancel(&self, block: u64) -> bool {
        let mut blocks = self.blocks.lock();
        matches!(blocks.get(&block), Some(None)) && blocks.remove(&block).is_some()
    }

    fn read(&self, block: u64, offset: usize, to: Target<'_>) -> Result {
        let blocks = self.blocks.lock();
        let data = blocks.get(&block).and_then(|data| data.as_deref());
        to.fill(data.and_then(|data| data.get(offset..)));
        Ok(())
    }

    fn write(&self, block: u64, offset: usize, from: Source<'_>) -> Result<bool> {
        let mut spare = None;
        loop {
            {
                let mut blocks = self.blocks.lock();
                let Some(data) = blocks.get_mut(&block) else {
                    return Ok(false);
                };
                if data.is_none() {
                    *data = spare.take();
                }
                if let Some(data) = data {
                    let end = offset.saturating_add(from.len());
                    from.copy_to(data.get_mut(offset..end).ok_or(EINVAL)?);
                    return Ok(true);
                }
            }
            spare = Some(KBox::init(
                pin_init::init_zeroed::<Block>(),
                GFP_KERNEL | __GFP_NOWARN,
            )?);
        }
    }

    fn zero(&self, block: u64, bytes: Range<usize>) {
        if let Some(Some(data)) = self.blocks.lock().get_mut(&block) {
            if let Some(data) = data.get_mut(bytes) {
                data.fill(0);
            }
        }
    }

    fn next(&self, block: u64) -> Option<u64> {
        let blocks = self.blocks.lock();
        let found = blocks.cursor_lower_bound(&block);
        found.map(|cursor| *cursor.current().0)
    }

    fn free(&self, range: Range<u64>) -> u64 {
        let mut count = 0;
        loop {
            // One at a time: others need not wait for a large file.
            let mut blocks = self.blocks.lock();
            let Some(cursor) = blocks.cursor_lower_bound_mut(&range.start) else {
                return count;
            };
            if *cursor.current().0 >= range.end {
                return count;
            }
            let (_, node) = cursor.remove_current();
            drop(blocks);
            drop(node);
            count += 1;
        }
    }
}
