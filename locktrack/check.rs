// SPDX-License-Identifier: GPL-2.0

//! The handler on a callback: compares the locks that are held with the rules.

use held::{
    Answer,
    Lock,
    Mode,
    Verdict, //
};
use kernel::sync::{
    atomic::{
        Atomic,
        Relaxed, //
    },
    Arc, //
};
use kprobes::{
    Handler,
    Hit, //
};
use peek::{
    Dentry,
    File,
    Inode,
    Path,
    Slot, //
};
use rules::{
    Condition,
    Op,
    Reach,
    Requirement,
    Rule,
    When, //
};

use crate::{
    counts::{
        Event,
        Hits, //
    },
    tables::FsId,
    tracker::Tracker, //
};

/// A callback that has rules, with its place in the table.
pub(crate) struct Checked {
    pub(crate) op: &'static Op,
    pub(crate) slot: Slot,
}

/// The handler on one function, which can be one callback of many tables, or several of them.
pub(crate) struct Callback {
    tracker: Arc<Tracker>,
    address: usize,
    /// A bit for each of [`Tracker::ops`] that this function was found as.
    ops: Atomic<u64>,
}

impl Callback {
    pub(crate) fn new(tracker: Arc<Tracker>, address: usize, op: usize) -> Self {
        Self {
            tracker,
            address,
            ops: Atomic::new(1 << op),
        }
    }

    /// The function was found as this one of [`Tracker::ops`] too. Only the registry calls this.
    pub(crate) fn add_op(&self, op: usize) {
        self.ops.store(self.ops.load(Relaxed) | 1 << op, Relaxed);
    }

    /// Finds the object whose own table has this function in this place, if its filesystem is attached.
    ///
    /// A function can be called for another filesystem that uses it, or by another function.
    fn subject(&self, hit: &Hit<'_>, checked: &Checked) -> Option<(FsId, Inode)> {
        let mut inodes = checked
            .op
            .rules()
            .iter()
            .filter_map(|rule| inode(hit, rule.reach));
        let inode = inodes.find(|inode| inode.callback(checked.slot) == Some(self.address))?;
        let fs = self.tracker.tables.fs(inode.super_block()?.s_type()?)?;
        Some((fs, inode))
    }

    fn check(&self, hit: &Hit<'_>, checked: &Checked, fs: FsId, subject: Inode) {
        let tracker = &*self.tracker;
        // Another table of this filesystem can share the function, and be new.
        if let Some(table) = subject.i_op() {
            tracker.saw_table(table, fs);
        }
        for rule in checked.op.rules() {
            if rule.when != When::Entry {
                continue;
            }
            let event = match lock(hit, rule) {
                Some(lock) if applies(hit, rule) => {
                    let answer = lock.query();
                    if verdict(rule.requirement, answer) == Some(Verdict::Violation) {
                        let s_dev = subject.super_block().and_then(|sb| sb.s_dev());
                        tracker.violated(hit, rule, fs, answer, s_dev.unwrap_or(0));
                    }
                    Event::Answered(answer)
                }
                _ => Event::NotApplicable,
            };
            tracker.counts.rule(hit.cpu(), rule.id, event);
        }
    }
}

impl Handler for Callback {
    fn entry(&self, hit: &Hit<'_>) {
        let tracker = &*self.tracker;
        if !tracker.enabled.load(Relaxed) {
            return;
        }
        let mut hits = Hits::Foreign;
        let ops = self.ops.load(Relaxed);
        for (index, checked) in tracker.ops.iter().enumerate() {
            if ops & 1 << index == 0 {
                continue;
            }
            if let Some((fs, subject)) = self.subject(hit, checked) {
                self.check(hit, checked, fs, subject);
                hits = Hits::Checked;
            }
        }
        tracker.counts.hit(hit.cpu(), hits);
    }
}

/// Judges an answer, or returns [`None`] where nothing is promised.
pub(crate) fn verdict(requirement: Requirement, answer: Answer) -> Option<Verdict> {
    match requirement {
        Requirement::Exclusive => Some(answer.at_least(Mode::Exclusive)),
        Requirement::Shared | Requirement::Held => Some(answer.at_least(Mode::Shared)),
        Requirement::NotHeld => Some(answer.not_held()),
        Requirement::NotPromised => None,
    }
}

/// Follows an argument to an inode.
fn inode(hit: &Hit<'_>, reach: Reach) -> Option<Inode> {
    let argument = hit.argument(reach.argument);
    match reach.path {
        rules::Path::Inode | rules::Path::InodeSuper => Inode::new(argument),
        rules::Path::DentryInode => Dentry::new(argument)?.inode(),
        rules::Path::PathInode => Path::new(argument)?.dentry()?.inode(),
        rules::Path::FileInode => File::new(argument)?.inode(),
    }
}

/// Finds the lock of a rule, if there is the object that it belongs to.
fn lock(hit: &Hit<'_>, rule: &Rule) -> Option<Lock> {
    let inode = inode(hit, rule.reach)?;
    Some(match rule.lock {
        rules::Lock::IRwsem => inode.i_rwsem(),
        rules::Lock::SVfsRenameMutex => inode.super_block()?.s_vfs_rename_mutex(),
    })
}

/// Returns whether all conditions of a rule hold.
fn applies(hit: &Hit<'_>, rule: &Rule) -> bool {
    rule.conditions.iter().all(|condition| match *condition {
        Condition::Exists(reach) => inode(hit, reach).is_some(),
        Condition::IsDir(reach) => inode(hit, reach).and_then(Inode::is_dir) == Some(true),
        Condition::NotDir(reach) => inode(hit, reach).and_then(Inode::is_dir) == Some(false),
        Condition::Differ(one, other) => hit.argument(one) != hit.argument(other),
        Condition::Same(one, other) => hit.argument(one) == hit.argument(other),
        Condition::FlagSet { argument, mask } => hit.argument(argument) as u32 & mask != 0,
        Condition::FlagClear { argument, mask } => hit.argument(argument) as u32 & mask == 0,
    })
}
