// SPDX-License-Identifier: GPL-2.0

//! What handlers have to know of the attached filesystems, readable without a lock.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// The number of one of the filesystems that were attached since the module was loaded: the same name
/// has the same number each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FsId(pub(crate) u8);

/// How many different filesystems can be attached between load and unload.
pub(crate) const FILESYSTEMS: usize = 63;

/// How many pairs of a table and a filesystem can be known at one time.
const KNOWN: usize = 1024;

/// How many new tables can wait to be looked at.
const PENDING: usize = 64;

/// A table that a filesystem uses, in one word that is never 0: kernel addresses differ in 56 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Use(u64);

impl Use {
    /// The place of one that is gone. No kernel address gives it.
    const GONE: u64 = 1;

    fn new(table: usize, fs: FsId) -> Self {
        Self((table as u64) << 8 | u64::from(fs.0))
    }

    fn table(self) -> usize {
        (self.0 >> 8) as usize | 0xff << 56
    }

    fn fs(self) -> FsId {
        FsId(self.0 as u8)
    }

    /// The places of [`KNOWN`] where it can stand, best first.
    fn places(self) -> impl Iterator<Item = usize> {
        let hash = (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize;
        (0..KNOWN).map(move |step| (hash + step) % KNOWN)
    }
}

/// The attached filesystems, the tables that are known of them, and those that wait.
///
/// Handlers read, and add to those that wait. All other changes come from the registry, one at a time.
pub(crate) struct Tables {
    /// The address of the `struct file_system_type` of each attached filesystem, or 0.
    types: [Atomic<usize>; FILESYSTEMS],
    known: [Atomic<u64>; KNOWN],
    pending: [Atomic<u64>; PENDING],
}

impl Tables {
    pub(crate) const fn new() -> Self {
        Self {
            types: [const { Atomic::new(0) }; FILESYSTEMS],
            known: [const { Atomic::new(0) }; KNOWN],
            pending: [const { Atomic::new(0) }; PENDING],
        }
    }

    /// Finds the attached filesystem by the address of its type.
    pub(crate) fn fs(&self, s_type: usize) -> Option<FsId> {
        let found = self
            .types
            .iter()
            .position(|address| address.load(Relaxed) == s_type)?;
        Some(FsId(found as u8))
    }

    /// Attaches a filesystem, or detaches it if `s_type` is 0.
    pub(crate) fn set_fs(&self, fs: FsId, s_type: usize) {
        if let Some(address) = self.types.get(usize::from(fs.0)) {
            address.store(s_type, Relaxed);
        }
    }

    /// Returns whether the table of this filesystem is known.
    pub(crate) fn is_known(&self, table: usize, fs: FsId) -> bool {
        let wanted = Use::new(table, fs);
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
    pub(crate) fn add(&self, table: usize, fs: FsId) -> bool {
        let wanted = Use::new(table, fs);
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
    pub(crate) fn remove(&self, table: usize, fs: FsId) {
        let wanted = Use::new(table, fs);
        for known in &self.known {
            if known.load(Relaxed) == wanted.0 {
                // Others may stand behind it.
                known.store(Use::GONE, Relaxed);
            }
        }
    }

    /// Notes a table that is not known yet. Returns [`false`] if there is no room.
    pub(crate) fn note(&self, table: usize, fs: FsId) -> bool {
        let new = Use::new(table, fs);
        for pending in &self.pending {
            let found = pending.load(Relaxed);
            if found == new.0 || found == 0 && pending.cmpxchg(0, new.0, Relaxed).is_ok() {
                return true;
            }
        }
        false
    }

    /// Takes the tables that wait.
    pub(crate) fn take(&self) -> impl Iterator<Item = (usize, FsId)> + '_ {
        self.pending.iter().filter_map(|pending| {
            let taken = Use(pending.xchg(0, Relaxed));
            (taken.0 != 0).then(|| (taken.table(), taken.fs()))
        })
    }
}
