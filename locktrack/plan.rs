// SPDX-License-Identifier: GPL-2.0

//! What is checked: which of the rules, in which callbacks.

use held::Hidden;
use kernel::prelude::*;
use peek::{
    Slot,
    Table, //
};
use rules::{
    Condition,
    Edition,
    Lock,
    Reach,
    Rule,
    Subject,
    Value,
    When,
    EDITIONS,
    RULES,
    SLOTS, //
};

/// How many callbacks can be probed. A handler has a bit for each.
pub(crate) const CALLBACKS: usize = 256;

/// The number of a rule among those that are checked, in any edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u16);

/// Which lock a rule is about.
#[derive(Clone, Copy)]
pub(crate) enum Where {
    /// That of an object.
    Object(Reach, Lock),
    /// One of which there is one.
    Global(held::Lock),
}

/// A rule that is checked.
pub(crate) struct Checked {
    pub(crate) number: Number,
    pub(crate) rule: &'static Rule,
    pub(crate) lock: Where,
}

/// A callback that is probed.
pub(crate) struct Callback {
    pub(crate) slot: &'static rules::Slot,
    pub(crate) place: Slot,
    /// The kind of table that has it.
    pub(crate) table: Table,
    /// Where the object whose table it is stands among the arguments: an argument, and the way from there. Not
    /// every callback is given it.
    pub(crate) object: Option<(u8, &'static [usize])>,
    /// Its rules in each of [`EDITIONS`].
    rules: KVec<KVec<Checked>>,
}

impl Callback {
    /// Returns its rules in an edition.
    pub(crate) fn rules(&self, edition: usize) -> &[Checked] {
        self.rules.get(edition).map_or(&[], |rules| rules)
    }
}

/// All that is checked, in every edition.
pub(crate) struct Plan {
    pub(crate) callbacks: KVec<Callback>,
    /// For each of [`RULES`], its number if it is checked.
    numbers: KVec<Option<Number>>,
    rules: u16,
}

impl Plan {
    pub(crate) fn new() -> Result<Self> {
        let mut plan = Self {
            callbacks: KVec::new(),
            numbers: KVec::with_capacity(RULES.len(), GFP_KERNEL)?,
            rules: 0,
        };
        for _ in RULES {
            plan.numbers.push(None, GFP_KERNEL)?;
        }
        for (index, slot) in SLOTS.iter().enumerate() {
            if let (Some(table), Some(offset)) = (Table::named(slot.table), slot.offset) {
                let callback = Callback {
                    slot,
                    place: Slot::new(offset),
                    table,
                    object: table.object(slot.op),
                    rules: plan.rules_of(index)?,
                };
                if callback.rules.iter().any(|rules| !rules.is_empty()) {
                    plan.callbacks.push(callback, GFP_KERNEL)?;
                }
            }
        }
        if plan.callbacks.len() > CALLBACKS {
            pr_err!("the rules know too many callbacks\n");
            return Err(E2BIG);
        }
        Ok(plan)
    }

    /// Returns the rules of the callback with this index in [`SLOTS`] that are checked, in each of [`EDITIONS`].
    fn rules_of(&mut self, slot: usize) -> Result<KVec<KVec<Checked>>> {
        let mut editions = KVec::with_capacity(EDITIONS.len(), GFP_KERNEL)?;
        for edition in EDITIONS {
            let mut rules = KVec::new();
            let ops = edition.ops().iter().filter(|op| op.slot == slot);
            for rule in ops.flat_map(|op| op.rules()) {
                let Ok(lock) = lock(rule) else {
                    continue;
                };
                let number = Number(self.rules);
                self.rules += 1;
                if let Some(of_rule) = self.numbers.get_mut(usize::from(rule.id)) {
                    *of_rule = Some(number);
                }
                let checked = Checked { number, rule, lock };
                rules.push(checked, GFP_KERNEL)?;
            }
            editions.push(rules, GFP_KERNEL)?;
        }
        Ok(editions)
    }

    /// Returns how many rules are checked.
    pub(crate) fn rules(&self) -> usize {
        self.rules.into()
    }

    /// Returns the number of a rule, if it is checked.
    pub(crate) fn number(&self, rule: &Rule) -> Option<Number> {
        *self.numbers.get(usize::from(rule.id))?
    }

    /// Returns why a rule is not checked, or [`None`] if it is.
    pub(crate) fn why_not(&self, rule: &Rule) -> Option<&'static str> {
        match (self.number(rule), lock(rule)) {
            (Some(_), _) => None,
            (None, Err(why)) => Some(why),
            // Its callback's slot has no offset.
            (None, Ok(_)) => Some("this kernel has no such callback"),
        }
    }

    /// Returns the rules of an edition that are checked.
    pub(crate) fn checked(
        &self,
        edition: &'static Edition,
    ) -> impl Iterator<Item = (&'static Rule, Number)> + '_ {
        let rules = edition.rules().iter();
        rules.filter_map(|rule| Some((rule, self.number(rule)?)))
    }
}

/// Returns the lock that a rule is about.
///
/// # Errors
///
/// Why it cannot be checked.
fn lock(rule: &Rule) -> Result<Where, &'static str> {
    let place = match rule.subject {
        Subject::Sleep => return Err("it is about sleeping"),
        Subject::Object {
            lock: Lock::BhLock, ..
        } => return Err("no callback of this kernel is given a buffer"),
        Subject::Object { reach, lock, .. } => Where::Object(reach, lock),
        Subject::Global(lock) => Where::Global(match lock {
            Lock::RenameLock => held::Lock::RenameLock,
            Lock::RcuReadLock => held::Lock::RcuReadLock,
            Lock::RcuCallback => held::Lock::RcuCallback,
            Lock::NamespaceSem => held::Lock::Hidden(Hidden::NamespaceSem),
            Lock::BlockedLockLock => held::Lock::Hidden(Hidden::BlockedLockLock),
            Lock::SwapLock => held::Lock::Hidden(Hidden::SwapLock),
            _ => return Err("it is a lock of an object, and there is none"),
        }),
    };
    let of_return = |value| matches!(value, Value::Returned);
    let at_return = rule.when == When::Return
        || rule.conditions.iter().any(|condition| match *condition {
            Condition::Returned(_) => true,
            Condition::FlagSet { value, .. } | Condition::FlagClear { value, .. } => {
                of_return(value)
            }
            _ => false,
        });
    if at_return {
        return Err("it is about the return");
    }
    match place {
        Where::Global(lock) if !lock.can_be_queried() => {
            Err("without lockdep this kernel does not tell who holds the lock")
        }
        place => Ok(place),
    }
}
