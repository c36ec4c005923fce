// SPDX-License-Identifier: GPL-2.0

//! The handler on a callback: compares the locks that are held with the rules.

use held::{
    Answer,
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
    follow,
    number,
    Inode,
    SuperBlock, //
};
use rules::{
    Condition,
    Requirement,
    Rule,
    Value, //
};

use crate::{
    counts::{
        Event,
        Hits, //
    },
    plan::{
        self,
        Checked,
        What, //
    },
    tables::FsId,
    tracker::Tracker, //
};

/// The handler on one function, which can be one callback of many tables, or several of them.
pub(crate) struct Callback {
    tracker: Arc<Tracker>,
    address: usize,
    /// A bit for each callback of [`Tracker::plan`] that this function was found as.
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

    /// The function was found as this callback of [`Tracker::plan`] too. Only the registry calls this.
    pub(crate) fn add_op(&self, op: usize) {
        self.ops.store(self.ops.load(Relaxed) | 1 << op, Relaxed);
    }

    /// Finds the object whose own table has this function in this place, if its filesystem is attached.
    ///
    /// A function can be called for another filesystem that uses it, or by another function.
    fn subject(&self, hit: &Hit<'_>, callback: &plan::Callback) -> Option<(FsId, Inode)> {
        let mut inodes = callback.inodes.iter().filter_map(|reach| {
            let inode = follow(hit.argument(reach.argument), reach.path)?;
            Inode::new(inode)
        });
        let inode = inodes.find(|inode| inode.callback(callback.place) == Some(self.address))?;
        let fs = self.tracker.tables.fs(inode.super_block()?.s_type()?)?;
        Some((fs, inode))
    }

    fn check(&self, hit: &Hit<'_>, rules: &[Checked], fs: FsId, subject: Inode) {
        let tracker = &*self.tracker;
        // Another table of this filesystem can share the function, and be new.
        if let Some(table) = subject.i_op() {
            tracker.saw_table(table, fs);
        }
        for checked in rules {
            let event = match answer(hit, checked) {
                Some(answer) if applies(hit, checked.rule) => {
                    if verdict(checked.rule.requirement, answer) == Some(Verdict::Violation) {
                        let s_dev = subject.super_block().and_then(|sb| sb.s_dev());
                        tracker.violated(hit, checked, fs, answer, s_dev.unwrap_or(0), None);
                    }
                    Event::Answered(answer)
                }
                _ => Event::NotApplicable,
            };
            tracker.counts.rule(hit.cpu(), checked.number, event);
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
        // All rules of a call are those of one edition, also if it is switched meanwhile.
        let edition = tracker.edition.load(Relaxed);
        for (index, callback) in tracker.plan.callbacks.iter().enumerate() {
            if ops & 1 << index == 0 {
                continue;
            }
            if let Some((fs, subject)) = self.subject(hit, callback) {
                self.check(hit, callback.rules(edition), fs, subject);
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
        Requirement::Allowed => Some(answer.may_sleep()),
        Requirement::Forbidden => Some(answer.did_not_sleep()),
    }
}

/// Looks at what a rule is about, if there is the object that it belongs to.
fn answer(hit: &Hit<'_>, checked: &Checked) -> Option<Answer> {
    match checked.what {
        What::Lock(reach, lock) => {
            let object = follow(hit.argument(reach.argument), reach.path)?;
            let lock = match lock {
                rules::Lock::IRwsem => Inode::new(object)?.i_rwsem(),
                rules::Lock::SVfsRenameMutex => SuperBlock::new(object)?.s_vfs_rename_mutex(),
                // [`plan`] leaves them out.
                _ => return None,
            };
            Some(lock.query())
        }
        What::MaySleep => Some(held::may_sleep(hit)),
        // Only the return knows.
        What::Sleeps => None,
    }
}

/// Returns whether all conditions of a rule hold that are decided at the entry.
pub(crate) fn applies(hit: &Hit<'_>, rule: &Rule) -> bool {
    let object = |reach: rules::Reach| follow(hit.argument(reach.argument), reach.path);
    let is_dir = |reach| Inode::new(object(reach)?)?.is_dir();
    let value = |value| match value {
        Value::Argument(argument) => Some(hit.argument(argument) as u64),
        Value::Member {
            reach,
            offset,
            size,
        } => number(object(reach)?.wrapping_add(offset), size),
        // Left out above.
        Value::Returned => None,
    };
    let flag = |of, mask| Some(value(of)? as u32 & mask != 0);
    let mut at_entry = rule
        .conditions
        .iter()
        .filter(|condition| !plan::of_return(condition));
    at_entry.all(|condition| match *condition {
        Condition::Exists(reach) => object(reach).is_some(),
        Condition::IsDir(reach) => is_dir(reach) == Some(true),
        Condition::NotDir(reach) => is_dir(reach) == Some(false),
        Condition::Differ(one, other) => hit.argument(one) != hit.argument(other),
        Condition::Same(one, other) => hit.argument(one) == hit.argument(other),
        Condition::FlagSet { value, mask } => flag(value, mask) == Some(true),
        Condition::FlagClear { value, mask } => flag(value, mask) == Some(false),
        Condition::True(argument) => hit.argument(argument) as u8 != 0,
        Condition::False(argument) => hit.argument(argument) as u8 == 0,
        Condition::Returned(_) => false,
    })
}
