// SPDX-License-Identifier: GPL-2.0

//! What is followed of a call in the long way: any of the rules, of all callbacks that it can be.

use held::{
    Answer,
    Lock,
    Mode, //
};
use kernel::sync::atomic::Relaxed;
use kprobes::{
    read_once,
    Hit, //
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
    call::Following,
    watch::Seen, //
};
use crate::{
    check::{
        lock_of,
        Callback, //
    },
    counts::{
        column,
        Hits, //
    },
    places::Place,
    plan::{
        self,
        Checked,
        What,
        FOLLOWED, //
    },
    subject::Subject,
    tables::FsId,
    violations::{
        Stack,
        Violation, //
    },
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

/// The rules that a call is followed for.
#[derive(Clone, Copy)]
pub(crate) struct Parts {
    edition: u8,
    /// So many of `parts` are there.
    count: u8,
    parts: [Part; PARTS],
    /// The address of the folio that has to be unlocked, if there is one.
    locked: usize,
    folio: Place,
    /// How many unlocks had been missed.
    missed: u64,
}

impl Parts {
    pub(super) const fn new(edition: u8) -> Self {
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
            locked: 0,
            folio: Place::NONE,
            missed: 0,
        }
    }

    /// Returns whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
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

impl Following {
    /// Adds the rules of a callback that the call is, if their conditions hold.
    pub(super) fn add(
        &self,
        hit: &Hit<'_>,
        call: &mut Parts,
        (op, callback): (usize, &plan::Callback),
        subject: &Subject,
    ) {
        let Some(fs) = self.callback.tracker.filesystems.get(subject.fs) else {
            return;
        };
        let rules = callback.followed(call.edition.into());
        for (rule, checked) in rules.iter().enumerate() {
            if !checked.applies(hit) {
                fs.counts.count(hit, checked.number, None);
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
                self.callback.tracker.returns.unwatched.add(1, Relaxed);
            }
        }
    }

    /// Watches what a rule needs to be watched: a folio that has to be unlocked.
    fn watch(&self, checked: &Checked, call: &mut Parts, start: usize) {
        let returns = &self.callback.tracker.returns;
        let is_folio = matches!(
            checked.what,
            What::Object(Reach { path: [], .. }, rules::Lock::FolioLocked)
        );
        if !is_folio || checked.rule.requirement != Requirement::NotHeld {
            return;
        }
        // Somebody else's lock could be unlocked by anybody.
        if Lock::Folio(start).query() != Answer::Someone(Mode::Exclusive) {
            return;
        }
        let Some(unlocks) = self.unlocks.as_ref().filter(|_| call.locked == 0) else {
            return;
        };
        call.missed = unlocks.missed();
        call.locked = start;
        call.folio = returns.folios.begin(start, self.callback.roles.address);
        if !call.folio.is_some() {
            returns.unwatched.add(1, Relaxed);
        }
    }

    /// Returns how a lock is held at the return; `kept` says whether the watched folio is locked as it came.
    fn answer(
        &self,
        hit: &Hit<'_>,
        call: &Parts,
        callback: &plan::Callback,
        lock: Lock,
        kept: bool,
    ) -> Answer {
        // It may leave the folio to I/O that goes on.
        let by_io = || callback.slot.op == "read_folio" && hit.return_value() as i32 == 0;
        match kept && lock == Lock::Folio(call.locked) && !by_io() {
            true => Answer::Exact(Mode::Exclusive),
            false => lock.query(),
        }
    }

    /// Ends the watch of a folio that came locked. Returns whether it is still locked, and nobody unlocked it since.
    fn is_kept(&self, call: &Parts) -> bool {
        if !call.folio.is_some() {
            return false;
        }
        // Asked before it is looked at whether it was unlocked: else somebody else could lock it in between.
        let is_locked = Lock::Folio(call.locked).query() == Answer::Someone(Mode::Exclusive);
        let Callback { tracker, roles } = &self.callback;
        let seen = (tracker.returns.folios).end(call.folio, call.locked, roles.address);
        is_locked
            && matches!(seen, Seen::Nothing)
            && (self.unlocks.as_ref()).is_some_and(|unlocks| unlocks.missed() == call.missed)
    }

    /// Counts an answer about a rule of a filesystem and its device, or that the rule did not apply, and keeps it if it breaks the
    /// rule.
    fn judge(
        &self,
        hit: &Hit<'_>,
        (fs, s_dev): (FsId, u32),
        checked: &Checked,
        answer: Option<Answer>,
    ) {
        let Callback { tracker, roles } = &self.callback;
        let Some(counts) = tracker.filesystems.get(fs).map(|fs| &fs.counts) else {
            return;
        };
        if !read_once(&tracker.enabled) {
            return;
        }
        let column = answer.map(column);
        counts.count(hit, checked.number, column);
        if column.is_some_and(|column| checked.is_broken_by(column)) {
            let violation = Violation {
                checked,
                fs,
                found: answer.unwrap_or(Answer::Unknown),
                caller: hit.caller(),
                function: roles.address,
                s_dev,
                stack: Stack::Of(hit),
            };
            tracker.violated(hit, &violation);
        }
    }

    /// Judges all of them at the return.
    pub(super) fn end(&self, hit: &Hit<'_>, call: &Parts) {
        let tracker = &*self.callback.tracker;
        let kept = self.is_kept(call);
        for part in call.parts.iter().take(call.count.into()) {
            let callback = tracker.plan.callbacks.get(usize::from(part.op));
            let Some((callback, checked)) = callback.and_then(|callback| {
                let rules = callback.followed(call.edition.into());
                Some((callback, rules.get(usize::from(part.rule))?))
            }) else {
                continue;
            };
            let answer = match checked.what {
                What::Object(reach, lock) => follow(part.start, reach.path)
                    .and_then(|object| lock_of(lock, object))
                    .map(|lock| self.answer(hit, call, callback, lock, kept)),
                What::Global(lock) => Some(lock.query()),
                // Those are checked at the entry.
                What::MaySleep | What::Sleeps => None,
            };
            let answer = answer.filter(|_| returned(checked.rule, hit.return_value()));
            self.judge(hit, (part.fs, part.s_dev), checked, answer);
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
