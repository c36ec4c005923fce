// SPDX-License-Identifier: GPL-2.0

//! From the data as written to rules without an error in them.

use std::ops::Range;

use toml::Spanned;

use crate::c;
use crate::data;
use crate::report::Report;
use crate::spec::{Callbacks, Config, Edition, Spec, Specification};
use crate::suggest::one_of;

mod callbacks;
mod condition;
mod decide;
mod op;
mod rule;
mod table;

/// Checks the files that `report` was given, one of which says what callbacks there are. Returns
/// what they say. If `report` is not empty afterwards, something is missing in it.
pub fn check(report: &mut Report, files: &[usize]) -> Specification {
    let none = Callbacks {
        kernel: Edition { major: 0, minor: 0 },
        structs: Vec::new(),
    };
    let mut found: Option<(usize, Callbacks)> = None;
    let mut editions: Vec<usize> = Vec::new();
    for &file in files {
        let kind: Option<data::Kind> = toml::from_str(report.text(file)).ok();
        if kind.is_none_or(|kind| kind.kernel.is_none()) {
            editions.push(file);
        } else if found.is_some() {
            report.error(
                file,
                0..0,
                "the callbacks are given twice",
                "another file has `kernel` too",
                "give one file that says what callbacks the kernel has",
            );
        } else {
            let callbacks = Check { report, file }.callbacks();
            found = Some((file, callbacks.unwrap_or_else(|| none.clone())));
        }
    }
    if found.is_none() {
        if let Some(&file) = editions.first() {
            report.error(
                file,
                0..0,
                "the callbacks are not known",
                "none of the files says what callbacks the kernel has",
                "give `rules/callbacks.toml` too",
            );
        }
    }
    let mut specification = Specification {
        callbacks: found.as_ref().map_or(none, |(_, c)| c.clone()),
        editions: Vec::new(),
    };
    // What comes of other errors is not worth a message.
    if !report.is_empty() {
        return specification;
    }

    let mut specs: Vec<(usize, Spec)> = Vec::new();
    for file in editions {
        let check = Check { report, file };
        let Some((spec, edition)) = check.edition(&specification.callbacks) else {
            continue;
        };
        if specs.iter().any(|(_, s)| s.edition == spec.edition) {
            report.error(
                file,
                edition,
                format!("edition {} is given twice", spec.edition),
                "another file has this edition too",
                "give each file an edition of its own, and name each file once",
            );
        }
        specs.push((file, spec));
    }
    specs.sort_by_key(|(_, s)| s.edition);
    let newest = specs.last().filter(|_| report.is_empty());
    if let (Some((file, newest)), Some((c_file, callbacks))) = (newest, &found) {
        // Older documents do not know what came later.
        if newest.edition >= callbacks.kernel {
            let mut check = Check {
                report,
                file: *c_file,
            };
            check.complete(callbacks, newest, *file);
        }
    }
    specification.editions = specs.into_iter().map(|(_, spec)| spec).collect();
    specification
}

/// What is checked, and where errors go.
struct Check<'a> {
    report: &'a mut Report,
    file: usize,
}

impl Check<'_> {
    fn error(
        &mut self,
        at: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report.error(self.file, at, message, label, help);
    }

    /// Adds an error within a string.
    fn error_in(&mut self, text: &Spanned<String>, error: c::Error, help: &str) {
        let at = self.within(text, error.at);
        let message = format!("cannot understand `{}`", text.get_ref());
        self.error(at, message, error.message, help);
    }

    /// Returns where a part of a string stands: exactly, unless it has escapes.
    fn within(&self, text: &Spanned<String>, part: Range<usize>) -> Range<usize> {
        let span = text.span();
        let inner = span.start + 1..span.end.saturating_sub(1);
        match self.report.text(self.file).get(inner.clone()) {
            Some(written) if written == text.get_ref() => {
                inner.start + part.start..inner.start + part.end.max(part.start + 1)
            }
            _ => span,
        }
    }

    /// Reads the file, whose shape is `T`.
    fn read<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        match toml::from_str(self.report.text(self.file)) {
            Ok(file) => Some(file),
            Err(error) => {
                let (message, label, help) = shape(error.message());
                self.error(error.span().unwrap_or(0..0), message, label, help);
                None
            }
        }
    }

    /// Parses the number of a kernel release.
    fn release(&mut self, text: &Spanned<String>, what: &str) -> Option<Edition> {
        let release = Edition::parse(text.get_ref());
        if release.is_none() {
            self.error(
                text.span(),
                format!("bad {what} `{}`", text.get_ref()),
                "this is no kernel release",
                "write it as `v7.3`: major and minor number, nothing else",
            );
        }
        release
    }

    /// Parses `CONFIG_OPTION` or `!CONFIG_OPTION`.
    fn config(&mut self, text: &str, at: Range<usize>) -> Option<Config> {
        let option = text.strip_prefix('!').unwrap_or(text);
        let known = option.strip_prefix("CONFIG_").is_some_and(c::is_name);
        if !known || !c::is_name(option) {
            self.error(
                at,
                format!("bad option `{text}`"),
                "this is no option of the kernel's configuration",
                "write it as `CONFIG_NUMA`, or `!CONFIG_MMU` if it is there without the option",
            );
            return None;
        }
        Some(Config {
            option: option.to_owned(),
            set: option == text,
        })
    }

    /// Parses the release of the kernel since which something is there, or was there before, if `set` is false.
    fn since(&mut self, text: &Spanned<String>, set: bool) -> Option<Config> {
        let release = self.release(text, "kernel")?;
        Some(Config {
            option: format!("since_{release}").replace('.', "_"),
            set,
        })
    }

    /// Looks up a word in a list of them.
    fn word<T: Copy>(
        &mut self,
        word: &Spanned<String>,
        what: &str,
        all: &[(&str, T)],
    ) -> Option<T> {
        let found = all.iter().find(|(name, _)| name == word.get_ref());
        if found.is_none() {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            self.error(
                word.span(),
                format!("unknown {what} `{}`", word.get_ref()),
                "this word has no meaning here",
                one_of(word.get_ref(), &names),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// Looks up a name that stands in a string.
    fn find(
        &mut self,
        text: &Spanned<String>,
        (name, at): (&str, Range<usize>),
        what: &str,
        all: &[&str],
    ) -> Option<usize> {
        let found = all.iter().position(|known| *known == name);
        if found.is_none() {
            let at = self.within(text, at);
            self.error(
                at,
                format!("unknown {what} `{name}`"),
                format!("there is no such {what}"),
                one_of(name, all),
            );
        }
        found
    }
}

/// Says in the words of the data what the parser found wrong with its shape.
fn shape(message: &str) -> (String, &'static str, &'static str) {
    const KEYS: &str = "Documentation/rules.rst lists the keys and their values";
    let message = message.trim_end().replacen("field", "key", 1);
    let (label, help) = if message.starts_with("unknown key") {
        ("this key has no meaning here", KEYS)
    } else if message.starts_with("missing key") {
        ("it is missing here", KEYS)
    } else if message.starts_with("duplicate key") {
        (
            "this name was used before",
            "say all that there is to say about it in one place",
        )
    } else {
        ("here", KEYS)
    };
    (message, label, help)
}
