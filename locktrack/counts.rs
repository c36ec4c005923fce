// SPDX-License-Identifier: GPL-2.0

//! How often which answer was seen.

use held::{
    Answer,
    Mode, //
};
use kernel::{
    cpu::nr_cpu_ids,
    prelude::*, //
};
use kprobes::{
    Counter,
    Hit, //
};

use crate::plan::Number;

/// The answers that are told apart, in the order of the columns.
pub(crate) const ANSWERS: [Answer; 10] = [
    Answer::Exact(Mode::NotHeld),
    Answer::Exact(Mode::Shared),
    Answer::Exact(Mode::Exclusive),
    Answer::Someone(Mode::Shared),
    Answer::Someone(Mode::Exclusive),
    Answer::MaySleep,
    Answer::Atomic,
    Answer::Awake,
    Answer::Slept,
    Answer::Unknown,
];

/// Something of a rule that is counted.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// The rule's lock was asked about.
    Answered(Answer),
    /// The rule did not apply to the call, by its conditions.
    NotApplicable,
}

/// Something of no rule and no filesystem that is counted.
#[derive(Clone, Copy)]
pub(crate) enum Hits {
    /// The probed function was called for something else: another filesystem, or another table.
    Foreign,
    /// A callback was followed to its return.
    Followed,
}

const EVENTS: usize = ANSWERS.len() + 1;
const NOT_APPLICABLE: usize = ANSWERS.len();
const HITS: usize = 2;
/// The first counter of a filesystem is that of its calls.
const FIRST: usize = 1;

/// Returns the index of an answer in [`ANSWERS`].
#[inline]
pub(crate) const fn column(answer: Answer) -> usize {
    match answer {
        Answer::Exact(mode) => mode as usize,
        Answer::Someone(Mode::Shared) => 3,
        Answer::Someone(Mode::Exclusive) => 4,
        Answer::MaySleep => 5,
        Answer::Atomic => 6,
        Answer::Awake => 7,
        Answer::Slept => 8,
        Answer::Someone(Mode::NotHeld) | Answer::Unknown => 9,
    }
}

const _: () = {
    let mut index = 0;
    while index < ANSWERS.len() {
        assert!(column(ANSWERS[index]) == index);
        index += 1;
    }
};

/// So many counters are as large as a cache line.
const LINE: usize = 64 / size_of::<Counter>();

/// Counters of each CPU, in cache lines of its own.
struct Counters {
    /// `stride` counters for each CPU.
    counters: KVVec<Counter>,
    stride: usize,
}

impl Counters {
    fn new(count: usize) -> Result<Self> {
        // An allocation whose size is a multiple of a cache line begins with one.
        let stride = count.next_multiple_of(LINE);
        let length = stride * nr_cpu_ids() as usize;
        let mut counters = KVVec::with_capacity(length, GFP_KERNEL)?;
        for _ in 0..length {
            counters.push(Counter::new(), GFP_KERNEL)?;
        }
        Ok(Self { counters, stride })
    }

    /// Returns those of the CPU of a hit.
    #[inline]
    fn of_cpu(&self, hit: &Hit<'_>) -> &[Counter] {
        let first = (hit.cpu().as_u32() as usize).wrapping_mul(self.stride);
        self.counters
            .get(first..first.wrapping_add(self.stride))
            .unwrap_or_default()
    }

    fn sum(&self, index: usize) -> u64 {
        self.counters
            .chunks_exact(self.stride)
            .filter_map(|counters| counters.get(index))
            .map(Counter::get)
            .sum()
    }

    fn reset(&self) {
        for counter in &self.counters {
            counter.reset();
        }
    }

    /// Returns how much memory they take, in bytes.
    fn size(&self) -> usize {
        self.counters.len() * size_of::<Counter>()
    }
}

/// How often what was seen of all calls.
pub(crate) struct HitCounts(Counters);

impl HitCounts {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Counters::new(HITS)?))
    }

    /// Counts a hit.
    #[inline]
    pub(crate) fn count(&self, hit: &Hit<'_>, what: Hits) {
        if let Some(counter) = self.0.of_cpu(hit).get(what as usize) {
            counter.count(hit);
        }
    }

    /// Returns how often a hit was counted.
    pub(crate) fn of_hit(&self, hit: Hits) -> u64 {
        self.0.sum(hit as usize)
    }

    /// Sets all to zero.
    pub(crate) fn reset(&self) {
        self.0.reset();
    }

    /// Returns how much memory they take, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.size()
    }
}

/// How often what was seen of each rule that is checked, in one filesystem.
pub(crate) struct Counts(Counters);

/// The counts of one CPU, for as long as a handler runs there.
pub(crate) struct OnCpu<'a> {
    counters: &'a [Counter],
    hit: &'a Hit<'a>,
}

impl OnCpu<'_> {
    /// Counts a call whose rules were checked.
    #[inline]
    pub(crate) fn count_call(&self) {
        if let Some(counter) = self.counters.first() {
            counter.count(self.hit);
        }
    }

    /// Counts an answer about a rule, by its [`column`], or that the rule did not apply.
    #[inline]
    pub(crate) fn count(&self, rule: Number, column: Option<usize>) {
        let index = FIRST + usize::from(rule.0) * EVENTS + column.unwrap_or(NOT_APPLICABLE);
        if let Some(counter) = self.counters.get(index) {
            counter.count(self.hit);
        }
    }
}

impl Counts {
    pub(crate) fn new(rules: usize) -> Result<Self> {
        Ok(Self(Counters::new(FIRST + rules * EVENTS)?))
    }

    /// Returns how much memory those of so many rules take, in bytes.
    pub(crate) fn size(rules: usize) -> usize {
        let counters = (FIRST + rules * EVENTS).next_multiple_of(LINE) * nr_cpu_ids() as usize;
        counters * size_of::<Counter>()
    }

    /// Returns those to count a hit in.
    #[inline]
    pub(crate) fn on_cpu<'a>(&'a self, hit: &'a Hit<'a>) -> OnCpu<'a> {
        OnCpu {
            counters: self.0.of_cpu(hit),
            hit,
        }
    }

    /// Returns how often an event of a rule was counted.
    pub(crate) fn of_rule(&self, rule: Number, event: Event) -> u64 {
        let column = match event {
            Event::Answered(answer) => column(answer),
            Event::NotApplicable => NOT_APPLICABLE,
        };
        self.0.sum(FIRST + usize::from(rule.0) * EVENTS + column)
    }

    /// Returns how many calls were counted.
    pub(crate) fn calls(&self) -> u64 {
        self.0.sum(0)
    }

    /// Sets all to zero.
    pub(crate) fn reset(&self) {
        self.0.reset();
    }
}
