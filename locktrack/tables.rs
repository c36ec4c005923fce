// SPDX-License-Identifier: GPL-2.0

//! What handlers have to know of the attached filesystems, readable without a lock.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kprobes::read_once;
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

/// How many places there are for the addresses of what is attached. It is never half full.
const ADDRESSES: usize = 256;

/// The place of one that is gone, behind which others may stand. No kernel address gives it.
const GONE: usize = 1;

/// What is attached, in one word that is never 0: kernel addresses differ in 56 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Attached(usize);

impl Attached {
    const ADDRESS: usize = (1 << 56) - 1;

    fn new(address: usize, fs: FsId) -> Self {
        Self(usize::from(fs.0) << 56 | address & Self::ADDRESS)
    }

    fn is_at(self, address: usize) -> bool {
        self.0 & Self::ADDRESS == address & Self::ADDRESS
    }

    fn fs(self) -> FsId {
        FsId((self.0 >> 56) as u8)
    }

    /// The places of [`ADDRESSES`] where an address can stand, best first.
    fn places(address: usize) -> impl Iterator<Item = usize> {
        const { assert!(ADDRESSES == 1 << 8) };
        let hash = address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        (0..ADDRESSES).map(move |step| (hash + step) % ADDRESSES)
    }
}

/// How many pairs of a table and a filesystem can be known at one time.
const KNOWN: usize = 4096;

/// How many new tables can wait to be looked at.
const PENDING: usize = 128;

/// A table that a filesystem uses, in one word that is never 0: kernel addresses differ in 56 bits, and tables
/// are aligned as pointers are.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Use(usize);

impl Use {
    fn new(kind: Table, table: usize, fs: FsId) -> Self {
        const { assert!(FILESYSTEMS <= 1 << 6 && Table::ALL.len() <= 1 << 4) };
        let parts = usize::from(kind as u8) << 6 | usize::from(fs.0);
        Self((table >> 3) << 10 | parts)
    }

    fn table(self) -> usize {
        (self.0 >> 10) << 3 | 0xff << 56
    }

    fn kind(self) -> Option<Table> {
        Table::ALL.get(self.0 >> 6 & 0xf).copied()
    }

    fn fs(self) -> FsId {
        FsId((self.0 & 0x3f) as u8)
    }

    /// The places of [`KNOWN`] where it can stand, best first.
    fn places(self) -> impl Iterator<Item = usize> {
        const { assert!(KNOWN == 1 << 12) };
        let hash = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        (0..KNOWN).map(move |step| (hash + step) % KNOWN)
    }
}

/// The attached filesystems, the tables that are known of them, and those that wait.
///
/// Handlers read, and add to those that wait. All other changes come from the registry, one at a time.
pub(crate) struct Tables {
    /// What is attached, by address: that of a `struct file_system_type`, or that of a superblock. 0 is a free place.
    attached: KVVec<Atomic<usize>>,
    /// Whether a superblock is attached.
    any_sb: Atomic<bool>,
    known: KVVec<Atomic<usize>>,
    pending: KVVec<Atomic<usize>>,
}

impl Tables {
    pub(crate) fn new() -> Result<Self> {
        // All are too large for a stack.
        let free = |count| {
            let mut places = KVVec::with_capacity(count, GFP_KERNEL)?;
            for _ in 0..count {
                places.push(Atomic::new(0), GFP_KERNEL)?;
            }
            Ok::<_, Error>(places)
        };
        Ok(Self {
            attached: free(ADDRESSES)?,
            any_sb: Atomic::new(false),
            known: free(KNOWN)?,
            pending: free(PENDING)?,
        })
    }

    /// Returns how much memory all this takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let places = self.attached.len() + self.known.len() + self.pending.len();
        size_of::<Self>() + places * size_of::<usize>()
    }

    /// Returns whether a superblock is attached by itself.
    #[inline]
    pub(crate) fn any_sb(&self) -> bool {
        read_once(&self.any_sb)
    }

    /// Finds what is attached: the superblock, or else the filesystem with this type.
    #[inline]
    pub(crate) fn fs(&self, s_type: usize, sb: Option<SuperBlock>) -> Option<FsId> {
        let sb = sb.filter(|_| self.any_sb());
        let of_sb = sb.and_then(|sb| self.fs_at(sb.address()));
        of_sb.or_else(|| self.fs_at(s_type))
    }

    /// Returns whether the filesystem with its type at this address, or the superblock there, is attached by itself.
    pub(crate) fn is_attached(&self, address: usize) -> bool {
        self.fs_at(address).is_some()
    }

    #[inline]
    fn fs_at(&self, address: usize) -> Option<FsId> {
        for place in Attached::places(address) {
            let found = Attached(self.attached.get(place).map_or(0, read_once));
            if found.is_at(address) {
                return Some(found.fs());
            }
            if found.0 == 0 {
                break;
            }
        }
        None
    }

    /// Attaches a filesystem by the address of its type, or a superblock by its own. Returns [`false`] if there is no
    /// room.
    pub(crate) fn attach(&self, fs: FsId, address: usize, is_sb: bool) -> bool {
        if is_sb {
            self.any_sb.store(true, Relaxed);
        }
        for place in Attached::places(address) {
            if let Some(place) = self.attached.get(place) {
                if matches!(place.load(Relaxed), 0 | GONE) {
                    place.store(Attached::new(address, fs).0, Relaxed);
                    return true;
                }
            }
        }
        false
    }

    /// Detaches a filesystem or a superblock. `any_sb` is whether a superblock is still attached.
    pub(crate) fn detach(&self, fs: FsId, any_sb: bool) {
        for place in &self.attached {
            let found = place.load(Relaxed);
            if found > GONE && Attached(found).fs() == fs {
                // If the superblock goes meanwhile, that has the same effect.
                place.store(GONE, Relaxed);
            }
        }
        self.any_sb.store(any_sb, Relaxed);
    }

    /// Frees all places, when nothing is attached any more: those of what is gone made searches longer.
    pub(crate) fn clear(&self) {
        for places in [&self.attached[..], &self.known[..]] {
            for place in places {
                place.store(0, Relaxed);
            }
        }
    }

    /// A superblock goes: another one can have its address. Can be called in any context.
    pub(crate) fn forget(&self, sb: SuperBlock) {
        let sb = sb.address();
        for place in Attached::places(sb) {
            let Some(place) = self.attached.get(place) else {
                continue;
            };
            let found = place.load(Relaxed);
            if found == 0 {
                break;
            }
            if Attached(found).is_at(sb) {
                // If it is not this one any more, it stays.
                let _ = place.cmpxchg(found, GONE, Relaxed);
            }
        }
    }

    /// Returns whether the table of this filesystem is known.
    #[inline(always)]
    pub(crate) fn is_known(&self, kind: Table, table: usize, fs: FsId) -> bool {
        let wanted = Use::new(kind, table, fs);
        // That is where it is, most of the time.
        let first = wanted
            .places()
            .next()
            .and_then(|place| self.known.get(place));
        first.is_some_and(|first| read_once(first) == wanted.0) || self.is_among_known(wanted)
    }

    #[inline(never)]
    fn is_among_known(&self, wanted: Use) -> bool {
        for place in wanted.places() {
            let found = self.known.get(place).map_or(0, read_once);
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
                if matches!(known.load(Relaxed), 0 | GONE) {
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
                known.store(GONE, Relaxed);
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

    /// Forgets those that wait for whose address `goes` returns [`true`].
    pub(crate) fn forget_waiting(&self, goes: impl Fn(usize) -> bool) {
        for pending in &self.pending {
            let found = Use(pending.load(Relaxed));
            if found.0 != 0 && goes(found.table()) {
                // If it is not this one any more, it stays.
                let _ = pending.cmpxchg(found.0, 0, Relaxed);
            }
        }
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
