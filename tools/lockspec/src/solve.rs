// SPDX-License-Identifier: GPL-2.0

//! What conditions mean together: every case that their facts allow is tried.

use crate::spec::{Condition, Reach, Requirement, Rule};

/// A fact that is true or false in a call.
#[derive(Clone, PartialEq)]
enum Fact {
    Exists(Reach),
    /// Of what exists.
    Dir(Reach),
    Same(usize, usize),
    Flag(usize, &'static str),
}

/// More facts than this are not tried: no rule comes near it.
const MOST_FACTS: usize = 12;

fn facts_of(condition: &Condition) -> Vec<Fact> {
    match *condition {
        Condition::Exists(r) => vec![Fact::Exists(r)],
        Condition::IsDir(r) | Condition::NotDir(r) => vec![Fact::Exists(r), Fact::Dir(r)],
        Condition::Differ(a, b) | Condition::Same(a, b) => vec![Fact::Same(a.min(b), a.max(b))],
        Condition::FlagSet(a, flag) | Condition::FlagClear(a, flag) => vec![Fact::Flag(a, flag)],
    }
}

/// All cases that the facts in some rules allow.
struct Cases {
    facts: Vec<Fact>,
}

impl Cases {
    fn of<'a>(rules: impl Iterator<Item = &'a Rule>) -> Option<Self> {
        let mut facts = Vec::new();
        for fact in rules.flat_map(|r| &r.conditions).flat_map(facts_of) {
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
        (facts.len() <= MOST_FACTS).then_some(Self { facts })
    }

    fn count(&self) -> u32 {
        1 << self.facts.len()
    }

    fn is(&self, case: u32, fact: &Fact) -> bool {
        (self.facts.iter().position(|f| f == fact)).is_some_and(|i| case & (1 << i) != 0)
    }

    /// Whether the rule holds in this case.
    fn applies(&self, case: u32, rule: &Rule) -> bool {
        rule.conditions.iter().all(|condition| match *condition {
            Condition::Exists(r) => self.is(case, &Fact::Exists(r)),
            Condition::IsDir(r) => self.is(case, &Fact::Exists(r)) && self.is(case, &Fact::Dir(r)),
            Condition::NotDir(r) => {
                self.is(case, &Fact::Exists(r)) && !self.is(case, &Fact::Dir(r))
            }
            Condition::Differ(a, b) => !self.is(case, &Fact::Same(a.min(b), a.max(b))),
            Condition::Same(a, b) => self.is(case, &Fact::Same(a.min(b), a.max(b))),
            Condition::FlagSet(a, flag) => self.is(case, &Fact::Flag(a, flag)),
            Condition::FlagClear(a, flag) => !self.is(case, &Fact::Flag(a, flag)),
        })
    }
}

/// Whether there is a call for which both rules hold.
pub fn overlap(a: &Rule, b: &Rule) -> bool {
    let Some(cases) = Cases::of([a, b].into_iter()) else {
        return true;
    };
    (0..cases.count()).any(|case| cases.applies(case, a) && cases.applies(case, b))
}

/// Whether there is a call for which the rule holds.
pub fn possible(rule: &Rule) -> bool {
    overlap(rule, rule)
}

/// Returns what the rules, all of one lock, promise in every call: nothing, if some call is
/// spoken of by no rule.
pub fn always(rules: &[&Rule]) -> Option<Requirement> {
    let cases = Cases::of(rules.iter().copied())?;
    (0..cases.count())
        .map(|case| {
            (rules
                .iter()
                .filter(|r| cases.applies(case, r))
                .map(|r| r.requirement))
            .max()
        })
        .min()?
}
