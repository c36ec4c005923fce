// SPDX-License-Identifier: GPL-2.0

//! How often which answer was seen.

use held::{
    Answer,
    Mode, //
};
use kernel::prelude::*;
use kprobes::{
    Here,
    PerCpu, //
};

use crate::plan::{
    Calls,
    Number, //
};

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

/// How often what was seen of all calls.
pub(crate) struct HitCounts(PerCpu);

impl HitCounts {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(PerCpu::new(HITS)?))
    }

    /// Counts a hit.
    #[inline]
    pub(crate) fn count(&self, here: &Here<'_>, what: Hits) {
        self.0.count(here, what as usize);
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
    pub(crate) fn size() -> usize {
        PerCpu::size(HITS)
    }
}

/// Those in which not all was as usual at the entry.
pub(crate) const UNUSUAL: Calls = Calls(0);

/// How many rules are counted, and how many [`Calls`] there are.
#[derive(Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) rules: u16,
    pub(crate) calls: u16,
}

impl Counted {
    /// Nothing but what there always is.
    pub(crate) const NONE: Self = Self {
        rules: 0,
        calls: UNUSUAL.0 + 1,
    };
}

/// How often what was seen of each rule that is checked, in one filesystem.
///
/// A call in which all was as usual has one counter, that of its callback and edition. Else each rule has its own.
pub(crate) struct Counts {
    calls: PerCpu,
    /// Those of [`RULES_AT_ONCE`] in each.
    rules: KVec<PerCpu>,
}

/// How many rules have their counters together.
const RULES_AT_ONCE: usize = PerCpu::MAX / EVENTS;

impl Counts {
    pub(crate) fn new(counted: Counted) -> Result<Self> {
        let mut rules = KVec::new();
        for first in (0..usize::from(counted.rules)).step_by(RULES_AT_ONCE) {
            let count = RULES_AT_ONCE.min(usize::from(counted.rules) - first);
            rules.push(PerCpu::new(count * EVENTS)?, GFP_KERNEL)?;
        }
        Ok(Self {
            calls: PerCpu::new(counted.calls.into())?,
            rules,
        })
    }

    /// Returns how much memory those of so many take, in bytes.
    pub(crate) fn size(counted: Counted) -> usize {
        PerCpu::size(usize::from(counted.calls) + usize::from(counted.rules) * EVENTS)
    }

    /// Where an event of a rule is counted.
    fn of(&self, rule: Number, column: usize) -> Option<(&PerCpu, usize)> {
        let rule = usize::from(rule.index);
        let counters = self.rules.get(rule / RULES_AT_ONCE)?;
        Some((counters, rule % RULES_AT_ONCE * EVENTS + column))
    }

    /// Counts a call in which not all was as usual at the entry.
    pub(crate) fn count_call(&self, here: &Here<'_>) {
        self.count_usual(here, UNUSUAL);
    }

    /// Counts a call in which all was as usual.
    #[inline(always)]
    pub(crate) fn count_usual(&self, here: &Here<'_>, calls: Calls) {
        self.calls.count(here, calls.0.into());
    }

    /// Counts an answer about a rule, by its [`column`], or that the rule did not apply.
    pub(crate) fn count(&self, here: &Here<'_>, rule: Number, column: Option<usize>) {
        if let Some((counters, index)) = self.of(rule, column.unwrap_or(NOT_APPLICABLE)) {
            counters.count(here, index);
        }
    }

    /// Returns how often an event of a rule was counted.
    pub(crate) fn of_rule(&self, rule: Number, event: Event) -> u64 {
        let column = match event {
            Event::Answered(answer) => column(answer),
            Event::NotApplicable => NOT_APPLICABLE,
        };
        let by_itself = self.of(rule, column);
        let by_itself = by_itself.map_or(0, |(counters, index)| counters.sum(index));
        let at_once = rule.at_once.map_or(0, |at_once| {
            let of = |applied| {
                at_once
                    .calls(applied)
                    .map(|calls| self.of_calls(calls))
                    .sum()
            };
            match event {
                Event::NotApplicable => of(false),
                Event::Answered(_) if usize::from(at_once.column) == column => of(true),
                Event::Answered(_) => 0,
            }
        });
        let count = by_itself + at_once;
        match event {
            // Every call is counted as awake when it begins, and what came of it besides.
            Event::Answered(Answer::Awake) => {
                let of = |answer| self.of_rule(rule, Event::Answered(answer));
                count.saturating_sub(of(Answer::Slept) + of(Answer::Unknown))
            }
            _ => count,
        }
    }

    /// Returns how often calls were counted in which all was as usual.
    pub(crate) fn of_calls(&self, calls: Calls) -> u64 {
        self.calls.sum(calls.0.into())
    }

    /// Returns how often calls were counted in which not all was as usual at the entry.
    pub(crate) fn unusual(&self) -> u64 {
        self.of_calls(UNUSUAL)
    }

    /// Sets all to zero.
    pub(crate) fn reset(&self) {
        self.calls.reset();
        self.rules.iter().for_each(PerCpu::reset);
    }
}
