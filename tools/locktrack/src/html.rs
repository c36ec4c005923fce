// SPDX-License-Identifier: GPL-2.0

//! A report as one page of HTML that needs nothing else.

use maud::{html, Markup, PreEscaped, DOCTYPE};

use crate::matrix::{Cell, Matrix, State};
use crate::report::Report;
use crate::wording::{by_exceptions, counted, violation};

/// A cell opens its details without a script: they are the target of its link.
const STYLE: &str = "
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 100rem; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { border: 1px solid #8886; padding: .25rem .6rem; text-align: left; vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.matrix a { color: inherit; display: block; text-decoration: none }
.matrix a:hover, .matrix a:focus { text-decoration: underline }
.broken { background: #d33a; font-weight: 600 } .unknown { background: #a4da }
.excepted { background: #db3a } .someone { background: #6b68 } .kept { background: #3a3a }
.unreached { background: #8884 }
.details { display: none; border-top: 2px solid #888; margin-top: 1.5rem }
.details:target { display: block }
.legend span { margin-right: 1rem; padding: .1rem .5rem; white-space: nowrap }
pre { overflow-x: auto; margin: .3rem 0 1rem }
";

/// Writes a report.
pub fn report(report: &Report) -> String {
    let matrix = Matrix::new(report);
    let title = format!(
        "locktrack: Linux {}, rules of {}",
        report.kernel, report.edition
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                @if let Some(command) = &report.command {
                    p { "Command: " code { (command) } }
                }
                p {
                    b { (counted(report.violations(), "violation")) }
                    ", " (by_exceptions(report.excepted()))
                }
                @let lost = report.lost();
                @if !lost.is_empty() {
                    h2 { "Not seen" }
                    ul { @for line in lost { li { (line) } } }
                }
                h2 { "Coverage" }
                @if matrix.tables.is_empty() {
                    p { "Nothing was attached: no rule was checked." }
                } @else {
                    p { "Rules reached, of all; hits. Choose a cell to see its counts and stacks." }
                    (overview(&matrix))
                    p.legend {
                        @for state in State::ALL {
                            span class=(state.name()) title=(state.meaning()) {
                                (state.name()) ": " (state.meaning())
                            }
                        }
                    }
                }
                @for cell in matrix.cells() {
                    (details(report, cell))
                }
            }
        }
    };
    page.into_string() + "\n"
}

fn id(cell: &Cell<'_>) -> String {
    format!("{}-{}", cell.table, cell.fs)
}

fn overview(matrix: &Matrix<'_>) -> Markup {
    html! {
        table.matrix {
            thead {
                tr {
                    th {}
                    @for fs in &matrix.filesystems { th scope="col" { (fs) } }
                }
            }
            tbody {
                @for table in &matrix.tables {
                    tr {
                        th scope="row" { (table) }
                        @for fs in &matrix.filesystems {
                            @match matrix.cell(table, fs) {
                                None => td {},
                                Some(cell) => {
                                    td class=(cell.state().name()) title=(cell.state().meaning()) {
                                        a href={ "#" (id(cell)) } {
                                            (cell.reached()) "/" (cell.rows.len()) "; "
                                            (cell.hits())
                                            @if cell.violations() > 0 {
                                                "; " (cell.violations()) " broken"
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn details(report: &Report, cell: &Cell<'_>) -> Markup {
    const NUMBERS: [&str; 7] = [
        "hits",
        "ok",
        "someone",
        "violation",
        "excepted",
        "unknown",
        "unjudged",
    ];
    let records = report
        .violations
        .iter()
        .filter(|record| record.fs == cell.fs && record.rule.table_and_op().0 == cell.table);
    html! {
        section.details id=(id(cell)) {
            h2 { (cell.table) " of " (cell.fs) }
            @for record in records {
                @let state = match record.exception {
                    Some(_) => State::Excepted,
                    None => State::Broken,
                };
                h3 {
                    span class=(state.name()) { (state.name()) } " "
                    (record.rule.callback) " " (violation(record)) "; "
                    (counted(record.count, "time"))
                }
                @if let Some([reason, reference]) = &record.exception {
                    p { "Known: " (reason) " (" (reference) ")" }
                }
                p {
                    "By " code { (record.caller) } ", in task " code { (record.task) } " (" (record.pid)
                    "), on device " (record.device) ", first at " (record.first) " s, last at "
                    (record.last) " s. " (record.source)
                }
                @for (name, rest) in &record.more { p { (name) ": " (rest) } }
                pre { @for frame in &record.stack { (frame) "\n" } }
            }
            table {
                thead {
                    tr {
                        th { "callback" } th { "lock" } th { "requires" } th { "if" }
                        @for name in NUMBERS { th { (name) } }
                        th { "observed" }
                        th { "source" }
                    }
                }
                tbody {
                    @for row in &cell.rows {
                        tr class=(State::of(row).name()) {
                            td { (row.rule.callback) }
                            td { (report.subject(&row.rule)) }
                            td { (row.rule.requires) }
                            td {
                                @match report.condition(&row.rule) {
                                    "-" => {},
                                    condition => (condition),
                                }
                            }
                            @for count in [row.hits, row.ok, row.someone, row.violation, row.excepted,
                                           row.unknown, row.unjudged] {
                                td.n { @if count > 0 { (count) } }
                            }
                            td {
                                @for (answer, count) in report.answers(&row.rule, &row.fs) {
                                    (answer) " " (count) br;
                                }
                            }
                            td { (report.source(&row.rule)) }
                        }
                    }
                }
            }
        }
    }
}
