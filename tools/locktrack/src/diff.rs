// SPDX-License-Identifier: GPL-2.0

//! What differs between two reports, also of different kernels and builds of the module.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use locktrack_files::{Coverage, Violation};

use crate::matrix::State;
use crate::report::Report;
use crate::table::{new_table, put};
use crate::wording::{any_violation, counted};

/// What differs.
pub struct Diff {
    /// Violations that only the second report has: who calls what without which lock, and how often.
    pub new: Vec<(String, u64)>,
    /// Violations that only the first one has.
    pub gone: Vec<(String, u64)>,
    /// Rules that are not in the same state.
    pub changed: Vec<(String, State, State)>,
    /// Rules, in filesystems, that only one of them has.
    pub only: [usize; 2],
}

/// Names a rule in a filesystem; numbers of rules are good for one build only.
fn name(report: &Report, row: &Coverage) -> String {
    let mut name = format!(
        "{} of {}: {} {}",
        row.rule.callback,
        row.fs,
        report.subject(&row.rule),
        row.rule.requires
    );
    match report.condition(&row.rule) {
        "-" => (),
        condition => name += &format!(" if {condition}"),
    }
    name
}

/// Names a violation; offsets are good for one build only.
fn record_name(record: &Violation) -> String {
    format!(
        "{} of {} {}, by {}",
        record.rule.callback,
        record.fs,
        any_violation(record),
        record.function()
    )
}

fn records(report: &Report) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for record in report.violations.iter().filter(|v| v.exception.is_none()) {
        let count = counts.entry(record_name(record)).or_insert(0u64);
        *count = count.saturating_add(record.count);
    }
    counts
}

/// Compares two reports.
pub fn diff(a: &Report, b: &Report) -> Diff {
    let (old, new) = (records(a), records(b));
    let lacking = |from: &BTreeMap<String, u64>, other: &BTreeMap<String, u64>| {
        (from.iter())
            .filter(|(name, _)| !other.contains_key(*name))
            .map(|(name, count)| (name.clone(), *count))
            .collect()
    };
    let states = |report: &Report| -> BTreeMap<String, State> {
        let mut states = BTreeMap::new();
        for row in &report.coverage {
            let (name, state) = (name(report, row), State::of(row));
            // Of two with one name, the worse one counts.
            let of = states.entry(name).or_insert(state);
            *of = state.min(*of);
        }
        states
    };
    let (was, is) = (states(a), states(b));
    Diff {
        new: lacking(&new, &old),
        gone: lacking(&old, &new),
        changed: (was.iter())
            .filter_map(|(name, was)| Some((name.clone(), *was, *is.get(name)?)))
            .filter(|(_, was, is)| was != is)
            .collect(),
        only: [
            was.keys().filter(|name| !is.contains_key(*name)).count(),
            is.keys().filter(|name| !was.contains_key(*name)).count(),
        ],
    }
}

impl Diff {
    /// Returns whether nothing got worse.
    pub fn is_clean(&self) -> bool {
        self.new.is_empty() && !self.changed.iter().any(|(_, _, is)| *is == State::Broken)
    }

    /// Writes it for the terminal.
    pub fn print(&self, colours: bool) -> String {
        let mut out = String::new();
        for (title, records) in [
            ("New violations", &self.new),
            ("No longer seen", &self.gone),
        ] {
            if records.is_empty() {
                continue;
            }
            let _ = writeln!(out, "{title}:");
            for (name, count) in records {
                let _ = writeln!(out, "  {name}, {}", counted(*count, "time"));
            }
            out.push('\n');
        }
        if !self.changed.is_empty() {
            let mut table = new_table(&["rule", "was", "is"], colours);
            for (name, was, is) in &self.changed {
                table.add_row([name, was.name(), is.name()]);
            }
            put(&mut out, &table);
            out.push('\n');
        }
        for (count, which) in self.only.iter().zip(["first", "second"]) {
            if *count > 0 {
                let rules = match count {
                    1 => "1 rule is".to_owned(),
                    _ => format!("{count} rules are"),
                };
                let _ = writeln!(out, "{rules} in the {which} report only\n");
            }
        }
        let _ = writeln!(
            out,
            "{}, {} no longer seen, {} in another state",
            counted(self.new.len() as u64, "new violation"),
            self.gone.len(),
            counted(self.changed.len() as u64, "rule")
        );
        out
    }
}
