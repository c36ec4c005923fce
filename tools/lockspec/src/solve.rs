// SPDX-License-Identifier: GPL-2.0

//! What conditions mean together: every case that their facts allow is tried.

use crate::spec::{Condition, Reach, Requirement, Returned, Rule, Value};

/// A fact that is true or false in a call.
#[derive(Clone, PartialEq)]
enum Fact {
    Exists(Reach),
    /// Of what exists.
    Dir(Reach),
    Same(usize, usize),
    Flag(Value, &'static str),
    True(usize),
    ReturnedZero,
    ReturnedNegative,
}

/// More facts than this are not tried: no rule comes near it.
const MOST_FACTS: usize = 12;

/// Returns the facts that a condition depends on.
fn facts_of(condition: &Condition) -> Vec<Fact> {
    match condition {
        Condition::Exists(r) => vec![Fact::Exists(r.clone())],
        Condition::IsDir(r) | Condition::NotDir(r) => {
            vec![Fact::Exists(r.clone()), Fact::Dir(r.clone())]
        }
        Condition::Differ(a, b) | Condition::Same(a, b) => {
            vec![Fact::Same(*a.min(b), *a.max(b))]
        }
        Condition::FlagSet(value, flag) | Condition::FlagClear(value, flag) => {
            vec![Fact::Flag(value.clone(), flag)]
        }
        Condition::True(a) | Condition::False(a) => vec![Fact::True(*a)],
        Condition::Returned(Returned::Zero | Returned::NotZero) => vec![Fact::ReturnedZero],
        Condition::Returned(Returned::Negative | Returned::NotNegative) => {
            vec![Fact::ReturnedNegative]
        }
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

    /// Returns the cases, leaving out what no number can be.
    fn all(&self) -> impl Iterator<Item = u32> + '_ {
        (0..1 << self.facts.len()).filter(|&case| {
            let flag =
                |fact: &Fact| matches!(fact, Fact::Flag(Value::Returned, _)) && self.is(case, fact);
            let zero = self.is(case, &Fact::ReturnedZero);
            !(zero && (self.is(case, &Fact::ReturnedNegative) || self.facts.iter().any(flag)))
        })
    }

    fn is(&self, case: u32, fact: &Fact) -> bool {
        (self.facts.iter().position(|f| f == fact)).is_some_and(|i| case & (1 << i) != 0)
    }

    /// Whether the rule holds in this case.
    fn applies(&self, case: u32, rule: &Rule) -> bool {
        rule.conditions.iter().all(|condition| {
            let facts = facts_of(condition);
            let all = || facts.iter().all(|fact| self.is(case, fact));
            match condition {
                Condition::Exists(_)
                | Condition::IsDir(_)
                | Condition::Same(..)
                | Condition::FlagSet(..)
                | Condition::True(_)
                | Condition::Returned(Returned::Zero | Returned::Negative) => all(),
                Condition::NotDir(r) => {
                    self.is(case, &Fact::Exists(r.clone())) && !self.is(case, &Fact::Dir(r.clone()))
                }
                Condition::Differ(..)
                | Condition::FlagClear(..)
                | Condition::False(_)
                | Condition::Returned(Returned::NotZero | Returned::NotNegative) => !all(),
            }
        })
    }
}

/// Whether there is a call for which both rules hold.
pub fn overlap(a: &Rule, b: &Rule) -> bool {
    let Some(cases) = Cases::of([a, b].into_iter()) else {
        return true;
    };
    let both = cases
        .all()
        .any(|case| cases.applies(case, a) && cases.applies(case, b));
    both
}

/// Whether there is a call for which the rule holds.
pub fn possible(rule: &Rule) -> bool {
    overlap(rule, rule)
}

/// Returns what the rules, all of one lock, promise in every call: nothing, if some call is
/// spoken of by no rule.
pub fn always(rules: &[&Rule]) -> Option<Requirement> {
    let cases = Cases::of(rules.iter().copied())?;
    cases
        .all()
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
    use crate::spec::{Subject, When};

    fn a() -> Reach {
        Reach {
            argument: 0,
            path: Vec::new(),
        }
    }

    fn rule(requirement: Requirement, conditions: &[Condition]) -> Rule {
        Rule {
            subject: Subject::Lock {
                object: "a".to_owned(),
                reach: a(),
                lock: facts::LOCKS[0],
            },
            requirement,
            name: None,
            conditions: conditions.to_vec(),
            condition: String::new(),
            when: When::Entry,
            sources: Vec::new(),
            source: String::new(),
        }
    }

    fn flag(value: Value, set: bool) -> Condition {
        match set {
            true => Condition::FlagSet(value, "O_CREAT"),
            false => Condition::FlagClear(value, "O_CREAT"),
        }
    }

    #[test]
    fn opposites_do_not_overlap() {
        let opposites = [
            (Condition::IsDir(a()), Condition::NotDir(a())),
            (Condition::Same(0, 1), Condition::Differ(1, 0)),
            (
                flag(Value::Argument(0), true),
                flag(Value::Argument(0), false),
            ),
            (Condition::True(0), Condition::False(0)),
            (
                Condition::Returned(Returned::Zero),
                Condition::Returned(Returned::NotZero),
            ),
            (
                Condition::Returned(Returned::Zero),
                Condition::Returned(Returned::Negative),
            ),
            (
                Condition::Returned(Returned::Zero),
                flag(Value::Returned, true),
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
        let dir = rule(Requirement::Held, &[Condition::IsDir(a())]);
        for other in [
            &[Condition::Exists(a())][..],
            &[Condition::Same(0, 1)],
            &[],
            &[Condition::Returned(Returned::NotNegative)],
        ] {
            assert!(overlap(&dir, &rule(Requirement::Held, other)));
        }
        let set = rule(Requirement::Held, &[flag(Value::Returned, true)]);
        let clear = rule(Requirement::Held, &[flag(Value::Argument(0), false)]);
        assert!(overlap(&set, &clear));
    }

    #[test]
    fn the_weakest_case_is_what_is_always_promised() {
        let set = rule(Requirement::Exclusive, &[flag(Value::Argument(0), true)]);
        let clear = rule(Requirement::Shared, &[flag(Value::Argument(0), false)]);
        assert_eq!(always(&[&set, &clear]), Some(Requirement::Shared));
        assert_eq!(always(&[&set]), None);
        assert_eq!(
            always(&[&rule(Requirement::Held, &[])]),
            Some(Requirement::Held)
        );

        // What does not exist is neither a directory nor anything else.
        let dir = rule(Requirement::Exclusive, &[Condition::IsDir(a())]);
        let other = rule(Requirement::Exclusive, &[Condition::NotDir(a())]);
        assert_eq!(always(&[&dir, &other]), None);
    }
}
