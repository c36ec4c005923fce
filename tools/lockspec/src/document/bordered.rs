// SPDX-License-Identifier: GPL-2.0

//! Tables of reStructuredText, of the kind that has borders of `=` above, below, and under the
//! header. Where a column is, the borders say.

use std::ops::Range;

use super::line::{collapse, Line, Piece};
use super::table::{last_cell, no_op, op, Table};
use super::{Errors, Row};

/// Where the three borders of a table are, as numbers of lines.
struct Borders {
    header: usize,
    bottom: usize,
}

/// Reads the table whose upper border is line `top`. Returns it with the line after it.
pub fn table(lines: &[Line], top: usize, errors: &mut Errors) -> (Option<Table>, usize) {
    let border = &lines[top];
    let runs = border.border().unwrap_or_default();
    let borders = match borders(lines, top) {
        Ok(borders) => borders,
        Err((end, found)) => {
            let stop = lines.get(end).map_or(border.at(), Line::at);
            let error = errors.at(
                border.at(),
                "this table is not whole",
                format!("it has {found} of the three borders: above, under the header, below"),
                "the line of `=` has to stand at these three places",
            );
            errors.add(error.and(stop, "no border was found before this"));
            return (None, end);
        }
    };
    for other in [borders.header, borders.bottom] {
        if lines[other].border().as_ref() != Some(&runs) {
            let error = errors.at(
                lines[other].at(),
                "the borders of this table differ",
                "this one has other columns than the first",
                "make them the same",
            );
            errors.add(error.and(border.at(), "the first border"));
            return (None, borders.bottom + 1);
        }
    }

    let columns = header(&lines[top + 1..borders.header], border, &runs, errors);
    let mut table = Table::new(columns, lines[top + 1].number);
    for line in &lines[borders.header + 1..borders.bottom] {
        if !line.is_blank() {
            row(&mut table, line, &runs, errors);
        }
    }
    if table.rows.is_empty() {
        errors.push(
            border.at(),
            "this table has no rows",
            "nothing stands below its header",
            "give it a row for each callback",
        );
    }
    (Some(table), borders.bottom + 1)
}

/// Finds the other two borders, or where there can be none any more and how many there are.
fn borders(lines: &[Line], top: usize) -> Result<Borders, (usize, usize)> {
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate().skip(top + 1) {
        if line.border().is_some() {
            found.push(i);
            if let [header, bottom] = found[..] {
                return Ok(Borders { header, bottom });
            }
        } else if line.is_rule() || line.trimmed().starts_with("prototypes:") {
            // Of a heading, its title does not belong to the table either.
            let title = usize::from(line.is_rule() && !lines[i - 1].is_blank() && i - 1 > top);
            return Err((i - title, found.len() + 1));
        }
    }
    Err((lines.len(), found.len() + 1))
}

/// Returns the names of the columns.
fn header(
    lines: &[Line],
    border: &Line,
    runs: &[Range<usize>],
    errors: &mut Errors,
) -> Vec<String> {
    let mut names = vec![String::new(); runs.len()];
    for line in lines {
        let cells = cut(line, runs, errors).into_iter().flatten();
        for (name, pieces) in names.iter_mut().zip(cells) {
            let texts: Vec<&str> = pieces.iter().map(|p| p.text).collect();
            *name = collapse(&format!("{name} {}", texts.join(" ")));
        }
    }
    let at = lines.first().map_or(border.at(), Line::at);
    if names[0] != "ops" {
        errors.push(
            at.clone(),
            "this is no table of rules",
            format!("its first column is called `{}`", names[0]),
            "the first column has the callbacks and is called `ops`",
        );
    }
    if names.iter().any(String::is_empty) {
        errors.push(
            at,
            "a column has no name",
            format!("there are {} columns", runs.len()),
            "the header names each column",
        );
    }
    names.split_off(1)
}

fn row(table: &mut Table, line: &Line, runs: &[Range<usize>], errors: &mut Errors) {
    let Some(pieces) = cut(line, runs, errors) else {
        return;
    };
    let mut cells: Vec<String> = Vec::new();
    for (i, pieces) in pieces.iter().enumerate().skip(1) {
        cells.push(if i + 1 == runs.len() {
            last_cell(pieces, errors)
        } else {
            let texts: Vec<&str> = pieces.iter().map(|p| p.text).collect();
            collapse(&texts.join(" "))
        });
    }
    match (&pieces[0][..], table.rows.last_mut()) {
        // In such a table, a row without a first cell continues the one above.
        ([], Some(above)) => {
            for (cell, more) in above.cells.iter_mut().zip(&cells) {
                *cell = collapse(&format!("{cell} {more}"));
            }
        }
        ([], None) => {
            let error = no_op(line.at(), errors);
            errors.add(error);
        }
        (first, _) => {
            let texts: Vec<&str> = first.iter().map(|p| p.text).collect();
            match op(&texts.join("  ")) {
                Some(op) => {
                    let row = Row {
                        op: op.to_owned(),
                        cells,
                        line: line.number,
                    };
                    table.add(row, line, errors);
                }
                None => {
                    let at = first[0].at.start..first[first.len() - 1].at.end;
                    let error = no_op(at, errors);
                    errors.add(error);
                }
            }
        }
    }
}

/// Cuts a line at the columns, of which the last has no end. Nothing may stand between them.
fn cut<'a>(
    line: &Line<'a>,
    runs: &[Range<usize>],
    errors: &mut Errors,
) -> Option<Vec<Vec<Piece<'a>>>> {
    let last = runs.len() - 1;
    let outside = line.characters().find(|(_, column, c)| {
        *c != ' '
            && *c != '\t'
            && !(*column >= runs[last].start || runs.iter().any(|run| run.contains(column)))
    });
    if let Some((at, column, _)) = outside {
        let pieces = line.pieces();
        let piece = pieces.iter().find(|piece| piece.at.contains(&at));
        errors.push(
            piece.map_or(line.at(), |piece| piece.at.clone()),
            "this text is in no column of the table",
            format!("position {} of the line is between two columns", column + 1),
            "the `=` above the table say where its columns are (a tab goes to the next multiple of 8)",
        );
        return None;
    }
    let mut cells: Vec<Vec<Piece>> = vec![Vec::new(); runs.len()];
    for (i, (cell, run)) in cells.iter_mut().zip(runs).enumerate() {
        let inside = |column: usize| column >= run.start && (i == last || column < run.end);
        let mut part: Option<Range<usize>> = None;
        for (at, _, c) in line.characters().filter(|(_, column, _)| inside(*column)) {
            let end = at + c.len_utf8();
            part = Some(part.map_or(at..end, |part| part.start..end));
        }
        if let Some(part) = part {
            *cell = Line {
                text: &line.text[part.start - line.start..part.end - line.start],
                start: part.start,
                number: line.number,
            }
            .pieces();
        }
    }
    Some(cells)
}
