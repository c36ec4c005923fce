// SPDX-License-Identifier: GPL-2.0

//! What all files have in common: a first line with a version, columns divided by tabs.

use std::fmt;

/// Why a file cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file.
    pub file: &'static str,
    /// Counted from 1.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.file, self.line, self.what)
    }
}

impl std::error::Error for Error {}

/// A line, and where it is.
#[derive(Clone, Copy)]
pub(crate) struct Line<'t> {
    pub file: &'static str,
    pub number: usize,
    pub text: &'t str,
}

impl<'t> Line<'t> {
    pub fn error(&self, what: impl Into<String>) -> Error {
        Error {
            file: self.file,
            line: self.number,
            what: what.into(),
        }
    }

    pub fn columns(&self) -> impl Iterator<Item = &'t str> {
        self.text.split('\t')
    }

    /// Returns a column by its place, counted from 0; it is called `name`.
    pub fn column(&self, index: usize, name: &str) -> Result<&'t str, Error> {
        self.columns()
            .nth(index)
            .ok_or_else(|| self.error(format!("there is no {name}")))
    }

    /// Returns a column with a number.
    pub fn number(&self, index: usize, name: &str) -> Result<u64, Error> {
        let column = self.column(index, name)?;
        column
            .parse()
            .map_err(|_| self.error(format!("`{column}` is no number, but {name} is one")))
    }
}

/// Checks the first line, and returns the others.
pub(crate) fn lines<'t>(
    text: &'t str,
    file: &'static str,
    version: u32,
) -> Result<impl Iterator<Item = Line<'t>>, Error> {
    let mut lines = text.lines().enumerate().map(move |(index, text)| Line {
        file,
        number: index + 1,
        text,
    });
    let first = lines.next().unwrap_or(Line {
        file,
        number: 1,
        text: "",
    });
    let found = (first.text.strip_prefix("locktrack "))
        .and_then(|rest| rest.strip_prefix(file)?.strip_prefix(' '))
        .and_then(|version| version.parse::<u32>().ok());
    match found {
        Some(found) if found == version => Ok(lines),
        Some(found) => Err(first.error(format!(
            "this file has version {found}, but this program reads version {version}: \
             use the program that was built with the module"
        ))),
        None => Err(first.error(format!(
            "this is not the file `{file}` of locktrack, which begins with `locktrack {file} {version}`"
        ))),
    }
}
