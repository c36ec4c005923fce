// SPDX-License-Identifier: GPL-2.0

//! What was seen as tables of the document's own form.

use std::fmt::Write as _;

use crate::spec::{Table, When};

use super::{words, Observation, Seen};

/// Writes the tables of the callbacks that were called.
pub fn table(observation: &Observation<'_>) -> String {
    let mut out = String::new();
    for table in observation.tables() {
        section(&mut out, observation, table);
    }
    out
}

fn section(out: &mut String, observation: &Observation<'_>, table: &Table) {
    let hit: Vec<&Seen<'_>> = observation
        .of(table)
        .filter(|seen| seen.hits() > 0)
        .collect();
    if hit.is_empty() {
        return;
    }
    let mut locks: Vec<&str> = Vec::new();
    let mut ops: Vec<&str> = Vec::new();
    for seen in &hit {
        let lock = lock(seen);
        if !locks.contains(&lock) {
            locks.push(lock);
        }
        if !ops.contains(&&seen.op.name[..]) {
            ops.push(&seen.op.name);
        }
    }
    let mut lines: Vec<Vec<String>> = vec![[&["ops"][..], &locks].concat()]
        .into_iter()
        .map(|line| line.into_iter().map(str::to_owned).collect())
        .collect();
    for op in &ops {
        let cells = locks.iter().map(|name| {
            let of = hit.iter().filter(|s| s.op.name == *op && lock(s) == *name);
            cell(&of.copied().collect::<Vec<_>>())
        });
        lines.push([format!("{op}:")].into_iter().chain(cells).collect());
    }
    let widths: Vec<usize> = (0..=locks.len())
        .map(|i| {
            lines
                .iter()
                .map(|line| line[i].chars().count())
                .max()
                .unwrap_or(1)
        })
        .collect();
    let border: Vec<String> = widths.iter().map(|width| "=".repeat(*width)).collect();
    let border = border.join(" ");

    if !out.is_empty() {
        out.push('\n');
    }
    let _ = write!(
        out,
        "{}\n{}\n\nlocking rules:\n\n",
        table.title,
        "=".repeat(table.title.chars().count())
    );
    for (i, line) in lines.iter().enumerate() {
        if i < 2 {
            let _ = writeln!(out, "{border}");
        }
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join(" ").trim_end());
    }
    let _ = writeln!(out, "{border}");
    if hit.iter().any(|seen| {
        seen.answers()
            .any(|(answer, _)| answer.word().ends_with('?'))
    }) {
        out.push_str("\nA question mark is for a lock whose holder cannot be told.\n");
    }
    let mut unseen: Vec<&str> = (observation.of(table))
        .map(|seen| &seen.op.name[..])
        .filter(|op| !ops.contains(op))
        .collect();
    unseen.dedup();
    if !unseen.is_empty() {
        let names: Vec<String> = unseen.iter().map(|op| format!("->{op}()")).collect();
        let _ = write!(out, "\nNobody was seen to call {}.\n", names.join(", "));
    }
}

fn lock<'s>(seen: &'s Seen<'_>) -> &'s str {
    seen.rule
        .subject
        .lock()
        .map_or("may block", |lock| lock.name)
}

/// Returns the cell of a callback and a lock: in one word if everything that was seen is the same.
fn cell(seen: &[&Seen<'_>]) -> String {
    let parts: Vec<(String, String)> = (seen.iter())
        .map(|seen| {
            let mut of: Vec<String> = seen.object().map(str::to_owned).into_iter().collect();
            if seen.rule.when == When::Return {
                of.push("on return".to_owned());
            }
            if !seen.rule.condition.is_empty() {
                of.push(format!("if {}", seen.rule.condition));
            }
            (words(seen.answers()), of.join(" "))
        })
        .collect();
    match &parts[..] {
        [] => String::new(),
        [(first, _), rest @ ..] if rest.iter().all(|(words, _)| words == first) => first.clone(),
        _ => (parts.iter())
            .map(|(words, of)| format!("{words} ({of})"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
