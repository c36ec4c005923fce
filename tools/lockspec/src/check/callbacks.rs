// SPDX-License-Identifier: GPL-2.0

//! The callbacks that the kernel has.

use std::collections::BTreeSet;

use toml::Spanned;

use super::Check;
use crate::c;
use crate::data;
use crate::facts;
use crate::spec::{
    Argument, ArgumentKind, Callbacks, Earlier, Field, Object, Reach, Slot, Spec, Step, Struct,
};
use crate::suggest::one_of;

impl Check<'_> {
    /// Checks the file that says what callbacks there are.
    pub(super) fn callbacks(mut self) -> Option<Callbacks> {
        let file: data::Callbacks = self.read()?;
        let structs = data::in_order(&file.structs)
            .into_iter()
            .map(|(name, written)| self.structure(name, written))
            .collect();
        Some(Callbacks {
            kernel: self.release(&file.kernel, "kernel")?,
            structs,
        })
    }

    fn structure(&mut self, name: &Spanned<String>, written: &data::Struct) -> Struct {
        self.c_name(name, "struct");
        let mut fields = Vec::new();
        for field in &written.fields {
            let at = field.span();
            let (name, config) = match field.get_ref() {
                data::Field::Always(name) => (name, None),
                data::Field::Configured(field) => {
                    (&field.name, self.config(&field.config, at.clone()))
                }
            };
            let key = Spanned::new(at, name.clone());
            self.c_name(&key, "field");
            if written.slot.contains_key(&key) || fields.iter().any(|f: &Field| f.name == *name) {
                self.error(
                    key.span(),
                    format!("bad field `{name}`"),
                    "there is a slot or another field of this name",
                    "name what is no callback, once, in `fields`",
                );
            }
            fields.push(Field {
                name: name.clone(),
                config,
            });
        }
        let slots = data::in_order(&written.slot)
            .into_iter()
            .filter_map(|(name, slot)| self.slot(name, slot))
            .collect();
        Struct {
            name: name.get_ref().clone(),
            header: written.header.clone(),
            fields,
            slots,
        }
    }

    fn slot(&mut self, name: &Spanned<String>, written: &data::Slot) -> Option<Slot> {
        self.c_name(name, "slot");
        let config = match (&written.config, &written.since, &written.before) {
            (None, None, None) => None,
            (Some(config), None, None) => self.config(config.get_ref(), config.span()),
            (None, Some(release), None) => self.since(release, true),
            (None, None, Some(release)) => self.since(release, false),
            _ => {
                self.error(
                    name.span(),
                    format!("bad slot `{}`", name.get_ref()),
                    "it has two of `config`, `since` and `before`",
                    "write the one that decides whether a kernel has it",
                );
                None
            }
        };
        let arguments = self.prototype(&written.prototype)?;
        let earlier = match &written.earlier {
            Some(earlier) => Some(self.earlier(earlier, &arguments)?),
            None => None,
        };
        Some(Slot {
            name: name.get_ref().clone(),
            prototype: written.prototype.get_ref().clone(),
            objects: self.objects(&arguments, &written.objects),
            arguments,
            config,
            earlier,
        })
    }

    /// Parses a prototype, and returns its arguments.
    fn prototype(&mut self, written: &Spanned<String>) -> Option<Vec<Argument>> {
        match c::prototype(written.get_ref()) {
            Ok(arguments) => Some(arguments),
            Err(error) => {
                self.error_in(
                    written,
                    error,
                    "write the type that is returned, and the arguments in parentheses, each \
                     with its type and its name",
                );
                None
            }
        }
    }

    /// Checks what a callback was before. Rules find its arguments by their places.
    fn earlier(&mut self, written: &data::Earlier, now: &[Argument]) -> Option<Earlier> {
        let config = self.since(&written.before, false);
        let arguments = self.prototype(&written.prototype)?;
        if !arguments.starts_with(now) {
            self.error(
                written.prototype.span(),
                "the arguments have moved",
                "it does not begin with the arguments that the callback has now",
                "rules find arguments by their places: only more of them, at the end, can be told",
            );
            return None;
        }
        Some(Earlier {
            config: config?,
            arguments: arguments.len(),
        })
    }

    /// Collects the objects: the arguments that point to structs, and those that are given names.
    fn objects(
        &mut self,
        arguments: &[Argument],
        written: &data::Map<Spanned<String>>,
    ) -> Vec<Object> {
        let mut objects = Vec::new();
        for (argument, a) in arguments.iter().enumerate() {
            if let ArgumentKind::Pointer(of) = &a.kind {
                objects.push(Object {
                    name: a.name.clone(),
                    way: a.name.clone(),
                    of: of.clone(),
                    reach: Reach {
                        argument,
                        path: Vec::new(),
                    },
                });
            }
        }
        for (name, way) in data::in_order(written) {
            if !c::is_name(name.get_ref()) || arguments.iter().any(|a| a.name == *name.get_ref()) {
                self.error(
                    name.span(),
                    format!("bad object name `{}`", name.get_ref()),
                    "an argument has this name, or it is no name in C",
                    "give the object the name of its role, such as `victim`",
                );
            } else if let Some((reach, of)) = self.reach(arguments, way) {
                objects.push(Object {
                    name: name.get_ref().clone(),
                    way: way.get_ref().clone(),
                    of: of.to_owned(),
                    reach,
                });
            }
        }
        objects
    }

    /// Resolves `argument->member->member`, and says what struct is found.
    fn reach<'a>(
        &mut self,
        arguments: &'a [Argument],
        written: &Spanned<String>,
    ) -> Option<(Reach, &'a str)> {
        let way = match c::way(written.get_ref()) {
            Ok(way) => way,
            Err(error) => {
                const HELP: &str = "write the way as in C: `dentry->d_inode`";
                self.error_in(written, error, HELP);
                return None;
            }
        };
        let (first, at) = &way.argument;
        let names: Vec<&str> = arguments.iter().map(|a| a.name.as_str()).collect();
        let message = format!("the prototype cannot reach `{}`", written.get_ref());
        let Some(argument) = names.iter().position(|name| name == first) else {
            let at = self.within(written, at.clone());
            let help = one_of(first, &names);
            self.error(at, message, "it has no such argument", help);
            return None;
        };
        let (mut of, mut path) = match (&arguments[argument].kind, way.indirect) {
            (ArgumentKind::Pointer(of), false) => (of.as_str(), Vec::new()),
            (ArgumentKind::PointerToPointer(of), true) => (of.as_str(), vec![Step::Here]),
            (kind, _) => {
                let at = self.within(written, at.clone());
                let (label, help) = match kind {
                    ArgumentKind::Pointer(of) => (
                        format!("`{first}` is a pointer to struct {of}"),
                        format!("write `{first}` without `*`"),
                    ),
                    ArgumentKind::PointerToPointer(of) => (
                        format!("`{first}` is a pointer to a pointer to struct {of}"),
                        format!("write `*{first}`"),
                    ),
                    _ => (
                        format!("`{first}` is not a pointer to a struct"),
                        "no lock is found through this argument: take another one".to_owned(),
                    ),
                };
                self.error(at, message, label, help);
                return None;
            }
        };
        for (name, at) in &way.members {
            let members = facts::MEMBERS.iter().filter(|m| m.of == of);
            let Some((member, to)) = (members.clone())
                .filter_map(|m| Some((m, m.to?)))
                .find(|(m, _)| m.name == *name)
            else {
                let names: Vec<&str> = members.filter(|m| m.to.is_some()).map(|m| m.name).collect();
                let at = self.within(written, at.clone());
                let help = one_of(name, &names);
                let label = format!("struct {of} has no such pointer that lockspec knows of");
                self.error(at, message, label, help);
                return None;
            };
            path.push(Step::Member(*member));
            of = to;
        }
        Some((Reach { argument, path }, of))
    }

    /// Checks a name that has to be one in C.
    fn c_name(&mut self, name: &Spanned<String>, what: &str) {
        if !c::is_name(name.get_ref()) {
            self.error(
                name.span(),
                format!("bad {what} `{}`", name.get_ref()),
                "this is no name in C",
                "write it as the header does",
            );
        }
    }

    /// Checks that an edition speaks of each slot, or says why not.
    pub(super) fn complete(&mut self, callbacks: &Callbacks, newest: &Spec, newest_file: usize) {
        let tables = || newest.tables.iter();
        let told: BTreeSet<_> = tables()
            .flat_map(|t| t.ops.iter().filter_map(|op| op.slot))
            .chain(tables().flat_map(|t| t.unlisted.iter().flat_map(|u| u.slots.iter().copied())))
            .collect();
        // It was read before.
        let Some(written) = self.read::<data::Callbacks>() else {
            return;
        };
        for (of, slots) in &written.structs {
            for slot in slots.slot.keys() {
                let id = callbacks.find(of.get_ref(), slot.get_ref());
                if id.is_some_and(|id| told.contains(&id)) {
                    continue;
                }
                let (of, slot_name) = (of.get_ref(), slot.get_ref());
                let file = self.report.name(newest_file).to_owned();
                self.error(
                    slot.span(),
                    format!("nothing is said about `{of}.{slot_name}`"),
                    format!(
                        "{} has no rules for it and no reason for having none",
                        newest.edition
                    ),
                    format!(
                        "add [op.{of}.{slot_name}] to {file}, or name the slot in the `unlisted` \
                         of a table"
                    ),
                );
            }
        }
    }
}
