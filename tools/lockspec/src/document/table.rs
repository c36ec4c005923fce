// SPDX-License-Identifier: GPL-2.0

//! What both forms of a table have in common.

use std::collections::BTreeMap;

use crate::report::Error;

use super::line::{collapse, is_name, Line, Piece};
use super::{Errors, Row};

/// A table of rules.
#[derive(Debug)]
pub struct Table {
    pub columns: Vec<String>,
    /// The line of their names.
    pub header: usize,
    pub rows: Vec<Row>,
    /// The lines of the rows by their callbacks.
    lines: BTreeMap<String, usize>,
}

impl Table {
    pub fn new(columns: Vec<String>, header: usize) -> Self {
        Self {
            columns,
            header,
            rows: Vec::new(),
            lines: BTreeMap::new(),
        }
    }

    /// Adds a row, which has to be the only one of its callback.
    pub fn add(&mut self, row: Row, line: &Line, errors: &mut Errors) {
        if let Some(first) = self.lines.insert(row.op.clone(), row.line) {
            errors.push(
                line.at(),
                format!("`{}` has two rows", row.op),
                format!("another one is in line {first}"),
                "one row says what holds for a callback",
            );
        }
        self.rows.push(row);
    }
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
