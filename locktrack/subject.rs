// SPDX-License-Identifier: GPL-2.0

//! Whose callback a call was.

use kernel::sync::atomic::{
    Atomic,
    Relaxed,
    Release, //
};
use kprobes::{
    read_once,
    Hit, //
};
use peek::{
    follow,
    SuperBlock,
    Table, //
};

use crate::{
    plan::{
        self,
        Plan,
        CALLBACKS, //
    },
    tables::FsId,
    tracker::Tracker, //
};

/// In how many tables a function is found in the short way.
const USUAL: usize = 8;

/// What one function was found as, which can be one callback of many tables, or several of them. The handlers on its
/// entry and its return share this.
pub(crate) struct Roles {
    pub(crate) address: usize,
    /// A bit for each callback of the plan.
    ops: [Atomic<u64>; CALLBACKS / 64],
    /// A bit for each [`FsId`] in whose tables it was found.
    users: Atomic<u64>,
    /// The callback of the plan, plus 1, if it is only one.
    single: Atomic<usize>,
    usual: [Usual; USUAL],
}

/// A table in which a function was found, by its address, and the type of the filesystem that has it.
///
/// While one is replaced by another, a handler may see a mixture. It is no mistake: the type decides whose the call is, and
/// both tables have the function in that place.
struct Usual {
    table: Atomic<usize>,
    s_type: Atomic<usize>,
    fs: Atomic<usize>,
}

/// Whose callback was called.
pub(crate) struct Subject {
    pub(crate) fs: FsId,
    /// The super block, where the arguments lead there.
    sb: Option<SuperBlock>,
}

impl Roles {
    pub(crate) fn new(address: usize) -> Self {
        Self {
            address,
            ops: [const { Atomic::new(0) }; CALLBACKS / 64],
            users: Atomic::new(0),
            single: Atomic::new(0),
            usual: [const {
                Usual {
                    table: Atomic::new(0),
                    s_type: Atomic::new(0),
                    fs: Atomic::new(0),
                }
            }; USUAL],
        }
    }

    /// The function was found as this callback of the plan, in a table of this filesystem. Only the registry
    /// calls this.
    pub(crate) fn add(&self, op: usize, fs: FsId) {
        if let Some(ops) = self.ops.get(op / 64) {
            ops.store(ops.load(Relaxed) | 1 << (op % 64), Relaxed);
        }
        self.users
            .store(self.users.load(Relaxed) | 1 << fs.0, Relaxed);
        let ops = self.ops.iter().map(|ops| ops.load(Relaxed).count_ones());
        let single = if ops.sum::<u32>() == 1 { op + 1 } else { 0 };
        self.single.store(single, Relaxed);
    }

    /// The function was found in this table of the whole filesystem with this type. Only the registry calls this.
    pub(crate) fn add_usual(&self, table: usize, s_type: usize, fs: FsId) {
        let mut usual = self.usual.iter();
        // The others are found in the long way.
        if let Some(free) = usual.find(|usual| usual.table.load(Relaxed) == 0) {
            free.s_type.store(s_type, Relaxed);
            free.fs.store(fs.0.into(), Relaxed);
            free.table.store(table, Release);
        }
    }

    /// Returns the callback that was called, its index in the plan, and whose, if the object has one of the tables in which the function was
    /// found first, which is the usual case. [`None`] says nothing.
    #[inline(always)]
    pub(crate) fn usual<'a>(
        &self,
        tracker: &'a Tracker,
        hit: &Hit<'_>,
    ) -> Option<(usize, &'a plan::Callback, Subject)> {
        let op = read_once(&self.single).wrapping_sub(1);
        let callback = tracker.plan.callbacks.get(op)?;
        let (argument, way) = callback.object?;
        let (way_to_table, way_to_super) = callback.ways?;
        let object = follow(hit.argument(argument), way)?;
        let table = follow(object, way_to_table)?;
        let sb = SuperBlock::new(follow(object, way_to_super)?)?;
        let s_type = sb.s_type()?;
        if tracker.tables.any_sb() {
            return None;
        }
        let mut usual = self.usual.iter();
        // One table can be that of several filesystems.
        let usual = usual
            .find(|usual| read_once(&usual.table) == table && read_once(&usual.s_type) == s_type)?;
        let fs = FsId(read_once(&usual.fs) as u8);
        Some((op, callback, Subject { fs, sb: Some(sb) }))
    }

    /// No table of this filesystem has the function any more. Only the registry calls this.
    pub(crate) fn remove(&self, fs: FsId) {
        let users = self.users.load(Relaxed) & !(1 << fs.0);
        self.users.store(users, Relaxed);
        for usual in &self.usual {
            if usual.fs.load(Relaxed) == usize::from(fs.0) {
                usual.table.store(0, Relaxed);
            }
        }
    }

    /// Another table can have this address. Only the registry calls this.
    pub(crate) fn remove_usual(&self, table: usize) {
        for usual in &self.usual {
            if usual.table.load(Relaxed) == table {
                usual.table.store(0, Relaxed);
            }
        }
    }

    /// Returns the callbacks that the function was found as, with their indexes in the plan.
    #[inline]
    pub(crate) fn callbacks<'a>(
        &'a self,
        plan: &'a Plan,
    ) -> impl Iterator<Item = (usize, &'a plan::Callback)> {
        let bits = |(word, ops): (usize, &Atomic<u64>)| {
            let mut ops = read_once(ops);
            core::iter::from_fn(move || {
                let bit = (ops != 0).then(|| ops.trailing_zeros() as usize)?;
                ops &= ops - 1;
                Some(word * 64 + bit)
            })
        };
        let ops = self.ops.iter().enumerate().flat_map(bits);
        ops.filter_map(|op| Some((op, plan.callbacks.get(op)?)))
    }

    /// Finds the object whose own table has this function in the place of this callback, if its filesystem is attached.
    ///
    /// A function can be called for another filesystem that uses it, or by another function.
    #[inline]
    pub(crate) fn subject(
        &self,
        tracker: &Tracker,
        hit: &Hit<'_>,
        callback: &plan::Callback,
    ) -> Option<Subject> {
        let kind = callback.table;
        let mut found = None;
        if let Some((argument, way)) = callback.object {
            let object = follow(hit.argument(argument), way)?;
            let table = kind.with(object, callback.place, self.address)?;
            if kind != Table::BlockDevice {
                let (s_type, sb) = kind.owner(object)?;
                let fs = tracker.tables.fs(s_type, sb)?;
                // Another table of this filesystem can share the function, and be new.
                tracker.saw_table(kind, table, fs);
                return Some(Subject { fs, sb });
            }
            found = Some(table);
        }
        // Nothing that it is given leads to a super block: it is the one in whose tables it was found.
        let users = read_once(&self.users);
        let fs = (users != 0).then(|| FsId(users.trailing_zeros() as u8))?;
        if let Some(table) = found {
            tracker.saw_table(kind, table, fs);
        }
        Some(Subject { fs, sb: None })
    }
}

impl Subject {
    /// Returns the device number of the super block, or 0.
    pub(crate) fn s_dev(&self) -> u32 {
        self.sb.and_then(SuperBlock::s_dev).unwrap_or(0)
    }
}
