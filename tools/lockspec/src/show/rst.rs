// SPDX-License-Identifier: GPL-2.0

//! reStructuredText.

use std::fmt::Write as _;

use super::model::{range, OpHistory, TableHistory};
use super::terminal::rule_text;

/// Shows a callback in every edition.
pub fn op(history: &OpHistory) -> String {
    let mut out = title(&format!("{}.{}", history.table, history.op));
    if let (Some(prototype), Some(header)) = (&history.prototype, &history.header) {
        let _ = write!(out, "\n``{header}``::\n\n   {prototype};\n");
    }
    let rules = history.side_by_side();
    if !rules.is_empty() {
        let head = [String::new()].into_iter().chain(history.all.clone());
        let rows = rules.into_iter().map(|(case, cells)| {
            let cells = cells.into_iter().map(|cell| match &cell[..] {
                "" => "-".to_owned(),
                _ => cell,
            });
            [literal(&case)].into_iter().chain(cells).collect()
        });
        list_table(&mut out, head.collect(), rows);
    }
    if !history.objects.is_empty() {
        let objects = history.objects.iter();
        let objects: Vec<String> = objects
            .map(|o| literal(&format!("{} = {}", o.name, o.way)))
            .collect();
        let _ = write!(out, "\nwhere {}\n", objects.join(", "));
    }
    let document = history.document();
    if !document.is_empty() {
        let head = ["Editions", "What", "Text"].map(str::to_owned).to_vec();
        let rows = document
            .into_iter()
            .map(|(editions, what, text)| vec![editions, literal(&what), escape(&text)]);
        list_table(&mut out, head, rows);
    }
    out
}

/// Shows what became of a table.
pub fn table(history: &TableHistory) -> String {
    let mut out = title(&history.table);
    let head = ["Callback", "Editions", "Rules"]
        .map(str::to_owned)
        .to_vec();
    let rows = history.ops.iter().flat_map(|op| {
        op.phases.iter().enumerate().map(|(i, phase)| {
            let name = match i {
                0 => literal(&op.op),
                _ => String::new(),
            };
            let called = (phase.op != op.op).then(|| format!("called {}", literal(&phase.op)));
            let rules = (phase.rules.iter()).map(|r| literal(&rule_text(&r.case(), r.requires)));
            let gone = (phase.gone.iter()).map(|gone| format!("gone: {}", escape(gone)));
            let mut texts: Vec<String> = called.into_iter().chain(rules).chain(gone).collect();
            if texts.is_empty() {
                texts.push("not checked".to_owned());
            }
            vec![name, range(&history.all, &phase.editions), texts.join("; ")]
        })
    });
    list_table(&mut out, head, rows);
    out
}

fn title(text: &str) -> String {
    format!("{text}\n{}\n", "=".repeat(text.chars().count()))
}

/// Writes a table, whose first row is the header.
fn list_table(out: &mut String, head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) {
    *out += "\n.. list-table::\n   :header-rows: 1\n\n";
    for row in [head].into_iter().chain(rows) {
        for (i, cell) in row.iter().enumerate() {
            let mark = if i == 0 { "*" } else { " " };
            let line = format!("   {mark} - {cell}");
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
}

fn literal(text: &str) -> String {
    format!("``{text}``")
}

/// Takes the meaning from what would mark text up.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '`' | '|' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
