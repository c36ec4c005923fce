// SPDX-License-Identifier: GPL-2.0

//! The handler on a callback that is followed to its return.

use held::{
    Answer,
    Mode,
    Verdict, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    task::Task, //
};
use kprobes::{
    Handler,
    Hit,
    Probe,
    ReturnHandler,
    Switch,
    SwitchHandler,
    Target, //
};
use peek::{
    follow,
    Owner,
    SuperBlock, //
};
use rules::{
    Condition,
    Lock,
    Requirement,
    Returned,
    Rule,
    Value, //
};

use super::{
    watch::Watched,
    Followed,
    RULES, //
};
use crate::{
    check::{
        applies,
        verdict, //
    },
    counts::{
        Event,
        Hits, //
    },
    plan::What,
    tables::FsId,
    tracker::Tracker,
    violations::FRAMES, //
};

/// What the entry of a call hands on to its return.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// The index in `followed` of the plan.
    op: u8,
    edition: u8,
    /// A bit for each rule whose conditions held.
    applying: u8,
    fs: FsId,
    s_dev: u32,
    /// The argument that each rule starts from.
    starts: [usize; RULES],
    /// The task, if it must not sleep.
    sleeper: Watched,
    /// The folio, if it has to be unlocked.
    folio: Watched,
    /// How many unlocks had been missed.
    missed: u64,
}

/// The handler on one function.
pub(crate) struct Following {
    tracker: Arc<Tracker>,
    /// [`None`] if they could not be probed.
    unlocks: Option<Arc<Unlocks>>,
    address: usize,
    /// A bit for each callback in `followed` of the plan that this function was found as.
    ops: Atomic<u64>,
    closed: Atomic<bool>,
}

impl Following {
    pub(super) fn new(
        tracker: Arc<Tracker>,
        unlocks: Option<Arc<Unlocks>>,
        address: usize,
        op: usize,
    ) -> Self {
        Self {
            tracker,
            unlocks,
            address,
            ops: Atomic::new(1 << op),
            closed: Atomic::new(false),
        }
    }

    /// The function was found as this callback too. Only the registry calls this.
    pub(super) fn add_op(&self, op: usize) {
        self.ops.store(self.ops.load(Relaxed) | 1 << op, Relaxed);
    }

    /// Follows no call any more that comes when this has returned and handlers that run by then are done.
    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Finds the callback that this call is, if its filesystem is attached.
    fn callback(&self, hit: &Hit<'_>) -> Option<(usize, &Followed, Owner, FsId)> {
        let tracker = &*self.tracker;
        let ops = self.ops.load(Relaxed);
        let mut callbacks = tracker.plan.followed.iter().enumerate();
        callbacks.find_map(|(op, followed)| {
            if ops & 1 << op == 0 {
                return None;
            }
            let owner = Owner::find(followed.through, hit.argument(followed.argument))?;
            if owner.callback(followed.place) != Some(self.address) {
                return None;
            }
            Some((op, followed, owner, tracker.tables.fs(owner.s_type)?))
        })
    }

    /// Watches what a rule needs to be watched.
    fn watch(&self, what: What, rule: &Rule, call: &mut Call, start: usize) {
        let returns = &self.tracker.returns;
        let watched = match (what, rule.requirement) {
            (What::Sleeps, _) => {
                call.sleeper = returns.sleepers.begin(current(), self.address);
                call.sleeper
            }
            (What::Lock(_, Lock::FolioLocked), Requirement::NotHeld) => {
                // Somebody else's lock could be unlocked by anybody.
                if held::folio_lock(start) != Answer::Someone(Mode::Exclusive) {
                    return;
                }
                let Some(unlocks) = &self.unlocks else {
                    return;
                };
                call.missed = unlocks.missed();
                call.folio = returns.folios.begin(start, self.address);
                call.folio
            }
            _ => return,
        };
        if !watched.is_some() {
            returns.unwatched.add(1, Relaxed);
        }
    }

    /// Returns how a lock is held at the return.
    fn lock(
        &self,
        hit: &Hit<'_>,
        call: &Call,
        followed: &Followed,
        lock: Lock,
        object: usize,
        unlocked: bool,
    ) -> Option<Answer> {
        Some(match lock {
            Lock::FolioLocked => {
                let answer = held::folio_lock(object);
                let kept = answer == Answer::Someone(Mode::Exclusive)
                    && call.folio.is_some()
                    && !unlocked
                    && (self.unlocks.as_ref())
                        .is_some_and(|unlocks| unlocks.missed() == call.missed);
                let by_io = followed.starts_io && hit.return_value() as i32 == 0;
                if kept && !by_io {
                    // It came locked, and nobody unlocked it since.
                    Answer::Exact(Mode::Exclusive)
                } else {
                    answer
                }
            }
            Lock::PageLocked => held::page_lock(object),
            Lock::SUmount => SuperBlock::new(object)?.s_umount().query(),
            _ => return None,
        })
    }
}

impl ReturnHandler for Following {
    type Data = Call;

    fn entry(&self, hit: &Hit<'_>) -> Option<Call> {
        let tracker = &*self.tracker;
        if !tracker.enabled.load(Relaxed) || self.closed.load(Relaxed) {
            return None;
        }
        let (op, followed, owner, fs) = self.callback(hit)?;
        let edition = tracker.edition.load(Relaxed);
        let mut call = Call {
            op: op as u8,
            edition: edition as u8,
            applying: 0,
            fs,
            s_dev: owner.s_dev,
            starts: [0; RULES],
            sleeper: Watched::NONE,
            folio: Watched::NONE,
            missed: 0,
        };
        let mut starts = [0; RULES];
        let rules = followed.rules(edition).iter().zip(&mut starts);
        for (index, (checked, start)) in rules.enumerate() {
            if !applies(hit, checked.rule) {
                let event = Event::NotApplicable;
                tracker.counts.rule(hit.cpu(), checked.number, event);
                continue;
            }
            call.applying |= 1 << index;
            if let What::Lock(reach, _) = checked.what {
                *start = hit.argument(reach.argument);
            }
            self.watch(checked.what, checked.rule, &mut call, *start);
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
        let Some(followed) = tracker.plan.followed.get(usize::from(call.op)) else {
            return;
        };
        let rules = followed.rules(call.edition.into()).iter().zip(call.starts);
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
                What::Lock(reach, lock) => {
                    let unlocked = match call.folio {
                        Watched::NONE => false,
                        folio => returns.folios.end(folio, start).is_some(),
                    };
                    follow(start, reach.path)
                        .and_then(|object| self.lock(hit, &call, followed, lock, object, unlocked))
                }
                // That is checked at the entry.
                What::MaySleep => None,
            };
            if !tracker.enabled.load(Relaxed) {
                continue;
            }
            let event = match answer {
                Some(answer) if returned(checked.rule, hit.return_value()) => {
                    if verdict(checked.rule.requirement, answer) == Some(Verdict::Violation) {
                        tracker.violated(hit, checked, call.fs, answer, call.s_dev, stack);
                    }
                    Event::Answered(answer)
                }
                _ => Event::NotApplicable,
            };
            tracker.counts.rule(hit.cpu(), checked.number, event);
        }
        tracker.counts.hit(hit.cpu(), Hits::Followed);
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
    Task::current_raw() as usize
}

/// The handler on functions that unlock a folio.
struct Unlock {
    tracker: Arc<Tracker>,
}

impl Handler for Unlock {
    fn entry(&self, hit: &Hit<'_>) {
        self.tracker.returns.folios.saw(hit.argument(0), |_| ());
    }
}

/// The probes on the functions that unlock a folio.
pub(crate) struct Unlocks(KVec<Pin<KBox<Probe<Unlock>>>>);

impl Unlocks {
    /// All ways to unlock a folio that a callback has. Each gets the folio as its first argument.
    const FUNCTIONS: [&'static CStr; 2] = [c"folio_unlock", c"folio_end_read"];

    /// Registers the probes. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Probe::new`]: one alone would be worth nothing.
    pub(super) fn new(tracker: &Arc<Tracker>) -> Result<Self> {
        let mut probes = KVec::new();
        for symbol in Self::FUNCTIONS {
            let unlock = Unlock {
                tracker: tracker.clone(),
            };
            let probe = KBox::pin_init(Probe::new(Target::Symbol(symbol), unlock), GFP_KERNEL)?;
            probes.push(probe, GFP_KERNEL)?;
        }
        Ok(Self(probes))
    }

    /// Returns how many unlocks were not seen.
    pub(super) fn missed(&self) -> u64 {
        self.0.iter().map(|probe| probe.nmissed()).sum()
    }
}

/// The handler on tasks that give their CPU away.
pub(crate) struct Sleepers {
    pub(super) tracker: Arc<Tracker>,
}

impl SwitchHandler for Sleepers {
    #[inline]
    fn switched(&self, switch: &Switch<'_>) {
        let stack = |frames: &mut [usize; FRAMES]| {
            switch.stack(frames);
        };
        self.tracker.returns.sleepers.saw(switch.task(), stack);
    }
}
