// SPDX-License-Identifier: GPL-2.0

//! What handlers have to know of the attached filesystems, readable without a lock.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use peek::{
    SuperBlock,
    Table, //
};

/// The number of one of the filesystems that were attached since the module was loaded: the same name
/// has the same number each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FsId(pub(crate) u8);

/// How many different filesystems can be attached between load and unload.
pub(crate) const FILESYSTEMS: usize = 63;

/// How many pairs of a table and a filesystem can be known at one time.
const KNOWN: usize = 4096;

/// How many new tables can wait to be looked at.
const PENDING: usize = 128;

/// A table that a filesystem uses, in one word that is never 0: kernel addresses differ in 56 bits, and tables
/// are aligned as pointers are.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Use(u64);

impl Use {
    /// The place of one that is gone. No kernel address gives it.
    const GONE: u64 = 1;

    fn new(kind: Table, table: usize, fs: FsId) -> Self {
        const { assert!(FILESYSTEMS <= 1 << 6 && Table::ALL.len() <= 1 << 4) };
        let parts = u64::from(kind as u8) << 6 | u64::from(fs.0);
        Self((table as u64 >> 3) << 10 | parts)
    }

    fn table(self) -> usize {
        ((self.0 >> 10) << 3) as usize | 0xff << 56
    }

    fn kind(self) -> Option<Table> {
        Table::ALL.get((self.0 >> 6 & 0xf) as usize).copied()
    }

    fn fs(self) -> FsId {
        FsId((self.0 & 0x3f) as u8)
    }

    /// The places of [`KNOWN`] where it can stand, best first.
    fn places(self) -> impl Iterator<Item = usize> {
        const { assert!(KNOWN == 1 << 12) };
        let hash = (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize;
        (0..KNOWN).map(move |step| (hash + step) % KNOWN)
    }
}

/// The attached filesystems, the tables that are known of them, and those that wait.
///
/// Handlers read, and add to those that wait. All other changes come from the registry, one at a time.
pub(crate) struct Tables {
    /// What is attached, or 0: the address of a `struct file_system_type`, or that of a super block.
    types: [Atomic<usize>; FILESYSTEMS],
    /// So many of them were ever used.
    used: Atomic<usize>,
    known: KVVec<Atomic<u64>>,
    pending: [Atomic<u64>; PENDING],
}

impl Tables {
    pub(crate) fn new() -> Result<Self> {
        let mut known = KVVec::with_capacity(KNOWN, GFP_KERNEL)?;
        for _ in 0..KNOWN {
            known.push(Atomic::new(0), GFP_KERNEL)?;
        }
        Ok(Self {
            types: [const { Atomic::new(0) }; FILESYSTEMS],
            used: Atomic::new(0),
            known,
            pending: [const { Atomic::new(0) }; PENDING],
        })
    }

    /// Finds what is attached: the super block, or else the filesystem with this type.
    #[inline]
    pub(crate) fn fs(&self, s_type: usize, sb: Option<SuperBlock>) -> Option<FsId> {
        let sb = sb.map_or(s_type, SuperBlock::address);
        let mut found = None;
        for (index, address) in self.types.iter().enumerate().take(self.used.load(Relaxed)) {
            let address = address.load(Relaxed);
            if address == sb {
                return Some(FsId(index as u8));
            }
            if address == s_type {
                found = Some(FsId(index as u8));
            }
        }
        found
    }

    /// Attaches a filesystem by the address of its type, or a super block by its own, or detaches it if that is 0.
    pub(crate) fn set_fs(&self, fs: FsId, address: usize) {
        let index = usize::from(fs.0);
        self.used
            .store(self.used.load(Relaxed).max(index + 1), Relaxed);
        if let Some(place) = self.types.get(index) {
            place.store(address, Relaxed);
        }
    }

    /// A super block goes: another one can have its address. Can be called in any context.
    pub(crate) fn forget(&self, sb: usize) {
        for place in self.types.iter().take(self.used.load(Relaxed)) {
            // If it is not this one, it stays.
            let _ = place.cmpxchg(sb, 0, Relaxed);
        }
    }

    /// Returns whether the table of this filesystem is known.
    pub(crate) fn is_known(&self, kind: Table, table: usize, fs: FsId) -> bool {
        let wanted = Use::new(kind, table, fs);
        for place in wanted.places() {
            let found = self.known.get(place).map_or(0, |known| known.load(Relaxed));
            if found == wanted.0 {
                return true;
            }
            if found == 0 {
                break;
            }
        }
        false
    }

    /// Makes a table known. Returns [`false`] if there is no room.
    pub(crate) fn add(&self, kind: Table, table: usize, fs: FsId) -> bool {
        let wanted = Use::new(kind, table, fs);
        for place in wanted.places() {
            if let Some(known) = self.known.get(place) {
                if matches!(known.load(Relaxed), 0 | Use::GONE) {
                    known.store(wanted.0, Relaxed);
                    return true;
                }
            }
        }
        false
    }

    /// Forgets a table.
    pub(crate) fn remove(&self, kind: Table, table: usize, fs: FsId) {
        let wanted = Use::new(kind, table, fs);
        for known in &self.known {
            if known.load(Relaxed) == wanted.0 {
                // Others may stand behind it.
                known.store(Use::GONE, Relaxed);
            }
        }
    }

    /// Notes a table that is not known yet. Returns [`false`] if there is no room.
    pub(crate) fn note(&self, kind: Table, table: usize, fs: FsId) -> bool {
        let new = Use::new(kind, table, fs);
        for pending in &self.pending {
            let found = pending.load(Relaxed);
            if found == new.0 || found == 0 && pending.cmpxchg(0, new.0, Relaxed).is_ok() {
                return true;
            }
        }
        false
    }

    /// Takes the tables that wait.
    pub(crate) fn take(&self) -> impl Iterator<Item = (Table, usize, FsId)> + '_ {
        self.pending.iter().filter_map(|pending| {
            let taken = Use(pending.xchg(0, Relaxed));
            let kind = taken.kind().filter(|_| taken.0 != 0)?;
            Some((kind, taken.table(), taken.fs()))
        })
    }
}
