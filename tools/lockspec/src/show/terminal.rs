// SPDX-License-Identifier: GPL-2.0

//! Plain text.

use std::fmt::Write as _;

use super::model::{range, OpHistory, Phase, TableHistory};

/// Shows a callback in every edition.
pub fn op(history: &OpHistory) -> String {
    let mut out = format!("{}.{}\n", history.table, history.op);
    if let (Some(prototype), Some(header)) = (&history.prototype, &history.header) {
        let _ = write!(out, "\n  {prototype};    [{header}]\n");
    }
    let rules = history.side_by_side();
    if !rules.is_empty() {
        out.push('\n');
        let head = [String::new()].into_iter().chain(history.all.clone());
        let mut lines: Vec<Vec<String>> = vec![head.collect()];
        lines.extend(rules.into_iter().map(|(case, cells)| {
            let cells = cells.into_iter().map(|cell| match &cell[..] {
                "" => "-".to_owned(),
                _ => cell,
            });
            [case].into_iter().chain(cells).collect()
        }));
        columns(&mut out, &lines);
    }
    if !history.objects.is_empty() {
        let objects = history.objects.iter();
        let objects: Vec<String> = objects.map(|o| format!("{} = {}", o.name, o.way)).collect();
        let _ = write!(out, "\n  where {}\n", objects.join(", "));
    }
    let document = history.document();
    if !document.is_empty() {
        out.push('\n');
        let lines = document
            .into_iter()
            .map(|(editions, what, text)| vec![editions, what, text]);
        columns(&mut out, &lines.collect::<Vec<_>>());
    }
    out
}

/// Shows what became of a table.
pub fn table(history: &TableHistory) -> String {
    let mut out = format!("{}\n", history.table);
    let whole =
        |phases: &[Phase]| matches!(phases, [one] if one.editions.len() == history.all.len());
    for (title, same) in [("The same in every edition", true), ("Not the same", false)] {
        let ops = history.ops.iter().filter(|op| whole(&op.phases) == same);
        let mut lines: Vec<Vec<String>> = Vec::new();
        for op in ops {
            for (i, phase) in op.phases.iter().enumerate() {
                let name = if i == 0 { op.op.clone() } else { String::new() };
                let editions = match same {
                    true => String::new(),
                    false => range(&history.all, &phase.editions),
                };
                let called = (phase.op != op.op).then(|| format!("called {}", phase.op));
                let rules = phase
                    .rules
                    .iter()
                    .map(|rule| rule_text(&rule.case(), rule.requires));
                let gone = phase.gone.iter().map(|gone| format!("gone: {gone}"));
                let mut texts: Vec<String> = called.into_iter().chain(rules).chain(gone).collect();
                if texts.is_empty() {
                    texts.push("not checked".to_owned());
                }
                for (j, text) in texts.into_iter().enumerate() {
                    lines.push(match j {
                        0 => vec![name.clone(), editions.clone(), text],
                        _ => vec![String::new(), String::new(), text],
                    });
                }
            }
        }
        if !lines.is_empty() {
            let _ = write!(out, "\n  {title}:\n\n");
            columns(&mut out, &lines);
        }
    }
    out
}

/// Puts what is required before its condition.
pub fn rule_text(case: &str, requires: &str) -> String {
    for mark in [" on return", " if "] {
        if let Some((subject, rest)) = case.split_once(mark) {
            return format!("{subject} {requires}{mark}{rest}");
        }
    }
    format!("{case} {requires}")
}

/// Writes lines whose cells stand below each other.
pub fn columns(out: &mut String, lines: &[Vec<String>]) {
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| {
        let cells = lines.iter().filter_map(|line| line.get(i));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    for line in lines {
        let mut text = String::from("  ");
        for (cell, width) in line.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            let _ = write!(text, "  {cell:width$}");
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
}
