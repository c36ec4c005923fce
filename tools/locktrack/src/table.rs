// SPDX-License-Identifier: GPL-2.0

//! A report for the terminal.

use std::fmt::Write as _;

use comfy_table::{presets, Cell, CellAlignment, Color, Table};
use locktrack_files::{Coverage, Violation};

use crate::matrix::{Matrix, State};
use crate::report::Report;
use crate::wording::{self, by_exceptions, counted};

/// Writes a report. With `all`, also rules that were never reached. Colours are for a terminal.
pub fn report(report: &Report, all: bool, colours: bool) -> String {
    let mut out = format!("Linux {}, rules of {}", report.kernel, report.edition);
    if let Some(command) = &report.command {
        let _ = write!(out, "\ncommand: {command}");
    }
    out.push_str("\n\n");
    let matrix = Matrix::new(report);
    if matrix.tables.is_empty() {
        out.push_str("nothing was attached: no rule was checked\n");
    } else {
        overview(&mut out, &matrix, colours);
        let rows = report.coverage.iter().filter(|row| all || row.hits > 0);
        let rows: Vec<&Coverage> = rows.collect();
        if !rows.is_empty() {
            out.push('\n');
            coverage(&mut out, report, &rows, colours);
        }
    }
    for record in &report.violations {
        out.push('\n');
        violation(&mut out, record);
    }
    let lost = report.lost();
    if !lost.is_empty() {
        out.push_str("\nNot seen:\n");
        for line in lost {
            let _ = writeln!(out, "  {line}");
        }
    }
    out.push('\n');
    summary(&mut out, report);
    out
}

/// Says in one line what came of it.
fn summary(out: &mut String, report: &Report) {
    let (violations, excepted) = (report.violations(), report.excepted());
    let _ = match violations {
        0 => write!(out, "no violation"),
        _ => write!(out, "{}", counted(violations, "violation")),
    };
    if excepted > 0 {
        let _ = write!(out, ", {}", by_exceptions(excepted));
    }
    let reached = report.coverage.iter().filter(|row| row.hits > 0).count();
    let _ = writeln!(
        out,
        "; {reached} of {} rules were reached",
        report.coverage.len()
    );
}

pub(crate) fn new_table(head: &[&str], colours: bool) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    if colours {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(head);
    table
}

/// Puts a table, whose lines end where their text does.
pub(crate) fn put(out: &mut String, table: &Table) {
    for line in table.to_string().lines() {
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn colour(state: State) -> Color {
    match state {
        State::Broken => Color::Red,
        State::Unknown => Color::Magenta,
        State::Excepted => Color::Yellow,
        State::Someone => Color::DarkGreen,
        State::Kept => Color::Green,
        State::Unreached => Color::DarkGrey,
    }
}

fn overview(out: &mut String, matrix: &Matrix<'_>, colours: bool) {
    let head = [&["rules reached"][..], &matrix.filesystems].concat();
    let mut table = new_table(&head, colours);
    for name in &matrix.tables {
        let cells = matrix.filesystems.iter().map(|fs| {
            let Some(cell) = matrix.cell(name, fs) else {
                return Cell::new("");
            };
            let mut text = format!("{}/{}", cell.reached(), cell.rows.len());
            if cell.violations() > 0 {
                let _ = write!(text, ", {} broken", cell.violations());
            }
            Cell::new(text).fg(colour(cell.state()))
        });
        table.add_row([Cell::new(name)].into_iter().chain(cells));
    }
    put(out, &table);
}

fn coverage(out: &mut String, report: &Report, rows: &[&Coverage], colours: bool) {
    type Number = (&'static str, fn(&Coverage) -> u64);
    let numbers: [Number; 7] = [
        ("hits", |row| row.hits),
        ("ok", |row| row.ok),
        ("someone", |row| row.someone),
        ("violation", |row| row.violation),
        ("excepted", |row| row.excepted),
        ("unknown", |row| row.unknown),
        ("unjudged", |row| row.unjudged),
    ];
    // A column of zeros says nothing.
    let used = |of: &fn(&Coverage) -> u64| rows.iter().any(|row| of(row) > 0);
    let numbers: Vec<_> = numbers.iter().filter(|(_, of)| used(of)).collect();
    let mut head = vec!["filesystem", "callback", "lock", "requires", "if"];
    head.extend(numbers.iter().map(|(name, _)| *name));
    let mut table = new_table(&head, colours);
    for row in rows {
        let mut cells = vec![
            Cell::new(&row.fs),
            Cell::new(&row.rule.callback).fg(colour(State::of(row))),
            Cell::new(report.subject(&row.rule)),
            Cell::new(&row.rule.requires),
            Cell::new(match report.condition(&row.rule) {
                "-" => "",
                condition => condition,
            }),
        ];
        cells.extend(numbers.iter().map(|(_, of)| {
            let count = of(row);
            Cell::new(count).set_alignment(CellAlignment::Right)
        }));
        table.add_row(cells);
    }
    put(out, &table);
}

/// Writes a violation.
pub(crate) fn violation(out: &mut String, v: &Violation) {
    let _ = writeln!(
        out,
        "{} of {} ({}) {}",
        v.rule.callback,
        v.fs,
        v.device,
        wording::violation(v)
    );
    let _ = writeln!(out, "  by {}, {}", v.caller, counted(v.count, "time"));
    let _ = writeln!(
        out,
        "  first at {} s, in task {} ({})",
        v.first, v.task, v.pid
    );
    if v.condition != "-" {
        let _ = writeln!(out, "  if {}", v.condition);
    }
    let _ = writeln!(out, "  {}", v.source);
    if let Some([reason, reference]) = &v.exception {
        let _ = writeln!(out, "  known: {reason} ({reference})");
    }
    for (name, rest) in &v.more {
        let _ = writeln!(out, "  {name}: {}", rest.replace('\t', " "));
    }
    for frame in &v.stack {
        let _ = writeln!(out, "    {frame}");
    }
}
