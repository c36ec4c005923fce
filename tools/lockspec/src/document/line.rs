// SPDX-License-Identifier: GPL-2.0

//! Lines, and what stands where in them.

use std::ops::Range;

use winnow::ascii::{space0, space1};
use winnow::combinator::opt;
use winnow::prelude::*;
use winnow::token::{rest, take_while};

/// Tabs go to the next multiple of this.
const TAB: usize = 8;

/// A line of a text.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Without what ends it.
    pub text: &'a str,
    /// Where it starts in the text.
    pub start: usize,
    /// Counted from 1.
    pub number: usize,
}

/// Words of a line that stand together: a tab or two blanks separate them from others.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    pub text: &'a str,
    /// Where it stands in the text.
    pub at: Range<usize>,
    /// The columns of the line that it takes.
    pub columns: Range<usize>,
}

/// Splits a text into its lines, whatever ends them.
pub fn lines(text: &str) -> Vec<Line<'_>> {
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut start = bom;
    let mut lines = Vec::new();
    for (i, line) in text[bom..].split('\n').enumerate() {
        lines.push(Line {
            text: line.strip_suffix('\r').unwrap_or(line),
            start,
            number: i + 1,
        });
        start += line.len() + 1;
    }
    lines
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// Makes each run of white space a blank, and drops it at both ends.
pub fn collapse(text: &str) -> String {
    text.split([' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

impl<'a> Line<'a> {
    pub fn is_blank(&self) -> bool {
        self.text.chars().all(is_blank)
    }

    /// Returns the line without white space at both ends.
    pub fn trimmed(&self) -> &'a str {
        self.text.trim_matches(is_blank)
    }

    /// Returns where the trimmed line stands in the text.
    pub fn at(&self) -> Range<usize> {
        let start = self.start + self.text.len() - self.text.trim_start_matches(is_blank).len();
        start..start + self.trimmed().len()
    }

    pub fn is_indented(&self) -> bool {
        self.text.starts_with(is_blank)
    }

    /// Returns the characters of the line, each with where it stands in the text and the column
    /// that it starts at.
    pub fn characters(&self) -> impl Iterator<Item = (usize, usize, char)> + 'a {
        let start = self.start;
        let mut column = 0;
        self.text.char_indices().map(move |(i, c)| {
            let at = column;
            column = match c {
                '\t' => (column / TAB + 1) * TAB,
                _ => column + 1,
            };
            (start + i, at, c)
        })
    }

    /// Splits the line into its pieces.
    pub fn pieces(&self) -> Vec<Piece<'a>> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut gap = 2;
        for (i, column, c) in self.characters() {
            match c {
                '\t' => gap = 2,
                ' ' => gap += 1,
                _ => {
                    let end = i + c.len_utf8();
                    match pieces.last_mut().filter(|_| gap < 2) {
                        Some(piece) => {
                            piece.at.end = end;
                            piece.columns.end = column + 1;
                        }
                        None => pieces.push(Piece {
                            text: "",
                            at: i..end,
                            columns: column..column + 1,
                        }),
                    }
                    gap = 0;
                }
            }
        }
        for piece in &mut pieces {
            piece.text = &self.text[piece.at.start - self.start..piece.at.end - self.start];
        }
        pieces
    }

    /// `---- TITLE ----`: returns the title, or, of a heading that is not whole, nothing.
    pub fn plain_heading(&self) -> Option<Option<&'a str>> {
        fn dashes<'s>(input: &mut &'s str) -> winnow::Result<&'s str> {
            take_while(4.., '-').parse_next(input)
        }
        let mut input = self.text;
        let title: winnow::Result<&str> = (
            dashes,
            space1,
            rest.verify(|title: &str| title.contains(|c: char| !is_blank(c) && c != '-')),
        )
            .map(|(_, _, title)| title)
            .parse_next(&mut input);
        let title = title.ok()?.trim_end_matches(is_blank);
        let name = title.trim_end_matches('-');
        let whole = title.len() - name.len() >= 4 && name.ends_with(is_blank);
        Some(whole.then(|| name.trim_end_matches(is_blank)))
    }

    /// Whether the line is one run of a mark that titles are underlined with.
    pub fn is_rule(&self) -> bool {
        let text = self.text.trim_end_matches(is_blank);
        text.len() >= 4
            && ["=", "-", "~", "^", "\"", "*", "+", "#"]
                .iter()
                .any(|mark| text.trim_start_matches(mark).is_empty())
    }

    /// The border of a table: the columns that its runs of `=` take, at least two.
    pub fn border(&self) -> Option<Vec<Range<usize>>> {
        if !(self.trimmed().chars()).all(|c| c == '=' || is_blank(c)) {
            return None;
        }
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (_, column, _) in self.characters().filter(|(_, _, c)| *c == '=') {
            match runs.last_mut().filter(|run| run.end == column) {
                Some(run) => run.end += 1,
                None => runs.push(column..column + 1),
            }
        }
        (runs.len() >= 2).then_some(runs)
    }

    /// Whether this looks like a row of a table: `op:` at the start of the line, and cells after a
    /// gap, or nothing; or `op` and cells after a gap.
    pub fn is_row(&self) -> bool {
        let mut input = self.text.trim_end_matches(is_blank);
        let parsed: winnow::Result<(&str, Option<char>, &str, &str)> =
            (name, opt(':'), space0, rest).parse_next(&mut input);
        match parsed {
            Ok((_, colon, _, "")) => colon.is_some(),
            Ok((_, _, gap, _)) => gap.contains('\t') || gap.len() >= 2,
            Err(_) => false,
        }
    }
}

/// The name of a callback.
pub fn name<'s>(input: &mut &'s str) -> winnow::Result<&'s str> {
    (
        take_while(1, ('a'..='z', '_')),
        take_while(0.., ('a'..='z', 'A'..='Z', '0'..='9', '_')),
    )
        .take()
        .parse_next(input)
}

/// Whether this is the name of a callback.
pub fn is_name(text: &str) -> bool {
    name.parse(text).is_ok()
}
