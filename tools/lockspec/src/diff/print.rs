// SPDX-License-Identifier: GPL-2.0

//! What differs, as text.

use std::fmt::Write as _;

use super::{Diff, Kind};

/// How wide the output is, as far as the words allow.
const WIDTH: usize = 100;

impl Diff {
    /// Writes what differs between the document `name` and the edition `edition`.
    pub fn print(&self, name: &str, edition: &str) -> String {
        let [prototypes, rows, sentences] = self.counts;
        if self.is_empty() {
            return format!(
                "{name} is the document of {edition}: {rows} rows, {prototypes} prototypes, \
                {sentences} sentences\n"
            );
        }
        let lines = || self.sections.iter().flat_map(|section| &section.lines);
        let names = lines()
            .map(|line| line.name.len())
            .max()
            .unwrap_or_default();
        let mut out = String::new();
        for section in &self.sections {
            let _ = writeln!(out, "{}:", section.title);
            for line in &section.lines {
                let kind = match line.kind {
                    Kind::New => '+',
                    Kind::Gone => '-',
                    Kind::Changed => '~',
                };
                let at = match line.line {
                    Some(number) => format!("line {number}"),
                    None => String::new(),
                };
                let start = format!("  {kind} {:9}  {:names$}  {at:9}", line.what, line.name);
                let width = start.chars().count() + 2;
                let mut text = String::new();
                for detail in line.detail.iter().flat_map(|detail| wrap(detail, width)) {
                    let _ = match text.is_empty() {
                        true => write!(text, "{start}  {detail}"),
                        false => write!(text, "\n{:width$}{detail}", ""),
                    };
                }
                if text.is_empty() {
                    text = start;
                }
                let _ = writeln!(out, "{}", text.trim_end());
            }
            out.push('\n');
        }
        let _ = writeln!(
            out,
            "{} between {edition} and {name}: + only in the document, - only in the data, ~ changed",
            match self.len() {
                1 => "1 difference".to_owned(),
                n => format!("{n} differences"),
            }
        );
        out
    }
}

/// Breaks a text into lines that fit beside what is `left` of them. What starts with a mark and a
/// blank goes on below its first word.
fn wrap(text: &str, left: usize) -> Vec<String> {
    let marked = text.starts_with("- ") || text.starts_with("+ ");
    let hanging = if marked { "  " } else { "" };
    let width = WIDTH.saturating_sub(left).max(40);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            // A star belongs to the type before it.
            Some(line)
                if line.chars().count() + 1 + word.chars().count() <= width
                    || word.starts_with('*') =>
            {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{hanging}{word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
