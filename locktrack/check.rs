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
    follow,
    number,
    AddressSpace,
    Dentry,
    File,
    FileLockContext,
    Gendisk,
    Inode,
    Mm,
    SuperBlock,
    Table, //
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
        Where,
        CALLBACKS, //
    },
    tables::FsId,
    tracker::Tracker, //
};

/// The handler on one function, which can be one callback of many tables, or several of them.
pub(crate) struct Callback {
    tracker: Arc<Tracker>,
    address: usize,
    /// A bit for each callback of [`Tracker::plan`] that this function was found as.
    ops: [Atomic<u64>; CALLBACKS / 64],
    /// A bit for each [`FsId`] in whose tables it was found.
    users: Atomic<u64>,
}

/// Whose callback was called.
struct Subject {
    fs: FsId,
    /// The table that has it, where the arguments lead to it.
    table: Option<usize>,
    /// The super block, where they lead there.
    sb: Option<SuperBlock>,
}

impl Callback {
    pub(crate) fn new(tracker: Arc<Tracker>, address: usize) -> Self {
        Self {
            tracker,
            address,
            ops: [const { Atomic::new(0) }; CALLBACKS / 64],
            users: Atomic::new(0),
        }
    }

    /// The function was found as this callback of [`Tracker::plan`], in a table of this filesystem. Only the registry
    /// calls this.
    pub(crate) fn add(&self, op: usize, fs: FsId) {
        if let Some(ops) = self.ops.get(op / 64) {
            ops.store(ops.load(Relaxed) | 1 << (op % 64), Relaxed);
        }
        self.users
            .store(self.users.load(Relaxed) | 1 << fs.0, Relaxed);
    }

    /// No table of this filesystem has the function any more. Only the registry calls this.
    pub(crate) fn remove(&self, fs: FsId) {
        let users = self.users.load(Relaxed) & !(1 << fs.0);
        self.users.store(users, Relaxed);
    }

    /// Finds the object whose own table has this function in this place, if its filesystem is attached.
    ///
    /// A function can be called for another filesystem that uses it, or by another function.
    fn subject(&self, hit: &Hit<'_>, callback: &plan::Callback) -> Option<Subject> {
        let kind = callback.table;
        let mut found = None;
        if let Some((argument, way)) = callback.object {
            let object = follow(hit.argument(argument), way)?;
            let table = kind.with(object, callback.place, self.address)?;
            if kind != Table::BlockDevice {
                let (s_type, sb) = kind.owner(object)?;
                return Some(Subject {
                    fs: self.tracker.tables.fs(s_type, sb)?,
                    table: Some(table),
                    sb,
                });
            }
            found = Some(table);
        }
        // Nothing that it is given leads to a super block: it is the one in whose tables it was found.
        let users = self.users.load(Relaxed);
        let fs = (users != 0).then(|| FsId(users.trailing_zeros() as u8))?;
        Some(Subject {
            fs,
            table: found,
            sb: None,
        })
    }

    fn check(
        &self,
        hit: &Hit<'_>,
        callback: &plan::Callback,
        rules: &[Checked],
        subject: &Subject,
    ) {
        let tracker = &*self.tracker;
        // Another table of this filesystem can share the function, and be new.
        if let Some(table) = subject.table {
            tracker.saw_table(callback.table, table, subject.fs);
        }
        for checked in rules {
            let event = match lock(hit, checked) {
                Some(lock) if applies(hit, checked.rule) => {
                    let answer = lock.query();
                    if verdict(checked.rule.requirement, answer) == Some(Verdict::Violation) {
                        let s_dev = subject.sb.and_then(SuperBlock::s_dev);
                        tracker.violated(hit, checked, subject.fs, answer, s_dev.unwrap_or(0));
                    }
                    Event::Answered(answer)
                }
                _ => Event::NotApplicable,
            };
            if let Some(fs) = tracker.filesystems.get(subject.fs) {
                fs.counts.rule(hit.cpu(), checked.number, event);
            }
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
        // All rules of a call are those of one edition, also if it is switched meanwhile.
        let edition = tracker.edition.load(Relaxed);
        for (word, ops) in self.ops.iter().enumerate() {
            let mut ops = ops.load(Relaxed);
            while ops != 0 {
                let op = word * 64 + ops.trailing_zeros() as usize;
                ops &= ops - 1;
                let Some(callback) = tracker.plan.callbacks.get(op) else {
                    continue;
                };
                if let Some(subject) = self.subject(hit, callback) {
                    self.check(hit, callback, callback.rules(edition), &subject);
                    hits = Hits::Checked;
                }
            }
        }
        tracker.hits.hit(hit.cpu(), hits);
    }
}

/// Judges an answer, or returns [`None`] where nothing is promised.
pub(crate) fn verdict(requirement: Requirement, answer: Answer) -> Option<Verdict> {
    match requirement {
        Requirement::Exclusive => Some(answer.at_least(Mode::Exclusive)),
        Requirement::Shared | Requirement::Held => Some(answer.at_least(Mode::Shared)),
        Requirement::NotHeld => Some(answer.not_held()),
        // The last two are about no lock.
        Requirement::NotPromised | Requirement::Allowed | Requirement::Forbidden => None,
    }
}

/// Finds the lock of a rule, if there is the object that it belongs to.
fn lock(hit: &Hit<'_>, checked: &Checked) -> Option<Lock> {
    use rules::Lock as Kind;

    let (reach, lock) = match checked.lock {
        Where::Global(lock) => return Some(lock),
        Where::Object(reach, lock) => (reach, lock),
    };
    let object = follow(hit.argument(reach.argument), reach.path)?;
    match lock {
        Kind::IRwsem => Inode::new(object).map(Inode::i_rwsem),
        Kind::ILock => Inode::new(object).map(Inode::i_lock),
        Kind::DLock => Dentry::new(object).map(Dentry::d_lock),
        Kind::SUmount => SuperBlock::new(object).map(SuperBlock::s_umount),
        Kind::SVfsRenameMutex => SuperBlock::new(object).map(SuperBlock::s_vfs_rename_mutex),
        Kind::InvalidateLock => AddressSpace::new(object).map(AddressSpace::invalidate_lock),
        Kind::FPosLock => File::new(object).map(File::f_pos_lock),
        Kind::MmapLock => Mm::new(object).map(Mm::mmap_lock),
        Kind::FlcLock => FileLockContext::new(object).map(FileLockContext::flc_lock),
        Kind::OpenMutex => Gendisk::new(object).map(Gendisk::open_mutex),
        Kind::FolioLocked => Some(Lock::Folio(object)),
        Kind::VmaLock => Some(Lock::VmArea(object)),
        // [`plan`] leaves them out.
        _ => None,
    }
}

/// Returns whether all conditions of a rule hold.
fn applies(hit: &Hit<'_>, rule: &Rule) -> bool {
    let object = |reach: rules::Reach| follow(hit.argument(reach.argument), reach.path);
    let is_dir = |reach| Inode::new(object(reach)?)?.is_dir();
    let value = |value| match value {
        Value::Argument(argument) => Some(hit.argument(argument) as u64),
        Value::Member {
            reach,
            offset,
            size,
        } => number(object(reach)?.wrapping_add(offset), size),
        // Not known yet.
        Value::Returned => None,
    };
    let flag = |of, mask| Some(value(of)? as u32 & mask != 0);
    rule.conditions.iter().all(|condition| match *condition {
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
