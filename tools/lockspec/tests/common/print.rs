// SPDX-License-Identifier: GPL-2.0

//! Writes a document, in both of its forms.

use lockspec::document::{Document, Prototype, Section};

/// Of the things that a writer may do in one way or the other, the way that is taken next.
pub struct Choices<'a>(pub &'a [u8], usize);

impl<'a> Choices<'a> {
    pub fn new(choices: &'a [u8]) -> Self {
        Self(choices, 0)
    }

    fn next(&mut self, ways: u8) -> u8 {
        self.1 += 1;
        let choice = self.0.get(self.1 % self.0.len().max(1));
        choice.copied().unwrap_or_default() % ways
    }
}

/// Writes a document in the form that it has.
pub fn print(document: &Document, choices: &mut Choices) -> String {
    let mut out = String::new();
    if !document.plain {
        out += "=====\nTitle\n=====\n\n";
    }
    prose(
        &mut out,
        document.outside.iter().map(|s| &s.text[..]),
        choices,
    );
    for section in &document.sections {
        out += &match document.plain {
            true => format!("---------- {} -----\n", section.title),
            false => format!(
                "{0}\n{1}\n\n",
                section.title,
                "=".repeat(section.title.len().max(4))
            ),
        };
        prototypes(&mut out, section, document.plain, choices);
        if !section.columns.is_empty() {
            match document.plain {
                true => plain_table(&mut out, section, choices),
                false => bordered_table(&mut out, section, choices),
            }
        }
        out.push('\n');
        prose(
            &mut out,
            section.sentences.iter().map(|s| &s.text[..]),
            choices,
        );
    }
    match choices.next(3) {
        0 => out.replace('\n', "\r\n"),
        1 => format!("\u{feff}{out}"),
        _ => out,
    }
}

fn prose<'a>(out: &mut String, sentences: impl Iterator<Item = &'a str>, choices: &mut Choices) {
    for sentence in sentences {
        let words: Vec<&str> = sentence.split(' ').collect();
        for line in words.chunks(1 + usize::from(choices.next(9))) {
            *out += ["", "\t", "  "][usize::from(choices.next(3))];
            *out += &line.join([" ", "  ", "\t"][usize::from(choices.next(3).min(1))]);
            *out += "\n";
        }
        // Sentences of one paragraph are told apart by how they end.
        if choices.next(2) == 0 || !sentence.ends_with('.') || sentence.ends_with("etc.") {
            *out += "\n";
        }
    }
    *out += "\n";
}

fn prototypes(out: &mut String, section: &Section, plain: bool, choices: &mut Choices) {
    if !section.prototypes.is_empty() {
        *out += if plain {
            "prototypes:\n"
        } else {
            "prototypes::\n\n"
        };
    }
    for Prototype {
        op, text, comment, ..
    } in &section.prototypes
    {
        let (kind, arguments) = text.split_once('(').expect("arguments");
        *out += ["\t", "        "][usize::from(choices.next(2))];
        *out += &format!("{kind}(*{op}){}(", [" ", ""][usize::from(choices.next(2))]);
        let comma = [", ", ",", ",\n\t\t\t"][usize::from(choices.next(3))];
        *out += &arguments.replace(", ", comma);
        *out += [";", ""][usize::from(choices.next(8) / 7)];
        if let Some(comment) = comment {
            *out += &format!(" /* {comment} */");
        }
        *out += "\n";
    }
    if plain && choices.next(4) == 0 && !section.prototypes.is_empty() {
        *out += "};\n";
    }
    if choices.next(2) == 0 {
        *out += "\n";
    }
    *out += "locking rules:\n";
}

/// Writes cells below each other, with tabs or blanks between them.
fn line(out: &mut String, cells: &[&str], starts: &[usize], choices: &mut Choices) {
    let mut column = 0;
    for (cell, start) in cells.iter().zip(starts) {
        if cell.is_empty() {
            continue;
        }
        while column < *start {
            let tab = (column / 8 + 1) * 8;
            if choices.next(2) == 0 && tab <= *start {
                out.push('\t');
                column = tab;
            } else {
                out.push(' ');
                column += 1;
            }
        }
        *out += cell;
        column += cell.chars().count();
    }
    *out += ["", " ", "\t"][usize::from(choices.next(3))];
    *out += "\n";
}

/// Returns where columns start that have room for all cells and a gap.
fn starts(section: &Section, names: &[&str]) -> Vec<usize> {
    let mut starts = vec![0];
    for i in 0..names.len() - 1 {
        let cells = section.rows.iter().map(|row| match i {
            0 => row.op.len() + 1,
            _ => row.cells[i - 1].chars().count(),
        });
        let width = cells.chain([names[i].chars().count()]).max().unwrap_or(0);
        starts.push(starts[i] + width + 2);
    }
    starts
}

fn rows(out: &mut String, section: &Section, starts: &[usize], choices: &mut Choices) {
    for row in &section.rows {
        let blank = row.cells.iter().all(|cell| cell.is_empty());
        let colon = if blank || choices.next(2) == 0 {
            ":"
        } else {
            ""
        };
        let op = format!("{}{colon}", row.op);
        let mut cells = vec![op];
        cells.extend(row.cells.iter().cloned());
        // In the last column, what stands in parentheses may be further away.
        if let Some(last) = cells.last_mut().filter(|_| choices.next(2) == 0) {
            *last = last.replace(" (", "\t(");
        }
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        line(out, &cells, starts, choices);
    }
}

fn plain_table(out: &mut String, section: &Section, choices: &mut Choices) {
    let mut names = vec![""];
    names.extend(section.columns.iter().map(|name| &name[..]));
    let mut starts = starts(section, &names);
    // A header stands further to the right than prose.
    let add = 9_usize.saturating_sub(starts[1]);
    starts[1..].iter_mut().for_each(|start| *start += add);
    line(out, &names, &starts, choices);
    rows(out, section, &starts, choices);
}

fn bordered_table(out: &mut String, section: &Section, choices: &mut Choices) {
    let mut names = vec!["ops"];
    names.extend(section.columns.iter().map(|name| &name[..]));
    let starts = starts(section, &names);
    let ends = starts[1..]
        .iter()
        .map(|next| next - 1)
        .chain([starts[names.len() - 1] + 5]);
    let runs: Vec<String> = (starts.iter().zip(ends))
        .map(|(start, end)| "=".repeat(end - start))
        .collect();
    let border = |choices: &mut Choices| {
        let mut line_of = String::new();
        let runs: Vec<&str> = runs.iter().map(|run| &run[..]).collect();
        line(&mut line_of, &runs, &starts, choices);
        line_of
    };
    *out += "\n";
    *out += &border(choices);
    line(out, &names, &starts, choices);
    *out += &border(choices);
    rows(out, section, &starts, choices);
    *out += &border(choices);
}
