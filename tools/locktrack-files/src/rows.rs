// SPDX-License-Identifier: GPL-2.0

//! The files with a row for each rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::{lines, Error, Line};

/// The five columns that tell a rule from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// Good for one build of the module.
    pub id: u32,
    /// `TABLE.OP`.
    pub callback: String,
    /// `-` if there is none.
    pub object: String,
    /// `sleep` if it is about sleeping.
    pub lock: String,
    pub requires: String,
}

impl Rule {
    /// Returns the struct of callbacks and the callback in it.
    pub fn table_and_op(&self) -> (&str, &str) {
        self.callback
            .split_once('.')
            .unwrap_or((&self.callback, ""))
    }

    /// Returns what it is about: `OBJECT->LOCK`, or `LOCK`.
    pub fn subject(&self) -> String {
        match &self.object[..] {
            "-" => self.lock.clone(),
            object => format!("{object}->{}", self.lock),
        }
    }
}

/// A line of `rules`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleLine {
    #[serde(flatten)]
    pub rule: Rule,
    /// `entry` or `return`.
    pub when: String,
    /// `-` if it always holds.
    pub condition: String,
    pub source: String,
    /// Whether the module can check it.
    pub checked: bool,
    /// Why it cannot, or `-`.
    pub why: String,
}

/// A line of `coverage`. All but `hits` add up to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    #[serde(flatten)]
    pub rule: Rule,
    pub fs: String,
    pub hits: u64,
    pub ok: u64,
    pub someone: u64,
    pub violation: u64,
    pub unknown: u64,
    pub unjudged: u64,
    pub excepted: u64,
}

/// A line of `observed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    #[serde(flatten)]
    pub rule: Rule,
    pub fs: String,
    /// How often which answer was seen.
    pub answers: BTreeMap<String, u64>,
    #[serde(rename = "not-applicable")]
    pub not_applicable: u64,
}

/// The rows of a file, with its names of the columns.
struct Rows<'t> {
    names: Vec<&'t str>,
    rows: Vec<Row<'t>>,
}

struct Row<'t> {
    line: Line<'t>,
    cells: Vec<&'t str>,
}

impl<'t> Rows<'t> {
    fn parse(text: &'t str, file: &'static str, version: u32) -> Result<Self, Error> {
        let mut names: Option<Vec<&str>> = None;
        let mut rows = Vec::new();
        for line in lines(text, file, version)? {
            if let Some(found) = line.text.strip_prefix("# ") {
                if names.is_some() {
                    return Err(line.error("the columns are named a second time"));
                }
                let found: Vec<&str> = found.split('\t').collect();
                if let Some(twice) = (1..found.len()).find(|&i| found[..i].contains(&found[i])) {
                    return Err(line.error(format!("two columns are called `{}`", found[twice])));
                }
                names = Some(found);
                continue;
            }
            if line.text.is_empty() {
                continue;
            }
            let Some(names) = &names else {
                return Err(line.error("no line with `#` has named the columns"));
            };
            let cells: Vec<&str> = line.columns().collect();
            if cells.len() != names.len() {
                let (is, should) = (cells.len(), names.len());
                return Err(line.error(format!("there are {is} columns, not {should}")));
            }
            rows.push(Row { line, cells });
        }
        let end = Line {
            file,
            number: text.lines().count().max(1),
            text: "",
        };
        let names = names.ok_or_else(|| end.error("no line with `#` has named the columns"))?;
        Ok(Self { names, rows })
    }

    fn cell(&self, row: &Row<'t>, name: &str) -> Result<&'t str, Error> {
        let index = self.names.iter().position(|other| *other == name);
        index
            .and_then(|index| row.cells.get(index).copied())
            .ok_or_else(|| row.line.error(format!("there is no column `{name}`")))
    }

    fn number<N: std::str::FromStr>(&self, row: &Row<'t>, name: &str) -> Result<N, Error> {
        let cell = self.cell(row, name)?;
        cell.parse().map_err(|_| {
            row.line
                .error(format!("`{cell}` in column `{name}` is no number"))
        })
    }

    fn rule(&self, row: &Row<'t>) -> Result<Rule, Error> {
        Ok(Rule {
            id: self.number(row, "id")?,
            callback: self.cell(row, "callback")?.to_owned(),
            object: self.cell(row, "object")?.to_owned(),
            lock: self.cell(row, "lock")?.to_owned(),
            requires: self.cell(row, "requires")?.to_owned(),
        })
    }
}

/// Parses the file `rules`.
pub fn parse_rules(text: &str) -> Result<Vec<RuleLine>, Error> {
    let rows = Rows::parse(text, "rules", 2)?;
    let line = |row| {
        Ok(RuleLine {
            rule: rows.rule(row)?,
            when: rows.cell(row, "when")?.to_owned(),
            condition: rows.cell(row, "condition")?.to_owned(),
            source: rows.cell(row, "source")?.to_owned(),
            checked: rows.cell(row, "checked")? == "yes",
            why: rows.cell(row, "why")?.to_owned(),
        })
    };
    rows.rows.iter().map(line).collect()
}

/// Parses the file `coverage`.
pub fn parse_coverage(text: &str) -> Result<Vec<Coverage>, Error> {
    let rows = Rows::parse(text, "coverage", 2)?;
    let line = |row| {
        Ok(Coverage {
            rule: rows.rule(row)?,
            fs: rows.cell(row, "fs")?.to_owned(),
            hits: rows.number(row, "hits")?,
            ok: rows.number(row, "ok")?,
            someone: rows.number(row, "someone")?,
            violation: rows.number(row, "violation")?,
            unknown: rows.number(row, "unknown")?,
            unjudged: rows.number(row, "unjudged")?,
            excepted: rows.number(row, "excepted")?,
        })
    };
    rows.rows.iter().map(line).collect()
}

/// Parses the file `observed`. Each column that is none of the others is an answer.
pub fn parse_observed(text: &str) -> Result<Vec<Observed>, Error> {
    const OTHERS: [&str; 7] = [
        "id",
        "callback",
        "object",
        "lock",
        "requires",
        "not-applicable",
        "fs",
    ];
    let rows = Rows::parse(text, "observed", 2)?;
    let answers: Vec<&str> = (rows.names.iter().copied())
        .filter(|name| !OTHERS.contains(name))
        .collect();
    let line = |row| {
        let answer = |name: &&str| Ok(((*name).to_owned(), rows.number(row, name)?));
        Ok(Observed {
            rule: rows.rule(row)?,
            fs: rows.cell(row, "fs")?.to_owned(),
            answers: answers.iter().map(answer).collect::<Result<_, Error>>()?,
            not_applicable: rows.number(row, "not-applicable")?,
        })
    };
    rows.rows.iter().map(line).collect()
}
