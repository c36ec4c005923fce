// SPDX-License-Identifier: GPL-2.0

//! The document and what was seen, side by side.

use std::fmt::Write as _;

use crate::show::columns;
use crate::spec::{Requirement, When};

use super::{breaks, Answer, Observation, Seen};

/// The document and what was seen.
#[derive(Debug)]
pub struct Drift {
    text: String,
    broken: usize,
}

impl Drift {
    /// Returns whether some promise was not kept.
    pub fn is_broken(&self) -> bool {
        self.broken > 0
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

/// How what was seen is related to what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// It was not kept so often.
    Broken(u64),
    /// All that was seen is as it is written.
    Kept,
    /// More than is written.
    More,
    /// Nothing is promised, and it is sometimes so and sometimes not.
    Sometimes,
    /// There is no telling.
    Unknown,
    Unreached,
}

/// Sets them side by side; with `all`, also rules that were never reached.
pub fn drift(observation: &Observation<'_>, all: bool) -> Drift {
    let mut text = String::new();
    let (mut broken, mut more, mut unreached) = (0, 0, 0);
    for table in observation.tables() {
        let mut lines = vec![["callback", "lock", "document", "observed", ""]
            .map(str::to_owned)
            .to_vec()];
        for seen in observation.of(table) {
            let relation = relation(seen);
            match relation {
                Relation::Broken(_) => broken += 1,
                Relation::More => more += 1,
                Relation::Unreached => unreached += 1,
                _ => (),
            }
            if relation != Relation::Unreached || all {
                lines.push(line(seen, relation));
            }
        }
        if lines.len() > 1 {
            let _ = write!(text, "{}\n\n", table.title);
            columns(&mut text, &lines);
            text.push('\n');
        }
    }
    let were = |count| if count == 1 { "was" } else { "were" };
    let _ = writeln!(
        text,
        "{}: {broken} {} {} not kept, {more} could be stronger, {unreached} {} not reached",
        observation.spec.edition,
        if broken == 1 { "promise" } else { "promises" },
        were(broken),
        were(unreached),
    );
    Drift { text, broken }
}

fn line(seen: &Seen<'_>, relation: Relation) -> Vec<String> {
    let mut subject = seen.rule.subject.to_string();
    if seen.rule.when == When::Return {
        subject += " on return";
    }
    if !seen.rule.condition.is_empty() {
        let _ = write!(subject, " if {}", seen.rule.condition);
    }
    let counts: Vec<String> = (seen.answers())
        .map(|(answer, count)| format!("{} {count}", answer.word()))
        .collect();
    vec![
        seen.op.name.clone(),
        subject,
        seen.rule.requirement.word().to_owned(),
        counts.join(", "),
        match relation {
            Relation::Broken(count) => format!("NOT KEPT, {count} of {}", seen.hits()),
            Relation::Kept | Relation::Sometimes => String::new(),
            Relation::More => "more than is promised".to_owned(),
            Relation::Unknown => "no telling".to_owned(),
            Relation::Unreached => "not reached".to_owned(),
        },
    ]
}

fn relation(seen: &Seen<'_>) -> Relation {
    if seen.hits() == 0 {
        return Relation::Unreached;
    }
    let requirement = seen.rule.requirement;
    let mut broken = 0;
    for (answer, count) in seen.answers() {
        if breaks(requirement, answer) == Some(true) {
            broken = count.saturating_add(broken);
        }
    }
    let all = |good: fn(Answer<'_>) -> bool| seen.answers().all(|(answer, _)| good(answer));
    let exclusive = all(|answer| answer == Answer::Exclusive);
    match requirement {
        _ if broken > 0 => Relation::Broken(broken),
        Requirement::Shared | Requirement::NotPromised if exclusive => Relation::More,
        Requirement::NotPromised
            if all(|answer| matches!(answer, Answer::Shared | Answer::Exclusive)) =>
        {
            Relation::More
        }
        Requirement::NotPromised => Relation::Sometimes,
        _ if seen
            .answers()
            .any(|(answer, _)| breaks(requirement, answer).is_none()) =>
        {
            Relation::Unknown
        }
        _ => Relation::Kept,
    }
}
