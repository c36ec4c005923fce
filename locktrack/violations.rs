// SPDX-License-Identifier: GPL-2.0

//! The rules that were broken.

use held::Answer;
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
};
use kprobes::{
    Here,
    Hit, //
};
use rules::{
    Rule,
    RULES, //
};

use crate::{
    counts::ANSWERS,
    plan::{
        Checked,
        Number, //
    },
    tables::FsId, //
};

/// How many records there can be. More are counted as lost.
pub(crate) const RECORDS: usize = 256;

/// How many callers of the callback are kept.
pub(crate) const FRAMES: usize = 16;

/// How many places there are where a record can be looked up: with half of them free, few have to be looked at,
/// however many violations there are.
const PLACES: usize = 2 * RECORDS;

/// What makes a record: the rule, the filesystem and the caller, in one word that is never 0. In its place, it also has
/// the number of the record.
///
/// The kernel of x86-64 and its modules are in the highest 2 GiB, so that return addresses differ in the low 32 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key(u64);

impl Key {
    /// The bits of the number.
    const NUMBER: u64 = 0x3ff << 22;

    fn new(rule: Number, fs: FsId, caller: usize) -> Self {
        const { assert!(crate::tables::FILESYSTEMS <= 1 << 6 && RECORDS <= 1 << 10) };
        // A rule's number has 16 bits.
        let parts = u64::from(rule.index) << 6 | u64::from(fs.0);
        Self((caller as u64) << 32 | parts)
    }

    fn with_number(self, number: usize) -> Self {
        Self(self.0 | (number as u64) << 22)
    }

    fn number(self) -> usize {
        ((self.0 & Self::NUMBER) >> 22) as usize
    }

    fn is(self, key: Self) -> bool {
        self.0 & !Self::NUMBER == key.0
    }

    /// The [`PLACES`] where it can be, best first.
    fn places(self) -> impl Iterator<Item = usize> {
        let hash = (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
        (0..PLACES).map(move |step| (hash + step) % PLACES)
    }

    fn fs(self) -> FsId {
        FsId((self.0 & 0x3f) as u8)
    }

    fn caller(self) -> usize {
        (self.0 >> 32) as usize | 0xffff_ffff << 32
    }
}

/// A broken rule, as a handler saw it.
pub(crate) struct Violation<'a> {
    pub(crate) checked: &'a Checked,
    pub(crate) fs: FsId,
    pub(crate) found: Answer,
    /// The return address of the callback.
    pub(crate) caller: usize,
    /// The callback.
    pub(crate) function: usize,
    /// The device number of the superblock as [`SuperBlock::s_dev`](peek::SuperBlock::s_dev) has it; 0 where there is none.
    pub(crate) s_dev: u32,
    pub(crate) stack: Stack<'a>,
}

/// The stack of a violation.
pub(crate) enum Stack<'a> {
    /// That of the call that is hit.
    Of(&'a Hit<'a>),
    Frames(&'a [usize; FRAMES]),
}

/// A place for a record. All of it can be written by any handler, so all of it is atomic.
struct Slot {
    /// The [`Key`]. Who put that into a place writes this.
    key: Atomic<u64>,
    /// Whether the rest is written.
    ready: Atomic<bool>,
    count: Atomic<u64>,
    last: Atomic<u64>,
    first: Atomic<u64>,
    /// Its index in [`RULES`].
    rule: Atomic<u32>,
    found: Atomic<u32>,
    /// The index of its exception, plus 1, or 0.
    exception: Atomic<u32>,
    function: Atomic<usize>,
    s_dev: Atomic<u32>,
    pid: Atomic<i32>,
    comm: [Atomic<u64>; 2],
    stack: [Atomic<usize>; FRAMES],
}

impl Slot {
    const fn new() -> Self {
        Self {
            key: Atomic::new(0),
            ready: Atomic::new(false),
            count: Atomic::new(0),
            last: Atomic::new(0),
            first: Atomic::new(0),
            rule: Atomic::new(0),
            found: Atomic::new(0),
            exception: Atomic::new(0),
            function: Atomic::new(0),
            s_dev: Atomic::new(0),
            pid: Atomic::new(0),
            comm: [const { Atomic::new(0) }; 2],
            stack: [const { Atomic::new(0) }; FRAMES],
        }
    }
}

/// A broken rule.
pub(crate) struct Record {
    /// Its place, which stays the same until a reset.
    pub(crate) index: usize,
    pub(crate) rule: &'static Rule,
    pub(crate) fs: FsId,
    /// The return address of the callback.
    pub(crate) caller: usize,
    /// The callback.
    pub(crate) function: usize,
    pub(crate) count: u64,
    /// When it was seen first, in nanoseconds since boot. The rest but `last` is about that time.
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) found: Answer,
    /// The index of the exception that it is.
    pub(crate) exception: Option<usize>,
    pub(crate) s_dev: u32,
    pub(crate) pid: i32,
    pub(crate) comm: [u8; 16],
    pub(crate) stack: [usize; FRAMES],
}

/// What became of a violation.
pub(crate) enum Recorded {
    /// It made a record.
    New { excepted: bool },
    /// It has a record.
    Again { excepted: bool },
    /// There was no room for it.
    Lost,
}

/// The records of broken rules, made by handlers without a lock.
pub(crate) struct Violations {
    slots: KVVec<Slot>,
    /// So many of them are taken.
    taken: Atomic<usize>,
    /// A [`Key`] with the number of its slot in each; 0 if the place is free.
    places: KVVec<Atomic<u64>>,
    /// Violations for which there was no room.
    lost: Atomic<u64>,
}

impl Violations {
    pub(crate) fn new() -> Result<Self> {
        let mut slots = KVVec::with_capacity(RECORDS, GFP_KERNEL)?;
        for _ in 0..RECORDS {
            slots.push(Slot::new(), GFP_KERNEL)?;
        }
        let mut places = KVVec::with_capacity(PLACES, GFP_KERNEL)?;
        for _ in 0..PLACES {
            places.push(Atomic::new(0), GFP_KERNEL)?;
        }
        Ok(Self {
            slots,
            taken: Atomic::new(0),
            places,
            lost: Atomic::new(0),
        })
    }

    /// Counts a broken rule. `exception` is asked for the index of its exception, unless there is a record that knows.
    pub(crate) fn record(
        &self,
        here: &Here<'_>,
        violation: &Violation<'_>,
        exception: impl Fn() -> Option<usize>,
    ) -> Recorded {
        let key = Key::new(violation.checked.number, violation.fs, violation.caller);
        let now = here.time();
        for place in key.places().filter_map(|place| self.places.get(place)) {
            let mut seen = Key(place.load(Relaxed));
            if seen.0 == 0 {
                let Some(number) = self.take() else {
                    break;
                };
                match place.cmpxchg(0, key.with_number(number).0, Relaxed) {
                    Ok(_) => {
                        let exception = exception();
                        if let Some(slot) = self.slots.get(number) {
                            slot.set_exception(exception);
                            slot.fill(here, violation, key, now);
                        }
                        return Recorded::New {
                            excepted: exception.is_some(),
                        };
                    }
                    Err(other) => seen = Key(other),
                }
                // Another CPU was faster. Unless one more has taken a slot since, this one is given back.
                let _ = self.taken.cmpxchg(number + 1, number, Relaxed);
            }
            if seen.is(key) {
                let Some(slot) = self.slots.get(seen.number()) else {
                    break;
                };
                slot.count.add(1, Relaxed);
                slot.last.store(now, Relaxed);
                let excepted = if slot.ready.load(Acquire) {
                    slot.exception.load(Relaxed) != 0
                } else {
                    // Another CPU is about to find out.
                    exception().is_some()
                };
                return Recorded::Again { excepted };
            }
        }
        self.lost.add(1, Relaxed);
        Recorded::Lost
    }

    /// Takes a free slot.
    fn take(&self) -> Option<usize> {
        let mut taken = self.taken.load(Relaxed);
        while taken < RECORDS {
            match self.taken.cmpxchg(taken, taken + 1, Relaxed) {
                Ok(_) => return Some(taken),
                Err(other) => taken = other,
            }
        }
        None
    }

    /// Changes the exception that a record is.
    pub(crate) fn set_exception(&self, record: &Record, exception: Option<usize>) {
        if let Some(slot) = self.slots.get(record.index) {
            slot.set_exception(exception);
        }
    }

    /// Returns the records that are complete.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> + '_ {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| slot.record(index))
    }

    /// Returns how much memory all this takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.places.len() * size_of::<u64>()
    }

    /// Returns how many violations were seen for which there was no room.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// Forgets all. No handler may be running.
    pub(crate) fn reset(&self) {
        for slot in &self.slots {
            slot.ready.store(false, Relaxed);
            slot.count.store(0, Relaxed);
            slot.exception.store(0, Relaxed);
        }
        for place in &self.places {
            place.store(0, Relaxed);
        }
        self.taken.store(0, Relaxed);
        self.lost.store(0, Relaxed);
    }
}

impl Slot {
    fn set_exception(&self, exception: Option<usize>) {
        let number = exception.map_or(0, |index| index + 1);
        self.exception.store(number as u32, Relaxed);
    }

    fn fill(&self, here: &Here<'_>, violation: &Violation<'_>, key: Key, now: u64) {
        self.key.store(key.0, Relaxed);
        self.rule.store(violation.checked.rule.id.into(), Relaxed);
        self.first.store(now, Relaxed);
        self.last.store(now, Relaxed);
        let found = ANSWERS.iter().position(|&answer| answer == violation.found);
        self.found.store(found.unwrap_or(0) as u32, Relaxed);
        self.function.store(violation.function, Relaxed);
        self.s_dev.store(violation.s_dev, Relaxed);
        self.pid.store(here.pid(), Relaxed);
        let comm = u128::from_ne_bytes(here.comm());
        let [low, high] = &self.comm;
        low.store(comm as u64, Relaxed);
        high.store((comm >> 64) as u64, Relaxed);
        let mut stack = [0; FRAMES];
        match violation.stack {
            Stack::Frames(frames) => stack = *frames,
            Stack::Of(hit) => {
                hit.stack(&mut stack);
            }
        }
        for (frame, address) in self.stack.iter().zip(stack) {
            frame.store(address, Relaxed);
        }
        self.count.add(1, Relaxed);
        self.ready.store(true, Release);
    }

    fn record(&self, index: usize) -> Option<Record> {
        if !self.ready.load(Acquire) {
            return None;
        }
        let key = Key(self.key.load(Relaxed));
        let [low, high] = &self.comm;
        let comm = u128::from(high.load(Relaxed)) << 64 | u128::from(low.load(Relaxed));
        let mut stack = [0; FRAMES];
        for (address, frame) in stack.iter_mut().zip(&self.stack) {
            *address = frame.load(Relaxed);
        }
        Some(Record {
            index,
            rule: RULES.get(self.rule.load(Relaxed) as usize)?,
            fs: key.fs(),
            caller: key.caller(),
            function: self.function.load(Relaxed),
            count: self.count.load(Relaxed),
            first: self.first.load(Relaxed),
            last: self.last.load(Relaxed),
            found: *ANSWERS.get(self.found.load(Relaxed) as usize)?,
            exception: (self.exception.load(Relaxed) as usize).checked_sub(1),
            s_dev: self.s_dev.load(Relaxed),
            pid: self.pid.load(Relaxed),
            comm: comm.to_ne_bytes(),
            stack,
        })
    }
}
