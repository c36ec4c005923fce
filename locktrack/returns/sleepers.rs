// SPDX-License-Identifier: GPL-2.0

//! Who sleeps in a call that must not.
//!
//! The kernel counts how often a task gave its CPU away to sleep: a call in which that did not change has not slept. Where it
//! slept is known only to those who see it happen. So each CPU has the task that is in such a call there, which costs
//! little, and only one that is switched out meanwhile gets a place in a [`Watch`], for its stack.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use kprobes::{
    voluntary_switches,
    Hit,
    PerCpu,
    Switch,
    SwitchHandler, //
};

use super::watch::Watch;
use crate::{
    tracker::Tracker,
    violations::FRAMES, //
};

/// The tasks that are in a call that must not sleep.
pub(crate) struct Sleepers {
    /// The task that is in a call on the CPU, or 0.
    here: PerCpu,
    /// Those that were switched out there.
    away: Watch,
}

/// What is known of a task when it enters a call.
#[derive(Clone, Copy)]
pub(crate) struct Entered {
    /// How often it had slept.
    switches: usize,
    /// It was in such a call already.
    nested: bool,
}

/// Whether a call slept.
pub(crate) enum Slept {
    No,
    /// It did, with these frames, if somebody saw it.
    Yes(Option<[usize; FRAMES]>),
}

impl Sleepers {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            here: PerCpu::new(1)?,
            away: Watch::new()?,
        })
    }

    /// Returns how much memory they take, in bytes.
    pub(crate) fn size(&self) -> usize {
        PerCpu::size(1) + self.away.size()
    }

    /// Returns how many are asleep.
    pub(crate) fn asleep(&self) -> usize {
        self.away.seen()
    }

    /// The task of the hit enters a call.
    #[inline(always)]
    pub(crate) fn enter(&self, hit: &Hit<'_>) -> Entered {
        let nested = self.here.get(0) == hit.task();
        self.here.set(0, hit.task());
        Entered {
            switches: voluntary_switches(),
            nested,
        }
    }

    /// The task of the hit leaves the call.
    #[inline(always)]
    pub(crate) fn leave(&self, hit: &Hit<'_>, entered: &Entered) -> Slept {
        let slept = voluntary_switches() != entered.switches;
        if slept || self.here.get(0) != hit.task() {
            return self.left(hit, entered, slept);
        }
        if !entered.nested {
            self.here.set(0, 0);
        }
        Slept::No
    }

    /// The same of a task that was switched out in the call.
    #[cold]
    fn left(&self, hit: &Hit<'_>, entered: &Entered, slept: bool) -> Slept {
        let task = hit.task();
        if !entered.nested && self.here.get(0) == task {
            self.here.set(0, 0);
        }
        let frames = if entered.nested {
            self.away.frames(task)
        } else {
            self.away.take(task)
        };
        // The frames alone say nothing: they can be of another call that this one is in.
        if slept {
            Slept::Yes(frames)
        } else {
            Slept::No
        }
    }

    /// A task is switched out.
    #[inline]
    fn switched(&self, switch: &Switch<'_>) {
        let task = switch.task();
        if self.here.get(0) == task {
            self.here.set(0, 0);
            if !self.away.has(task) {
                // Without room there is no stack.
                let _ = self.away.begin(task, 0);
            }
        }
        if !switch.is_preempted() {
            self.away.saw(task, |frames| {
                switch.stack(frames);
            });
        }
    }

    /// Forgets all: there are calls whose end will not be seen. Of others that are under way, the stack is lost.
    pub(crate) fn forget(&self) {
        self.here.reset();
        self.away.forget(0);
    }
}

/// The handler on tasks that are switched out.
pub(crate) struct Switches {
    pub(super) tracker: Arc<Tracker>,
}

impl SwitchHandler for Switches {
    #[inline]
    fn switched(&self, switch: &Switch<'_>) {
        self.tracker.returns.sleepers.switched(switch);
    }
}
