// SPDX-License-Identifier: GPL-2.0

//! What locktrack saw, set beside the rules.

use std::collections::BTreeMap;

use locktrack_files::Observed;

use crate::spec::{Op, Requirement, Rule, Spec, Specification, Subject, Table};

mod drift;
mod table;

pub use drift::{drift, Drift};
pub use table::table;

/// What was seen of the rules of an edition.
#[derive(Debug)]
pub struct Observation<'s> {
    pub spec: &'s Spec,
    /// In the order of the edition.
    seen: Vec<Seen<'s>>,
}

/// What was seen of a rule.
#[derive(Debug)]
struct Seen<'s> {
    table: &'s Table,
    op: &'s Op,
    rule: &'s Rule,
    /// How often which answer.
    answers: BTreeMap<String, u64>,
}

impl Seen<'_> {
    /// Returns the answers that were seen, weakest first. Those that are not known here come last.
    fn answers(&self) -> impl Iterator<Item = (Answer<'_>, u64)> {
        let mut answers: Vec<_> = (self.answers.iter())
            .filter(|(_, count)| **count > 0)
            .map(|(answer, count)| (Answer::new(answer), *count))
            .collect();
        answers.sort();
        answers.into_iter()
    }

    fn hits(&self) -> u64 {
        self.answers.values().fold(0, |a, b| a.saturating_add(*b))
    }

    /// Returns the object that the lock is in.
    fn object(&self) -> Option<&str> {
        match &self.rule.subject {
            Subject::Lock { object, .. } => Some(object),
            Subject::Global(_) | Subject::Sleep => None,
        }
    }
}

/// How a lock was held, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer<'t> {
    NotHeld,
    /// Shared by somebody, perhaps not by the caller.
    SomeoneShared,
    Shared,
    SomeoneExclusive,
    Exclusive,
    Unknown,
    /// An answer about something that is no lock.
    Other(&'t str),
}

impl<'t> Answer<'t> {
    fn new(name: &'t str) -> Self {
        match name {
            "not-held" => Self::NotHeld,
            "someone-shared" => Self::SomeoneShared,
            "shared" => Self::Shared,
            "someone-exclusive" => Self::SomeoneExclusive,
            "exclusive" => Self::Exclusive,
            "unknown" => Self::Unknown,
            other => Self::Other(other),
        }
    }

    /// Returns the document's word for it. What is not sure has a question mark.
    fn word(self) -> &'t str {
        match self {
            Self::NotHeld => "no",
            Self::SomeoneShared => "shared?",
            Self::Shared => "shared",
            Self::SomeoneExclusive => "exclusive?",
            Self::Exclusive => "exclusive",
            Self::Unknown => "?",
            Self::Other(other) => other,
        }
    }
}

/// Finds the rules of what was seen, of all filesystems or of one.
///
/// A rule's number says which it is; that it is the same here as in the module is checked by all its names.
pub fn observe<'s>(
    specification: &'s Specification,
    observed: &[Observed],
    fs: Option<&str>,
) -> Result<Observation<'s>, String> {
    if let Some(fs) = fs.filter(|fs| !observed.iter().any(|row| row.fs == *fs)) {
        let mut names: Vec<&str> = observed.iter().map(|row| &row.fs[..]).collect();
        names.dedup();
        return Err(format!(
            "there is nothing of `{fs}` in it; there is: {}",
            names.join(", ")
        ));
    }
    let rules = numbered(specification);
    let mut spec: Option<&Spec> = None;
    let mut seen: BTreeMap<u32, Seen<'_>> = BTreeMap::new();
    for row in observed
        .iter()
        .filter(|row| fs.is_none_or(|fs| row.fs == fs))
    {
        let id = row.rule.id;
        let found = usize::try_from(id).ok().and_then(|id| rules.get(id));
        let Some(&(of, table, op, rule)) =
            found.filter(|(_, table, op, rule)| row.rule == name(id, table, op, rule))
        else {
            return Err(format!(
                "rule {id}, {} {}, is not that rule here: the module was built from other rules",
                row.rule.callback,
                row.rule.subject()
            ));
        };
        if spec.is_some_and(|spec| spec.edition != of.edition) {
            return Err(format!("rule {id} is of another edition than those before"));
        }
        spec = Some(of);
        let answers = &mut seen
            .entry(id)
            .or_insert_with(|| Seen {
                table,
                op,
                rule,
                answers: BTreeMap::new(),
            })
            .answers;
        for (answer, count) in &row.answers {
            let sum = answers.entry(answer.clone()).or_insert(0);
            *sum = sum.saturating_add(*count);
        }
    }
    let spec = spec.ok_or("there is no rule in it")?;
    Ok(Observation {
        spec,
        seen: seen.into_values().collect(),
    })
}

type Numbered<'s> = (&'s Spec, &'s Table, &'s Op, &'s Rule);

/// Returns all rules in the order of their numbers.
fn numbered(specification: &Specification) -> Vec<Numbered<'_>> {
    let mut rules = Vec::new();
    for spec in &specification.editions {
        for table in &spec.tables {
            for op in table.ops.iter().filter(|op| op.slot.is_some()) {
                rules.extend(op.rules.iter().map(|rule| (spec, table, op, rule)));
            }
        }
    }
    rules
}

/// Returns what the module calls a rule.
fn name(id: u32, table: &Table, op: &Op, rule: &Rule) -> locktrack_files::Rule {
    locktrack_files::Rule {
        id,
        callback: format!("{}.{}", table.name, op.name),
        object: match &rule.subject {
            Subject::Lock { object, .. } => object.clone(),
            Subject::Global(_) | Subject::Sleep => "-".to_owned(),
        },
        lock: match rule.subject.lock() {
            Some(lock) => lock.name.to_owned(),
            None => "sleep".to_owned(),
        },
        requires: rule.requirement.word().to_owned(),
    }
}

impl Observation<'_> {
    /// Returns the tables that have rules which were asked about, in their order.
    fn tables(&self) -> Vec<&Table> {
        let mut tables: Vec<&Table> = Vec::new();
        for seen in &self.seen {
            if !tables.iter().any(|table| table.name == seen.table.name) {
                tables.push(seen.table);
            }
        }
        tables
    }

    /// Returns what was seen of a table.
    fn of<'o>(&'o self, table: &'o Table) -> impl Iterator<Item = &'o Seen<'o>> {
        (self.seen.iter()).filter(move |seen| seen.table.name == table.name)
    }
}

/// Joins words as the document does: `no or exclusive`.
fn words<'t>(answers: impl Iterator<Item = (Answer<'t>, u64)>) -> String {
    let words: Vec<&str> = answers.map(|(answer, _)| answer.word()).collect();
    words.join(" or ")
}

/// Returns whether an answer breaks a rule, if that can be said.
fn breaks(requirement: Requirement, answer: Answer<'_>) -> Option<bool> {
    use Answer::{Exclusive, NotHeld, Other, Shared, SomeoneExclusive, Unknown};
    Some(match (requirement, answer) {
        (Requirement::Allowed, Other("may-sleep")) | (Requirement::Forbidden, Other("awake")) => {
            false
        }
        (Requirement::Allowed, Other("atomic")) | (Requirement::Forbidden, Other("slept")) => true,
        (_, Unknown | Other(_)) => return None,
        (Requirement::Exclusive, Exclusive) => false,
        (Requirement::Exclusive, SomeoneExclusive) => return None,
        (Requirement::Exclusive, _) => true,
        (Requirement::Shared | Requirement::Held, answer) => match answer {
            NotHeld => true,
            Shared | Exclusive => false,
            _ => return None,
        },
        (Requirement::NotHeld, answer) => match answer {
            NotHeld => false,
            Shared | Exclusive => true,
            _ => return None,
        },
        (Requirement::NotPromised | Requirement::Allowed | Requirement::Forbidden, _) => {
            return None
        }
    })
}
