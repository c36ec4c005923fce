// SPDX-License-Identifier: GPL-2.0

//! What is shown, as it is in JSON.

use serde::Serialize;

use crate::spec::{Op, Rule, SlotId, Spec, Specification, Subject, Table, When};

/// A callback in every edition.
#[derive(Serialize)]
pub struct OpHistory {
    /// As this kernel has it or, if it is gone, the last edition that had it.
    pub table: String,
    pub op: String,
    /// As C has it: with the names that rules use.
    pub prototype: Option<String>,
    pub header: Option<String>,
    pub objects: Vec<Object>,
    /// All editions there are, oldest first.
    pub all: Vec<String>,
    /// Those that have it.
    pub editions: Vec<OpEdition>,
    /// Those that have not, and say why.
    pub unlisted: Vec<Why>,
    /// Those that call another callback so.
    pub others: Vec<Why>,
}

/// Something about one edition.
#[derive(Serialize)]
pub struct Why {
    pub edition: String,
    pub why: String,
}

/// An object that is found through an argument.
#[derive(Serialize)]
pub struct Object {
    pub name: String,
    pub way: String,
}

/// A callback in one edition.
#[derive(Serialize)]
pub struct OpEdition {
    pub edition: String,
    pub document: String,
    /// As that edition has it.
    pub table: String,
    pub op: String,
    pub prototype: Option<String>,
    pub row: Vec<Cell>,
    pub gone: Option<String>,
    pub rules: Vec<RuleText>,
    pub sentences: Vec<Said>,
    pub unchecked: Vec<String>,
    pub note: Option<String>,
}

#[derive(Serialize)]
pub struct Cell {
    pub column: String,
    pub cell: String,
}

/// What the document has in prose, as far as it is the source of a rule.
#[derive(Serialize)]
pub struct Said {
    pub name: String,
    pub says: String,
    pub document: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct RuleText {
    pub subject: String,
    pub requires: &'static str,
    #[serde(rename = "if")]
    pub condition: String,
    pub when: &'static str,
    pub name: Option<String>,
    pub source: Vec<String>,
}

impl RuleText {
    fn new(rule: &Rule) -> Self {
        Self {
            subject: rule.subject.to_string(),
            requires: rule.requirement.word(),
            condition: rule.condition.clone(),
            when: match rule.when {
                When::Entry => "entry",
                When::Return => "return",
            },
            name: rule.name.clone(),
            source: rule.sources.clone(),
        }
    }

    /// What it is about, and in which case.
    pub fn case(&self) -> String {
        let returned = if self.when == "return" {
            " on return"
        } else {
            ""
        };
        match &self.condition[..] {
            "" => format!("{}{returned}", self.subject),
            condition => format!("{}{returned} if {condition}", self.subject),
        }
    }

    /// The whole rule but its sources.
    fn essence(&self) -> (String, &'static str) {
        (self.case(), self.requires)
    }
}

/// A table from the first edition to the last.
#[derive(Serialize)]
pub struct TableHistory {
    pub table: String,
    /// All editions there are, oldest first.
    pub all: Vec<String>,
    pub ops: Vec<OpPhases>,
}

/// A callback from the first edition to the last.
#[derive(Serialize)]
pub struct OpPhases {
    pub op: String,
    pub phases: Vec<Phase>,
}

/// Successive editions that have the same rules for a callback.
#[derive(Serialize)]
pub struct Phase {
    pub editions: Vec<String>,
    /// The callback's name in these.
    pub op: String,
    pub gone: Option<String>,
    pub unchecked: bool,
    pub rules: Vec<RuleText>,
}

impl OpHistory {
    /// Finds a callback by its name in this kernel or in any edition.
    pub fn new(specification: &Specification, table: &str, op: &str) -> Option<Self> {
        let known = (specification.callbacks.find(table, op)).or_else(|| {
            let mut named =
                all_ops(specification).filter(|(_, t, o)| t.name == table && o.name == op);
            named.find_map(|(_, _, op)| op.slot)
        });
        let editions: Vec<OpEdition> = all_ops(specification)
            .filter(|(_, t, o)| match known {
                Some(slot) => o.slot == Some(slot),
                None => t.name == table && o.name == op,
            })
            .map(|(spec, table, op)| OpEdition::new(spec, table, op))
            .collect();
        let slot = known.map(|id| specification.callbacks.slot(id));
        let last = editions.last();
        let (table, op) = match (slot, last) {
            (Some((of, slot)), _) => (of.name.clone(), slot.name.clone()),
            (None, Some(last)) => (last.table.clone(), last.op.clone()),
            (None, None) => return None,
        };
        let others = all_ops(specification)
            .filter(|(_, t, o)| t.name == table && o.name == op && o.slot != known)
            .filter_map(|(spec, _, o)| {
                let (of, slot) = specification.callbacks.slot(o.slot?);
                Some(Why {
                    edition: spec.edition.to_string(),
                    why: format!("{}.{}", of.name, slot.name),
                })
            })
            .collect();
        let used = |object: &str| {
            let mut rules = all_ops(specification)
                .filter(|(_, _, o)| known.is_some() && o.slot == known)
                .flat_map(|(_, _, o)| &o.rules);
            rules.any(|r| matches!(&r.subject, Subject::Lock { object: o, .. } if o == object))
        };
        Some(Self {
            table,
            prototype: slot.map(|(_, slot)| {
                slot.prototype
                    .replacen('(', &format!("(*{})(", slot.name), 1)
            }),
            op,
            header: slot.map(|(of, _)| of.header.clone()),
            objects: (slot.iter().flat_map(|(_, slot)| &slot.objects))
                .filter(|o| o.way != o.name && used(&o.name))
                .map(|o| Object {
                    name: o.name.clone(),
                    way: o.way.clone(),
                })
                .collect(),
            all: names(specification),
            editions,
            unlisted: (specification.editions.iter())
                .flat_map(|spec| spec.tables.iter().map(move |table| (spec, table)))
                .flat_map(|(spec, table)| table.unlisted.iter().map(move |u| (spec, u)))
                .filter(|(_, u)| known.is_some_and(|id| u.slots.contains(&id)))
                .map(|(spec, u)| Why {
                    edition: spec.edition.to_string(),
                    why: u.why.clone(),
                })
                .collect(),
            others,
        })
    }
}

impl OpEdition {
    fn new(spec: &Spec, table: &Table, op: &Op) -> Self {
        let columns = table.columns.iter().flatten();
        let source = |name: &String| op.rules.iter().any(|r| r.sources.contains(name));
        Self {
            edition: spec.edition.to_string(),
            document: spec.document.clone(),
            table: table.name.clone(),
            op: op.name.clone(),
            prototype: op.prototype.clone(),
            row: (columns.zip(op.row.iter().flatten()))
                .map(|(column, cell)| Cell {
                    column: column.clone(),
                    cell: cell.clone(),
                })
                .collect(),
            gone: op.gone.clone(),
            rules: op.rules.iter().map(RuleText::new).collect(),
            sentences: (table.sentences.iter())
                .filter(|said| source(&said.name))
                .map(|said| Said {
                    name: said.name.clone(),
                    says: said.says.clone(),
                    document: said.document.clone(),
                })
                .collect(),
            unchecked: op.unchecked.clone(),
            note: op.note.clone(),
        }
    }
}

impl TableHistory {
    pub fn new(specification: &Specification, table: &str) -> Self {
        // An op that has moved to another struct is shown where the document has it.
        let of_table = || all_ops(specification).filter(|(_, t, _)| t.name == table);
        let mut ids: Vec<(Option<SlotId>, &str)> = Vec::new();
        // In the order of the newest edition, then what only older ones have.
        for spec in specification.editions.iter().rev() {
            for (_, _, op) in of_table().filter(|(s, _, _)| s.edition == spec.edition) {
                let same = |id: &(Option<SlotId>, &str)| match (id.0, op.slot) {
                    (Some(a), Some(b)) => a == b,
                    (None, None) => id.1 == op.name,
                    _ => false,
                };
                if !ids.iter().any(same) {
                    ids.push((op.slot, &op.name));
                }
            }
        }
        let ops = ids.into_iter().map(|(slot, name)| {
            let mut phases: Vec<Phase> = Vec::new();
            let mut last = None;
            for (index, spec) in specification.editions.iter().enumerate() {
                let mut ops = of_table().filter(|(s, _, _)| s.edition == spec.edition);
                let Some((_, _, op)) = ops.find(|(_, _, op)| match slot {
                    Some(_) => op.slot == slot,
                    None => op.slot.is_none() && op.name == name,
                }) else {
                    continue;
                };
                let next = Phase::new(spec, op);
                match phases.last_mut() {
                    Some(phase) if phase.same(&next) && last == index.checked_sub(1) => {
                        phase.editions.extend(next.editions);
                    }
                    _ => phases.push(next),
                }
                last = Some(index);
            }
            OpPhases {
                op: name.to_owned(),
                phases,
            }
        });
        Self {
            table: table.to_owned(),
            all: names(specification),
            ops: ops.collect(),
        }
    }
}

impl Phase {
    fn new(spec: &Spec, op: &Op) -> Self {
        Self {
            editions: vec![spec.edition.to_string()],
            op: op.name.clone(),
            gone: op.gone.clone(),
            unchecked: !op.unchecked.is_empty(),
            rules: op.rules.iter().map(RuleText::new).collect(),
        }
    }

    fn same(&self, other: &Self) -> bool {
        let mut rules: Vec<_> = self.rules.iter().map(RuleText::essence).collect();
        let mut others: Vec<_> = other.rules.iter().map(RuleText::essence).collect();
        rules.sort();
        others.sort();
        self.op == other.op && self.gone.is_some() == other.gone.is_some() && rules == others
    }
}

fn names(specification: &Specification) -> Vec<String> {
    (specification.editions.iter())
        .map(|s| s.edition.to_string())
        .collect()
}

fn all_ops(specification: &Specification) -> impl Iterator<Item = (&Spec, &Table, &Op)> {
    specification.editions.iter().flat_map(|spec| {
        let tables = spec.tables.iter();
        tables.flat_map(move |table| table.ops.iter().map(move |op| (spec, table, op)))
    })
}

/// Returns the tables of any edition, in the order of the newest.
pub fn tables(specification: &Specification) -> Vec<&str> {
    let mut tables: Vec<&str> = Vec::new();
    for spec in specification.editions.iter().rev() {
        for table in &spec.tables {
            if !tables.contains(&&table.name[..]) {
                tables.push(&table.name);
            }
        }
    }
    tables
}

/// Returns the ops that a table has in any edition.
pub fn ops<'s>(specification: &'s Specification, table: &str) -> Vec<&'s str> {
    let mut ops: Vec<&str> = all_ops(specification)
        .filter(|(_, t, _)| t.name == table)
        .map(|(_, _, op)| op.name.as_str())
        .collect();
    ops.sort_unstable();
    ops.dedup();
    ops
}

/// Says which of all editions, that follow each other or not, are meant.
pub fn range(all: &[String], some: &[String]) -> String {
    let at = |edition: &String| all.iter().position(|e| e == edition).unwrap_or(all.len());
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for index in some.iter().map(at) {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => parts.push((index, index)),
        }
    }
    let name = |index: usize| all.get(index).map_or("", String::as_str);
    let parts = parts.iter().map(|&(first, last)| match first == last {
        true => name(first).to_owned(),
        false => format!("{} to {}", name(first), name(last)),
    });
    parts.collect::<Vec<_>>().join(", ")
}

impl OpHistory {
    /// The cases that rules of any edition speak of, with what each edition requires.
    pub fn side_by_side(&self) -> Vec<(String, Vec<String>)> {
        let mut lines: Vec<(String, Vec<String>)> = Vec::new();
        for (index, edition) in self.all.iter().enumerate() {
            let of = self.editions.iter().filter(|e| e.edition == *edition);
            for rule in of.flat_map(|e| &e.rules) {
                let case = rule.case();
                let at = lines.iter().position(|(c, _)| *c == case);
                let at = at.unwrap_or_else(|| {
                    lines.push((case, vec![String::new(); self.all.len()]));
                    lines.len() - 1
                });
                lines[at].1[index] = rule.requires.to_owned();
            }
        }
        lines
    }

    /// What the document's editions have besides the rules: in which, what it is, and the text.
    pub fn document(&self) -> Vec<(String, String, String)> {
        let mut texts: Vec<((String, String), Vec<String>)> = Vec::new();
        let mut add = |edition: &str, what: String, text: String| {
            let found = texts
                .iter_mut()
                .find(|(t, _)| *t == (what.clone(), text.clone()));
            match found {
                Some((_, editions)) => editions.push(edition.to_owned()),
                None => texts.push(((what, text), vec![edition.to_owned()])),
            }
        };
        for e in &self.editions {
            let mut of = |what: &str, text: &str| add(&e.edition, what.to_owned(), text.to_owned());
            if (&e.table, &e.op) != (&self.table, &self.op) {
                of("called", &format!("{}.{}", e.table, e.op));
            }
            for c in &e.row {
                let blank = if c.cell.is_empty() {
                    "(blank)"
                } else {
                    &c.cell
                };
                of(&c.column, blank);
            }
            for said in &e.sentences {
                let document = (said.document.iter()).map(|d| format!(" [{d}]"));
                let text = said.says.clone() + &document.collect::<String>();
                of(&format!("sentence {}", said.name), &text);
            }
            let rest = [("gone", e.gone.as_slice()), ("not checked", &e.unchecked)];
            let note = [("note", e.note.as_slice())];
            for (what, texts) in rest.into_iter().chain(note) {
                texts.iter().for_each(|text| of(what, text));
            }
        }
        for (what, whys) in [("unlisted", &self.unlisted), ("name of", &self.others)] {
            for w in whys {
                add(&w.edition, what.to_owned(), w.why.clone());
            }
        }
        (texts.into_iter())
            .map(|((what, text), editions)| (range(&self.all, &editions), what, text))
            .collect()
    }
}
