// SPDX-License-Identifier: GPL-2.0

//! The conditions of a rule.

use std::ops::Range;

use toml::Spanned;

use super::op::OpCheck;
use crate::c;
use crate::facts;
use crate::spec::{ArgumentKind, Condition, Reach, Step, Value, When};
use crate::suggest::one_of;

impl OpCheck<'_, '_, '_> {
    /// Looks up the names of a condition.
    pub(super) fn condition(
        &mut self,
        text: &Spanned<String>,
        when: Option<When>,
    ) -> Option<Condition> {
        const HELP: &str = "conditions are: `exists(object)`, `is_dir(object)`, \
            `!is_dir(object)`, `argument == argument`, `argument != argument`, \
            `number & FLAG`, `!(number & FLAG)`, `argument`, `!argument`, `ret == 0`, `ret != 0`, \
            `ret < 0`, `ret >= 0`, where a number is an argument, `object->member` or `ret`";
        let parsed = match c::condition(text.get_ref()) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.check.error_in(text, error, HELP);
                return None;
            }
        };
        let found = match parsed {
            c::Condition::Exists(o) => Condition::Exists(self.reach(text, o)?),
            c::Condition::IsDir(o) => Condition::IsDir(self.reach(text, o)?),
            c::Condition::NotDir(o) => Condition::NotDir(self.reach(text, o)?),
            c::Condition::Differ(a, b) => {
                Condition::Differ(self.argument(text, a)?, self.argument(text, b)?)
            }
            c::Condition::Same(a, b) => {
                Condition::Same(self.argument(text, a)?, self.argument(text, b)?)
            }
            c::Condition::FlagSet(v, f) => {
                Condition::FlagSet(self.value(text, v)?, self.flag(text, f)?)
            }
            c::Condition::FlagClear(v, f) => {
                Condition::FlagClear(self.value(text, v)?, self.flag(text, f)?)
            }
            c::Condition::True(a) => Condition::True(self.truth(text, a)?),
            c::Condition::False(a) => Condition::False(self.truth(text, a)?),
            c::Condition::Returned(what) => Condition::Returned(what),
        };
        let returned = match &found {
            Condition::FlagSet(value, _) | Condition::FlagClear(value, _) => {
                *value == Value::Returned
            }
            Condition::Returned(_) => true,
            _ => false,
        };
        if returned && when == Some(When::Entry) {
            self.check.error(
                text.span(),
                format!("`{}` is not known at entry", text.get_ref()),
                "nothing is returned yet",
                "add `when = \"return\"`",
            );
            return None;
        }
        Some(found)
    }

    /// Looks up the way to an object.
    fn reach(&mut self, text: &Spanned<String>, name: c::Spot<&str>) -> Option<Reach> {
        Some(self.object(text, name)?.reach.clone())
    }

    /// Looks up an argument.
    fn argument(&mut self, text: &Spanned<String>, name: c::Spot<&str>) -> Option<usize> {
        let arguments = &self.slot?.arguments;
        let names: Vec<&str> = arguments.iter().map(|a| a.name.as_str()).collect();
        self.check.find(text, name, "argument", &names)
    }

    /// Looks up an argument that is true or false.
    fn truth(&mut self, text: &Spanned<String>, name: c::Spot<&str>) -> Option<usize> {
        let at = name.1.clone();
        let index = self.argument(text, name)?;
        let argument = &self.slot?.arguments[index];
        if argument.kind != ArgumentKind::Bool {
            let at = self.check.within(text, at);
            self.check.error(
                at,
                format!("`{}` is no `bool`", argument.name),
                "an argument alone is a condition only if it is true or false",
                "compare it with something, or ask for one of its flags",
            );
            return None;
        }
        Some(index)
    }

    /// Looks up a number: an argument, `object->member` or `ret`.
    fn value(&mut self, text: &Spanned<String>, way: c::Way<'_>) -> Option<Value> {
        let (first, at) = way.argument;
        let Some(((last, last_at), pointers)) = way.members.split_last() else {
            return match first {
                c::RETURNED => Some(Value::Returned),
                _ => Some(Value::Argument(self.argument(text, (first, at))?)),
            };
        };
        let object = self.object(text, (first, at))?;
        let (mut of, mut reach) = (object.of.as_str(), object.reach.clone());
        for (name, at) in pointers {
            let member = self.member(text, of, (name, at.clone()), true)?;
            reach.path.push(Step::Member(member));
            of = member.to?;
        }
        let member = self.member(text, of, (last, last_at.clone()), false)?;
        Some(Value::Member(reach, member))
    }

    /// Looks up a member of a struct: a pointer to a struct, or a number.
    fn member(
        &mut self,
        text: &Spanned<String>,
        of: &str,
        (name, at): (&str, Range<usize>),
        pointer: bool,
    ) -> Option<facts::Member> {
        let members = facts::MEMBERS.iter();
        let known: Vec<&facts::Member> = members
            .filter(|m| m.of == of && m.to.is_some() == pointer)
            .collect();
        let found = known.iter().find(|m| m.name == name);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|m| m.name).collect();
            let what = if pointer { "pointer" } else { "number" };
            let at = self.check.within(text, at);
            self.check.error(
                at,
                format!("unknown member `{name}`"),
                format!("struct {of} has no such {what} that lockspec knows of"),
                one_of(name, &names),
            );
        }
        found.map(|m| **m)
    }

    /// Looks up a flag.
    fn flag(&mut self, text: &Spanned<String>, name: c::Spot<&str>) -> Option<&'static str> {
        let index = self.check.find(text, name, "flag", facts::FLAGS)?;
        Some(facts::FLAGS[index])
    }
}
