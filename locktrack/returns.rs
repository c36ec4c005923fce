// SPDX-License-Identifier: GPL-2.0

//! Calls that are followed from the entry of a callback to its return.
//!
//! Two kinds of rules want that: those about a lock at the return, and those that forbid to sleep in between. Only
//! functions with such a rule have a return probe. [`call`] is its handler; [`watch`] notes what happens to
//! a call meanwhile; [`registry`] keeps the probes.

mod call;
pub(crate) mod registry;
mod show;
mod watch;

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use peek::{
    Inode,
    Kind,
    Slot,
    Through, //
};
use rules::{
    Lock,
    Requirement,
    Rule,
    Subject,
    When,
    EDITIONS, //
};

use crate::{
    plan::{
        Checked,
        Plan,
        What, //
    },
    tables::{
        FsId,
        Tables, //
    },
    tracker::Tracker,
};

use watch::Watch;

/// How many rules of one callback can be followed in one call.
const RULES: usize = 4;

/// A callback that is followed to its return.
pub(crate) struct Followed {
    pub(crate) slot: &'static rules::Slot,
    kind: Kind,
    place: Slot,
    /// How its own table is found, through the argument with this index.
    through: Through,
    argument: u8,
    /// Whether it may leave the folio to I/O that goes on, by returning 0.
    starts_io: bool,
    /// Whether one of its rules is about a lock.
    locks: bool,
    /// Its rules in each of [`EDITIONS`].
    rules: KVec<KVec<Checked>>,
}

impl Followed {
    /// Returns the callback if it has rules to be followed, and its table can be found in a call.
    pub(crate) fn new(
        plan: &mut Plan,
        index: usize,
        slot: &'static rules::Slot,
    ) -> Result<Option<Self>> {
        let (Some(offset), Some((kind, through, argument))) = (slot.offset, way(slot)) else {
            return Ok(None);
        };
        let mut followed = Self {
            slot,
            kind,
            place: Slot::new(offset),
            through,
            argument,
            starts_io: slot.op == "read_folio",
            locks: false,
            rules: KVec::new(),
        };
        let mut any = false;
        for edition in EDITIONS {
            let mut rules = KVec::new();
            let ops = edition.ops().iter().filter(|op| op.slot == index);
            for rule in ops.flat_map(|op| op.rules()) {
                if let Some(what) = what(rule) {
                    followed.locks |= matches!(what, What::Lock(..));
                    rules.push(plan.check(rule, what), GFP_KERNEL)?;
                }
            }
            if rules.len() > RULES {
                pr_err!("the rules know too much of {}.{}\n", slot.table, slot.op);
                return Err(E2BIG);
            }
            any |= !rules.is_empty();
            followed.rules.push(rules, GFP_KERNEL)?;
        }
        Ok(any.then_some(followed))
    }

    /// Returns its rules in an edition.
    fn rules(&self, edition: usize) -> &[Checked] {
        self.rules.get(edition).map_or(&[], |rules| rules)
    }

    /// How many calls can be between entry and return at one time; 0 is C's choice, which follows the number
    /// of CPUs. What must not sleep is never active more often than that, unless it is preempted.
    fn max_active(&self) -> u16 {
        if self.locks {
            64
        } else {
            0
        }
    }
}

/// Returns what a rule wants looked at in a call that is followed.
fn what(rule: &Rule) -> Option<What> {
    match (rule.subject, rule.when, rule.requirement) {
        (
            Subject::Object {
                reach,
                lock: lock @ (Lock::FolioLocked | Lock::PageLocked | Lock::SUmount),
                ..
            },
            When::Return,
            _,
        ) => Some(What::Lock(reach, lock)),
        (Subject::Sleep, _, Requirement::Forbidden) => Some(What::Sleeps),
        _ => None,
    }
}

/// Returns through which argument the table of a callback is found.
///
/// `->free_folio()` has none: its folio has left the mapping.
fn way(slot: &rules::Slot) -> Option<(Kind, Through, u8)> {
    let (through, argument) = match (slot.table, slot.op) {
        ("inode_operations", "permission") => (Through::Inode, 1),
        ("address_space_operations", "read_folio") => (Through::Folio, 1),
        ("address_space_operations", "write_begin" | "write_end") => (Through::Mapping, 1),
        ("address_space_operations", "dirty_folio" | "migrate_folio" | "error_remove_folio") => {
            (Through::Mapping, 0)
        }
        (
            "address_space_operations",
            "invalidate_folio" | "release_folio" | "launder_folio" | "is_partially_uptodate",
        ) => (Through::Folio, 0),
        ("dentry_operations", "d_revalidate") => (Through::Dentry, 2),
        ("dentry_operations", "d_manage") => (Through::Path, 0),
        (
            "dentry_operations",
            "d_hash" | "d_compare" | "d_delete" | "d_prune" | "d_dname" | "d_unalias_trylock"
            | "d_unalias_unlock",
        ) => (Through::Dentry, 0),
        ("super_operations", "drop_inode" | "free_inode") => (Through::InodeToSuper, 0),
        ("vm_operations_struct", "fault" | "page_mkwrite" | "map_pages") => (Through::VmFault, 0),
        ("fs_context_operations", "get_tree") => (Through::FsContext, 0),
        ("file_system_type", "kill_sb") => (Through::SuperBlock, 0),
        _ => return None,
    };
    let kind = match through {
        Through::Inode => Kind::Inode,
        Through::InodeToSuper => Kind::Super,
        Through::Mapping | Through::Folio => Kind::AddressSpace,
        Through::Dentry | Through::Path => Kind::Dentry,
        Through::VmFault => Kind::Vm,
        Through::FsContext => Kind::FsContext,
        Through::SuperBlock => Kind::FileSystemType,
    };
    Some((kind, through, argument))
}

/// A table with its kind, in one word: tables are aligned as pointers are.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tagged(usize);

impl Tagged {
    const MASK: usize = align_of::<usize>() - 1;

    fn new(kind: Kind, table: usize) -> Self {
        Self(table & !Self::MASK | kind as usize)
    }

    fn is(self, kind: Kind) -> bool {
        self.0 & Self::MASK == kind as usize
    }

    fn table(self) -> usize {
        self.0 & !Self::MASK
    }
}

/// What the handlers of calls share.
pub(crate) struct Returns {
    tables: Tables,
    /// Tasks in a call that must not sleep.
    sleepers: Watch,
    /// Folios in a call that has to unlock them.
    folios: Watch,
    /// Calls that could not be watched, for want of room.
    unwatched: Atomic<u64>,
}

impl Returns {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            tables: Tables::new(),
            sleepers: Watch::new()?,
            folios: Watch::new()?,
            unwatched: Atomic::new(0),
        })
    }

    /// Returns how many calls could not be watched.
    pub(crate) fn unwatched(&self) -> u64 {
        self.unwatched.load(Relaxed)
    }

    /// Returns how many calls that must not sleep are asleep.
    pub(crate) fn asleep(&self) -> usize {
        self.sleepers.seen()
    }

    pub(crate) fn reset(&self) {
        self.unwatched.store(0, Relaxed);
    }
}

impl Tracker {
    /// Notes the tables that an inode of an attached filesystem leads to, unless they are known. Can be called in any
    /// context.
    pub(crate) fn saw_inode(&self, inode: Inode, fs: FsId) {
        inode.tables(|kind, table| self.saw_followed(kind, table, fs));
    }

    fn saw_followed(&self, kind: Kind, table: usize, fs: FsId) {
        let tables = &self.returns.tables;
        let table = Tagged::new(kind, table).0;
        if tables.is_known(table, fs) {
            return;
        }
        if tables.note(table, fs) {
            self.raise();
        } else {
            self.tables_lost.add(1, Relaxed);
        }
    }
}
