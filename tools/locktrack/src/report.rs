// SPDX-License-Identifier: GPL-2.0

//! All that the module says at one time.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{bail, Context as _, Result};
use locktrack_files::{
    parse_attach, parse_coverage, parse_edition, parse_observed, parse_rules, parse_stats,
    parse_violations, Attached, Coverage, Observed, Rule, RuleLine, Stats, Violation,
};
use serde::{Deserialize, Serialize};

use crate::directory::Directory;

/// What a report in JSON says first. The number changes when a key changes its meaning, and when there is one that this
/// program cannot do without.
const FORMAT: &str = "locktrack report 2";

/// What was lost, of which the reader has to know, by its names in `stats`.
const LOSSES: [(&str, &str); 8] = [
    (
        "missed",
        "hits of probes that were lost, so that calls were not checked",
    ),
    (
        "return-missed",
        "calls that were not followed to their return",
    ),
    (
        "unwatched",
        "calls that were followed, but whose task or folio there was no room to watch",
    ),
    ("exact-lost", "shared holds that are not known"),
    (
        "exact-missed",
        "lost hits that show who holds a lock shared",
    ),
    ("discover-missed", "lost hits that show new tables"),
    (
        "tables-lost",
        "tables that were not taken in: their callbacks may not be checked",
    ),
    (
        "violations-lost",
        "violations that found no room for a record",
    ),
];

/// What else `stats` counts.
const COUNTERS: [&str; 7] = [
    "checked",
    "foreign",
    "followed",
    "violations",
    "excepted",
    "exact-taken",
    "exact-unmatched",
];

/// What the module knew at one time, or what came in between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub format: String,
    /// The release of the kernel.
    pub kernel: String,
    /// Whose rules were checked.
    pub edition: String,
    /// The command that it is about, if it is about one.
    pub command: Option<String>,
    pub attached: Vec<Attached>,
    pub stats: Stats,
    pub rules: Vec<RuleLine>,
    pub coverage: Vec<Coverage>,
    pub observed: Vec<Observed>,
    pub violations: Vec<Violation>,
}

/// Adds counts; a sum that is too large stays at the largest.
pub(crate) fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

impl Report {
    /// Reads the files of the module.
    pub fn read(directory: &Directory) -> Result<Self> {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease");
        let mut report = Self::of(|name| directory.read(name))?;
        report.kernel = kernel.map_or_else(|_| "?".to_owned(), |text| text.trim().to_owned());
        Ok(report)
    }

    /// Makes one of files that `read` returns the text of, of an unknown kernel.
    pub fn of(read: impl Fn(&str) -> Result<String>) -> Result<Self> {
        let edition = parse_edition(&read("edition")?)?;
        let mut coverage = parse_coverage(&read("coverage")?)?;
        let mut observed = parse_observed(&read("observed")?)?;
        // Where nothing was ever attached, the rows are of no filesystem.
        coverage.retain(|row| row.fs != "-");
        observed.retain(|row| row.fs != "-");
        Ok(Self {
            format: FORMAT.to_owned(),
            kernel: "?".to_owned(),
            edition: edition.active,
            command: None,
            attached: parse_attach(&read("attach")?)?.filesystems,
            stats: parse_stats(&read("stats")?)?,
            rules: parse_rules(&read("rules")?)?,
            coverage,
            observed,
            violations: parse_violations(&read("violations")?)?,
        })
    }

    /// Reads a report that was saved as JSON.
    pub fn load(file: &Path) -> Result<Self> {
        let name = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        Self::parse(&text, &name.to_string())
    }

    /// Reads the text of a report in JSON, of which an error says `name`.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let no_report =
            || format!("{name} is no report: make one with `locktrack report --format json`");
        let report: serde_json::Value = serde_json::from_str(text).with_context(no_report)?;
        match report.get("format").and_then(|format| format.as_str()) {
            Some(format) if format != FORMAT => {
                bail!("{name} is a `{format}`, and this program reads `{FORMAT}`")
            }
            _ => serde_json::from_value(report).with_context(no_report),
        }
    }

    /// Writes it as JSON.
    pub fn json(&self) -> String {
        // Nothing in it can fail: all keys are strings.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        text + "\n"
    }

    /// Returns what came after `before`, which is earlier and of the same module.
    pub fn since(mut self, before: &Self) -> Self {
        let old: BTreeMap<_, _> = (before.coverage.iter())
            .map(|row| ((&row.rule, &row.fs), row))
            .collect();
        for row in &mut self.coverage {
            if let Some(old) = old.get(&(&row.rule, &row.fs)) {
                for (new, old) in [
                    (&mut row.hits, old.hits),
                    (&mut row.ok, old.ok),
                    (&mut row.someone, old.someone),
                    (&mut row.violation, old.violation),
                    (&mut row.unknown, old.unknown),
                    (&mut row.unjudged, old.unjudged),
                    (&mut row.excepted, old.excepted),
                ] {
                    *new = new.saturating_sub(old);
                }
            }
        }
        let old: BTreeMap<_, _> = (before.observed.iter())
            .map(|row| ((&row.rule, &row.fs), row))
            .collect();
        for row in &mut self.observed {
            if let Some(old) = old.get(&(&row.rule, &row.fs)) {
                row.not_applicable = row.not_applicable.saturating_sub(old.not_applicable);
                for (answer, count) in &mut row.answers {
                    let old = old.answers.get(answer).copied().unwrap_or(0);
                    *count = count.saturating_sub(old);
                }
            }
        }
        for record in &mut self.violations {
            let same = |old: &&Violation| {
                (&old.rule, &old.fs, &old.caller, &old.first)
                    == (&record.rule, &record.fs, &record.caller, &record.first)
            };
            if let Some(old) = before.violations.iter().find(same) {
                record.count = record.count.saturating_sub(old.count);
            }
        }
        self.violations.retain(|record| record.count > 0);
        for fs in &mut self.attached {
            if let Some(old) = before.attached.iter().find(|old| old.name == fs.name) {
                fs.missed = fs.missed.saturating_sub(old.missed);
                fs.return_missed = fs.return_missed.saturating_sub(old.return_missed);
            }
        }
        for (name, value) in &mut self.stats {
            let counted = COUNTERS.contains(&&name[..]) || LOSSES.iter().any(|(n, _)| n == name);
            let old = before
                .stats
                .get(name)
                .and_then(|old| old.parse::<u64>().ok());
            if let (true, Ok(new), Some(old)) = (counted, value.parse::<u64>(), old) {
                *value = new.saturating_sub(old).to_string();
            }
        }
        self
    }

    /// Leaves only what is about these filesystems.
    pub fn only(mut self, names: &[String]) -> Self {
        let of = |fs: &String| names.contains(fs);
        self.attached.retain(|fs| of(&fs.name));
        self.coverage.retain(|row| of(&row.fs));
        self.observed.retain(|row| of(&row.fs));
        self.violations.retain(|record| of(&record.fs));
        self
    }

    /// Returns how often rules were broken, without what is excepted; also if it found no room.
    pub fn violations(&self) -> u64 {
        let rows = sum(self.coverage.iter().map(|row| row.violation));
        let records = self.violations.iter().filter(|v| v.exception.is_none());
        rows.max(sum(records.map(|v| v.count)))
    }

    /// Returns how often rules were broken by known exceptions.
    pub fn excepted(&self) -> u64 {
        let records = self.violations.iter().filter(|v| v.exception.is_some());
        sum(records.map(|v| v.count))
    }

    /// Returns what was lost, of which the reader has to know.
    pub fn lost(&self) -> Vec<String> {
        let mut lost = Vec::new();
        for (name, what) in LOSSES {
            match self.stats.get(name) {
                Some(count) if count != "0" => lost.push(format!("{what}: {count} ({name})")),
                _ => (),
            }
        }
        for (name, what) in [
            (
                "return-refused-by",
                "not all that calls do until they return is seen",
            ),
            ("discover-refused", "not all new tables are seen"),
        ] {
            if let Some(functions) = self.stats.get(name) {
                lost.push(format!("{what}: no probe on {functions} ({name})"));
            }
        }
        for fs in &self.attached {
            for (refused, which) in [(&fs.refused, ""), (&fs.return_refused, "the return of ")] {
                lost.extend(refused.iter().map(|[callback, function, why]| {
                    let fs = &fs.name;
                    format!("{fs}: {which}{callback} is not checked: no probe on {function}: {why}")
                }));
            }
        }
        lost
    }

    /// Returns how many hits of probes were lost.
    pub fn hits_lost(&self) -> u64 {
        let names = LOSSES.iter().map(|(name, _)| *name);
        let counts = names.filter(|name| name.ends_with("missed"));
        sum(counts.filter_map(|name| self.stats.get(name)?.parse().ok()))
    }

    fn line(&self, rule: &Rule) -> Option<&RuleLine> {
        self.rules.iter().find(|line| line.rule.id == rule.id)
    }

    /// Returns what a rule is about, and whether it is about the return.
    pub fn subject(&self, rule: &Rule) -> String {
        let subject = rule.subject();
        match self.line(rule) {
            Some(line) if line.when == "return" => subject + " on return",
            _ => subject,
        }
    }

    /// Returns what a rule depends on, or `-`.
    pub fn condition(&self, rule: &Rule) -> &str {
        self.line(rule).map_or("-", |line| &line.condition)
    }

    /// Returns where a rule is written.
    pub fn source(&self, rule: &Rule) -> &str {
        self.line(rule).map_or("", |line| &line.source)
    }

    /// Returns the answers that were seen, the most frequent first.
    pub fn answers(&self, rule: &Rule, fs: &str) -> Vec<(&str, u64)> {
        let row = (self.observed.iter()).find(|row| row.rule.id == rule.id && row.fs == fs);
        let mut answers: Vec<(&str, u64)> = row
            .into_iter()
            .flat_map(|row| &row.answers)
            .filter(|(_, count)| **count > 0)
            .map(|(answer, count)| (&answer[..], *count))
            .collect();
        answers.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        answers
    }
}
