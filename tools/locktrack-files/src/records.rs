// SPDX-License-Identifier: GPL-2.0

//! The files whose lines begin with what they are.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::rows::Rule;
use crate::text::{lines, Error, Line};

/// The file `attach`, without the lines of single probes that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    pub filesystems: Vec<Attached>,
}

/// An attached filesystem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    pub name: String,
    pub tables: u64,
    pub probes: u64,
    /// Functions that could not be probed: callback, function and why.
    pub refused: Vec<[String; 3]>,
    pub missed: u64,
    /// Functions that are followed to their return.
    pub followed: u64,
    /// Functions that could not be: callback, function and why.
    pub return_refused: Vec<[String; 3]>,
    /// Calls of the functions that are followed which were not.
    pub return_missed: u64,
}

/// The file `stats`: names and values.
pub type Stats = BTreeMap<String, String>;

/// The file `edition`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// The one whose rules are checked.
    pub active: String,
    /// All that there are, the oldest first.
    pub all: Vec<String>,
}

/// A record of the file `violations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    #[serde(flatten)]
    pub rule: Rule,
    /// `entry` or `return`.
    pub when: String,
    /// `-` if the rule always holds.
    pub condition: String,
    pub source: String,
    pub fs: String,
    /// `major:minor`.
    pub device: String,
    pub found: String,
    pub count: u64,
    /// Reason and reference, if it is a known exception.
    pub exception: Option<[String; 2]>,
    /// In seconds since boot.
    pub first: String,
    pub last: String,
    pub task: String,
    pub pid: i64,
    /// `function+offset/size [module]`.
    pub caller: String,
    /// From the caller outwards.
    pub stack: Vec<String>,
    /// Lines that are not known here: what they begin with, and the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<(String, String)>,
}

impl Violation {
    /// Returns the caller without offset, size and module.
    pub fn function(&self) -> &str {
        let end = self.caller.find(['+', ' ']).unwrap_or(self.caller.len());
        &self.caller[..end]
    }
}

/// Parses the file `attach`.
pub fn parse_attach(text: &str) -> Result<Attach, Error> {
    let mut attach = Attach::default();
    // A function can be several callbacks; what it lost is counted once.
    let mut followed = BTreeSet::new();
    for line in lines(text, "attach", 1)? {
        let kind = line.columns().next();
        match kind {
            Some("fs") => attach.filesystems.push(Attached {
                name: line.column(1, "name")?.to_owned(),
                tables: line.number(2, "tables")?,
                probes: line.number(3, "probes")?,
                refused: Vec::new(),
                missed: line.number(5, "missed")?,
                followed: 0,
                return_refused: Vec::new(),
                return_missed: 0,
            }),
            Some("refused" | "return" | "return-refused") => {
                let name = line.column(1, "name")?;
                let of = attach.filesystems.iter_mut().find(|fs| fs.name == name);
                let of = of.ok_or_else(|| {
                    line.error(format!("there is no filesystem `{name}` above this line"))
                })?;
                let callback = line.column(2, "callback")?;
                let function = line.column(3, "function")?;
                if kind == Some("return") {
                    let missed = line.number(5, "missed")?;
                    if followed.insert((name, function)) {
                        of.followed += 1;
                        of.return_missed = of.return_missed.saturating_add(missed);
                    }
                    continue;
                }
                let why = line.column(4, "why")?;
                let refused = match kind {
                    Some("refused") => &mut of.refused,
                    _ => &mut of.return_refused,
                };
                refused.push([callback, function, why].map(str::to_owned));
            }
            _ => (),
        }
    }
    Ok(attach)
}

/// Parses the file `stats`.
pub fn parse_stats(text: &str) -> Result<Stats, Error> {
    let mut stats = Stats::new();
    for line in lines(text, "stats", 1)? {
        let Some((name, value)) = line.text.split_once('\t') else {
            return Err(line.error("this is no name and value"));
        };
        let value = value.replace('\t', " ");
        stats
            .entry(name.to_owned())
            .and_modify(|all| *all = format!("{all}, {value}"))
            .or_insert(value);
    }
    Ok(stats)
}

/// Parses the file `edition`.
pub fn parse_edition(text: &str) -> Result<Edition, Error> {
    let mut active = None;
    let mut all = Vec::new();
    let mut last = None;
    for line in lines(text, "edition", 2)? {
        match line.columns().next() {
            Some("active") => active = Some(line.column(1, "edition")?.to_owned()),
            Some("edition") => all.push(line.column(1, "edition")?.to_owned()),
            _ => (),
        }
        last = Some(line);
    }
    let end = last.unwrap_or(Line {
        file: "edition",
        number: 1,
        text: "",
    });
    let active = active.ok_or_else(|| end.error("no edition is active"))?;
    Ok(Edition { active, all })
}

/// Parses the file `violations`.
pub fn parse_violations(text: &str) -> Result<Vec<Violation>, Error> {
    let mut records: Vec<(Line<'_>, Vec<Line<'_>>)> = Vec::new();
    for line in lines(text, "violations", 1)? {
        match (line.columns().next(), records.last_mut()) {
            (Some("violation"), _) => records.push((line, Vec::new())),
            (Some(""), _) => (),
            (_, Some((_, lines))) => lines.push(line),
            (_, None) => return Err(line.error("no line `violation` is above this line")),
        }
    }
    let parse = |(first, lines): &(Line<'_>, Vec<Line<'_>>)| violation(first, lines);
    records.iter().map(parse).collect()
}

fn violation(first: &Line<'_>, lines: &[Line<'_>]) -> Result<Violation, Error> {
    const KNOWN: [&str; 11] = [
        "rule",
        "when",
        "source",
        "fs",
        "found",
        "count",
        "exception",
        "first",
        "last",
        "task",
        "caller",
    ];
    let find = |name: &str| lines.iter().find(|l| l.columns().next() == Some(name));
    let get = |name: &str| {
        find(name).ok_or_else(|| first.error(format!("this violation has no line `{name}`")))
    };
    let text = |name: &str, index: usize| Ok(get(name)?.column(index, name)?.to_owned());
    let id = get("rule")?.number(1, "id")?;
    let pid = text("task", 2)?;
    Ok(Violation {
        rule: Rule {
            id: u32::try_from(id).map_err(|_| first.error("its rule has an impossible id"))?,
            callback: text("rule", 2)?,
            object: text("rule", 3)?,
            lock: text("rule", 4)?,
            requires: text("rule", 5)?,
        },
        when: text("when", 1)?,
        condition: text("rule", 6)?,
        source: text("source", 1)?,
        fs: text("fs", 1)?,
        device: text("fs", 2)?,
        found: text("found", 1)?,
        count: get("count")?.number(1, "count")?,
        exception: match find("exception") {
            Some(_) => Some([text("exception", 1)?, text("exception", 2)?]),
            None => None,
        },
        first: text("first", 1)?,
        last: text("last", 1)?,
        task: text("task", 1)?,
        pid: pid
            .parse()
            .map_err(|_| first.error(format!("`{pid}` is no process id")))?,
        caller: text("caller", 1)?,
        stack: (lines.iter())
            .filter_map(|line| line.text.strip_prefix("stack\t"))
            .map(str::to_owned)
            .collect(),
        more: (lines.iter())
            .filter_map(|line| line.text.split_once('\t').or(Some((line.text, ""))))
            .filter(|(name, _)| !KNOWN.contains(name) && *name != "stack")
            .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
            .collect(),
    })
}
