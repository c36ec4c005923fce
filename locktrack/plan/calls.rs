// SPDX-License-Identifier: GPL-2.0

//! The counters of calls in which all is as usual: one for all rules of a callback.

use crate::counts::UNUSUAL;

/// The number of a rule among those that are checked, in any edition.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    pub(crate) index: u16,
    pub(crate) at_once: Option<AtOnce>,
}

/// How the calls in which all is as usual are counted at once for a rule.
#[derive(Clone, Copy)]
pub(crate) struct AtOnce {
    /// Those of its callback and edition.
    calls: AllCalls,
    /// The bit of the rule in a choice, or 0 if it applies to all calls.
    bit: u16,
    /// The index of its answer in [`ANSWERS`](crate::counts::ANSWERS).
    pub(crate) column: u8,
}

impl AtOnce {
    pub(super) fn new(calls: AllCalls, bit: u16, column: u8) -> Self {
        Self { calls, bit, column }
    }

    /// Returns what counts the calls to which the rule applied, or did not apply.
    pub(crate) fn calls(self, applied: bool) -> impl Iterator<Item = Calls> {
        let applies = move |choice: u16| choice & self.bit == self.bit;
        let choices = (0..self.calls.choices).filter(move |&choice| applies(choice) == applied);
        choices.map(move |choice| self.calls.of(choice))
    }
}

/// What counts some calls.
#[derive(Clone, Copy)]
pub(crate) struct Calls(pub(crate) u16);

/// What counts the calls of a callback in one edition: one for each choice of its rules with conditions that applied.
#[derive(Clone, Copy)]
pub(super) struct AllCalls {
    pub(super) first: Calls,
    choices: u16,
}

impl AllCalls {
    /// They are nowhere counted.
    pub(super) const NONE: Self = Self {
        first: UNUSUAL,
        choices: 0,
    };

    pub(super) fn new(first: u16, choices: u16) -> Self {
        let first = Calls(first);
        Self { first, choices }
    }

    #[inline(always)]
    pub(super) fn of(self, choice: u16) -> Calls {
        Calls(self.first.0.wrapping_add(choice))
    }

    pub(super) fn all(self) -> impl Iterator<Item = Calls> {
        (0..self.choices).map(move |choice| self.of(choice))
    }
}
