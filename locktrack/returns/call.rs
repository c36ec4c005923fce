// SPDX-License-Identifier: GPL-2.0

//! The handler on a callback that is followed to its return.

use core::mem::MaybeUninit;

use held::Answer;
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

use super::{
    parts::Parts,
    sleepers::{
        Entered,
        Slept, //
    },
    witnesses::Unlocks, //
};
use crate::{
    check::Callback,
    counts::Hits,
    plan::Calls,
    subject::Subject,
    violations::FRAMES, //
};

/// What the entry of a call hands on to its return.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    /// In the short way: it must not sleep, and that is all.
    Awake(Awake),
    /// In the long way.
    Parts(Parts),
}

/// A call that must not sleep.
#[derive(Clone, Copy)]
pub(crate) struct Awake {
    entered: Entered,
    calls: Calls,
    edition: u8,
    /// The index in the callbacks of the plan.
    op: u8,
    subject: Subject,
}

/// The handler on one function that is followed.
pub(crate) struct Following {
    pub(super) callback: Callback,
    /// Whether it checks the entry, too: two probes would cost more.
    pub(crate) checks: bool,
    /// [`None`] if they could not be probed.
    pub(super) unlocks: Option<Arc<Unlocks>>,
    closed: Atomic<bool>,
}

impl Following {
    pub(crate) fn new(callback: Callback, checks: bool, unlocks: Option<Arc<Unlocks>>) -> Self {
        Self {
            callback,
            checks,
            unlocks,
            closed: Atomic::new(false),
        }
    }

    /// Follows no call any more that comes when this has returned and handlers that run by then are done.
    pub(crate) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Ends the watches of calls that are under way, whose return will not be seen. It must be closed.
    pub(crate) fn forget(&self) {
        let returns = &self.callback.tracker.returns;
        returns.sleepers.forget();
        returns.folios.forget(self.callback.roles.address);
    }

    /// Enters a call in the long way. Returns [`None`] if it is to be followed for nothing.
    #[inline(never)]
    fn begin<'a>(&self, hit: &Hit<'_>, call: &'a mut MaybeUninit<Call>) -> Option<&'a mut Call> {
        let Callback { tracker, roles } = &self.callback;
        let edition = tracker.checked_edition()?;
        let found = match self.checks {
            true => self.callback.check_any(hit, edition),
            false => roles.find_known(tracker, hit),
        };
        let mut parts = Parts::new(edition as u8);
        match found {
            Some(found) => self.add(hit, &mut parts, (found.op, found.callback), &found.subject),
            None => {
                for (op, callback) in roles.callbacks(&tracker.plan) {
                    if callback.followed(edition).is_empty() {
                        continue;
                    }
                    // It is one call, as whatever it is followed.
                    if let Some(subject) = roles.subject(tracker, hit, callback) {
                        self.add(hit, &mut parts, (op, callback), &subject);
                    }
                }
            }
        }
        (!parts.is_empty()).then(|| call.write(Call::Parts(parts)))
    }

    /// A call has slept that must not.
    #[cold]
    fn slept(&self, hit: &Hit<'_>, call: &Awake, frames: Option<&[usize; FRAMES]>) {
        let tracker = &*self.callback.tracker;
        let of = (call.subject.fs, call.subject.s_dev());
        if let Some(callback) = tracker.plan.callbacks.get(usize::from(call.op)) {
            for checked in callback.followed(call.edition.into()) {
                self.judge(hit, of, checked, Some(Answer::Slept), frames);
            }
        }
        tracker.hits.count(hit, Hits::Followed);
    }
}

impl ReturnHandler for Following {
    type Data = Call;

    #[inline(always)]
    fn entry<'a>(&self, hit: &Hit<'_>, call: &'a mut MaybeUninit<Call>) -> Option<&'a mut Call> {
        let tracker = &*self.callback.tracker;
        if read_once(&self.closed) {
            return None;
        }
        // All rules of a call are those of one edition, also if it is switched meanwhile.
        let edition = read_once(&tracker.short);
        if let Some(usually) = self.callback.usual(hit, edition).filter(|_| self.checks) {
            if let Some(calls) = usually.found.callback.awake(edition) {
                usually.count(hit);
                return Some(call.write(Call::Awake(Awake {
                    entered: tracker.returns.sleepers.enter(hit),
                    calls,
                    edition: edition as u8,
                    op: usually.found.op as u8,
                    subject: usually.found.subject,
                })));
            }
        }
        self.begin(hit, call)
    }

    #[inline(always)]
    fn ret(&self, hit: &Hit<'_>, call: &Call) {
        let tracker = &*self.callback.tracker;
        let call = match call {
            Call::Awake(call) => call,
            Call::Parts(parts) => return self.end(hit, parts),
        };
        match tracker.returns.sleepers.leave(hit, &call.entered) {
            Slept::No => match tracker.filesystems.get(call.subject.fs) {
                Some(fs) if read_once(&tracker.enabled) => fs.counts.count_usual(hit, call.calls),
                _ => (),
            },
            Slept::Yes(frames) => self.slept(hit, call, frames.as_ref()),
        }
    }
}
