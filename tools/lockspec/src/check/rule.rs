// SPDX-License-Identifier: GPL-2.0

//! From a rule as written to one with its names looked up.

use std::ops::Range;

use toml::Spanned;

use super::op::{Object, OpCheck};
use super::Check;
use crate::c;
use crate::data;
use crate::facts;
use crate::solve;
use crate::spec::{Condition, Requirement, Rule, When};
use crate::suggest::one_of;

impl OpCheck<'_, '_, '_> {
    /// Looks up the names of a rule.
    pub(super) fn rule(&mut self, rule: &data::Rule) -> Option<Rule> {
        let lock = self.lock(&rule.lock);
        let requirement = self
            .check
            .word(&rule.requires, "requirement", &Requirement::ALL);
        let when = match &rule.when {
            Some(when) => self.check.word(when, "time", &When::ALL),
            None => Some(When::Entry),
        };
        let conditions: Vec<Option<Condition>> = (rule.conditions.iter())
            .map(|written| self.condition(written))
            .collect();
        let source = self.source(&rule.source);

        let ((object, lock), requirement) = (lock?, requirement?);
        if !lock.modes && matches!(requirement, Requirement::Exclusive | Requirement::Shared) {
            self.check.error(
                rule.requires.span(),
                format!("`{}` cannot be `{}`", lock.field, requirement.word()),
                "a mutex has no modes",
                "write `held`",
            );
            return None;
        }
        let texts: Vec<&str> = rule
            .conditions
            .iter()
            .map(|c| c.get_ref().as_str())
            .collect();
        let object = &self.objects[object];
        let resolved = Rule {
            object: object.name.clone(),
            name: rule.name.as_ref().map(|name| name.get_ref().clone()),
            reach: object.reach,
            lock,
            requirement,
            conditions: conditions.into_iter().collect::<Option<_>>()?,
            condition: texts.join(" && "),
            when: when?,
            sources: (rule.source.get_ref().iter())
                .map(|s| s.get_ref().clone())
                .collect(),
            source,
        };
        if let (Some(first), Some(last), false) = (
            rule.conditions.first(),
            rule.conditions.last(),
            solve::possible(&resolved),
        ) {
            self.check.error(
                first.span().start..last.span().end,
                "a rule that never holds",
                "these conditions exclude each other",
                "remove one of them",
            );
            return None;
        }
        Some(resolved)
    }

    /// Resolves `object->lock`.
    fn lock(&mut self, written: &Spanned<String>) -> Option<(usize, facts::Lock)> {
        const HELP: &str = "write the object and its lock as in C: `dir->i_rwsem`";
        let names = match c::members(written.get_ref()) {
            Ok(names) => names,
            Err(error) => {
                self.check.error_in(written, error, HELP);
                return None;
            }
        };
        let [object, (lock, lock_at)] = &names[..] else {
            let error = c::Error {
                at: 0..written.get_ref().len(),
                message: "this is not one object and one lock".to_owned(),
            };
            self.check.error_in(written, error, HELP);
            return None;
        };
        let found = self.object(written, (&object.0, object.1.clone()));
        let locks: Vec<&str> = facts::LOCKS.iter().map(|l| l.field).collect();
        let name = (lock.as_str(), lock_at.clone());
        let known = facts::LOCKS[self.check.find(written, name, "lock", &locks)?];
        let index = found?;

        let Object { name, reach } = &self.objects[index];
        if known.owner != reach.path.to {
            let at = self.check.within(written, lock_at.clone());
            self.check.error(
                at,
                format!("`{name}` has no `{lock}`"),
                format!(
                    "`{name}` is a struct {}, `{lock}` a field of struct {}",
                    reach.path.to, known.owner
                ),
                format!("give a struct {} a name in `objects`", known.owner),
            );
            return None;
        }
        Some((index, known))
    }

    /// Looks up an object that stands in a string.
    fn object(&mut self, text: &Spanned<String>, name: (&str, Range<usize>)) -> Option<usize> {
        if self.broken.contains(&name.0) {
            return None;
        }
        let names: Vec<&str> = self.objects.iter().map(|o| o.name.as_str()).collect();
        self.check.find(text, name, "object", &names)
    }

    /// Looks up an argument that stands in a string.
    fn argument(&mut self, text: &Spanned<String>, name: (&str, Range<usize>)) -> Option<usize> {
        let names: Vec<&str> = self.arguments.iter().map(|a| a.name.as_str()).collect();
        self.check.find(text, name, "argument", &names)
    }

    /// Looks up the names of a condition.
    fn condition(&mut self, text: &Spanned<String>) -> Option<Condition> {
        const HELP: &str = "conditions are: `exists(object)`, `is_dir(object)`, \
            `!is_dir(object)`, `argument == argument`, `argument != argument`, \
            `argument & FLAG`, `!(argument & FLAG)`";
        let parsed = match c::condition(text.get_ref()) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.check.error_in(text, error, HELP);
                return None;
            }
        };
        let mut reach = |name| {
            let object = self.object(text, name)?;
            Some(self.objects[object].reach)
        };
        Some(match parsed {
            c::Condition::Exists(o) => Condition::Exists(reach(o)?),
            c::Condition::IsDir(o) => Condition::IsDir(reach(o)?),
            c::Condition::NotDir(o) => Condition::NotDir(reach(o)?),
            c::Condition::Differ(a, b) => {
                Condition::Differ(self.argument(text, a)?, self.argument(text, b)?)
            }
            c::Condition::Same(a, b) => {
                Condition::Same(self.argument(text, a)?, self.argument(text, b)?)
            }
            c::Condition::FlagSet(a, f) => {
                Condition::FlagSet(self.argument(text, a)?, self.check.flag(text, f)?)
            }
            c::Condition::FlagClear(a, f) => {
                Condition::FlagClear(self.argument(text, a)?, self.check.flag(text, f)?)
            }
        })
    }

    /// Says where a rule is written.
    fn source(&mut self, sources: &Spanned<Vec<Spanned<String>>>) -> String {
        let (table_name, table) = self.table;
        if sources.get_ref().is_empty() {
            self.check.error(
                sources.span(),
                "a rule without a source",
                "where is it written?",
                "name the `row`, or sentences of the table",
            );
        }
        let has_row = self.op.row.is_some() || self.op.unlisted.is_none();
        let mut places: Vec<String> = Vec::new();
        for source in sources.get_ref() {
            let key = source.get_ref();
            match table.sentence.get(source) {
                _ if key == "row" && has_row => places.push(format!("row {}", self.name)),
                Some(data::Sentence {
                    document: Some(document),
                    ..
                }) => places.push(format!("sentence {key} of {document}")),
                Some(_) => places.push(format!("sentence {key}")),
                None => {
                    let known = table.sentence.keys().map(|k| k.get_ref().as_str());
                    let names: Vec<&str> = known.chain(has_row.then_some("row")).collect();
                    self.check.error(
                        source.span(),
                        format!("unknown source `{key}`"),
                        "neither the row nor a sentence of this table",
                        one_of(key, &names),
                    );
                }
            }
        }
        let (document, edition) = (&self.file.document, self.file.edition.get_ref());
        format!("{document} {edition}, {table_name}, {}", places.join(", "))
    }
}

impl Check<'_> {
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

    /// Looks up a flag that stands in a string.
    fn flag(&mut self, text: &Spanned<String>, name: (&str, Range<usize>)) -> Option<&'static str> {
        Some(facts::FLAGS[self.find(text, name, "flag", facts::FLAGS)?])
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
