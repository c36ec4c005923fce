// SPDX-License-Identifier: GPL-2.0

//! From a rule as written to one with its names looked up.

use std::ops::Range;

use toml::Spanned;

use super::op::OpCheck;
use crate::c;
use crate::data;
use crate::facts;
use crate::solve;
use crate::spec::{Condition, Object, Requirement, Rule, Subject, When};
use crate::suggest::one_of;

impl<'d> OpCheck<'_, '_, 'd> {
    /// Looks up the names of a rule for every op of the table.
    pub(super) fn every(&mut self, written: &Spanned<data::Rule>) -> Option<Rule> {
        let rule = written.get_ref();
        let parts = [
            rule.conditions.first().map(|c| (c.span(), "a condition")),
            rule.name.as_ref().map(|n| (n.span(), "a name")),
            (rule.lock.as_ref())
                .filter(|lock| lock.get_ref().contains("->"))
                .map(|lock| (lock.span(), "an object")),
        ];
        if let Some((at, what)) = parts.into_iter().flatten().next() {
            self.check.error(
                at,
                format!("{what} in a rule for every op"),
                "ops have arguments of different names",
                "write the rule for each op that it is for",
            );
            return None;
        }
        self.rule(written)
    }

    /// Looks up the names of a rule.
    pub(super) fn rule(&mut self, written: &Spanned<data::Rule>) -> Option<Rule> {
        let rule = written.get_ref();
        let promise = self.promise(rule, written.span());
        let when = match &rule.when {
            Some(when) => self.check.word(when, "time", &When::ALL),
            None => Some(When::Entry),
        };
        let conditions: Vec<Option<Condition>> = (rule.conditions.iter())
            .map(|written| self.condition(written, when))
            .collect();
        let (sources, source) = self.source(rule);

        let (subject, requirement) = promise?;
        let texts: Vec<&str> = rule
            .conditions
            .iter()
            .map(|c| c.get_ref().as_str())
            .collect();
        let resolved = Rule {
            subject,
            requirement,
            name: rule.name.as_ref().map(|name| name.get_ref().clone()),
            conditions: conditions.into_iter().collect::<Option<_>>()?,
            condition: texts.join(" && "),
            when: when?,
            sources,
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

    /// Looks up what a rule is about and what it says of it.
    fn promise(&mut self, rule: &data::Rule, at: Range<usize>) -> Option<(Subject, Requirement)> {
        match (&rule.lock, &rule.requires, &rule.sleep) {
            (Some(lock), Some(requires), None) => {
                let subject = self.lock(lock);
                let words = &Requirement::OF_LOCK;
                let requirement = self.check.word(requires, "requirement", words)?;
                let subject = subject?;
                let kind = subject.lock()?.kind;
                let mode = matches!(requirement, Requirement::Exclusive | Requirement::Shared);
                if mode && !kind.has_modes() {
                    let name = subject.lock()?.name;
                    self.check.error(
                        requires.span(),
                        format!("`{name}` cannot be `{}`", requirement.word()),
                        format!("{} has no modes", kind.name()),
                        "write `held`",
                    );
                    return None;
                }
                Some((subject, requirement))
            }
            (None, None, Some(sleep)) => {
                if let Some(when) = &rule.when {
                    self.check.error(
                        when.span(),
                        "a rule about sleeping at one end of the callback",
                        "it is about all the time in between",
                        "remove `when`",
                    );
                }
                let words = &Requirement::OF_SLEEP;
                Some((Subject::Sleep, self.check.word(sleep, "word", words)?))
            }
            _ => {
                self.check.error(
                    at,
                    "a rule has to be about a lock or about sleeping",
                    "this is neither, or both",
                    "write `lock` and `requires`, or `sleep`",
                );
                None
            }
        }
    }

    /// Resolves `object->lock`, or a lock of which there is one.
    fn lock(&mut self, written: &Spanned<String>) -> Option<Subject> {
        const HELP: &str = "write the object and its lock as in C: `dir->i_rwsem`";
        let way = match c::way(written.get_ref()) {
            Ok(way) => way,
            Err(error) => {
                self.check.error_in(written, error, HELP);
                return None;
            }
        };
        let (object, (name, name_at)) = match (&way.members[..], way.indirect) {
            ([], false) => (None, way.argument),
            ([lock], false) => (Some(way.argument), lock.clone()),
            _ => {
                let error = c::Error {
                    at: 0..written.get_ref().len(),
                    message: "this is not one object and one lock".to_owned(),
                };
                self.check.error_in(written, error, HELP);
                return None;
            }
        };
        let object = object.map(|object| self.object(written, object));
        let mut locks: Vec<&str> = facts::LOCKS.iter().map(|l| l.name).collect();
        locks.dedup();
        self.check
            .find(written, (name, name_at.clone()), "lock", &locks)?;
        let known: Vec<facts::Lock> =
            (facts::LOCKS.iter().filter(|l| l.name == name).copied()).collect();
        let object = match object {
            Some(object) => Some(object?),
            None => None,
        };
        let of = object.map(|o| o.of.as_str());
        if let Some(lock) = known.iter().find(|lock| lock.owner == of) {
            return Some(match object {
                Some(object) => Subject::Lock {
                    object: object.name.clone(),
                    reach: object.reach.clone(),
                    lock: *lock,
                },
                None => Subject::Global(*lock),
            });
        }
        let at = self.check.within(written, name_at);
        let owners: Vec<&str> = known.iter().filter_map(|lock| lock.owner).collect();
        let (message, label, help) = match (object, &owners[..]) {
            (Some(_), []) => (
                format!("`{name}` is in no object"),
                "there is one for the whole kernel".to_owned(),
                format!("write `{name}` alone"),
            ),
            (Some(object), owners) => (
                format!("`{}` has no `{name}`", object.name),
                format!(
                    "`{}` is a struct {}, `{name}` a field of struct {}",
                    object.name,
                    object.of,
                    owners.join(" or ")
                ),
                format!(
                    "give a struct {} a name in the `objects` of the slot",
                    owners[0]
                ),
            ),
            (None, owners) => (
                format!("cannot understand `{}`", written.get_ref()),
                format!("each struct {} has one", owners.join(" or ")),
                HELP.to_owned(),
            ),
        };
        self.check.error(at, message, label, help);
        None
    }

    /// Looks up an object that stands in a string.
    pub(super) fn object(
        &mut self,
        text: &Spanned<String>,
        name: (&str, Range<usize>),
    ) -> Option<&'d Object> {
        let objects = &self.slot?.objects;
        let names: Vec<&str> = objects.iter().map(|o| o.name.as_str()).collect();
        let index = self.check.find(text, name, "object", &names)?;
        Some(&objects[index])
    }

    /// Says where a rule is written: in names, and in full.
    fn source(&mut self, rule: &data::Rule) -> (Vec<String>, String) {
        let (table_name, table) = self.table;
        let name = self.name.get_ref();
        let mut places: Vec<String> = Vec::new();
        let default = [Spanned::new(0..0, "row".to_owned())];
        let (sources, at) = match &rule.source {
            Some(sources) => (&sources.get_ref()[..], sources.span()),
            None => {
                let all = [&rule.lock, &rule.sleep].into_iter().flatten().next();
                (&default[..], all.map_or(self.name.span(), |t| t.span()))
            }
        };
        if sources.is_empty() {
            self.check.error(
                at.clone(),
                "a rule without a source",
                "where is it written?",
                "name the `row`, or sentences of the table",
            );
        }
        let has_row = self.op.row.is_some();
        for source in sources {
            let key = source.get_ref();
            let at = match rule.source {
                Some(_) => source.span(),
                None => at.clone(),
            };
            match table.sentence.get(source) {
                _ if key == "row" && has_row => places.push(format!("row {name}")),
                Some(said) => {
                    let of = &said.of;
                    if !of.is_empty() && !of.iter().any(|op| op.get_ref() == name) {
                        self.check.error(
                            at,
                            format!("sentence `{key}` does not speak of `{name}`"),
                            "a rule of this op has it as its source",
                            "name the op in `of`, or take the sentence out of the sources",
                        );
                    }
                    places.push(match &said.document {
                        Some(document) => format!("sentence {key} of {document}"),
                        None => format!("sentence {key}"),
                    });
                }
                None => {
                    let known = table.sentence.keys().map(|k| k.get_ref().as_str());
                    let names: Vec<&str> = known.chain(has_row.then_some("row")).collect();
                    self.check.error(
                        at,
                        format!("unknown source `{key}`"),
                        format!("neither the row of `{name}` nor a sentence of this table"),
                        one_of(key, &names),
                    );
                }
            }
        }
        let (document, edition) = (&self.file.document, self.file.edition.get_ref());
        let names = sources.iter().map(|s| s.get_ref().clone()).collect();
        let full = format!("{document} {edition}, {table_name}, {}", places.join(", "));
        (names, full)
    }
}
