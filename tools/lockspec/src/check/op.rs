// SPDX-License-Identifier: GPL-2.0

//! From an op as written to one whose rules do not contradict each other.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::Check;
use crate::c;
use crate::data;
use crate::facts;
use crate::report::Report;
use crate::solve;
use crate::spec::{Argument, Op, Reach, Row, Rule, When};
use crate::suggest::one_of;

/// An object that rules may name.
pub(super) struct Object {
    pub(super) name: String,
    pub(super) reach: Reach,
}

/// An op that is being checked.
pub(super) struct OpCheck<'c, 'r, 'd> {
    pub(super) check: &'c mut Check<'r>,
    pub(super) file: &'d data::File,
    pub(super) table: (&'d str, &'d data::Table),
    pub(super) name: &'d str,
    pub(super) op: &'d data::Op,
    pub(super) arguments: Vec<Argument>,
    pub(super) objects: Vec<Object>,
    /// The names of objects that have an error.
    pub(super) broken: Vec<&'d str>,
}

impl OpCheck<'_, '_, '_> {
    /// Checks the op. Adds to `cited` the sentences that its rules come from.
    pub(super) fn check(mut self, cited: &mut BTreeSet<String>) -> Option<Op> {
        let op = self.op;
        let row = self.row();
        self.arguments = match c::prototype(op.prototype.get_ref()) {
            Ok(arguments) => arguments,
            Err(error) => {
                self.check.error_in(
                    &op.prototype,
                    error,
                    "write the type that is returned, and the arguments in parentheses, each \
                     with its type and its name",
                );
                return None;
            }
        };
        self.objects();

        let mut rules: Vec<(Range<usize>, Rule)> = Vec::new();
        for written in &op.rules {
            let sources = written.get_ref().source.get_ref();
            cited.extend(sources.iter().map(|s| s.get_ref().clone()));
            let Some(rule) = self.rule(written.get_ref()) else {
                continue;
            };
            if let Some(name) = &written.get_ref().name {
                let taken = self.objects.iter().any(|o| o.name == *name.get_ref())
                    || (rules.iter()).any(|(_, r)| r.name.as_ref() == Some(name.get_ref()));
                let useless = rule.conditions.is_empty() || rule.when != When::Entry;
                if taken || useless || !c::is_name(name.get_ref()) {
                    self.check.error(
                        name.span(),
                        format!("bad name `{}`", name.get_ref()),
                        "it is in use, no name in C, or the rule has no conditions at entry",
                        "name what the object is where the conditions hold, such as `victim`",
                    );
                }
            }
            for (at, other) in &rules {
                self.compare(at.clone(), other, written.span(), &rule);
            }
            rules.push((written.span(), rule));
        }
        Some(Op {
            name: self.name.to_owned(),
            prototype: op.prototype.get_ref().clone(),
            arguments: self.arguments,
            row,
            rules: rules.into_iter().map(|(_, rule)| rule).collect(),
            unchecked: op.unchecked.clone(),
            note: op.note.clone(),
        })
    }

    /// Checks that what the document says of the op is accounted for.
    fn row(&mut self) -> Row {
        let (op, name, (_, table)) = (self.op, self.name, self.table);
        let row = match (&op.row, &op.unlisted) {
            (Some(row), None) => row,
            (None, Some(reason)) => return Row::Unlisted(reason.get_ref().clone()),
            (None, None) => {
                self.check.error(
                    op.prototype.span(),
                    format!("`{name}` has no row"),
                    "what does the document say about it?",
                    "add `row`, the cells of its row, or `unlisted`, why there is no row",
                );
                return Row::Cells(Vec::new());
            }
            (Some(_), Some(unlisted)) => {
                self.check.error(
                    unlisted.span(),
                    format!("`{name}` has a row and is unlisted"),
                    "a row is given as well",
                    "remove `row` or `unlisted`",
                );
                return Row::Cells(Vec::new());
            }
        };
        let (cells, columns) = (row.get_ref().len(), table.columns.len());
        if cells != columns {
            self.check.error(
                row.span(),
                format!("the row of `{name}` has {cells} cells, its table {columns} columns"),
                "one cell for each column",
                format!("the columns are: {}", table.columns.join(", ")),
            );
        }
        let mut sources = (op.rules.iter()).flat_map(|r| r.get_ref().source.get_ref());
        if op.unchecked.is_empty() && !sources.any(|s| s.get_ref() == "row") {
            self.check.error(
                row.span(),
                format!("the row of `{name}` has no effect"),
                "no rule has it as its source",
                "add a rule with the source `row`, or say in `unchecked` why there is none",
            );
        }
        Row::Cells(row.get_ref().clone())
    }

    /// Collects the objects: the arguments that are inodes, and those that are given names.
    fn objects(&mut self) {
        let op = self.op;
        for (argument, a) in self.arguments.iter().enumerate() {
            let from = a.points_to.as_deref();
            let mut paths = facts::PATHS.iter().filter(|p| p.fields.is_empty());
            if let Some(&path) = paths.find(|p| Some(p.from) == from) {
                self.objects.push(Object {
                    name: a.name.clone(),
                    reach: Reach { argument, path },
                });
            }
        }
        for (name, way) in &op.objects {
            self.broken.push(name.get_ref());
            if !c::is_name(name.get_ref())
                || self.arguments.iter().any(|a| a.name == *name.get_ref())
            {
                self.check.error(
                    name.span(),
                    format!("bad object name `{}`", name.get_ref()),
                    "an argument has this name, or it is no name in C",
                    "give the object the name of its role, such as `victim`",
                );
                continue;
            }
            if let Some(reach) = self.reach(way) {
                self.broken.pop();
                self.objects.push(Object {
                    name: name.get_ref().clone(),
                    reach,
                });
            }
        }
    }

    /// Resolves `argument->field->field`.
    fn reach(&mut self, way: &Spanned<String>) -> Option<Reach> {
        let names = match c::members(way.get_ref()) {
            Ok(names) => names,
            Err(error) => {
                const HELP: &str = "write the way as in C: `dentry->d_inode`";
                self.check.error_in(way, error, HELP);
                return None;
            }
        };
        let (first, at) = names.first()?;
        let all: Vec<&str> = self.arguments.iter().map(|a| a.name.as_str()).collect();
        let message = format!("the prototype cannot reach `{}`", way.get_ref());
        let Some(argument) = all.iter().position(|name| name == first) else {
            let at = self.check.within(way, at.clone());
            let help = one_of(first, &all);
            self.check
                .error(at, message, "it has no such argument", help);
            return None;
        };
        let from = self.arguments[argument].points_to.as_deref();
        let fields: Vec<&str> = names[1..].iter().map(|(name, _)| name.as_str()).collect();
        let mut ways = Vec::new();
        for &path in facts::PATHS.iter().filter(|p| Some(p.from) == from) {
            if path.fields == fields {
                return Some(Reach { argument, path });
            }
            if !path.fields.is_empty() {
                ways.push(format!("`{first}->{}`", path.fields.join("->")));
            }
        }
        let at = self.check.within(way, 0..way.get_ref().len());
        let label = match from {
            Some(tag) => format!("`{first}` is a pointer to struct {tag}"),
            None => format!("`{first}` is not a pointer to a struct"),
        };
        let help = match ways[..] {
            [] => "no lock is found through this argument: take another one".to_owned(),
            _ => format!("what is found through it: {}", ways.join(", ")),
        };
        self.check.error(at, message, label, help);
        None
    }

    /// Looks for what two rules of an op cannot both say.
    fn compare(&mut self, first: Range<usize>, a: &Rule, second: Range<usize>, b: &Rule) {
        let lock = format!("{}->{}", b.object, b.lock.field);
        if (a.reach, a.lock, a.when) != (b.reach, b.lock, b.when) || !solve::overlap(a, b) {
            return;
        }
        if a.requirement != b.requirement {
            let (a, b) = (a.requirement.word(), b.requirement.word());
            self.check.report.push(
                Report::at(
                    self.check.file,
                    second,
                    format!("`{lock}` is both `{a}` and `{b}`"),
                    format!("`{b}` here"),
                    "keep one of them, or give them conditions that exclude each other",
                )
                .and(first, format!("`{a}` for some of the same calls")),
            );
        } else if a.conditions == b.conditions {
            self.check.report.push(
                Report::at(
                    self.check.file,
                    second,
                    format!("the same rule for `{lock}` twice"),
                    "this says nothing new",
                    "remove it; a rule may have several sources",
                )
                .and(first, "said here"),
            );
        }
    }
}
