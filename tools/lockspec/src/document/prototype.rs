// SPDX-License-Identifier: GPL-2.0

//! Declarations of callbacks: `TYPE (*OP)(ARGUMENTS);`.

use std::collections::BTreeMap;
use std::ops::Range;

use winnow::ascii::multispace0;
use winnow::combinator::{delimited, repeat};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location as _};
use winnow::token::{literal, rest, take_until, take_while};

use super::line::{collapse, Line};
use super::{Errors, Prototype};

type Input<'a> = LocatingSlice<&'a str>;

/// Reads the declarations in a block of lines.
pub fn block(lines: &[Line], errors: &mut Errors) -> Vec<Prototype> {
    let mut prototypes: Vec<Prototype> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        // The struct that the declarations were taken from may have left its end behind.
        if line.is_blank() || line.trimmed() == "};" {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while (lines.get(end)).is_some_and(|next| goes_on(&lines[end - 1], next)) {
            end += 1;
        }
        let statement = &lines[at..end];
        at = end;
        match prototype(statement) {
            Ok(prototype) => {
                if let Some(first) = seen.insert(prototype.op.clone(), prototype.line) {
                    errors.push(
                        line.at(),
                        format!("`{}` has two prototypes", prototype.op),
                        format!("another one is in line {first}"),
                        "a callback is declared once",
                    );
                }
                prototypes.push(prototype);
            }
            Err((at, label)) => errors.push(
                at,
                "cannot understand this prototype",
                label,
                "a prototype is `TYPE (*NAME)(TYPE, ...);`",
            ),
        }
    }
    prototypes
}

/// Whether a declaration goes on from one line to the next. A `;` may be missing at its end.
fn goes_on(line: &Line, next: &Line) -> bool {
    let code = without_comments(line.text);
    let code = code.trim_end();
    if code.ends_with(';') || next.is_blank() || next.trimmed() == "};" {
        return false;
    }
    code.ends_with([',', '(']) || head(&mut LocatingSlice::new(next.text)).is_err()
}

/// Replaces the comments that end in this text by blanks.
fn without_comments(text: &str) -> String {
    let mut left = String::new();
    let mut text = text;
    while let Some((before, comment)) = text.split_once("/*") {
        let Some((comment, after)) = comment.split_once("*/") else {
            break;
        };
        left += before;
        left.extend(std::iter::repeat_n(' ', comment.len() + 4));
        text = after;
    }
    left + text
}

/// Returns what the comments say.
fn comments(text: &str) -> Option<String> {
    let comment: winnow::Result<Vec<&str>> = repeat(
        0..,
        delimited(
            (take_until(0.., "/*"), literal("/*")),
            take_until(0.., "*/"),
            literal("*/"),
        ),
    )
    .parse_next(&mut &*text);
    let comment = collapse(&comment.unwrap_or_default().join(" "));
    (!comment.is_empty()).then_some(comment)
}

/// `TYPE (*NAME)`.
fn head<'a>(input: &mut Input<'a>) -> winnow::Result<(&'a str, &'a str)> {
    let kind = take_while(1.., |c| c != '(' && c != ')' && c != ';' && c != ',')
        .verify(|kind: &str| !kind.trim().is_empty());
    let name = delimited(
        ('(', multispace0, '*', multispace0),
        take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_'),
        (multispace0, ')'),
    );
    (kind, name).parse_next(input)
}

/// Parses one declaration. An error says where, and what was expected.
fn prototype(lines: &[Line]) -> Result<Prototype, (Range<usize>, &'static str)> {
    let first = lines[0];
    let last = lines[lines.len() - 1];
    // The lines of a text lie one behind the other, but what ends them is not in them.
    let mut text = String::new();
    for line in lines {
        text.extend(std::iter::repeat_n(
            ' ',
            line.start - first.start - text.len(),
        ));
        text += line.text;
    }
    let at = |range: Range<usize>| first.start + range.start..first.start + range.end;
    let whole = first.at().start..last.at().end;

    let code = without_comments(&text);
    if let Some(open) = code.find("/*") {
        return Err((at(open..open + 2), "this comment has no end"));
    }
    let mut input = LocatingSlice::new(code.as_str());
    let (kind, op) = head(&mut input).map_err(|_| (whole.clone(), "`TYPE (*NAME)` is expected"))?;
    let from = input.current_token_start();
    let arguments: winnow::Result<&str> = rest.parse_next(&mut input);
    let arguments = arguments.unwrap_or_default();
    let trimmed = arguments.trim().trim_end_matches(';').trim_end();
    let inner = (trimmed.strip_prefix('('))
        .and_then(|inner| inner.strip_suffix(')'))
        .ok_or_else(|| {
            let end = from + arguments.trim_end().len();
            let end = end.max(from + 1).min(text.len());
            (
                at(from.min(end)..end),
                "the arguments in parentheses are expected here",
            )
        })?;
    let inner = balanced(inner).ok_or_else(|| {
        let end = from + arguments.trim_end().len();
        (at(from..end), "the parentheses do not match")
    })?;
    if inner.contains(';') {
        return Err((whole, "there is a `;` within it"));
    }
    Ok(Prototype {
        op: op.to_owned(),
        text: canonical(&format!("{kind} ({inner})")),
        comment: comments(&text),
        line: first.number,
    })
}

/// Returns the arguments, if their parentheses match. One too many at their start is a slip that
/// the documents have, and leaves no doubt about what is meant: it is left out.
fn balanced(inner: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for c in inner.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ => (),
        }
    }
    match depth {
        0 => Some(inner),
        1 => inner.trim_start().strip_prefix('('),
        _ => None,
    }
}

/// Writes a piece of C with the white space that all prototypes of the data have:
/// `int (struct inode *, const char *)`.
pub fn canonical(text: &str) -> String {
    let mut out = String::new();
    let mut before = "";
    let mut words = text.trim();
    while !words.is_empty() {
        let word: winnow::Result<&str> =
            take_while(1.., |c: char| c.is_alphanumeric() || c == '_' || c == '.')
                .parse_next(&mut words);
        let token = match word {
            Ok(word) => word,
            Err(_) => words.next_slice(words.chars().next().map_or(0, char::len_utf8)),
        };
        words = words.trim_start();
        let tight =
            matches!(before, "" | "(" | "[" | "*") || matches!(token, ")" | "," | "[" | "]" | ";");
        if !tight {
            out.push(' ');
        }
        out += token;
        before = token;
    }
    out
}
