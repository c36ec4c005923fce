// SPDX-License-Identifier: GPL-2.0

//! Whose callback a call was.

use kernel::sync::{
    atomic::{
        Atomic,
        Relaxed,
        Release, //
    },
    Arc, //
};
use kprobes::{
    read_once,
    read_pointer,
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
const TABLES: usize = 8;

/// Where there is no table. No table has this address, and what is found from nothing has another one.
const FREE: usize = 1;

/// What one function was found as, which can be one callback of many tables, or several of them. The handlers on its
/// entry and its return share this.
pub(crate) struct Roles {
    pub(crate) address: usize,
    /// A bit for each callback of the plan.
    ops: [Atomic<u64>; CALLBACKS / 64],
    /// A bit for each [`FsId`] in whose tables it was found.
    users: Atomic<u64>,
    /// The callback of the plan as which it was found first, and its index.
    pub(crate) callback: Arc<plan::Callback>,
    op: usize,
    /// Whether it is others, too.
    several: Atomic<bool>,
    /// Those in which it is found in the short way: none if it is several callbacks.
    tables: [InTable; TABLES],
}

/// A table in which a function was found, by its address, and the type of the filesystem that has it.
///
/// While one is replaced by another, a handler may see a mixture. It is no mistake: the type decides whose the call is, and
/// both tables have the function in that place.
struct InTable {
    table: Atomic<usize>,
    s_type: Atomic<usize>,
    fs: Atomic<usize>,
}

/// Whose callback was called.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) fs: FsId,
    /// The address of the superblock, or 0 where the arguments do not lead there.
    pub(crate) sb: usize,
}

/// What was called.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    /// The index of the callback in the plan.
    pub(crate) op: usize,
    pub(crate) callback: &'a plan::Callback,
    pub(crate) subject: Subject,
    /// The object whose table has the callback, where it was looked at.
    pub(crate) object: Option<usize>,
}

impl Roles {
    /// A function that was found as this callback of the plan.
    pub(crate) fn new(address: usize, op: usize, callback: Arc<plan::Callback>) -> Self {
        Self {
            address,
            ops: [const { Atomic::new(0) }; CALLBACKS / 64],
            users: Atomic::new(0),
            callback,
            op,
            several: Atomic::new(false),
            tables: [const {
                InTable {
                    table: Atomic::new(FREE),
                    s_type: Atomic::new(0),
                    fs: Atomic::new(0),
                }
            }; TABLES],
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
        if op != self.op {
            self.several.store(true, Relaxed);
            for known in &self.tables {
                known.table.store(FREE, Relaxed);
            }
        }
    }

    /// The function was found in this table of the whole filesystem with this type. Only the registry calls this.
    pub(crate) fn add_table(&self, table: usize, s_type: usize, fs: FsId) {
        if self.several.load(Relaxed) {
            return;
        }
        let mut tables = self.tables.iter();
        // The others are found in the long way.
        if let Some(free) = tables.find(|known| known.table.load(Relaxed) == FREE) {
            free.s_type.store(s_type, Relaxed);
            free.fs.store(fs.0.into(), Relaxed);
            free.table.store(table, Release);
        }
    }

    /// Returns what was called, if the object has one of the tables in which the function was found first, which is the usual
    /// case. [`None`] says nothing. No superblock may be attached by itself.
    #[inline(always)]
    pub(crate) fn find(&self, hit: &Hit<'_>) -> Option<Found<'_>> {
        let callback = &*self.callback;
        let ways = callback.ways.as_ref()?;
        let object = ways.object.follow(hit.register(ways.register));
        let table = read_pointer(object.wrapping_add(ways.table));
        let sb = ways.super_block.follow(object);
        let s_type = SuperBlock::s_type_at(sb);
        let mut tables = self.tables.iter();
        // One table can be that of several filesystems.
        let known = tables
            .find(|known| read_once(&known.table) == table && read_once(&known.s_type) == s_type)?;
        let fs = FsId(read_once(&known.fs) as u8);
        Some(Found {
            op: self.op,
            callback,
            subject: Subject { fs, sb },
            object: Some(object),
        })
    }

    /// The same for the long way, which anything may be attached in.
    #[inline]
    pub(crate) fn find_known(&self, tracker: &Tracker, hit: &Hit<'_>) -> Option<Found<'_>> {
        (!tracker.tables.any_sb()).then(|| self.find(hit))?
    }

    /// No table of this filesystem has the function any more. Only the registry calls this.
    pub(crate) fn remove(&self, fs: FsId) {
        let users = self.users.load(Relaxed) & !(1 << fs.0);
        self.users.store(users, Relaxed);
        for known in &self.tables {
            if known.fs.load(Relaxed) == usize::from(fs.0) {
                known.table.store(FREE, Relaxed);
            }
        }
    }

    /// Another table can have this address. Only the registry calls this.
    pub(crate) fn remove_table(&self, table: usize) {
        for known in &self.tables {
            if known.table.load(Relaxed) == table {
                known.table.store(FREE, Relaxed);
            }
        }
    }

    /// Returns the callbacks that the function was found as, with their indexes in the plan.
    #[inline]
    pub(crate) fn callbacks<'a>(&'a self, plan: &'a Plan) -> Callbacks<'a> {
        Callbacks {
            roles: self,
            plan,
            words: 0,
            ops: 0,
        }
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
                let sb = sb.map_or(0, SuperBlock::address);
                return Some(Subject { fs, sb });
            }
            found = Some(table);
        }
        // Nothing that it is given leads to a superblock: it is the one in whose tables it was found.
        let users = read_once(&self.users);
        let fs = (users != 0).then(|| FsId(users.trailing_zeros() as u8))?;
        if let Some(table) = found {
            tracker.saw_table(kind, table, fs);
        }
        Some(Subject { fs, sb: 0 })
    }
}

/// See [`Roles::callbacks`].
pub(crate) struct Callbacks<'a> {
    roles: &'a Roles,
    plan: &'a Plan,
    /// So many words of bits were looked at,
    words: usize,
    /// and these bits of the last one are left.
    ops: u64,
}

impl<'a> Iterator for Callbacks<'a> {
    type Item = (usize, &'a plan::Callback);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while self.ops == 0 {
            self.ops = read_once(self.roles.ops.get(self.words)?);
            self.words = self.words.wrapping_add(1);
        }
        let first = self.words.wrapping_sub(1).wrapping_mul(64);
        let op = first.wrapping_add(self.ops.trailing_zeros() as usize);
        self.ops &= self.ops.wrapping_sub(1);
        Some((op, self.plan.callbacks.get(op)?))
    }
}

impl Subject {
    /// Returns the device number of the superblock, or 0.
    pub(crate) fn s_dev(&self) -> u32 {
        let sb = SuperBlock::new(self.sb);
        sb.and_then(SuperBlock::s_dev).unwrap_or(0)
    }
}
