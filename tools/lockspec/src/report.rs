// SPDX-License-Identifier: GPL-2.0

//! Errors in the data, shown with the line that they are in.

use std::ops::Range;

use codespan_reporting::diagnostic::{Diagnostic, Label};
use codespan_reporting::files::SimpleFiles;
use codespan_reporting::term;

/// The files that were read, and what is wrong in them.
#[derive(Default)]
pub struct Report {
    files: Vec<(String, String)>,
    errors: Vec<Error>,
}

/// Something wrong at a place, and what to do about it.
pub struct Error {
    file: usize,
    at: Range<usize>,
    message: String,
    label: String,
    other: Option<(Range<usize>, String)>,
    help: String,
}

impl Error {
    /// Also points to a second place in the same file.
    pub fn and(mut self, at: Range<usize>, label: impl Into<String>) -> Self {
        self.other = Some((at, label.into()));
        self
    }
}

impl Report {
    /// Adds a file and returns its number.
    pub fn add_file(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.files.push((name.into(), text.into()));
        self.files.len() - 1
    }

    /// Returns the name of a file.
    pub fn name(&self, file: usize) -> &str {
        &self.files[file].0
    }

    /// Returns the text of a file.
    pub fn text(&self, file: usize) -> &str {
        &self.files[file].1
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// How many errors there are.
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// Adds an error: what is wrong, what is said at the place, and what to do.
    pub fn error(
        &mut self,
        file: usize,
        at: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Self::at(file, at, message, label, help));
    }

    /// Adds an error, unless it is there already.
    pub fn push(&mut self, error: Error) {
        let same =
            |e: &Error| (e.file, &e.at, &e.message) == (error.file, &error.at, &error.message);
        if !self.errors.iter().any(same) {
            self.errors.push(error);
        }
    }

    /// Makes an error.
    pub fn at(
        file: usize,
        at: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Error {
        Error {
            file,
            at,
            message: message.into(),
            label: label.into(),
            other: None,
            help: help.into(),
        }
    }

    /// Writes the errors out, in the order of the files.
    pub fn render(&self) -> String {
        let mut files = SimpleFiles::new();
        for (name, text) in &self.files {
            files.add(name, text);
        }
        let mut errors: Vec<&Error> = self.errors.iter().collect();
        errors.sort_by_key(|e| (e.file, e.at.start));
        let config = term::Config::default();
        errors
            .iter()
            .map(|e| {
                let mut labels = vec![Label::primary(e.file, e.at.clone()).with_message(&e.label)];
                labels.extend(
                    e.other.as_ref().map(|(at, label)| {
                        Label::secondary(e.file, at.clone()).with_message(label)
                    }),
                );
                let diagnostic = Diagnostic::error()
                    .with_message(&e.message)
                    .with_labels(labels)
                    .with_notes(vec![format!("help: {}", e.help)]);
                term::emit_into_string(&config, &files, &diagnostic)
                    .unwrap_or_else(|error| format!("error: {}: {error}\n", e.message))
            })
            .collect()
    }
}
