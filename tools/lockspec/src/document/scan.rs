// SPDX-License-Identifier: GPL-2.0

//! From lines to sections.

use std::collections::BTreeMap;

use super::line::{lines, Line};
use super::table::Table;
use super::{bordered, plain, prose, prototype, Document, Errors, Section};

/// Who has read as many errors does not need more.
const MOST_ERRORS: usize = 50;

/// Reads a document. What is returned is of use only if there are no errors.
pub fn document(text: &str, errors: &mut Errors) -> Document {
    let lines = lines(text);
    if !is_text(&lines, errors) {
        return Document::default();
    }
    let plain = lines.iter().any(|line| line.plain_heading().is_some());
    let mut scan = Scan {
        lines: &lines,
        plain,
        next: 0,
        paragraph: Vec::new(),
        document: Document {
            plain,
            ..Document::default()
        },
        section: None,
        titles: BTreeMap::new(),
        errors,
    };
    while scan.next < lines.len() && scan.errors.errors.len() < MOST_ERRORS {
        scan.line();
    }
    if let Some(line) = lines.get(scan.next) {
        scan.errors.push(
            line.at(),
            "there is too much in this document that cannot be understood",
            "reading stopped here",
            "correct what is said above; there may be more below",
        );
    }
    scan.end_section();
    let document = scan.document;
    if document.sections.is_empty() && errors.errors.is_empty() {
        let at = lines
            .iter()
            .find(|line| !line.is_blank())
            .map_or(0..0, Line::at);
        errors.push(
            at,
            "this is no document about locking",
            "no section with a heading follows",
            "give Documentation/filesystems/locking.rst, or Documentation/filesystems/Locking of v5.2 or older",
        );
    }
    document
}

/// Whether there is nothing in the lines but text.
fn is_text(lines: &[Line], errors: &mut Errors) -> bool {
    for line in lines {
        let odd = line
            .characters()
            .find(|(_, _, c)| c.is_control() && *c != '\t');
        if let Some((at, _, c)) = odd {
            errors.push(
                at..at + c.len_utf8(),
                "this is no text",
                format!("character U+{:04X} is here", u32::from(c)),
                "give the document as it is in the kernel's source, unpacked",
            );
            return false;
        }
    }
    true
}

/// A section, and what it has already.
#[derive(Default)]
struct Open {
    section: Section,
    has_prototypes: bool,
}

struct Scan<'a, 'e> {
    lines: &'a [Line<'a>],
    /// Whether headings and tables are those of plain text.
    plain: bool,
    next: usize,
    paragraph: Vec<Line<'a>>,
    document: Document,
    section: Option<Open>,
    /// The lines of the sections by their titles.
    titles: BTreeMap<String, usize>,
    errors: &'e mut Errors,
}

impl Scan<'_, '_> {
    /// Reads the next line, and all that belongs to it.
    fn line(&mut self) {
        let line = self.lines[self.next];
        if line.is_blank() {
            self.end_paragraph();
            self.next += 1;
        } else if self.heading(line) || self.prototypes(line) || self.table(line) {
            // It has been read.
        } else if line.text.trim_end() == "locking rules:" {
            self.end_paragraph();
            self.next += 1;
        } else {
            self.stray(line);
            self.paragraph.push(line);
            self.next += 1;
        }
    }

    fn end_paragraph(&mut self) {
        let sentences = prose::sentences(&self.paragraph);
        self.paragraph.clear();
        match &mut self.section {
            Some(open) => open.section.sentences.extend(sentences),
            None => self.document.outside.extend(sentences),
        }
    }

    fn end_section(&mut self) {
        self.end_paragraph();
        self.document
            .sections
            .extend(self.section.take().map(|open| open.section));
    }

    fn start_section(&mut self, title: &str, line: &Line) {
        self.end_section();
        if let Some(first) = self.titles.insert(title.to_owned(), line.number) {
            self.errors.push(
                line.at(),
                format!("there are two sections `{title}`"),
                format!("another one is in line {first}"),
                "what is said about a struct stands in one section",
            );
        }
        self.section = Some(Open {
            section: Section {
                title: title.to_owned(),
                line: line.number,
                ..Section::default()
            },
            ..Open::default()
        });
    }

    /// A heading, or a line across the page, after which nothing belongs to a section.
    fn heading(&mut self, line: Line) -> bool {
        if self.plain {
            match line.plain_heading() {
                Some(Some(title)) => {
                    self.start_section(title, &line);
                    self.next += 1;
                    return true;
                }
                Some(None) => {
                    self.errors.push(
                        line.at(),
                        "this heading is not whole",
                        "there are dashes at one side of it only",
                        "a heading is `---- name ----`",
                    );
                    self.next += 1;
                    return true;
                }
                None => (),
            }
        }
        if !line.is_rule() {
            return false;
        }
        let ahead = |n: usize| self.lines.get(self.next + n);
        let mark = line.text.get(..1);
        if !self.plain {
            if let [title] = self.paragraph[..] {
                self.paragraph.clear();
                self.start_section(title.trimmed(), &title);
                self.next += 1;
                return true;
            }
            let below = ahead(2).filter(|below| below.is_rule() && below.text.get(..1) == mark);
            if self.paragraph.is_empty() && below.is_some() && !ahead(1).is_none_or(Line::is_blank)
            {
                // The title of the document.
                self.end_section();
                self.next += 3;
                return true;
            }
        }
        if self.paragraph.is_empty() && ahead(1).is_none_or(|below| below.is_blank() || self.plain)
        {
            self.end_section();
        } else {
            self.errors.push(
                line.at(),
                "this line belongs to nothing",
                "it is neither below a title nor a part of a table nor alone",
                "a title has one line, and a line below it; a table has borders with a run for each column",
            );
        }
        self.next += 1;
        true
    }

    fn prototypes(&mut self, line: Line) -> bool {
        if !matches!(line.text.trim_end(), "prototypes:" | "prototypes::") {
            return false;
        }
        self.end_paragraph();
        let from = self.next + 1;
        let is_inside = |l: &Line| l.is_blank() || l.is_indented() || l.trimmed() == "};";
        let len = self.lines[from..].iter().position(|l| !is_inside(l));
        let mut end = len.map_or(self.lines.len(), |len| from + len);
        // Of plain text, the header of a table that nothing announces is indented, too.
        if self.plain {
            let table = (from..end).find(|i| plain::header(&self.lines[*i..]).is_some());
            end = table.unwrap_or(end);
        }
        let errors = self.errors.errors.len();
        let prototypes = prototype::block(&self.lines[from..end], self.errors);
        self.next = end;
        match &mut self.section {
            Some(open) if !open.has_prototypes => {
                if prototypes.is_empty() && self.errors.errors.len() == errors {
                    self.errors.push(
                        line.at(),
                        "there are no prototypes",
                        "none follows this line",
                        "the prototypes of a section are indented",
                    );
                }
                open.has_prototypes = true;
                open.section.prototypes = prototypes;
            }
            open => {
                let why = match open {
                    Some(_) => "this section has prototypes already",
                    None => "they belong to no section",
                };
                self.errors.push(
                    line.at(),
                    "these prototypes are out of place",
                    why,
                    "each section has a heading, and its prototypes once",
                );
            }
        }
        true
    }

    fn table(&mut self, line: Line) -> bool {
        let (table, next) = if self.plain {
            let Some(header) = plain::header(&self.lines[self.next..]) else {
                return false;
            };
            let (table, len) = plain::table(&self.lines[self.next..], header, self.errors);
            (Some(table), self.next + len)
        } else if line.border().is_some() {
            bordered::table(self.lines, self.next, self.errors)
        } else {
            return false;
        };
        self.end_paragraph();
        self.next = next;
        if let Some(table) = table {
            self.add_table(table, line);
        }
        true
    }

    fn add_table(&mut self, table: Table, line: Line) {
        match &mut self.section {
            Some(open) if open.section.columns.is_empty() => {
                open.section.columns = table.columns;
                open.section.header = table.header;
                open.section.rows = table.rows;
            }
            open => {
                let why = match open {
                    Some(_) => "this section has a table already",
                    None => "it belongs to no section",
                };
                self.errors.push(
                    line.at(),
                    "this table is out of place",
                    why,
                    "each section has a heading, and one table",
                );
            }
        }
    }

    /// Finds parts of tables where there are none.
    fn stray(&mut self, line: Line) {
        let text = line.trimmed();
        if line.is_row() {
            self.errors.push(
                line.at(),
                "this row belongs to no table",
                "a table with a header is expected above it",
                match self.plain {
                    true => "the names of the columns stand in the line above the rows, indented",
                    false => {
                        "a table has a line of `=` above its header, below it, and below its rows"
                    }
                },
            );
        } else if text.starts_with("====") {
            self.errors.push(
                line.at(),
                "this line is damaged",
                "it starts like the border of a table or a line below a title",
                "such a line has nothing but `=` and white space",
            );
        }
    }
}
