// SPDX-License-Identifier: GPL-2.0

//! Who sleeps in a call that must not.
//!
//! The entry of such a call notes where on the stack its return address is. Nobody looks at its return: when a task goes to
//! sleep, the stack says which of its calls are still under way. So a call that does not sleep costs a few stores into
//! memory that only its CPU uses. What is noted there is about the task that runs; one that is switched out takes its calls
//! along, to [`Places`] that each CPU can see.
//!
//! In the scheduler nothing can be reported. The task itself does it, as the first thing when it runs again.

use held::Answer;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
};
use kprobes::{
    read_once,
    read_pointer,
    write_once,
    Here,
    Hit,
    PerCpuOf,
    Switch,
    SwitchHandler, //
};

use crate::{
    code::came_to,
    counts::column,
    places::Places,
    plan::Awake,
    subject::Subject,
    tracker::Tracker,
    violations::{
        Stack,
        Violation,
        FRAMES, //
    },
};

/// How many calls in each other can be noted of the task that runs.
const DEEP: usize = 16;

/// The words of a call.
const WORDS: usize = 5;
/// Where on the stack its return address is.
const SLOT: usize = 0;
/// What was found there.
const RETURNS_TO: usize = 1;
const FUNCTION: usize = 2;
/// An [`Awake`], and the number of the filesystem between its halves.
const AWAKE: usize = 3;
const SUPER_BLOCK: usize = 4;

/// The words of a call whose task does not run. If it sleeps there, an address in the function that was called, else 0; then the frames.
const CALLEE: usize = WORDS;
const STACK: usize = CALLEE + 1;
const AWAY: usize = STACK + FRAMES;

type Noted = [Atomic<usize>; WORDS];

/// What a CPU has: how many calls are noted, and whether the task has something to report; and the calls, each in the one
/// before.
type OfCpu = ([Atomic<usize>; 2], [Noted; DEEP]);

/// The calls that must not sleep and are under way, or were when their CPU last noted one.
pub(crate) struct Sleepers {
    here: PerCpuOf<OfCpu>,
    away: Places<AWAY>,
    /// Whether the scheduler is watched.
    watched: Atomic<bool>,
    /// Calls for which there was no room.
    lost: Atomic<u64>,
}

impl Sleepers {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            here: PerCpuOf::new()?,
            away: Places::new()?,
            watched: Atomic::new(false),
            lost: Atomic::new(0),
        })
    }

    /// Returns how much memory they take, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.here.size() + self.away.size()
    }

    /// Returns for how many calls there was no room.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// Returns how many are asleep.
    pub(crate) fn asleep(&self) -> usize {
        self.away.count(|call| call[CALLEE] != 0)
    }

    /// Returns whether the scheduler is watched: else nobody knows who sleeps.
    pub(crate) fn are_watched(&self) -> bool {
        read_once(&self.watched)
    }

    /// The scheduler is watched from now on, or not any more. No callback may be probed.
    pub(crate) fn set_watched(&self, watched: bool) {
        self.here.reset();
        self.watched.store(watched, Relaxed);
    }

    pub(crate) fn reset(&self) {
        self.lost.store(0, Relaxed);
    }

    /// Forgets the calls that are over: those whose place on the stack has the call of the hit, or is free. Returns
    /// how many are left.
    #[inline(always)]
    fn depth((_, calls): &OfCpu, depth: usize, slot: usize) -> usize {
        let mut depth = depth;
        while let Some(call) = calls.get(depth.wrapping_sub(1)) {
            if read_once(&call[SLOT]) > slot {
                break;
            }
            depth = depth.wrapping_sub(1);
        }
        depth
    }

    /// A function is called, for whatever.
    pub(crate) fn called(&self, hit: &Hit<'_>) {
        if hit.is_on_task_stack() {
            let cpu = self.here.get(hit);
            let (head, _) = cpu;
            let depth = Self::depth(cpu, read_once(&head[0]), hit.return_slot());
            write_once(&head[0], depth);
        }
    }

    /// Notes a call of a callback. Returns [`false`] if there is no room. [`Sleepers::called`] must have been called, unless
    /// the call can be no other callback.
    #[inline(always)]
    pub(crate) fn enter(
        &self,
        hit: &Hit<'_>,
        awake: Awake,
        function: usize,
        subject: &Subject,
        only: bool,
    ) -> bool {
        // An interrupt does not sleep.
        if !hit.is_on_task_stack() {
            return true;
        }
        let cpu = self.here.get(hit);
        let (head, calls) = cpu;
        let slot = hit.return_slot();
        let mut depth = read_once(&head[0]);
        if only {
            depth = Self::depth(cpu, depth, slot);
        }
        let Some(call) = calls.get(depth) else {
            self.lost.add(1, Relaxed);
            return false;
        };
        write_once(&call[SLOT], slot);
        write_once(&call[RETURNS_TO], hit.in_return_slot());
        write_once(&call[FUNCTION], function);
        write_once(&call[AWAKE], awake.with_fs(subject.fs));
        write_once(&call[SUPER_BLOCK], subject.sb);
        write_once(&head[0], depth.wrapping_add(1));
        true
    }

    /// A task is switched out, and another one in.
    #[inline]
    fn switched(&self, switch: &Switch<'_>) {
        let (head, calls) = self.here.get(switch);
        let depth = read_once(&head[0]);
        if depth != 0 {
            write_once(&head[0], 0);
            self.leave(switch, calls.get(..depth).unwrap_or_default());
        }
        if self.away.any() {
            self.arrive(switch.next(), head, calls);
        }
    }

    /// A task takes its calls along that are still under way.
    #[cold]
    fn leave(&self, switch: &Switch<'_>, calls: &[Noted]) {
        let end = switch.stack_pointer();
        for noted in calls {
            let mut call = [0; AWAY];
            for (word, noted) in call.iter_mut().zip(noted) {
                *word = read_once(noted);
            }
            if call[SLOT] <= end {
                continue;
            }
            if switch.sleeps() {
                let Some(found) = switch.call_at(call[SLOT]) else {
                    continue;
                };
                // Else it is another call, made from the same depth. Where there is a return probe, what was noted is its
                // trampoline, or became that.
                if found.returns_to != call[RETURNS_TO]
                    && read_pointer(call[SLOT]) != call[RETURNS_TO]
                {
                    continue;
                }
                call[RETURNS_TO] = found.returns_to;
                call[CALLEE] = found.callee.max(1);
                if let Some(frames) = call.get_mut(STACK..) {
                    switch.stack(frames);
                }
            }
            if !self.away.put(switch.task(), &call) {
                self.lost.add(1, Relaxed);
            }
        }
    }

    /// A task brings its calls along.
    #[cold]
    fn arrive(&self, task: usize, head: &[Atomic<usize>; 2], calls: &[Noted; DEEP]) {
        self.away.take(task, |call| {
            if call[CALLEE] != 0 {
                write_once(&head[1], 1);
                return false;
            }
            let depth = read_once(&head[0]);
            // They come in any order.
            let mut at = depth;
            while let (Some(outer), Some(place)) = (calls.get(at.wrapping_sub(1)), calls.get(at)) {
                if read_once(&outer[SLOT]) > call[SLOT] {
                    break;
                }
                for (place, outer) in place.iter().zip(outer) {
                    write_once(place, read_once(outer));
                }
                at = at.wrapping_sub(1);
            }
            if let Some(place) = calls.get(at) {
                for (place, &word) in place.iter().zip(call) {
                    write_once(place, word);
                }
                write_once(&head[0], depth.wrapping_add(1));
            }
            true
        });
    }
}

/// The handler on tasks that are switched.
pub(crate) struct Switches {
    pub(crate) tracker: Arc<Tracker>,
}

impl SwitchHandler for Switches {
    #[inline]
    fn switched(&self, switch: &Switch<'_>) {
        self.tracker.sleepers.switched(switch);
    }

    #[inline]
    fn resumed(&self, here: &Here<'_>) {
        let sleepers = &self.tracker.sleepers;
        let (head, _) = sleepers.here.get(here);
        if read_once(&head[1]) != 0 {
            write_once(&head[1], 0);
            sleepers.away.take(here.task(), |call| {
                let slept = call[CALLEE] != 0;
                if slept {
                    self.tracker.slept(here, call);
                }
                slept
            });
        }
    }
}

impl Tracker {
    /// The current task has slept in a call.
    #[cold]
    fn slept(&self, here: &Here<'_>, call: &[usize; AWAY]) {
        let (awake, fs) = Awake::and_fs(call[AWAKE]);
        let entry = self.plan.callbacks.get(awake.op());
        let entry = entry.and_then(|callback| callback.entry(awake.edition()));
        let (Some(entry), Some(of_fs), true) =
            (entry, self.filesystems.get(fs), read_once(&self.enabled))
        else {
            return;
        };
        let answer = match came_to(call[FUNCTION], call[CALLEE]) {
            Some(true) => Answer::Slept,
            // It is over, and its caller has called another one from there.
            Some(false) => return,
            None => Answer::Unknown,
        };
        let mut frames = [0; FRAMES];
        for (frame, &address) in frames.iter_mut().zip(call.iter().skip(STACK)) {
            *frame = address;
        }
        let subject = Subject {
            fs,
            sb: call[SUPER_BLOCK],
        };
        for checked in awake.rules_of(entry) {
            of_fs.counts.count(here, checked.number, Some(column(answer)));
            if checked.is_broken_by(column(answer)) {
                let violation = Violation {
                    checked,
                    fs,
                    found: answer,
                    caller: call[RETURNS_TO],
                    function: call[FUNCTION],
                    s_dev: subject.s_dev(),
                    stack: Stack::Frames(&frames),
                };
                self.violated(here, &violation);
            }
        }
    }
}
