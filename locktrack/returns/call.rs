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
    watch::{
        Seen,
        Watched, //
    },
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

/// How many rules can be followed to the return of one call: its function can be several callbacks.
const PARTS: usize = FOLLOWED + 2;

/// A rule whose conditions held at the entry of a call.
#[derive(Clone, Copy)]
struct Part {
    /// The index in the callbacks of the plan.
    op: u8,
    /// The index among the rules of the callback.
    rule: u8,
    fs: FsId,
    s_dev: u32,
    /// The argument that the rule starts from.
    start: usize,
}

/// What the entry of a call hands on to its return.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    edition: u8,
    /// So many of `parts` are there.
    count: u8,
    parts: [Part; PARTS],
    /// The task, if it must not sleep.
    sleeper: Watched,
    /// The address of the folio that has to be unlocked, if there is one.
    locked: usize,
    folio: Watched,
    /// How many unlocks had been missed.
    missed: u64,
}

impl Call {
    const fn new(edition: u8) -> Self {
        let part = Part {
            op: 0,
            rule: 0,
            fs: FsId(0),
            s_dev: 0,
            start: 0,
        };
        Self {
            edition,
            count: 0,
            parts: [part; PARTS],
            sleeper: Watched::NONE,
            locked: 0,
            folio: Watched::NONE,
            missed: 0,
        }
    }

    /// Returns [`false`] if there is no room.
    fn add(&mut self, part: Part) -> bool {
        match self.parts.get_mut(usize::from(self.count)) {
            Some(place) => *place = part,
            None => return false,
        }
        self.count += 1;
        true
    }
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

    /// Adds the rules of a callback that the call is, if their conditions hold.
    fn add(
        &self,
        hit: &Hit<'_>,
        call: &mut Call,
        (op, callback): (usize, &plan::Callback),
        subject: &Subject,
    ) {
        let Some(fs) = self.tracker.filesystems.get(subject.fs) else {
            return;
        };
        let counts = fs.counts.on_cpu(hit);
        let rules = callback.followed(call.edition.into());
        for (rule, checked) in rules.iter().enumerate() {
            if !applies(hit, checked.rule) {
                counts.count(checked.number, None);
                continue;
            }
            let start = match checked.what {
                What::Object(reach, _) => hit.argument(reach.argument),
                _ => 0,
            };
            let part = Part {
                op: op as u8,
                rule: rule as u8,
                fs: subject.fs,
                s_dev: subject.s_dev(),
                start,
            };
            if call.add(part) {
                self.watch(checked, call, start);
            } else {
                self.tracker.returns.unwatched.add(1, Relaxed);
            }
        }
    }

    /// Watches what a rule needs to be watched.
    fn watch(&self, checked: &Checked, call: &mut Call, start: usize) {
        let returns = &self.tracker.returns;
        let watched = match (checked.what, checked.rule.requirement) {
            (What::Sleeps, _) => {
                // If nobody would tell, it is not.
                if !call.sleeper.is_some() && read_once(&returns.sees_sleep) {
                    call.sleeper = returns.sleepers.begin(current(), self.roles.address);
                }
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
                let Some(unlocks) = self.unlocks.as_ref().filter(|_| call.locked == 0) else {
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

    /// Returns how a lock is held at the return; `unlocked` says whether the watched folio was unlocked, if there is one.
    fn answer(
        &self,
        hit: &Hit<'_>,
        call: &Call,
        callback: &plan::Callback,
        lock: Lock,
        unlocked: &Seen,
    ) -> Answer {
        let answer = lock.query();
        let kept = lock == Lock::Folio(call.locked)
            && answer == Answer::Someone(Mode::Exclusive)
            && matches!(unlocked, Seen::Nothing)
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
        let mut call = Call::new(read_once(&tracker.edition) as u8);
        match self.roles.usual(tracker, hit) {
            Some((op, callback, subject)) => self.add(hit, &mut call, (op, callback), &subject),
            None => {
                for (op, callback) in self.roles.callbacks(&tracker.plan) {
                    if callback.followed(call.edition.into()).is_empty() {
                        continue;
                    }
                    // It is one call, as whatever it is followed.
                    if let Some(subject) = self.roles.subject(tracker, hit, callback) {
                        self.add(hit, &mut call, (op, callback), &subject);
                    }
                }
            }
        }
        (call.count != 0).then_some(call)
    }

    fn ret(&self, hit: &Hit<'_>, call: Call) {
        let tracker = &*self.tracker;
        let returns = &tracker.returns;
        let function = self.roles.address;
        let slept = match call.sleeper {
            Watched::NONE => Seen::Unknown,
            sleeper => returns.sleepers.end(sleeper, current(), function),
        };
        let unlocked = match call.folio {
            Watched::NONE => Seen::Unknown,
            folio => returns.folios.end(folio, call.locked, function),
        };
        for part in call.parts.iter().take(call.count.into()) {
            let callback = tracker.plan.callbacks.get(usize::from(part.op));
            let Some((callback, checked)) = callback.and_then(|callback| {
                let rules = callback.followed(call.edition.into());
                Some((callback, rules.get(usize::from(part.rule))?))
            }) else {
                continue;
            };
            let Some(fs) = tracker.filesystems.get(part.fs) else {
                continue;
            };
            let mut stack = None;
            let answer = match checked.what {
                What::Sleeps => Some(match &slept {
                    Seen::Nothing => Answer::Awake,
                    Seen::Happened(frames) => {
                        stack = Some(frames);
                        Answer::Slept
                    }
                    Seen::Unknown => Answer::Unknown,
                }),
                What::Object(reach, lock) => follow(part.start, reach.path)
                    .and_then(|object| lock_of(lock, object))
                    .map(|lock| self.answer(hit, &call, callback, lock, &unlocked)),
                What::Global(lock) => Some(lock.query()),
                // That is checked at the entry.
                What::MaySleep => None,
            };
            if !read_once(&tracker.enabled) {
                continue;
            }
            let found = answer.filter(|_| returned(checked.rule, hit.return_value()));
            let column = found.map(column);
            fs.counts.on_cpu(hit).count(checked.number, column);
            if column.is_some_and(|column| checked.is_broken_by(column)) {
                let violation = Violation {
                    checked,
                    fs: part.fs,
                    found: found.unwrap_or(Answer::Unknown),
                    caller: hit.caller(),
                    function: self.roles.address,
                    s_dev: part.s_dev,
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
