// SPDX-License-Identifier: GPL-2.0

//! Tables of plain text: a header whose names stand above the cells, and rows, without a line
//! between them. Where a column is, the header says.

use super::line::{collapse, Line, Piece};
use super::table::{last_cell, no_op, op, Table};
use super::{Errors, Row};

/// What stands left of this is no header, but says something about the table.
const HEADER: usize = 9;

/// More lines than this no header has.
const HEADER_LINES: usize = 4;

/// Returns how many lines the header has of the table that starts here, if one does.
pub fn header(lines: &[Line]) -> Option<usize> {
    let is_header =
        |line: &&Line| (line.pieces().first()).is_some_and(|first| first.columns.start >= HEADER);
    let lines = &lines[..lines.len().min(HEADER_LINES + 1)];
    let count = lines.iter().take_while(is_header).count();
    let row = lines.get(count)?;
    (count > 0 && row.is_row()).then_some(count)
}

/// A row whose cells are not told apart yet.
struct Cells<'a> {
    op: String,
    pieces: Vec<Piece<'a>>,
    line: Line<'a>,
}

/// Reads the table whose header are the first `header` of the lines. Returns it with the number
/// of its lines.
pub fn table(lines: &[Line], header: usize, errors: &mut Errors) -> (Table, usize) {
    let end = lines.iter().skip(header).position(Line::is_blank);
    let end = end.map_or(lines.len(), |end| header + end);
    let (names, starts) = columns(&lines[..header], errors);
    let mut rows: Vec<Cells> = Vec::new();
    for line in &lines[header..end] {
        rows.extend(cells(line, errors));
    }

    // A column after the last that is named: something stands there where that one is blank.
    let last = starts.len() - 1;
    let unnamed = (rows.iter())
        .filter_map(|row| row.pieces.iter().find(|p| p.columns.start >= starts[last]))
        .map(|piece| piece.columns.start)
        .filter(|start| *start >= starts[last] + names[last].chars().count())
        .min();
    let mut table = Table::new(names, lines[0].number);
    let mut starts = starts;
    if let Some(start) = unnamed {
        table.columns.push(String::new());
        starts.push(start);
    }
    for row in rows {
        let cells = assign(&row, &table.columns, &starts, errors);
        let line = row.line;
        let row = Row {
            op: row.op,
            cells,
            line: line.number,
        };
        table.add(row, &line, errors);
    }
    (table, end)
}

/// Returns the names of the columns and where they start, as the last line of the header has
/// them. Lines above it add to the names.
fn columns(header: &[Line], errors: &mut Errors) -> (Vec<String>, Vec<usize>) {
    let Some((last, above)) = header.split_last() else {
        return (vec![String::new()], vec![0]);
    };
    let starts: Vec<usize> = last.pieces().iter().map(|p| p.columns.start).collect();
    let mut names = vec![String::new(); starts.len()];
    for line in above {
        for piece in line.pieces() {
            match starts
                .iter()
                .rposition(|start| *start <= piece.columns.start)
            {
                Some(i) => names[i] = collapse(&format!("{} {}", names[i], piece.text)),
                None => errors.push(
                    piece.at,
                    "the columns of this table are not clear",
                    "this stands above no name of the last line of the header",
                    "the names of a column stand below each other",
                ),
            }
        }
    }
    for (name, piece) in names.iter_mut().zip(last.pieces()) {
        *name = collapse(&format!("{name} {}", piece.text));
    }
    (names, starts)
}

/// Splits a row into the name of its callback and the rest.
fn cells<'a>(line: &Line<'a>, errors: &mut Errors) -> Option<Cells<'a>> {
    let mut pieces = line.pieces();
    let first = pieces.remove(0);
    // Of a long name, the first cell may follow without a gap.
    let name = match first.text.split_once(':') {
        Some((name, cell)) if !cell.trim().is_empty() => {
            let skip = name.len() + 1 + cell.len() - cell.trim_start().len();
            let column = first.columns.start + first.text[..skip].chars().count();
            pieces.insert(
                0,
                Piece {
                    text: &first.text[skip..],
                    at: first.at.start + skip..first.at.end,
                    columns: column..first.columns.end,
                },
            );
            name
        }
        _ => first.text,
    };
    match op(name).filter(|_| !line.is_indented()) {
        Some(op) => Some(Cells {
            op: op.to_owned(),
            pieces,
            line: *line,
        }),
        None => {
            let error = no_op(first.at, errors);
            errors.add(error);
            None
        }
    }
}

/// Tells which cell is in which column.
fn assign(row: &Cells, names: &[String], starts: &[usize], errors: &mut Errors) -> Vec<String> {
    let mut columns: Vec<Vec<Piece>> = vec![Vec::new(); starts.len()];
    match place(row, starts) {
        Ok(places) => {
            for (piece, i) in row.pieces.iter().zip(places) {
                columns[i].push(piece.clone());
            }
        }
        // With a cell for each column there is no doubt.
        Err(_) if row.pieces.len() == columns.len() => {
            for (column, piece) in columns.iter_mut().zip(&row.pieces) {
                column.push(piece.clone());
            }
        }
        Err((piece, label)) => errors.push(
            piece.at.clone(),
            "it is not clear which column this cell is in",
            label,
            format!(
                "cells stand below the names {} (a tab goes to the next multiple of 8)",
                quoted(names)
            ),
        ),
    }
    columns
        .iter()
        .map(|pieces| last_cell(pieces, errors))
        .collect()
}

/// Returns the column that each cell stands in, or the cell of which that is not clear.
fn place<'a>(row: &'a Cells, starts: &[usize]) -> Result<Vec<usize>, (&'a Piece<'a>, String)> {
    let mut places: Vec<usize> = Vec::new();
    for piece in &row.pieces {
        let Some(i) = starts.iter().rposition(|s| *s <= piece.columns.start) else {
            return Err((piece, "it starts to the left of all".to_owned()));
        };
        if starts
            .get(i + 1)
            .is_some_and(|next| piece.columns.end > *next)
        {
            return Err((piece, "it goes on where the next column starts".to_owned()));
        }
        if places.last() == Some(&i) && i + 1 < starts.len() && !piece.text.starts_with('(') {
            return Err((piece, "another cell stands in the same column".to_owned()));
        }
        places.push(i);
    }
    Ok(places)
}

fn quoted(names: &[String]) -> String {
    let names = names.iter().filter(|name| !name.is_empty());
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
