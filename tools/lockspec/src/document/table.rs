// SPDX-License-Identifier: GPL-2.0

//! What both forms of a table have in common.

use crate::report::Error;

use super::line::{collapse, is_name, Line, Piece};
use super::{Errors, Row};

/// A table of rules.
#[derive(Debug)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// Adds a row, unless there is one for its callback.
pub fn add_row(table: &mut Table, row: Row, line: &Line, errors: &mut Errors) {
    if let Some(other) = table.rows.iter().find(|r| r.op == row.op) {
        errors.push(
            line.at(),
            format!("`{}` has two rows", row.op),
            format!("the first one is in line {}", other.line),
            "one row says what holds for a callback",
        );
    }
    table.rows.push(row);
}

/// Returns the callback of a row, from the text before its cells.
pub fn op(text: &str) -> Option<&str> {
    let name = text.strip_suffix(':').unwrap_or(text);
    let name = name.trim_end_matches([' ', '\t']);
    is_name(name).then_some(name)
}

/// Makes an error of what stands where the name of a callback is expected.
pub fn no_op(at: std::ops::Range<usize>, errors: &Errors) -> Error {
    errors.at(
        at,
        "this is no row of the table",
        "the name of a callback is expected here",
        "a row is `name:` and its cells, below those of the other rows",
    )
}

/// Returns a cell of the last column, which may go on after a gap with what stands in parentheses.
pub fn last_cell(pieces: &[Piece], errors: &mut Errors) -> String {
    let more = (pieces.iter().skip(1)).find(|p| !p.text.starts_with(['(', '[']));
    if let Some(piece) = more {
        errors.push(
            piece.at.clone(),
            "this row has more cells than the table has columns",
            "the last column is to the left of this",
            "a table has the same columns in its header and in each row",
        );
    }
    let texts: Vec<&str> = pieces.iter().map(|p| p.text).collect();
    collapse(&texts.join(" "))
}
