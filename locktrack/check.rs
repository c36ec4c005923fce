// SPDX-License-Identifier: GPL-2.0

//! The handler on a callback: compares the locks that are held with the rules.

use held::{
    Answer,
    Lock,
    Mode,
    Verdict, //
};
use kernel::sync::Arc;
use kprobes::{
    read_once,
    Handler,
    Hit, //
};
use peek::{
    follow,
    AddressSpace,
    Dentry,
    File,
    FileLockContext,
    Gendisk,
    Inode,
    Mm,
    SuperBlock, //
};
use rules::Requirement;

use crate::{
    counts::{
        column,
        Counts,
        Hits,
        ANSWERS, //
    },
    filesystems::Filesystem,
    plan::{
        Calls,
        Checked,
        Entry,
        What, //
    },
    subject::{
        Found,
        Roles,
        Subject, //
    },
    tracker::Tracker,
    violations::{
        Stack,
        Violation, //
    },
};

/// The handler on the entry of one function.
#[derive(Clone)]
pub(crate) struct Callback {
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) roles: Arc<Roles>,
}

impl Callback {
    /// Checks a call against the rules of one callback.
    #[inline(never)]
    fn check(&self, hit: &Hit<'_>, entry: &Entry, found: Found<'_>, first: bool) {
        let Some(fs) = self.tracker.filesystems.get(found.subject.fs) else {
            return;
        };
        let counts = &fs.counts;
        if first {
            counts.count_call(hit);
        }
        for checked in entry.rules() {
            self.ask(hit, checked, &found.subject, counts);
        }
        let awake = entry.awake(hit);
        let sleepers = &self.tracker.sleepers;
        if !awake.is_empty() && !sleepers.enter_as(hit, awake, self.roles.address, &found.subject) {
            for checked in awake.rules_of(entry) {
                let unknown = Some(column(Answer::Unknown));
                counts.count(hit, checked.number, unknown);
            }
        }
    }

    /// Asks about a rule, counts the answer, and keeps it if it breaks the rule.
    fn ask(&self, hit: &Hit<'_>, checked: &Checked, subject: &Subject, counts: &Counts) {
        let column = answer(hit, checked).map(column);
        counts.count(hit, checked.number, column);
        if let Some(column) = column.filter(|&column| checked.is_broken_by(column)) {
            self.violated(hit, checked, subject, column);
        }
    }

    #[cold]
    fn violated(&self, hit: &Hit<'_>, checked: &Checked, subject: &Subject, column: usize) {
        let violation = Violation {
            checked,
            fs: subject.fs,
            found: ANSWERS.get(column).copied().unwrap_or(Answer::Unknown),
            caller: hit.caller(),
            function: self.roles.address,
            s_dev: subject.s_dev(),
            stack: Stack::Of(hit),
        };
        self.tracker.violated(hit, &violation);
    }

    /// Checks a call of a function that can be several callbacks, or of several filesystems.
    #[inline(never)]
    fn check_all(&self, hit: &Hit<'_>, edition: usize) {
        let tracker = &*self.tracker;
        let mut first = true;
        for (op, callback) in self.roles.callbacks(&tracker.plan) {
            if let Some(subject) = self.roles.subject(tracker, hit, callback) {
                let found = Found {
                    op,
                    callback,
                    subject,
                    object: None,
                };
                if let Some(entry) = callback.entry(edition) {
                    // It is one call, as whatever it is checked.
                    self.check(hit, entry, found, first);
                }
                first = false;
            }
        }
        if first {
            tracker.hits.count(hit, Hits::Foreign);
        }
    }

    /// Checks the entry of a call in the long way. Returns what [`Roles::find`] found.
    #[inline(never)]
    pub(crate) fn check_any(&self, hit: &Hit<'_>, edition: usize) -> Option<Found<'_>> {
        self.tracker.sleepers.called(hit);
        let found = self.roles.find_known(&self.tracker, hit);
        match found {
            Some(found) => {
                if let Some(entry) = found.callback.entry(edition) {
                    self.check(hit, entry, found, true);
                }
            }
            None => self.check_all(hit, edition),
        }
        found
    }

    /// Returns the call if all is usual that is asked of its entry, with [`Tracker::short`]. [`None`] says nothing. It is not
    /// counted yet.
    #[inline(always)]
    fn usual(&self, hit: &Hit<'_>, short: usize) -> Option<Usually<'_>> {
        let entry = self.roles.callback.entry(short)?;
        let found = self.roles.find(hit)?;
        let (calls, awake) = entry.usual(hit, found.object?)?;
        let Tracker {
            filesystems,
            sleepers,
            ..
        } = &*self.tracker;
        let fs = filesystems.get(found.subject.fs)?;
        if !awake.is_empty() && !sleepers.enter(hit, awake, self.roles.address, &found.subject) {
            return None;
        }
        Some(Usually { calls, fs })
    }

    /// Checks a call in which not all is usual.
    #[inline(never)]
    fn unusual(&self, hit: &Hit<'_>) {
        if let Some(edition) = self.tracker.checked_edition() {
            self.check_any(hit, edition);
        }
    }
}

/// A call in which all was as usual at the entry.
struct Usually<'a> {
    calls: Calls,
    fs: &'a Filesystem,
}

impl Usually<'_> {
    #[inline(always)]
    fn count(&self, hit: &Hit<'_>) {
        self.fs.counts.count_usual(hit, self.calls);
    }
}

impl Handler for Callback {
    #[inline(always)]
    fn entry(&self, hit: &Hit<'_>) {
        match self.usual(hit, read_once(&self.tracker.short)) {
            Some(usually) => usually.count(hit),
            None => self.unusual(hit),
        }
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

/// Looks at what a rule is about, if the rule applies and there is the object that it belongs to.
#[inline]
fn answer(hit: &Hit<'_>, checked: &Checked) -> Option<Answer> {
    if !checked.applies(hit) {
        return None;
    }
    match checked.what {
        What::Object(reach, lock) => {
            let object = follow(hit.argument(reach.argument), reach.path)?;
            Some(lock_of(lock, object)?.query())
        }
        What::Global(lock) => Some(lock.query()),
        What::MaySleep => Some(held::may_sleep(hit)),
        // Not yet.
        What::Sleeps => Some(Answer::Awake),
    }
}

/// Finds a lock of an object.
#[inline]
pub(crate) fn lock_of(lock: rules::Lock, object: usize) -> Option<Lock> {
    use rules::Lock as Kind;

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
        Kind::PageLocked => held::page_folio(object).map(Lock::Folio),
        Kind::VmaLock => Some(Lock::VmArea(object)),
        Kind::VmaOrMmapLock => Some(Lock::VmAreaOrMmap(object)),
        // [`plan`] leaves them out.
        _ => None,
    }
}
