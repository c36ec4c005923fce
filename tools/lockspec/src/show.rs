// SPDX-License-Identifier: GPL-2.0

//! The rules for people to read.

use std::fmt::Write as _;

use crate::spec::{Callbacks, Op, Rule, Sentence, Spec, Specification, Subject, Table, When};
use crate::suggest::one_of;

/// Shows all tables, a table (`TABLE`) or a callback (`TABLE.OP`), in every edition that has it,
/// the newest first.
///
/// # Errors
///
/// No edition has it: returns a message that says what there is.
pub fn show(specification: &Specification, what: Option<&str>) -> Result<String, String> {
    let (table_name, op_name) = match what.map(|what| what.split_once('.').ok_or(what)) {
        None => (None, None),
        Some(Err(table)) => (Some(table), None),
        Some(Ok((table, op))) => (Some(table), Some(op)),
    };
    let mut parts: Vec<String> = Vec::new();
    let mut tables: Vec<&str> = Vec::new();
    let mut ops: Vec<&str> = Vec::new();
    for spec in specification.editions.iter().rev() {
        for table in &spec.tables {
            tables.push(&table.name);
            if table_name.is_some_and(|name| name != table.name) {
                continue;
            }
            let Some(name) = op_name else {
                parts.push(show_table(spec, table));
                continue;
            };
            ops.extend(table.ops.iter().map(|op| op.name.as_str()));
            if let Some(op) = table.ops.iter().find(|op| op.name == name) {
                parts.push(show_op(&specification.callbacks, spec, table, op));
            }
        }
    }
    match (parts.is_empty(), op_name, table_name) {
        (true, Some(op), Some(table)) if !ops.is_empty() => Err(format!(
            "{table} has no callback `{op}`: {}",
            one_of(op, &ops)
        )),
        (true, _, Some(table)) => Err(format!(
            "there is no table `{table}`: {}",
            one_of(table, &tables)
        )),
        _ => Ok(parts.join("\n")),
    }
}

fn show_table(spec: &Spec, table: &Table) -> String {
    let mut out = format!(
        "{} {}: {}\n\n",
        spec.edition,
        table.name,
        table
            .columns
            .iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(" | ")
    );
    let rows: Vec<[String; 3]> = (table.ops.iter())
        .map(|op| {
            let row = match &op.row {
                Some(cells) => cells.join(" | "),
                None => "(no row)".to_owned(),
            };
            let rules = match op.rules.len() {
                1 => "1 rule".to_owned(),
                n => format!("{n} rules"),
            };
            [op.name.clone(), row, rules]
        })
        .collect();
    columns(&mut out, &rows);
    if !table.sentences.is_empty() {
        out += "\n  Besides:\n";
    }
    for sentence in &table.sentences {
        sentence_line(&mut out, sentence);
        if let Some(reason) = &sentence.unchecked {
            let _ = writeln!(out, "      not checked: {reason}");
        }
    }
    out
}

fn show_op(callbacks: &Callbacks, spec: &Spec, table: &Table, op: &Op) -> String {
    let mut out = format!("{} {}.{}\n\n", spec.edition, table.name, op.name);
    let slot = op.slot.map(|id| callbacks.slot(id));
    if let Some((of, slot)) = slot {
        let declared = slot
            .prototype
            .replacen('(', &format!("(*{})(", slot.name), 1);
        let _ = writeln!(out, "  {declared};    [{}]", of.header);
    }
    let columns_of = table.columns.iter().flatten();
    for (column, cell) in columns_of.zip(op.row.iter().flatten()) {
        let _ = writeln!(out, "  {column}: {cell}    [{}]", spec.document);
    }
    if let Some(gone) = &op.gone {
        let _ = writeln!(out, "  Gone: {gone}.");
    }

    if !op.rules.is_empty() {
        out += "\n  Rules:\n\n";
        columns(&mut out, &op.rules.iter().map(rule).collect::<Vec<_>>());
        let named = |object: &str| {
            let mut rules = op.rules.iter();
            rules.any(|r| matches!(&r.subject, Subject::Lock { object: o, .. } if o == object))
        };
        let mut objects: Vec<String> = (slot.iter().flat_map(|(_, slot)| &slot.objects))
            .filter(|o| o.way != o.name && named(&o.name))
            .map(|o| format!("{} = {}", o.name, o.way))
            .collect();
        objects.sort();
        objects.dedup();
        if !objects.is_empty() {
            let _ = writeln!(out, "\n  where {}", objects.join(", "));
        }
    }

    let said: Vec<_> = (table.sentences.iter())
        .filter(|s| op.rules.iter().any(|r| r.sources.contains(&s.name)))
        .collect();
    if !said.is_empty() {
        out += "\n  Sources besides the row:\n";
    }
    for sentence in said {
        sentence_line(&mut out, sentence);
    }
    for reason in &op.unchecked {
        let _ = writeln!(out, "\n  Not checked: {reason}.");
    }
    if let Some(note) = &op.note {
        let _ = writeln!(out, "\n  Note: {note}.");
    }
    out
}

fn sentence_line(out: &mut String, sentence: &Sentence) {
    let document = (sentence.document.iter()).map(|document| format!("    [{document}]"));
    let document: String = document.collect();
    let _ = writeln!(out, "    {}: {}{document}", sentence.name, sentence.says);
}

/// Returns the cells of a line about a rule.
fn rule(rule: &Rule) -> [String; 4] {
    let mut when = match (&rule.condition[..], rule.when) {
        ("", When::Entry) => String::new(),
        ("", When::Return) => "on return".to_owned(),
        (condition, When::Entry) => format!("if {condition}"),
        (condition, When::Return) => format!("on return if {condition}"),
    };
    if let Some(name) = &rule.name {
        let _ = write!(when, " (then a {name})");
    }
    [
        rule.subject.to_string(),
        rule.requirement.word().to_owned(),
        when,
        format!("[{}]", rule.sources.join(", ")),
    ]
}

/// Writes lines whose cells stand below each other.
fn columns<const N: usize>(out: &mut String, lines: &[[String; N]]) {
    let width = |i: usize| {
        lines
            .iter()
            .map(|line| line[i].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    for line in lines {
        let mut text = String::from("  ");
        for (cell, width) in line.iter().zip(widths).filter(|(_, width)| *width > 0) {
            let _ = write!(text, "  {cell:width$}");
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
}
