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
    Here,
    Hit,
    PerCpuStack,
    Switch,
    SwitchHandler,
    Trampolines, //
};

use crate::{
    code::came_to,
    counts::column,
    places::Places,
    plan::{
        Awake,
        Entry, //
    },
    subject::Subject,
    tables::FsId,
    tracker::Tracker,
    violations::{
        Stack,
        Violation,
        FRAMES, //
    },
};

/// How many calls of the task that runs can be noted. Those of earlier system calls can be among them: where the kernel lets its stack
/// begin at a random place each time, what is over is not always seen from there.
const DEEP: usize = 32;

/// The words of a call.
const WORDS: usize = 6;
/// Where on the stack its return address is: in inner calls at smaller addresses.
const SLOT: usize = 0;
/// What was found there.
const RETURNS_TO: usize = 1;
const FUNCTION: usize = 2;
/// An [`Awake`].
const AWAKE: usize = 3;
/// An [`FsId`].
const FILESYSTEM: usize = 4;
const SUPER_BLOCK: usize = 5;

/// Of a call whose task does not run, if it sleeps there: an address in the function that was called, else 0; and the frames.
const CALLEE: usize = WORDS;
const STACK: usize = CALLEE + 1;
const AWAY: usize = STACK + FRAMES;

/// The calls that must not sleep and are under way, or were when their CPU last noted one.
pub(crate) struct Sleepers {
    /// Those of the task that runs there.
    here: PerCpuStack<WORDS, DEEP>,
    /// Those of other tasks.
    away: Places<AWAY>,
    /// What can be where a return address was.
    trampolines: Trampolines,
    /// Whether the scheduler is watched.
    watched: Atomic<bool>,
    /// Calls for which there was no room.
    lost: Atomic<u64>,
}

/// Returns the words of a call that is hit.
#[inline(always)]
fn noted(hit: &Hit<'_>, awake: Awake, function: usize, subject: &Subject) -> [usize; WORDS] {
    // In the order of the constants.
    [
        hit.return_slot(),
        hit.in_return_slot(),
        function,
        awake.word(),
        subject.fs.0.into(),
        subject.sb,
    ]
}

impl Sleepers {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            here: PerCpuStack::new()?,
            away: Places::new()?,
            trampolines: Trampolines::find(),
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

    /// The scheduler is watched from now on, or it cannot be.
    pub(crate) fn set_watched(&self, watched: bool) {
        self.watched.store(watched, Relaxed);
    }

    /// Forgets all calls. The scheduler must not be watched any more, and no callback probed.
    pub(crate) fn forget(&self) {
        self.here.reset();
        self.away.clear();
    }

    pub(crate) fn reset(&self) {
        self.lost.store(0, Relaxed);
    }

    /// A function is called, for whatever.
    pub(crate) fn called(&self, hit: &Hit<'_>) {
        if hit.is_on_task_stack() {
            // What was called from this place on the stack is over.
            self.here.pop(hit, hit.return_slot());
        }
    }

    /// Notes a call of a function that is one callback. Returns [`false`] if there is no room. The scheduler must be watched.
    #[inline(always)]
    pub(crate) fn enter(
        &self,
        hit: &Hit<'_>,
        awake: Awake,
        function: usize,
        subject: &Subject,
    ) -> bool {
        // An interrupt does not sleep.
        !hit.is_on_task_stack() || self.here.replace(hit, noted(hit, awake, function, subject))
    }

    /// The same of one of the callbacks that a function is. Returns [`false`] if nobody can see whether it sleeps.
    /// [`Sleepers::called`] must have been called.
    #[inline(never)]
    pub(crate) fn enter_as(
        &self,
        hit: &Hit<'_>,
        awake: Awake,
        function: usize,
        subject: &Subject,
    ) -> bool {
        if !self.are_watched() {
            return false;
        }
        let there =
            !hit.is_on_task_stack() || self.here.push(hit, noted(hit, awake, function, subject));
        if !there {
            self.lost.add(1, Relaxed);
        }
        there
    }

    /// A task is switched out, and another one in. `lose` is called with each call for which there is no room.
    #[inline]
    fn switched(&self, switch: &Switch<'_>, lose: impl Fn(&[usize; WORDS])) {
        let lose = |call: &_| {
            self.lost.add(1, Relaxed);
            lose(call);
        };
        if !self.here.is_empty(switch) {
            self.here.take(switch, |call| {
                if !self.leave(switch, &call) {
                    lose(&call);
                }
            });
        }
        if self.away.any() {
            self.arrive(switch, lose);
        }
    }

    /// A task takes a call along if it is still under way. Returns [`false`] if there is no room.
    #[cold]
    fn leave(&self, switch: &Switch<'_>, noted: &[usize; WORDS]) -> bool {
        let (slot, returns_to) = (noted[SLOT], noted[RETURNS_TO]);
        // Most calls are over. What has its return address somewhere else on the stack is not this one any more.
        if slot <= switch.stack_pointer() {
            return true;
        }
        let there = read_pointer(slot);
        if there != returns_to && !self.trampolines.has(there) {
            return true;
        }
        let mut call = [0; AWAY];
        for (word, noted) in call.iter_mut().zip(noted) {
            *word = *noted;
        }
        if switch.sleeps() {
            let Some(found) = switch.call_at(slot) else {
                return true;
            };
            // Else it is another call, made from the same depth. Where there is a return probe, what was noted is its
            // trampoline, or became that.
            if found.returns_to != returns_to && there != returns_to {
                return true;
            }
            call[RETURNS_TO] = found.returns_to;
            call[CALLEE] = found.callee.max(1);
            if let Some(frames) = call.get_mut(STACK..) {
                switch.stack(frames);
            }
        }
        self.away.put(switch.task(), &call).is_some()
    }

    /// A task brings the calls along in which it was preempted. Those in which it slept wait for it to report them.
    #[cold]
    fn arrive(&self, switch: &Switch<'_>, lose: impl Fn(&[usize; WORDS])) {
        // The outermost first: they are in no order.
        while let Some(outermost) = self.outermost(switch.next()) {
            self.away.take(switch.next(), |call| {
                let is_next = call[SLOT] == outermost && call[CALLEE] == 0;
                if is_next {
                    let mut noted = [0; WORDS];
                    for (noted, word) in noted.iter_mut().zip(call) {
                        *noted = *word;
                    }
                    if !self.here.push(switch, noted) {
                        lose(&noted);
                    }
                }
                is_next
            });
        }
    }

    /// Returns where on the stack the outermost call is in which a task was preempted.
    fn outermost(&self, task: usize) -> Option<usize> {
        let mut outermost = None;
        self.away.take(task, |call| {
            if call[CALLEE] == 0 {
                outermost = outermost.max(Some(call[SLOT]));
            }
            false
        });
        outermost
    }
}

/// The handler on tasks that are switched.
pub(crate) struct Switches {
    pub(crate) tracker: Arc<Tracker>,
}

impl SwitchHandler for Switches {
    #[inline]
    fn switched(&self, switch: &Switch<'_>) {
        let lose = |call: &_| self.tracker.lost_sight_of(switch, call);
        self.tracker.sleepers.switched(switch, lose);
    }

    #[inline]
    fn resumed(&self, here: &Here<'_>) {
        let sleepers = &self.tracker.sleepers;
        if sleepers.away.any() {
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
    /// Nobody will see whether this call sleeps.
    #[cold]
    fn lost_sight_of(&self, here: &Here<'_>, call: &[usize; WORDS]) {
        let (Some((entry, awake)), Some(fs), true) = (
            self.entry_of(call[AWAKE]),
            self.filesystems.get(FsId(call[FILESYSTEM] as u8)),
            read_once(&self.enabled),
        ) else {
            return;
        };
        for checked in awake.rules_of(entry) {
            let unknown = Some(column(Answer::Unknown));
            fs.counts.count(here, checked.number, unknown);
        }
    }

    /// Returns what an [`Awake`] in a note is about.
    fn entry_of(&self, word: usize) -> Option<(&Entry, Awake)> {
        let awake = Awake::of_word(word);
        let callback = self.plan.callbacks.get(awake.op())?;
        Some((callback.entry(awake.edition())?, awake))
    }

    /// The current task has slept in a call.
    #[cold]
    fn slept(&self, here: &Here<'_>, call: &[usize; AWAY]) {
        let fs = FsId(call[FILESYSTEM] as u8);
        let (Some((entry, awake)), Some(of_fs), true) = (
            self.entry_of(call[AWAKE]),
            self.filesystems.get(fs),
            read_once(&self.enabled),
        ) else {
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
            of_fs
                .counts
                .count(here, checked.number, Some(column(answer)));
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
