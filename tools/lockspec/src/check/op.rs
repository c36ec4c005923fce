// SPDX-License-Identifier: GPL-2.0

//! From an op as written to one whose rules do not contradict each other.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::Check;
use crate::c;
use crate::data;
use crate::report::Report;
use crate::solve;
use crate::spec::{Op, Requirement, Rule, Slot, SlotId, Subject, When};

/// An op that is being checked.
pub(super) struct OpCheck<'c, 'r, 'd> {
    pub(super) check: &'c mut Check<'r>,
    pub(super) file: &'d data::File,
    pub(super) table: (&'d str, &'d data::Table),
    pub(super) name: &'d Spanned<String>,
    pub(super) op: &'d data::Op,
    /// What it is in C, unless it is gone or there is an error.
    pub(super) slot: Option<&'d Slot>,
}

impl OpCheck<'_, '_, '_> {
    /// Checks the op. Adds to `cited` the sentences that its rules come from.
    pub(super) fn check(mut self, id: Option<SlotId>, cited: &mut BTreeSet<String>) -> Op {
        let (op, (_, table)) = (self.op, self.table);
        let mut rules: Vec<(Range<usize>, Rule)> = Vec::new();
        for written in &op.rules {
            self.cite(written.get_ref(), cited);
            if let Some(except) = written.get_ref().except.first() {
                self.check.error(
                    except.span(),
                    "`except` in a rule of one op",
                    "this has a meaning in `every` only",
                    "remove it",
                );
            }
            let Some(rule) = self.rule(written) else {
                continue;
            };
            if let Some(name) = &written.get_ref().name {
                self.name(name, &rule, &rules);
            }
            self.add(&mut rules, written.span(), rule);
        }
        for written in &table.every {
            self.cite(written.get_ref(), cited);
            let except = &written.get_ref().except;
            if op.gone.is_some() || except.iter().any(|e| e.get_ref() == self.name.get_ref()) {
                continue;
            }
            if let Some(rule) = self.every(written) {
                self.add(&mut rules, written.span(), rule);
            }
        }
        let ruled = !op.rules.is_empty() || !rules.is_empty();
        self.accounted(ruled);
        Op {
            name: self.name.get_ref().clone(),
            prototype: (op.prototype.as_ref())
                .map(|p| p.split_whitespace().collect::<Vec<_>>().join(" ")),
            row: op.row.as_ref().map(|row| row.get_ref().clone()),
            slot: id,
            gone: op.gone.as_ref().map(|gone| gone.get_ref().clone()),
            rules: rules.into_iter().map(|(_, rule)| rule).collect(),
            unchecked: op.unchecked.clone(),
            note: op.note.clone(),
        }
    }

    /// Notes the sources of a rule.
    fn cite(&self, rule: &data::Rule, cited: &mut BTreeSet<String>) {
        let sources = rule.source.iter().flat_map(|s| s.get_ref());
        cited.extend(sources.map(|s| s.get_ref().clone()));
    }

    /// Checks that what the document says of the op is accounted for.
    fn accounted(&mut self, ruled: bool) {
        let (op, name, (_, table)) = (self.op, self.name, self.table);
        let reason = !op.unchecked.is_empty() || op.gone.is_some();
        if !ruled && !reason {
            self.check.error(
                name.span(),
                format!("`{}` has no rules", name.get_ref()),
                "and there is no reason for having none",
                "add `rules`, or say why there are none in `unchecked` or `gone`",
            );
        }
        let Some(row) = &op.row else {
            return;
        };
        let cells = row.get_ref();
        match &table.columns {
            Some(columns) if columns.len() != cells.len() => self.check.error(
                row.span(),
                format!(
                    "the row of `{}` has {} cells, its table {} columns",
                    name.get_ref(),
                    cells.len(),
                    columns.len()
                ),
                "one cell for each column",
                format!("the columns are: {}", columns.join(", ")),
            ),
            Some(_) => {}
            None => self.check.error(
                row.span(),
                format!("`{}` has a row, and its table no columns", name.get_ref()),
                "a cell of which column?",
                "give the table its `columns`, or remove the row",
            ),
        }
        let row_alone = |rule: &data::Rule| rule.source.is_none();
        let names_row = |rule: &data::Rule| {
            let sources = rule.source.iter().flat_map(|s| s.get_ref());
            row_alone(rule) || sources.into_iter().any(|s| s.get_ref() == "row")
        };
        let mut rules = op.rules.iter().chain(&table.every).map(|r| r.get_ref());
        let blank = cells.iter().all(|cell| cell.is_empty());
        if !reason && !blank && !rules.any(names_row) {
            self.check.error(
                row.span(),
                format!("the row of `{}` has no effect", name.get_ref()),
                "no rule has it as its source",
                "add a rule with the source `row`, or say in `unchecked` why there is none",
            );
        }
    }

    /// Checks the name that a rule gives to its object.
    fn name(&mut self, name: &Spanned<String>, rule: &Rule, others: &[(Range<usize>, Rule)]) {
        let mut objects = self.slot.iter().flat_map(|s| &s.objects);
        let taken = objects.any(|o| o.name == *name.get_ref())
            || (others.iter()).any(|(_, r)| r.name.as_ref() == Some(name.get_ref()));
        let useless = rule.conditions.is_empty() || rule.when != When::Entry;
        let nothing = !matches!(rule.subject, Subject::Lock { .. });
        if taken || useless || nothing || !c::is_name(name.get_ref()) {
            self.check.error(
                name.span(),
                format!("bad name `{}`", name.get_ref()),
                "it is in use, no name in C, or the rule has no object or no conditions at entry",
                "name what the object is where the conditions hold, such as `victim`",
            );
        }
    }

    /// Adds a rule, if the others leave room for it.
    fn add(&mut self, rules: &mut Vec<(Range<usize>, Rule)>, at: Range<usize>, rule: Rule) {
        for (other_at, other) in rules.iter() {
            self.compare(other_at.clone(), other, at.clone(), &rule);
        }
        rules.push((at, rule));
    }

    /// Looks for what two rules of an op cannot both say.
    fn compare(&mut self, first: Range<usize>, a: &Rule, second: Range<usize>, b: &Rule) {
        if !solve::overlap(a, b) {
            return;
        }
        let (message, label, help, other) = if a.subject == b.subject && a.when == b.when {
            let subject = &b.subject;
            let (asks, also) = (b.requirement.word(), a.requirement.word());
            if a.requirement != b.requirement {
                (
                    format!("`{subject}` is both `{also}` and `{asks}`"),
                    format!("`{asks}` here"),
                    "keep one of them, or give them conditions that exclude each other",
                    format!("`{also}` for some of the same calls"),
                )
            } else if a.conditions == b.conditions {
                (
                    format!("the same rule for `{subject}` twice"),
                    "this says nothing new".to_owned(),
                    "remove it; a rule may have several sources",
                    "said here".to_owned(),
                )
            } else {
                return;
            }
        } else if let Some(lock) = atomic(a)
            .filter(|_| sleeps(b))
            .or_else(|| atomic(b).filter(|_| sleeps(a)))
        {
            (
                format!("sleep is allowed, and `{lock}` is held"),
                "this cannot be together with the other".to_owned(),
                "nothing that holds it may sleep: correct one of them, or name the op in `except`",
                "for some of the same calls".to_owned(),
            )
        } else {
            return;
        };
        self.check
            .report
            .push(Report::at(self.check.file, second, message, label, help).and(first, other));
    }
}

/// Returns the lock that a rule has held at entry, if nobody who holds it may sleep.
fn atomic(rule: &Rule) -> Option<&'static str> {
    let lock = rule.subject.lock().filter(|lock| lock.kind.is_atomic())?;
    (rule.requirement == Requirement::Held && rule.when == When::Entry).then_some(lock.name)
}

fn sleeps(rule: &Rule) -> bool {
    rule.requirement == Requirement::Allowed
}
