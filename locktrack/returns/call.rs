// SPDX-License-Identifier: GPL-2.0

//! The handler on a callback that is followed to its return.

use held::{
    Answer,
    Lock,
    Mode, //
};
use kernel::sync::{
    atomic::{
        Atomic,
        Relaxed, //
    },
    Arc, //
};
use kprobes::{
    read_once,
    Hit,
    ReturnHandler, //
};
use peek::follow;
use rules::{
    Condition,
    Reach,
    Requirement,
    Returned,
    Rule,
    Value, //
};

use super::{
    watch::Watched,
    witnesses::Unlocks, //
};
use crate::{
    check::{
        applies,
        lock_of, //
    },
    counts::{
        column,
        Hits, //
    },
    plan::{
        self,
        Checked,
        What,
        FOLLOWED, //
    },
    subject::{
        Roles,
        Subject, //
    },
    tables::FsId,
    tracker::Tracker,
    violations::Violation, //
};

/// What the entry of a call hands on to its return.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// The index in the callbacks of the plan.
    op: u8,
    edition: u8,
    /// A bit for each rule whose conditions held.
    applying: u8,
    fs: FsId,
    s_dev: u32,
    /// The argument that each rule starts from.
    starts: [usize; FOLLOWED],
    /// The task, if it must not sleep.
    sleeper: Watched,
    /// The address of the folio that has to be unlocked, if there is one.
    locked: usize,
    folio: Watched,
    /// How many unlocks had been missed.
    missed: u64,
}

/// The handler on one function that is followed.
pub(crate) struct Following {
    tracker: Arc<Tracker>,
    /// [`None`] if they could not be probed.
    unlocks: Option<Arc<Unlocks>>,
    roles: Arc<Roles>,
    closed: Atomic<bool>,
}

impl Following {
    pub(crate) fn new(
        tracker: Arc<Tracker>,
        unlocks: Option<Arc<Unlocks>>,
        roles: Arc<Roles>,
    ) -> Self {
        Self {
            tracker,
            unlocks,
            roles,
            closed: Atomic::new(false),
        }
    }

    /// Follows no call any more that comes when this has returned and handlers that run by then are done.
    pub(crate) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Ends the watches of calls that are under way, whose return will not be seen. It must be closed.
    pub(crate) fn forget(&self) {
        let returns = &self.tracker.returns;
        returns.sleepers.forget(self.roles.address);
        returns.folios.forget(self.roles.address);
    }

    /// Finds the callback that this call is, with its index in the plan, if it is to be followed.
    fn callback(&self, hit: &Hit<'_>, edition: usize) -> Option<(usize, &plan::Callback, Subject)> {
        let tracker = &*self.tracker;
        if let Some((op, callback, subject)) = self.roles.usual(tracker, hit) {
            let followed = !callback.followed(edition).is_empty();
            return followed.then_some((op, callback, subject));
        }
        let callbacks = self.roles.callbacks(&tracker.plan);
        let mut followed = callbacks.filter(|(_, it)| !it.followed(edition).is_empty());
        followed.find_map(|(op, callback)| {
            let subject = self.roles.subject(tracker, hit, callback)?;
            Some((op, callback, subject))
        })
    }

    /// Watches what a rule needs to be watched.
    fn watch(&self, checked: &Checked, call: &mut Call, start: usize) {
        let returns = &self.tracker.returns;
        let watched = match (checked.what, checked.rule.requirement) {
            (What::Sleeps, _) => {
                call.sleeper = returns.sleepers.begin(current(), self.roles.address);
                call.sleeper
            }
            (
                What::Object(Reach { path: [], .. }, rules::Lock::FolioLocked),
                Requirement::NotHeld,
            ) => {
                // Somebody else's lock could be unlocked by anybody.
                if Lock::Folio(start).query() != Answer::Someone(Mode::Exclusive) {
                    return;
                }
                let Some(unlocks) = &self.unlocks else {
                    return;
                };
                call.missed = unlocks.missed();
                call.locked = start;
                call.folio = returns.folios.begin(start, self.roles.address);
                call.folio
            }
            _ => return,
        };
        if !watched.is_some() {
            returns.unwatched.add(1, Relaxed);
        }
    }

    /// Returns how a lock is held at the return; `unlocked` says whether the watched folio was unlocked.
    fn answer(
        &self,
        hit: &Hit<'_>,
        call: &Call,
        callback: &plan::Callback,
        lock: Lock,
        unlocked: bool,
    ) -> Answer {
        let answer = lock.query();
        let kept = lock == Lock::Folio(call.locked)
            && answer == Answer::Someone(Mode::Exclusive)
            && call.folio.is_some()
            && !unlocked
            && (self.unlocks.as_ref()).is_some_and(|unlocks| unlocks.missed() == call.missed);
        // It may leave the folio to I/O that goes on.
        let by_io = || callback.slot.op == "read_folio" && hit.return_value() as i32 == 0;
        if kept && !by_io() {
            // It came locked, and nobody unlocked it since.
            Answer::Exact(Mode::Exclusive)
        } else {
            answer
        }
    }
}

impl ReturnHandler for Following {
    type Data = Call;

    fn entry(&self, hit: &Hit<'_>) -> Option<Call> {
        let tracker = &*self.tracker;
        if !read_once(&tracker.enabled) || read_once(&self.closed) {
            return None;
        }
        let edition = read_once(&tracker.edition);
        let (op, callback, subject) = self.callback(hit, edition)?;
        let mut call = Call {
            op: op as u8,
            edition: edition as u8,
            applying: 0,
            fs: subject.fs,
            s_dev: subject.s_dev(),
            starts: [0; FOLLOWED],
            sleeper: Watched::NONE,
            locked: 0,
            folio: Watched::NONE,
            missed: 0,
        };
        let counts = tracker.filesystems.get(subject.fs)?.counts.on_cpu(hit);
        let mut starts = [0; FOLLOWED];
        let rules = callback.followed(edition).iter().zip(&mut starts);
        for (index, (checked, start)) in rules.enumerate() {
            if !applies(hit, checked.rule) {
                counts.count(checked.number, None);
                continue;
            }
            call.applying |= 1 << index;
            if let What::Object(reach, _) = checked.what {
                *start = hit.argument(reach.argument);
            }
            self.watch(checked, &mut call, *start);
        }
        call.starts = starts;
        (call.applying != 0).then_some(call)
    }

    fn ret(&self, hit: &Hit<'_>, call: Call) {
        let tracker = &*self.tracker;
        let returns = &tracker.returns;
        let slept = match call.sleeper {
            Watched::NONE => None,
            sleeper => returns.sleepers.end(sleeper, current()),
        };
        let unlocked = match call.folio {
            Watched::NONE => false,
            folio => returns.folios.end(folio, call.locked).is_some(),
        };
        let Some(callback) = tracker.plan.callbacks.get(usize::from(call.op)) else {
            return;
        };
        let Some(fs) = tracker.filesystems.get(call.fs) else {
            return;
        };
        let counts = fs.counts.on_cpu(hit);
        let followed = callback.followed(call.edition.into());
        let rules = followed.iter().zip(call.starts);
        for (index, (checked, start)) in rules.enumerate() {
            if call.applying & 1 << index == 0 {
                continue;
            }
            let mut stack = None;
            let answer = match checked.what {
                What::Sleeps if call.sleeper.is_some() => {
                    stack = slept.as_ref();
                    Some(slept.map_or(Answer::Awake, |_| Answer::Slept))
                }
                What::Sleeps => Some(Answer::Unknown),
                What::Object(reach, lock) => follow(start, reach.path)
                    .and_then(|object| lock_of(lock, object))
                    .map(|lock| self.answer(hit, &call, callback, lock, unlocked)),
                What::Global(lock) => Some(lock.query()),
                // That is checked at the entry.
                What::MaySleep => None,
            };
            if !read_once(&tracker.enabled) {
                continue;
            }
            let found = answer.filter(|_| returned(checked.rule, hit.return_value()));
            let column = found.map(column);
            counts.count(checked.number, column);
            if column.is_some_and(|column| checked.is_broken_by(column)) {
                let violation = Violation {
                    checked,
                    fs: call.fs,
                    found: found.unwrap_or(Answer::Unknown),
                    caller: hit.caller(),
                    s_dev: call.s_dev,
                    stack,
                };
                tracker.violated(hit, &violation);
            }
        }
        tracker.hits.count(hit, Hits::Followed);
    }
}

/// Returns whether the conditions of a rule about what is returned hold. All callbacks that have some
/// return an `int` or flags.
fn returned(rule: &Rule, value: usize) -> bool {
    let value = value as i32;
    rule.conditions.iter().all(|condition| match *condition {
        Condition::Returned(Returned::Zero) => value == 0,
        Condition::Returned(Returned::NotZero) => value != 0,
        Condition::Returned(Returned::Negative) => value < 0,
        Condition::Returned(Returned::NotNegative) => value >= 0,
        Condition::FlagSet {
            value: Value::Returned,
            mask,
        } => value as u32 & mask != 0,
        Condition::FlagClear {
            value: Value::Returned,
            mask,
        } => value as u32 & mask == 0,
        // The entry decided.
        _ => true,
    })
}

fn current() -> usize {
    kprobes::current() as usize
}
