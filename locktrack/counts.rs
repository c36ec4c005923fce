// SPDX-License-Identifier: GPL-2.0

//! How often which answer was seen.

use held::{
    Answer,
    Mode, //
};
use kernel::{
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
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

/// Something of no rule that is counted.
#[derive(Clone, Copy)]
pub(crate) enum Hits {
    /// A callback of an attached filesystem was called.
    Checked,
    /// The probed function was called for something else: another filesystem, or another table.
    Foreign,
    /// A callback was followed to its return.
    Followed,
}

const EVENTS: usize = ANSWERS.len() + 1;
const HITS: usize = 3;

/// Counters of each CPU, so that none is fought over.
struct Counters {
    /// `stride` counters for each CPU.
    counters: KVVec<Atomic<u64>>,
    stride: usize,
}

impl Counters {
    fn new(stride: usize) -> Result<Self> {
        let length = stride * nr_cpu_ids() as usize;
        let mut counters = KVVec::with_capacity(length, GFP_KERNEL)?;
        for _ in 0..length {
            counters.push(Atomic::new(0), GFP_KERNEL)?;
        }
        Ok(Self { counters, stride })
    }

    fn add(&self, cpu: CpuId, index: usize) {
        if let Some(counter) = self
            .counters
            .get(cpu.as_u32() as usize * self.stride + index)
        {
            counter.add(1, Relaxed);
        }
    }

    fn sum(&self, index: usize) -> u64 {
        self.counters
            .chunks_exact(self.stride)
            .filter_map(|counters| counters.get(index))
            .map(|counter| counter.load(Relaxed))
            .sum()
    }

    fn reset(&self) {
        for counter in &self.counters {
            counter.store(0, Relaxed);
        }
    }
}

/// How often what was seen of all calls.
pub(crate) struct HitCounts(Counters);

impl HitCounts {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Counters::new(HITS)?))
    }

    /// Counts a hit.
    pub(crate) fn hit(&self, cpu: CpuId, hit: Hits) {
        self.0.add(cpu, hit as usize);
    }

    /// Returns how often a hit was counted.
    pub(crate) fn of_hit(&self, hit: Hits) -> u64 {
        self.0.sum(hit as usize)
    }

    /// Sets all to zero.
    pub(crate) fn reset(&self) {
        self.0.reset();
    }
}

/// How often what was seen of each rule that is checked, in one filesystem.
pub(crate) struct Counts(Counters);

impl Counts {
    pub(crate) fn new(rules: usize) -> Result<Self> {
        Ok(Self(Counters::new(rules * EVENTS)?))
    }

    /// Counts an event of a rule.
    pub(crate) fn rule(&self, cpu: CpuId, rule: Number, event: Event) {
        self.0.add(cpu, Self::index(rule, event));
    }

    /// Returns how often an event of a rule was counted.
    pub(crate) fn of_rule(&self, rule: Number, event: Event) -> u64 {
        self.0.sum(Self::index(rule, event))
    }

    /// Sets all to zero.
    pub(crate) fn reset(&self) {
        self.0.reset();
    }

    fn index(rule: Number, event: Event) -> usize {
        let event = match event {
            Event::Answered(answer) => ANSWERS
                .iter()
                .position(|&other| other == answer)
                .unwrap_or(ANSWERS.len() - 1),
            Event::NotApplicable => ANSWERS.len(),
        };
        usize::from(rule.0) * EVENTS + event
    }
}
