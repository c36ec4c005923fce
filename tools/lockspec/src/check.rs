// SPDX-License-Identifier: GPL-2.0

//! From the data as written to rules without an error in them.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use crate::c;
use crate::data;
use crate::facts;
use crate::report::Report;
use crate::spec::{Edition, Op, Sentence, Spec, Table};
use crate::suggest::one_of;

mod op;
mod rule;

use op::OpCheck;

/// Checks the files that `report` was given, and returns what they say, oldest edition first.
/// If `report` is not empty afterwards, something is missing in it.
pub fn check(report: &mut Report, files: &[usize]) -> Vec<Spec> {
    let mut specs: Vec<Spec> = Vec::new();
    for &file in files {
        let Some((spec, edition)) = (Check { report, file }).file() else {
            continue;
        };
        if specs.iter().any(|s| s.edition == spec.edition) {
            report.error(
                file,
                edition,
                format!("edition {} is given twice", spec.edition),
                "another file has this edition too",
                "give each file an edition of its own, and name each file once",
            );
        }
        specs.push(spec);
    }
    specs.sort_by_key(|s| s.edition);
    specs
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

    fn file(&mut self) -> Option<(Spec, Range<usize>)> {
        let file: data::File = match toml::from_str(self.report.text(self.file)) {
            Ok(file) => file,
            Err(error) => {
                let (message, label, help) = shape(error.message());
                self.error(error.span().unwrap_or(0..0), message, label, help);
                return None;
            }
        };

        let mut tables = Vec::new();
        for (name, table) in &file.table {
            if !facts::TABLES.contains(&name.get_ref().as_str()) {
                self.error(
                    name.span(),
                    format!("unknown table `{}`", name.get_ref()),
                    "no rules can be written about this struct",
                    one_of(name.get_ref(), facts::TABLES),
                );
                continue;
            }
            tables.push(self.table(&file, name.get_ref(), table));
        }
        for name in file.op.keys() {
            if !file.table.contains_key(name) {
                let names: Vec<&str> = file.table.keys().map(|k| k.get_ref().as_str()).collect();
                self.error(
                    name.span(),
                    format!("unknown table `{}`", name.get_ref()),
                    format!("there is no [table.{}]", name.get_ref()),
                    one_of(name.get_ref(), &names),
                );
            }
        }

        let Some(edition) = Edition::parse(file.edition.get_ref()) else {
            self.error(
                file.edition.span(),
                format!("bad edition `{}`", file.edition.get_ref()),
                "this is no kernel release",
                "write it as `v7.3`: major and minor number, nothing else",
            );
            return None;
        };
        let spec = Spec {
            edition,
            document: file.document,
            tables,
        };
        Some((spec, file.edition.span()))
    }

    fn table(&mut self, file: &data::File, name: &str, table: &data::Table) -> Table {
        let key = Spanned::new(0..0, name.to_owned());
        let empty = data::Map::new();
        let written = file.op.get(&key).unwrap_or(&empty);
        let mut cited = BTreeSet::new();
        let errors = self.report.len();

        let slots: Vec<&str> = table.slots.iter().map(|s| s.get_ref().as_str()).collect();
        for op in written.keys() {
            if !slots.contains(&op.get_ref().as_str()) {
                self.error(
                    op.span(),
                    format!("unknown op `{}`", op.get_ref()),
                    format!("{name} has no slot of this name"),
                    one_of(op.get_ref(), &slots),
                );
            }
        }

        let mut ops: Vec<Op> = Vec::new();
        for slot in &table.slots {
            if !c::is_name(slot.get_ref()) || ops.iter().any(|op| op.name == *slot.get_ref()) {
                self.error(
                    slot.span(),
                    format!("bad slot `{}`", slot.get_ref()),
                    "this is no name in C, or it is listed twice",
                    "list the fields of the struct, each once, in its order",
                );
                continue;
            }
            match written.get(slot) {
                Some(op) => {
                    let op = OpCheck {
                        check: self,
                        file,
                        table: (name, table),
                        name: slot.get_ref(),
                        op,
                        arguments: Vec::new(),
                        objects: Vec::new(),
                        broken: Vec::new(),
                    };
                    ops.extend(op.check(&mut cited));
                }
                None => self.error(
                    slot.span(),
                    format!("nothing is said about `{}`", slot.get_ref()),
                    "this slot has no rules and no reason for having none",
                    format!(
                        "add [op.{name}.{}] with a `row` and `rules`, or with `unlisted`",
                        slot.get_ref()
                    ),
                ),
            }
        }

        // What comes of other errors is not worth a message.
        let sentences = (self.report.len() == errors).then_some(&table.sentence);
        for (sentence, said) in sentences.into_iter().flatten() {
            let used = cited.contains(sentence.get_ref());
            match &said.unchecked {
                None if !used => self.error(
                    sentence.span(),
                    format!("sentence `{}` has no effect", sentence.get_ref()),
                    "no rule has it as its source",
                    "name it in the `source` of a rule, or say in `unchecked` why there is none",
                ),
                Some(reason) if used => self.error(
                    reason.span(),
                    format!("sentence `{}` is checked after all", sentence.get_ref()),
                    "a rule has this sentence as its source",
                    "remove `unchecked`, or the source",
                ),
                _ => {}
            }
        }
        Table {
            name: name.to_owned(),
            header: table.header.clone(),
            columns: table.columns.clone(),
            sentences: (table.sentence.iter())
                .map(|(name, said)| Sentence {
                    name: name.get_ref().clone(),
                    says: said.says.clone(),
                    document: said.document.clone(),
                    unchecked: said.unchecked.as_ref().map(|u| u.get_ref().clone()),
                })
                .collect(),
            ops,
        }
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
