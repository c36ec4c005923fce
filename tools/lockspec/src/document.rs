// SPDX-License-Identifier: GPL-2.0

//! The kernel's document about locking, taken apart.
//!
//! [`parse`] reads both of its forms, without knowing anything of rules: reStructuredText, which
//! it is since v5.3, and the plain text that it was before. Every line of a document ends up as a
//! heading, a prototype, a part of a table or a sentence, or is an error.

use crate::report::{Error, Report};

mod bordered;
mod line;
mod plain;
mod prose;
mod prototype;
mod scan;
mod table;

pub use prose::digest;
pub use prototype::canonical;

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Whether it has the form of v5.2 and before.
    pub plain: bool,
    pub sections: Vec<Section>,
    /// What stands before the first section, and after a line across the page.
    pub outside: Vec<Sentence>,
}

/// What the document says about one struct of callbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    pub line: usize,
    pub prototypes: Vec<Prototype>,
    /// The names of the columns, without that of the callbacks. A column of a plain table that
    /// only its cells show has no name. Empty if there is no table.
    pub columns: Vec<String>,
    /// The line of their names.
    pub header: usize,
    pub rows: Vec<Row>,
    pub sentences: Vec<Sentence>,
}

/// How a callback is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prototype {
    pub op: String,
    /// `TYPE (ARGUMENTS)`, with the white space of [`canonical`].
    pub text: String,
    pub comment: Option<String>,
    pub line: usize,
}

/// What the table says about a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub op: String,
    /// As many as there are columns. A blank cell is empty.
    pub cells: Vec<String>,
    pub line: usize,
}

/// A sentence of the prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub text: String,
    pub digest: String,
    pub line: usize,
}

/// Parses a document. If there is none, `report` has errors that say why.
pub fn parse(report: &mut Report, name: &str, bytes: &[u8]) -> Option<Document> {
    let text = String::from_utf8_lossy(bytes);
    let file = report.add_file(name, shown(&text));
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        report.error(
            file,
            at..at + char::REPLACEMENT_CHARACTER.len_utf8(),
            "this is no text",
            format!("byte 0x{:02x} does not belong to UTF-8", bytes[at]),
            "give the document as it is in the kernel's source, unpacked",
        );
        return None;
    }

    let mut errors = Errors {
        file,
        errors: Vec::new(),
    };
    let document = scan::document(&text, &mut errors);
    if errors.errors.is_empty() {
        return Some(document);
    }
    for error in errors.errors {
        report.push(error);
    }
    None
}

/// Returns the text as it can be shown: without characters that a terminal would obey. Everything
/// stays where it is.
fn shown(text: &str) -> String {
    let is_harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    (text.replace("\r\n", " \n").chars())
        .map(|c| match c {
            c if is_harmless(c) => c,
            c if c.len_utf8() == 1 => '?',
            _ => '\u{bf}',
        })
        .collect()
}

/// Collects what is wrong in a document.
struct Errors {
    file: usize,
    errors: Vec<Error>,
}

impl Errors {
    fn push(
        &mut self,
        at: std::ops::Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.errors
            .push(Report::at(self.file, at, message, label, help));
    }

    fn add(&mut self, error: Error) {
        self.errors.push(error);
    }

    /// Makes an error.
    fn at(
        &self,
        at: std::ops::Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Error {
        Report::at(self.file, at, message, label, help)
    }
}
