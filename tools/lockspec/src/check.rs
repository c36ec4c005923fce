// SPDX-License-Identifier: GPL-2.0

//! From the data as written to rules without an error in them.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use crate::c;
use crate::data;
use crate::facts;
use crate::report::Report;
use crate::solve;
use crate::spec::{Argument, Condition, Edition, Op, Reach, Requirement, Rule, Spec, Table, When};

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

struct Check<'a> {
    report: &'a mut Report,
    file: usize,
}

/// An object that rules may name.
struct Object {
    name: String,
    reach: Reach,
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
                let at = error.span().unwrap_or(0..0);
                let message = error.message().trim_end().to_owned();
                self.error(
                    at,
                    message,
                    "here",
                    "Documentation/rules.rst lists the keys and their values",
                );
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
        Some((Spec { edition, tables }, file.edition.span()))
    }

    fn table(&mut self, file: &data::File, name: &str, table: &data::Table) -> Table {
        let key = Spanned::new(0..0, name.to_owned());
        let empty = data::Map::new();
        let written = file.op.get(&key).unwrap_or(&empty);
        let mut cited = BTreeSet::new();

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
                    ops.extend(self.op(file, (name, table), slot.get_ref(), op, &mut cited))
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

        for (sentence, said) in &table.sentence {
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
            ops,
        }
    }

    fn op(
        &mut self,
        file: &data::File,
        (table_name, table): (&str, &data::Table),
        name: &str,
        op: &data::Op,
        cited: &mut BTreeSet<String>,
    ) -> Option<Op> {
        match (&op.row, &op.unlisted) {
            (Some(row), None) => {
                let (cells, columns) = (row.get_ref().len(), table.columns.len());
                if cells != columns {
                    self.error(
                        row.span(),
                        format!("the row of `{name}` has {cells} cells, not {columns}"),
                        "one cell for each of the table's columns",
                        format!("the columns are: {}", table.columns.join(", ")),
                    );
                }
            }
            (None, Some(_)) => {}
            (None, None) => self.error(
                op.prototype.span(),
                format!("`{name}` has no row"),
                "what does the document say about it?",
                "add `row`, the cells of its row, or `unlisted`, why there is no row",
            ),
            (Some(_), Some(unlisted)) => self.error(
                unlisted.span(),
                format!("`{name}` has a row and is unlisted"),
                "a row is given as well",
                "remove `row` or `unlisted`",
            ),
        }

        let arguments = match c::prototype(op.prototype.get_ref()) {
            Ok(arguments) => arguments,
            Err(error) => {
                self.error_in(
                    &op.prototype,
                    error,
                    "write the type that is returned, and the arguments in parentheses, each \
                     with its type and its name",
                );
                return None;
            }
        };
        let objects = self.objects(op, &arguments);

        let mut rules: Vec<(Range<usize>, Rule)> = Vec::new();
        for written in &op.rules {
            let rule = self.rule(
                (file, table_name, table, name, op),
                &arguments,
                &objects,
                written,
            );
            cited.extend(
                written
                    .get_ref()
                    .source
                    .get_ref()
                    .iter()
                    .map(|s| s.get_ref().clone()),
            );
            let Some(rule) = rule else {
                continue;
            };
            if !solve::possible(&rule) {
                let all = &written.get_ref().conditions;
                let at = all.first().map_or(0, |c| c.span().start)
                    ..all.last().map_or(0, |c| c.span().end);
                self.error(
                    at,
                    "a rule that never holds",
                    "these conditions exclude each other",
                    "remove one of them",
                );
                continue;
            }
            for (at, other) in &rules {
                self.compare(at.clone(), other, written.span(), &rule);
            }
            rules.push((written.span(), rule));
        }
        Some(Op {
            name: name.to_owned(),
            arguments,
            rules: rules.into_iter().map(|(_, rule)| rule).collect(),
        })
    }

    /// Looks for what two rules of an op cannot both say.
    fn compare(&mut self, first: Range<usize>, a: &Rule, second: Range<usize>, b: &Rule) {
        let lock = format!("{}->{}", b.object, b.lock.field);
        if (a.reach, a.lock, a.when) != (b.reach, b.lock, b.when) || !solve::overlap(a, b) {
            return;
        }
        if a.requirement != b.requirement {
            let (a, b) = (a.requirement.word(), b.requirement.word());
            self.report.push(
                Report::at(
                    self.file,
                    second,
                    format!("`{lock}` is both `{a}` and `{b}`"),
                    format!("`{b}` here"),
                    "keep one of them, or give them conditions that exclude each other",
                )
                .and(first, format!("`{a}` for some of the same calls")),
            );
        } else if a.conditions == b.conditions {
            self.report.push(
                Report::at(
                    self.file,
                    second,
                    format!("the same rule for `{lock}` twice"),
                    "this says nothing new",
                    "remove it; a rule may have several sources",
                )
                .and(first, "said here"),
            );
        }
    }

    fn objects(&mut self, op: &data::Op, arguments: &[Argument]) -> Vec<Object> {
        let mut objects: Vec<Object> = Vec::new();
        for (argument, a) in arguments.iter().enumerate() {
            let from = a.points_to.as_deref();
            objects.extend(
                (facts::PATHS.iter())
                    .find(|p| p.fields.is_empty() && Some(p.from) == from)
                    .map(|&path| Object {
                        name: a.name.clone(),
                        reach: Reach { argument, path },
                    }),
            );
        }
        for (name, way) in &op.objects {
            if !c::is_name(name.get_ref()) || arguments.iter().any(|a| a.name == *name.get_ref()) {
                self.error(
                    name.span(),
                    format!("bad object name `{}`", name.get_ref()),
                    "an argument has this name, or it is no name in C",
                    "give the object the name of its role, such as `victim`",
                );
                continue;
            }
            if let Some(reach) = self.reach(way, arguments) {
                objects.push(Object {
                    name: name.get_ref().clone(),
                    reach,
                });
            }
        }
        objects
    }

    /// Resolves `argument->field->field`.
    fn reach(&mut self, way: &Spanned<String>, arguments: &[Argument]) -> Option<Reach> {
        let names = match c::members(way.get_ref()) {
            Ok(names) => names,
            Err(error) => {
                self.error_in(way, error, "write the way as in C: `dentry->d_inode`");
                return None;
            }
        };
        let (first, at) = names.first()?;
        let all: Vec<&str> = arguments.iter().map(|a| a.name.as_str()).collect();
        let Some(argument) = all.iter().position(|name| name == first) else {
            let at = self.within(way, at.clone());
            self.error(
                at,
                format!("the prototype cannot reach `{}`", way.get_ref()),
                "it has no such argument",
                one_of(first, &all),
            );
            return None;
        };
        let from = arguments[argument].points_to.as_deref();
        let fields: Vec<&str> = names[1..].iter().map(|(name, _)| name.as_str()).collect();
        let known = facts::PATHS.iter().filter(|p| Some(p.from) == from);
        let Some(&path) = known.clone().find(|p| p.fields == fields) else {
            let ways: Vec<String> = known
                .filter(|p| !p.fields.is_empty())
                .map(|p| format!("`{first}->{}`", p.fields.join("->")))
                .collect();
            let at = self.within(way, 0..way.get_ref().len());
            self.error(
                at,
                format!("the prototype cannot reach `{}`", way.get_ref()),
                match from {
                    Some(tag) => format!("`{first}` is a pointer to struct {tag}"),
                    None => format!("`{first}` is not a pointer to a struct"),
                },
                match ways[..] {
                    [] => "no lock is found through this argument: take another one".to_owned(),
                    _ => format!("what is found through it: {}", ways.join(", ")),
                },
            );
            return None;
        };
        Some(Reach { argument, path })
    }

    fn rule(
        &mut self,
        (file, table_name, table, op_name, op): (&data::File, &str, &data::Table, &str, &data::Op),
        arguments: &[Argument],
        objects: &[Object],
        rule: &Spanned<data::Rule>,
    ) -> Option<Rule> {
        let rule = rule.get_ref();
        let lock = self.lock(&rule.lock, objects);
        let requirement = self.word(&rule.requires, "requirement", &Requirement::ALL);
        let when = match &rule.when {
            Some(when) => self.word(when, "time", &When::ALL),
            None => Some(When::Entry),
        };
        let mut conditions = Vec::new();
        for written in &rule.conditions {
            conditions.extend(self.condition(written, arguments, objects));
        }
        let source = self.source(file, table_name, table, op_name, op, &rule.source);
        let ((object, lock), requirement) = (lock?, requirement?);
        if !lock.modes && matches!(requirement, Requirement::Exclusive | Requirement::Shared) {
            self.error(
                rule.requires.span(),
                format!("`{}` cannot be `{}`", lock.field, requirement.word()),
                "a mutex has no modes",
                "write `held`",
            );
            return None;
        }
        Some(Rule {
            object: object.name.clone(),
            reach: object.reach,
            lock,
            requirement,
            conditions,
            condition: (rule.conditions.iter().map(|c| c.get_ref().as_str()))
                .collect::<Vec<_>>()
                .join(" && "),
            when: when?,
            source,
        })
    }

    /// Resolves `object->lock`.
    fn lock<'o>(
        &mut self,
        written: &Spanned<String>,
        objects: &'o [Object],
    ) -> Option<(&'o Object, facts::Lock)> {
        const HELP: &str = "write the object and its lock as in C: `dir->i_rwsem`";
        let names = match c::members(written.get_ref()) {
            Ok(names) => names,
            Err(error) => {
                self.error_in(written, error, HELP);
                return None;
            }
        };
        let [(object, object_at), (lock, lock_at)] = &names[..] else {
            let error = c::Error {
                at: 0..written.get_ref().len(),
                message: "this is not one object and one lock".to_owned(),
            };
            self.error_in(written, error, HELP);
            return None;
        };
        let names: Vec<&str> = objects.iter().map(|o| o.name.as_str()).collect();
        let Some(object) = objects.iter().find(|o| o.name == *object) else {
            let at = self.within(written, object_at.clone());
            self.error(
                at,
                format!("unknown object `{object}`"),
                "neither an argument that is an inode nor one of `objects`",
                one_of(object, &names),
            );
            return None;
        };
        let locks: Vec<&str> = facts::LOCKS.iter().map(|l| l.field).collect();
        let Some(&known) = facts::LOCKS.iter().find(|l| l.field == *lock) else {
            let at = self.within(written, lock_at.clone());
            self.error(
                at,
                format!("unknown lock `{lock}`"),
                "locktrack does not know this lock",
                one_of(lock, &locks),
            );
            return None;
        };
        if known.owner != object.reach.path.to {
            let at = self.within(written, lock_at.clone());
            self.error(
                at,
                format!("`{}` has no `{lock}`", object.name),
                format!(
                    "`{}` is a struct {}, `{lock}` a field of struct {}",
                    object.name, object.reach.path.to, known.owner
                ),
                format!("name a struct {} in `objects`", known.owner),
            );
            return None;
        }
        Some((object, known))
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

    fn condition(
        &mut self,
        written: &Spanned<String>,
        arguments: &[Argument],
        objects: &[Object],
    ) -> Option<Condition> {
        let parsed = match c::condition(written.get_ref()) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.error_in(
                    written,
                    error,
                    "conditions are: `exists(object)`, `is_dir(object)`, `!is_dir(object)`, \
                     `argument == argument`, `argument != argument`, `argument & FLAG`, \
                     `!(argument & FLAG)`",
                );
                return None;
            }
        };
        let mut object = |name: (&str, Range<usize>)| {
            let names: Vec<&str> = objects.iter().map(|o| o.name.as_str()).collect();
            let i = self.find(written, name, "object", &names)?;
            Some(objects[i].reach)
        };
        match parsed {
            c::Condition::Exists(a) => return object(a).map(Condition::Exists),
            c::Condition::IsDir(a) => return object(a).map(Condition::IsDir),
            c::Condition::NotDir(a) => return object(a).map(Condition::NotDir),
            _ => {}
        }
        let names: Vec<&str> = arguments.iter().map(|a| a.name.as_str()).collect();
        let mut find = |name, what, all: &[&str]| self.find(written, name, what, all);
        Some(match parsed {
            c::Condition::Differ(a, b) => {
                Condition::Differ(find(a, "argument", &names)?, find(b, "argument", &names)?)
            }
            c::Condition::Same(a, b) => {
                Condition::Same(find(a, "argument", &names)?, find(b, "argument", &names)?)
            }
            c::Condition::FlagSet(a, flag) => Condition::FlagSet(
                find(a, "argument", &names)?,
                facts::FLAGS[find(flag, "flag", facts::FLAGS)?],
            ),
            c::Condition::FlagClear(a, flag) => Condition::FlagClear(
                find(a, "argument", &names)?,
                facts::FLAGS[find(flag, "flag", facts::FLAGS)?],
            ),
            _ => return None,
        })
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

    /// Says where a rule is written.
    fn source(
        &mut self,
        file: &data::File,
        table_name: &str,
        table: &data::Table,
        op_name: &str,
        op: &data::Op,
        sources: &Spanned<Vec<Spanned<String>>>,
    ) -> String {
        if sources.get_ref().is_empty() {
            self.error(
                sources.span(),
                "a rule without a source",
                "where is it written?",
                "name the `row`, or sentences of the table",
            );
        }
        let mut places: Vec<String> = Vec::new();
        for source in sources.get_ref() {
            let key = source.get_ref();
            if key == "row" && op.row.is_some() {
                places.push(format!("row {op_name}"));
                continue;
            }
            match table.sentence.get(source) {
                Some(sentence) => places.push(match &sentence.document {
                    Some(document) => format!("{document}, sentence {key}"),
                    None => format!("sentence {key}"),
                }),
                None => {
                    let mut names: Vec<&str> = table
                        .sentence
                        .keys()
                        .map(|k| k.get_ref().as_str())
                        .collect();
                    names.extend(op.row.is_some().then_some("row"));
                    self.error(
                        source.span(),
                        format!("unknown source `{key}`"),
                        "neither the row nor a sentence of this table",
                        one_of(key, &names),
                    );
                }
            }
        }
        format!(
            "{} {}, {table_name}, {}",
            file.document,
            file.edition.get_ref(),
            places.join(", ")
        )
    }
}

/// Says which names there are, the one first that was probably meant.
fn one_of(wrong: &str, names: &[&str]) -> String {
    let list = || {
        (names.iter().map(|n| format!("`{n}`")))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let near = names.iter().map(|n| (distance(wrong, n), n)).min();
    match near {
        None => "there is nothing that could stand here".to_owned(),
        Some((d, name)) if d <= 2.max(wrong.len() / 3) => format!("did you mean `{name}`?"),
        Some(_) => format!("use one of {}", list()),
    }
}

/// How many letters must be changed, added or dropped to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
