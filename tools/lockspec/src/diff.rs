// SPDX-License-Identifier: GPL-2.0

//! Compares a document with an edition of the data.

use crate::document::{canonical, Document, Row, Section};
use crate::spec::{Spec, Table};

mod print;

/// What differs between a document and an edition.
#[derive(Debug, Default)]
pub struct Diff {
    sections: Vec<Differences>,
    /// How many prototypes, rows and sentences the document has.
    counts: [usize; 3],
}

/// What differs in a section.
#[derive(Debug)]
struct Differences {
    title: String,
    lines: Vec<Difference>,
}

/// Something that differs.
#[derive(Debug)]
struct Difference {
    kind: Kind,
    what: &'static str,
    /// An op, or a digest.
    name: String,
    /// Where it is in the document.
    line: Option<usize>,
    detail: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The document has it, and the data has not.
    New,
    /// The data has it, and the document has not.
    Gone,
    Changed,
}

impl Diff {
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// How many things differ.
    pub fn len(&self) -> usize {
        self.sections
            .iter()
            .map(|section| section.lines.len())
            .sum()
    }
}

/// Compares a document with an edition.
pub fn diff(document: &Document, spec: &Spec) -> Diff {
    let sections = &document.sections;
    let mut diff = Diff {
        sections: Vec::new(),
        counts: [
            sections.iter().map(|s| s.prototypes.len()).sum(),
            sections.iter().map(|s| s.rows.len()).sum(),
            sections.iter().map(|s| s.sentences.len()).sum(),
        ],
    };
    for section in sections {
        let table = spec
            .tables
            .iter()
            .find(|table| table.title == section.title);
        diff.add(&section.title, compare(Some(section), table));
    }
    for table in &spec.tables {
        if !sections.iter().any(|section| section.title == table.title) {
            diff.add(&table.title, compare(None, Some(table)));
        }
    }
    diff
}

impl Diff {
    fn add(&mut self, title: &str, lines: Vec<Difference>) {
        if !lines.is_empty() {
            self.sections.push(Differences {
                title: title.to_owned(),
                lines,
            });
        }
    }
}

/// Compares a section with its table.
fn compare(section: Option<&Section>, table: Option<&Table>) -> Vec<Difference> {
    let mut lines = Vec::new();
    if let (Some(section), None) = (section, table) {
        lines.push(Difference {
            kind: Kind::New,
            what: "section",
            name: String::new(),
            line: Some(section.line),
            detail: Vec::new(),
        });
    }
    columns(&mut lines, section, table);
    prototypes(&mut lines, section, table);
    rows(&mut lines, section, table);
    sentences(&mut lines, section, table);
    // A table that only has what other documents say is not missed in this one.
    if section.is_none() && !lines.is_empty() {
        lines.insert(
            0,
            Difference {
                kind: Kind::Gone,
                what: "section",
                name: String::new(),
                line: None,
                detail: Vec::new(),
            },
        );
    }
    lines
}

fn columns_of<'a>(
    section: Option<&'a Section>,
    table: Option<&'a Table>,
) -> (&'a [String], &'a [String]) {
    (
        section.map_or(&[], |section| &section.columns),
        table
            .and_then(|table| table.columns.as_deref())
            .unwrap_or_default(),
    )
}

fn columns(lines: &mut Vec<Difference>, section: Option<&Section>, table: Option<&Table>) {
    let (new, old) = columns_of(section, table);
    if new == old {
        return;
    }
    let names = |columns: &[String]| match columns {
        [] => "no table".to_owned(),
        _ => columns.join(", "),
    };
    lines.push(Difference {
        kind: match (new, old) {
            ([], _) => Kind::Gone,
            (_, []) => Kind::New,
            _ => Kind::Changed,
        },
        what: "columns",
        name: String::new(),
        line: section.map(|section| match section.columns[..] {
            [] => section.line,
            _ => section.header,
        }),
        detail: match (new, old) {
            ([], _) => vec![names(old)],
            (_, []) => vec![names(new)],
            _ => vec![format!("{} -> {}", names(old), names(new))],
        },
    });
}

fn prototypes(lines: &mut Vec<Difference>, section: Option<&Section>, table: Option<&Table>) {
    let new = section.map_or(&[][..], |section| &section.prototypes);
    let old: Vec<(&str, String)> = (table.iter().flat_map(|table| &table.ops))
        .filter_map(|op| Some((op.name.as_str(), canonical(op.prototype.as_ref()?))))
        .collect();
    for prototype in new {
        let (kind, detail) = match old.iter().find(|(op, _)| *op == prototype.op) {
            Some((_, text)) if *text == prototype.text => continue,
            Some((_, text)) => (
                Kind::Changed,
                vec![format!("- {text}"), format!("+ {}", prototype.text)],
            ),
            None => (Kind::New, vec![prototype.text.clone()]),
        };
        lines.push(Difference {
            kind,
            what: "prototype",
            name: prototype.op.clone(),
            line: Some(prototype.line),
            detail,
        });
    }
    for (op, text) in old {
        if !new.iter().any(|prototype| prototype.op == op) {
            lines.push(Difference {
                kind: Kind::Gone,
                what: "prototype",
                name: op.to_owned(),
                line: None,
                detail: vec![text],
            });
        }
    }
}

fn rows(lines: &mut Vec<Difference>, section: Option<&Section>, table: Option<&Table>) {
    let (new_columns, old_columns) = columns_of(section, table);
    let new = section.map_or(&[][..], |section| &section.rows);
    let old: Vec<(&str, &[String])> = (table.iter().flat_map(|table| &table.ops))
        .filter_map(|op| Some((op.name.as_str(), op.row.as_deref()?)))
        .collect();
    for row in new {
        let (kind, detail) = match old.iter().find(|(op, _)| *op == row.op) {
            Some((_, cells)) => {
                let detail = cells_changed(row, new_columns, cells, old_columns);
                if detail.is_empty() {
                    continue;
                }
                (Kind::Changed, detail)
            }
            None => (Kind::New, cells_all(new_columns, &row.cells)),
        };
        lines.push(Difference {
            kind,
            what: "row",
            name: row.op.clone(),
            line: Some(row.line),
            detail,
        });
    }
    for (op, cells) in old {
        if !new.iter().any(|row| row.op == op) {
            lines.push(Difference {
                kind: Kind::Gone,
                what: "row",
                name: op.to_owned(),
                line: None,
                detail: cells_all(old_columns, cells),
            });
        }
    }
}

fn cell(text: &str) -> &str {
    match text {
        "" => "(blank)",
        _ => text,
    }
}

fn cells_all(columns: &[String], cells: &[String]) -> Vec<String> {
    (columns.iter().zip(cells))
        .map(|(column, text)| format!("{column}: {}", cell(text)))
        .collect()
}

/// Returns the cells that differ. Columns belong together by their names, or, where one has got
/// another name, by their order.
fn cells_changed(row: &Row, new: &[String], cells: &[String], old: &[String]) -> Vec<String> {
    let renamed = new.len() == old.len() && !new.iter().all(|name| old.contains(name));
    let mut detail = Vec::new();
    let mut used = vec![false; old.len()];
    for (i, (name, text)) in new.iter().zip(&row.cells).enumerate() {
        let at = match renamed {
            true => Some(i),
            false => old.iter().position(|old| old == name),
        };
        let was = at.and_then(|at| cells.get(at)).map_or("", String::as_str);
        if let Some(used) = at.and_then(|at| used.get_mut(at)) {
            *used = true;
        }
        if was != text {
            detail.push(format!("{name}: {} -> {}", cell(was), cell(text)));
        }
    }
    for ((name, text), used) in old.iter().zip(cells).zip(used) {
        if !used && !text.is_empty() {
            detail.push(format!("{name}: {} -> {}", cell(text), cell("")));
        }
    }
    detail
}

fn sentences(lines: &mut Vec<Difference>, section: Option<&Section>, table: Option<&Table>) {
    let new = section.map_or(&[][..], |section| &section.sentences);
    let old: Vec<_> = table.iter().flat_map(|table| &table.sentences).collect();
    for sentence in new {
        if !old.iter().any(|old| old.digests.contains(&sentence.digest)) {
            lines.push(Difference {
                kind: Kind::New,
                what: "sentence",
                name: sentence.digest.clone(),
                line: Some(sentence.line),
                detail: vec![sentence.text.clone()],
            });
        }
    }
    for said in old {
        for digest in &said.digests {
            if !new.iter().any(|sentence| sentence.digest == *digest) {
                lines.push(Difference {
                    kind: Kind::Gone,
                    what: "sentence",
                    name: digest.clone(),
                    line: None,
                    detail: vec![format!("of `{}`: {}", said.name, said.says)],
                });
            }
        }
    }
}
