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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;
    use crate::spec::When;

    const A: Reach = Reach {
        argument: 0,
        path: facts::PATHS[0],
    };

    fn rule(requirement: Requirement, conditions: &[Condition]) -> Rule {
        Rule {
            object: "a".to_owned(),
            name: None,
            reach: A,
            lock: facts::LOCKS[0],
            requirement,
            conditions: conditions.to_vec(),
            condition: String::new(),
            when: When::Entry,
            sources: Vec::new(),
            source: String::new(),
        }
    }

    #[test]
    fn opposites_do_not_overlap() {
        let opposites = [
            (Condition::IsDir(A), Condition::NotDir(A)),
            (Condition::Same(0, 1), Condition::Differ(1, 0)),
            (
                Condition::FlagSet(0, "O_CREAT"),
                Condition::FlagClear(0, "O_CREAT"),
            ),
        ];
        for (a, b) in opposites {
            assert!(!possible(&rule(Requirement::Held, &[a.clone(), b.clone()])));
            let (a, b) = (rule(Requirement::Held, &[a]), rule(Requirement::Held, &[b]));
            assert!(!overlap(&a, &b));
            assert!(overlap(&a, &a) && overlap(&b, &b));
        }
    }

    #[test]
    fn independent_conditions_overlap() {
        let dir = rule(Requirement::Held, &[Condition::IsDir(A)]);
        assert!(overlap(
            &dir,
            &rule(Requirement::Held, &[Condition::Exists(A)])
        ));
        assert!(overlap(
            &dir,
            &rule(Requirement::Held, &[Condition::Same(0, 1)])
        ));
        assert!(overlap(&dir, &rule(Requirement::Held, &[])));
    }

    #[test]
    fn the_weakest_case_is_what_is_always_promised() {
        let set = rule(Requirement::Exclusive, &[Condition::FlagSet(0, "O_CREAT")]);
        let clear = rule(Requirement::Shared, &[Condition::FlagClear(0, "O_CREAT")]);
        assert_eq!(always(&[&set, &clear]), Some(Requirement::Shared));
        assert_eq!(always(&[&set]), None);
        assert_eq!(
            always(&[&rule(Requirement::Held, &[])]),
            Some(Requirement::Held)
        );

        // What does not exist is neither a directory nor anything else.
        let dir = rule(Requirement::Exclusive, &[Condition::IsDir(A)]);
        let other = rule(Requirement::Exclusive, &[Condition::NotDir(A)]);
        assert_eq!(always(&[&dir, &other]), None);
    }
}
