// SPDX-License-Identifier: GPL-2.0

//! Violations that are known, and why they are no news.

use core::ops::Range;

use kernel::prelude::*;
use rules::{
    Rule,
    RULES, //
};

/// How many columns an exception has.
const COLUMNS: usize = 7;

/// How many bad lines are named in the log.
const NAMED: usize = 16;

/// A known exception: a rule, who breaks it, why, and where that is explained.
#[derive(Clone, Copy)]
pub(crate) struct Exception<'a> {
    callback: &'a str,
    object: &'a str,
    lock: &'a str,
    requires: &'a str,
    caller: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) reference: &'a str,
}

/// A list of exceptions.
pub(crate) struct Exceptions {
    text: KVVec<u8>,
    /// Where in the text the columns of each are.
    places: KVVec<[Range<usize>; COLUMNS]>,
}

impl Exceptions {
    /// Parses a list. Bad lines are named in the log, with what is wrong.
    ///
    /// # Errors
    ///
    /// `EINVAL` if a line is bad, and `ENOMEM`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut list = Self {
            text: KVVec::new(),
            places: KVVec::new(),
        };
        list.text.extend_from_slice(text.as_bytes(), GFP_KERNEL)?;
        let (mut bad, mut start) = (0, 0);
        for (index, line) in text.split('\n').enumerate() {
            match list.line(index, line, start) {
                Ok(Some(places)) => list.places.push(places, GFP_KERNEL)?,
                Ok(None) => (),
                Err(why) => {
                    bad += 1;
                    if bad <= NAMED {
                        pr_err!("exceptions: line {}: {why}\n", index + 1);
                    }
                }
            }
            start += line.len() + 1;
        }
        if bad == 0 {
            return Ok(list);
        }
        if bad > NAMED {
            pr_err!("exceptions: {} more lines are bad\n", bad - NAMED);
        }
        pr_err!("exceptions: the list stays as it was\n");
        Err(EINVAL)
    }

    /// Finds the columns of a line, which begins at `start`, if it has an exception; or says what is wrong.
    fn line(
        &self,
        index: usize,
        line: &str,
        start: usize,
    ) -> Result<Option<[Range<usize>; COLUMNS]>, &'static str> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        if index == 0 && line.starts_with("locktrack ") {
            return match line {
                "locktrack exceptions 1" => Ok(None),
                _ => Err("it should be 'locktrack exceptions 1', or not be there"),
            };
        }
        let mut places = [const { 0..0 }; COLUMNS];
        let (mut columns, mut hits, mut at) = (0, "0", start);
        for column in line.split('\t') {
            match places.get_mut(columns) {
                Some(place) => *place = at..at + column.len(),
                // A list that was read has it.
                None => hits = column,
            }
            columns += 1;
            at += column.len() + 1;
        }
        if !(COLUMNS..=COLUMNS + 1).contains(&columns) {
            return Err("the columns are callback, object, lock, requires, caller, reason, reference, divided by single tabs");
        }
        if hits.is_empty() || !hits.bytes().all(|c| c.is_ascii_digit()) {
            return Err("a column after the reference can only be the number of hits");
        }
        let new = self.exception(&places).ok_or("it is no text")?;
        new.check()?;
        if self.iter().any(|old| old.covers(&new)) {
            return Err("an earlier line is about the same rule and caller");
        }
        Ok(Some(places))
    }

    /// Returns whether there is an exception for a rule.
    pub(crate) fn has(&self, rule: &Rule) -> bool {
        self.iter().any(|exception| exception.is_of(rule))
    }

    /// Returns the index of the exception for a rule and who broke it, as `function+offset/size [module]`.
    pub(crate) fn find(&self, rule: &Rule, caller: &str) -> Option<usize> {
        self.iter()
            .position(|exception| exception.is_of(rule) && exception.is_by(caller))
    }

    /// Returns an exception by its index.
    pub(crate) fn get(&self, index: usize) -> Option<Exception<'_>> {
        self.exception(self.places.get(index)?)
    }

    /// Returns all exceptions, in the order of the list.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Exception<'_>> + '_ {
        self.places
            .iter()
            .filter_map(|places| self.exception(places))
    }

    fn exception(&self, places: &[Range<usize>; COLUMNS]) -> Option<Exception<'_>> {
        let text = |place: &Range<usize>| {
            let bytes = self.text.get(place.clone())?;
            core::str::from_utf8(bytes).ok()
        };
        let [callback, object, lock, requires, caller, reason, reference] = places;
        Some(Exception {
            callback: text(callback)?,
            object: text(object)?,
            lock: text(lock)?,
            requires: text(requires)?,
            caller: text(caller)?,
            reason: text(reason)?,
            reference: text(reference)?,
        })
    }
}

impl Exception<'_> {
    /// Says what is wrong.
    fn check(&self) -> Result<(), &'static str> {
        let (function, module) = split_module(self.caller);
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'.' || c == b'-')
        };
        let is_text = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !RULES.iter().any(|rule| self.is_of(rule)) {
            Err("no edition has a rule with this callback, object, lock and requirement: they stand in the file rules")
        } else if function.contains('+') {
            Err("the caller is a function, without offset and size, and perhaps ' [module]'")
        } else if !is_name(function) || !module.is_none_or(is_name) {
            Err("the caller is no name of a function, perhaps with ' [module]' behind it")
        } else if !is_text(self.reason) {
            Err("there is no reason")
        } else if !is_text(self.reference) {
            Err("there is no reference: where is the reason explained?")
        } else {
            Ok(())
        }
    }

    /// Returns whether it is about this rule, in whatever edition and under whatever condition.
    fn is_of(&self, rule: &Rule) -> bool {
        let callback = self.callback.split_once('.');
        callback == Some((rule.table, rule.op))
            && self.object == rule.object().unwrap_or("-")
            && self.lock == rule.subject_name()
            && self.requires == rule.requirement.name()
    }

    /// Returns whether it is about this caller. The compiler's suffixes do not matter, and neither does the module
    /// where the exception has none.
    fn is_by(&self, caller: &str) -> bool {
        let (place, of) = split_module(caller);
        let (function, module) = split_module(self.caller);
        let found = place.split_once('+').map_or(place, |(found, _)| found);
        let plain = found.split_once('.').map_or(found, |(plain, _)| plain);
        (function == found || function == plain) && (module.is_none() || module == of)
    }

    /// Returns whether nothing is left for another exception.
    fn covers(&self, other: &Exception<'_>) -> bool {
        (self.callback, self.object, self.lock, self.requires)
            == (other.callback, other.object, other.lock, other.requires)
            && self.is_by(other.caller)
    }
}

impl kernel::fmt::Display for Exception<'_> {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        f.write_fmt(fmt!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            self.callback,
            self.object,
            self.lock,
            self.requires,
            self.caller,
            self.reason,
            self.reference
        ))
    }
}

/// Splits `function [module]`.
fn split_module(caller: &str) -> (&str, Option<&str>) {
    match caller.strip_suffix(']').and_then(|c| c.split_once(" [")) {
        Some((function, module)) => (function, Some(module)),
        None => (caller, None),
    }
}
