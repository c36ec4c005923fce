// SPDX-License-Identifier: GPL-2.0

//! What is checked: which of the rules, in which callbacks.

mod calls;
mod entry;

use held::{
    Hidden,
    Verdict, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kprobes::{
    Hit,
    PerCpu,
    Register, //
};
use peek::{
    Slot,
    Table,
    Way, //
};
use rules::{
    Condition,
    Edition,
    Lock,
    Reach,
    Requirement,
    Rule,
    Subject,
    Value,
    When,
    EDITIONS,
    RULES,
    SLOTS, //
};

use crate::{
    check::verdict,
    conditions::Test,
    counts::{
        Counted,
        ANSWERS, //
    },
    usual::{
        Usual,
        Word, //
    },
};

use calls::AllCalls;
pub(crate) use calls::{
    AtOnce,
    Calls,
    Number, //
};
pub(crate) use entry::{
    Awake,
    Entry, //
};

/// How many callbacks can be probed. A handler has a bit for each.
pub(crate) const CALLBACKS: usize = 256;

/// How many rules of one callback can be followed to the return of one call.
pub(crate) const FOLLOWED: usize = 4;

/// How many rules of one callback with conditions can be looked at in the short way. There is a counter for each choice of
/// them that can apply.
const CONDITIONAL: usize = 6;

/// What is looked at for a rule.
#[derive(Clone, Copy)]
pub(crate) enum What {
    /// A lock of the object there.
    Object(Reach, Lock),
    /// A lock of which there is one.
    Global(held::Lock),
    /// Whether sleeping is allowed.
    MaySleep,
    /// Whether the call sleeps, which is seen when it does.
    Sleeps,
}

/// A rule that is checked.
pub(crate) struct Checked {
    pub(crate) number: Number,
    pub(crate) rule: &'static Rule,
    pub(crate) what: What,
    /// The conditions of the rule that the entry decides.
    tests: KVec<Test>,
    /// A bit for each of [`ANSWERS`](crate::counts::ANSWERS) that breaks it.
    broken_by: u16,
}

impl Checked {
    /// Returns whether the answer with this index in [`ANSWERS`](crate::counts::ANSWERS) breaks it.
    #[inline]
    pub(crate) fn is_broken_by(&self, column: usize) -> bool {
        self.broken_by >> column & 1 != 0
    }

    /// Returns whether all conditions of the rule hold that are decided at the entry.
    #[inline]
    pub(crate) fn applies(&self, hit: &Hit<'_>) -> bool {
        self.tests.iter().all(|test| test.holds(hit))
    }
}

/// The bits of [`Checked`] for the answers that break a rule.
fn broken_by(rule: &Rule) -> u16 {
    let breaks = |answer| verdict(rule.requirement, answer) == Some(Verdict::Violation);
    let answers = ANSWERS.iter().enumerate();
    let broken = answers.filter(|&(_, &answer)| breaks(answer));
    broken.fold(0, |bits, (index, _)| bits | 1 << index)
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
    /// The same, and the ways from there to the table and to the superblock, if those are all there is to it.
    pub(crate) ways: Option<Ways>,
    /// Its rules in each of [`EDITIONS`] that are checked at the entry.
    entries: KVec<Entry>,
    /// Those for which a call is followed to its return.
    followed: KVec<KVec<Checked>>,
}

/// The way to an object, and those on from there.
pub(crate) struct Ways {
    pub(crate) register: Register,
    pub(crate) object: Way,
    /// The pointer to the table is so many bytes behind the object.
    pub(crate) table: usize,
    pub(crate) super_block: Way,
}

impl Ways {
    fn new(table: Table, (argument, object): (u8, &'static [usize])) -> Option<Self> {
        let (table, super_block) = table.ways()?;
        Some(Self {
            register: Register::new(argument)?,
            object: Way::new(object)?,
            table,
            super_block: Way::new(super_block)?,
        })
    }
}

impl Callback {
    /// Returns its rules in an edition that are checked at the entry.
    #[inline(always)]
    pub(crate) fn entry(&self, edition: usize) -> Option<&Entry> {
        self.entries.get(edition)
    }

    /// Returns its rules in an edition for which a call is followed to its return.
    pub(crate) fn followed(&self, edition: usize) -> &[Checked] {
        self.followed.get(edition).map_or(&[], |rules| rules)
    }

    /// Returns whether any edition has a rule that is checked at the entry.
    pub(crate) fn is_checked(&self) -> bool {
        self.entries.iter().any(|entry| !entry.rules.is_empty())
    }

    /// Returns whether any edition has a rule for which a call is followed to its return.
    pub(crate) fn is_followed(&self) -> bool {
        self.followed.iter().any(|rules| !rules.is_empty())
    }
}

/// All that is checked, in every edition.
pub(crate) struct Plan {
    pub(crate) callbacks: KVec<Arc<Callback>>,
    /// For each of [`RULES`], its number if it is checked.
    numbers: KVec<Option<Number>>,
    counted: Counted,
}

impl Plan {
    pub(crate) fn new() -> Result<Self> {
        let mut plan = Self {
            callbacks: KVec::new(),
            numbers: KVec::with_capacity(RULES.len(), GFP_KERNEL)?,
            counted: Counted::NONE,
        };
        for _ in RULES {
            plan.numbers.push(None, GFP_KERNEL)?;
        }
        for (index, slot) in SLOTS.iter().enumerate() {
            if let (Some(table), Some(offset)) = (Table::named(slot.table), slot.offset) {
                let object = table.object(slot.op);
                let callback = Callback {
                    slot,
                    place: Slot::new(offset),
                    table,
                    object,
                    ways: object.and_then(|object| Ways::new(table, object)),
                    entries: plan.entries_of(index, object)?,
                    followed: plan.followed_of(index)?,
                };
                let mut followed = callback.followed.iter();
                let mut entries = callback.entries.iter();
                if followed.any(|rules| rules.len() > FOLLOWED)
                    || entries.any(|entry| entry.rules.len() > Awake::FIRST as usize)
                {
                    pr_err!("the rules know too much of {}.{}\n", slot.table, slot.op);
                    return Err(E2BIG);
                }
                if callback.is_checked() || callback.is_followed() {
                    plan.callbacks
                        .push(Arc::new(callback, GFP_KERNEL)?, GFP_KERNEL)?;
                }
            }
        }
        if plan.callbacks.len() > CALLBACKS || usize::from(plan.counted.calls) > PerCpu::MAX {
            pr_err!("the rules know too many callbacks\n");
            return Err(E2BIG);
        }
        Ok(plan)
    }

    /// Returns the rules of the callback with this index in [`SLOTS`] that are checked at its entry, in each of [`EDITIONS`].
    fn entries_of(
        &mut self,
        slot: usize,
        object: Option<(u8, &'static [usize])>,
    ) -> Result<KVec<Entry>> {
        let mut entries = KVec::with_capacity(EDITIONS.len(), GFP_KERNEL)?;
        let op = self.callbacks.len();
        for (index, edition) in EDITIONS.iter().enumerate() {
            let (mut certain, mut conditional, mut others) =
                (KVec::new(), KVec::new(), KVec::new());
            for (rule, what) in rules_of(edition, slot, When::Entry) {
                let keeps = |usual: &Usual| broken_by(rule) >> usual.column() & 1 == 0;
                match Usual::new(what, rule.requirement, object).filter(keeps) {
                    Some(usual) if rule.conditions.is_empty() => {
                        certain.push((rule, what, usual), GFP_KERNEL)?;
                    }
                    Some(usual) if conditional.len() < CONDITIONAL => {
                        conditional.push((rule, what, usual), GFP_KERNEL)?;
                    }
                    _ => others.push((rule, what), GFP_KERNEL)?,
                }
            }
            let calls = match certain.is_empty() && conditional.is_empty() {
                true => AllCalls::NONE,
                false => self.next_calls(1 << conditional.len()),
            };
            let mut entry = Entry {
                rules: KVec::new(),
                certain: certain.len() as u32,
                may_sleep: false,
                locks: KVec::new(),
                others: KVec::new(),
                awake: Awake::new(op, index),
                conditional: KVec::new(),
                conditional_awake: 0,
                calls,
            };
            let at_once = |usual: &Usual, bit| AtOnce::new(calls, bit, usual.column() as u8);
            for (rule, what, usual) in certain {
                let checked = self.number_rule(rule, what, Some(at_once(&usual, 0)))?;
                let bit = 1 << entry.rules.len();
                entry.rules.push(checked, GFP_KERNEL)?;
                match usual {
                    Usual::MaySleep if !entry.may_sleep => entry.may_sleep = true,
                    Usual::Awake => entry.awake = entry.awake.with(bit),
                    Usual::Here(_, word) => entry.locks.push(word, GFP_KERNEL)?,
                    usual => entry.others.push(usual, GFP_KERNEL)?,
                }
            }
            for (bit, (rule, what, usual)) in conditional.into_iter().enumerate() {
                let checked = self.number_rule(rule, what, Some(at_once(&usual, 1 << bit)))?;
                entry.rules.push(checked, GFP_KERNEL)?;
                if matches!(usual, Usual::Awake) {
                    entry.conditional_awake |= 1 << bit;
                }
                entry.conditional.push(usual, GFP_KERNEL)?;
            }
            if !others.is_empty() {
                // Each call has to go the long way.
                entry.locks.push(Word::NEVER, GFP_KERNEL)?;
            }
            for (rule, what) in others {
                let checked = self.number_rule(rule, what, None)?;
                entry.rules.push(checked, GFP_KERNEL)?;
            }
            entries.push(entry, GFP_KERNEL)?;
        }
        Ok(entries)
    }

    /// Returns the rules of the callback with this index in [`SLOTS`] for which a call is followed to its return, in each of
    /// [`EDITIONS`].
    fn followed_of(&mut self, slot: usize) -> Result<KVec<KVec<Checked>>> {
        let mut editions = KVec::with_capacity(EDITIONS.len(), GFP_KERNEL)?;
        for edition in EDITIONS {
            let mut rules = KVec::new();
            for (rule, what) in rules_of(edition, slot, When::Return) {
                rules.push(self.number_rule(rule, what, None)?, GFP_KERNEL)?;
            }
            editions.push(rules, GFP_KERNEL)?;
        }
        Ok(editions)
    }

    fn next_calls(&mut self, choices: u16) -> AllCalls {
        let calls = AllCalls::new(self.counted.calls, choices);
        self.counted.calls += choices;
        calls
    }

    fn number_rule(
        &mut self,
        rule: &'static Rule,
        what: What,
        at_once: Option<AtOnce>,
    ) -> Result<Checked> {
        let number = Number {
            index: self.counted.rules,
            at_once,
        };
        self.counted.rules += 1;
        if let Some(of_rule) = self.numbers.get_mut(usize::from(rule.id)) {
            *of_rule = Some(number);
        }
        let mut tests = KVec::new();
        for test in rule.conditions.iter().filter_map(Test::new) {
            tests.push(test, GFP_KERNEL)?;
        }
        Ok(Checked {
            number,
            rule,
            what,
            tests,
            broken_by: broken_by(rule),
        })
    }

    /// Returns what counts calls whose entry was as usual.
    pub(crate) fn usual(&self) -> impl Iterator<Item = Calls> + '_ {
        let entries = self.callbacks.iter().flat_map(|callback| &callback.entries);
        entries.flat_map(|entry| entry.calls.all())
    }

    /// Returns how much is counted.
    pub(crate) fn counted(&self) -> Counted {
        self.counted
    }

    /// Returns the number of a rule, if it is checked.
    pub(crate) fn number(&self, rule: &Rule) -> Option<Number> {
        *self.numbers.get(usize::from(rule.id))?
    }

    /// Returns why a rule is not checked, or [`None`] if it is.
    pub(crate) fn why_not(&self, rule: &Rule) -> Option<&'static str> {
        match (self.number(rule), what(rule)) {
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

/// Returns the rules of an edition that are checked at this time of the callback with this index in [`SLOTS`].
fn rules_of(
    edition: &'static Edition,
    slot: usize,
    when: When,
) -> impl Iterator<Item = (&'static Rule, What)> {
    let ops = edition.ops().iter().filter(move |op| op.slot == slot);
    ops.flat_map(|op| op.rules())
        .filter_map(move |rule| match what(rule) {
            Ok((what, at)) if at == when => Some((rule, what)),
            _ => None,
        })
}

/// Returns what is looked at for a rule, and when its verdict falls.
///
/// # Errors
///
/// Why it cannot be checked.
fn what(rule: &Rule) -> Result<(What, When), &'static str> {
    let mut at_entry = rule.conditions.iter().filter(|it| !of_return(it));
    if at_entry.any(|condition| Test::new(condition).is_none()) {
        return Err("a condition is about an argument that comes on the stack");
    }
    let what = match rule.subject {
        Subject::Sleep if rule.requirement == Requirement::Forbidden => What::Sleeps,
        Subject::Sleep => What::MaySleep,
        Subject::Object {
            lock: Lock::BhLock, ..
        } => return Err("no callback of this kernel is given a buffer"),
        Subject::Object { reach, lock, .. } => What::Object(reach, lock),
        Subject::Global(lock) => What::Global(match lock {
            Lock::RenameLock => held::Lock::RenameLock,
            Lock::RcuReadLock => held::Lock::RcuReadLock,
            Lock::RcuCallback => held::Lock::RcuCallback,
            Lock::NamespaceSem => hidden(Hidden::NamespaceSem)?,
            Lock::BlockedLockLock => hidden(Hidden::BlockedLockLock)?,
            Lock::SwapLock => hidden(Hidden::SwapLock)?,
            _ => return Err("it is a lock of an object, and there is none"),
        }),
    };
    match what {
        What::Global(lock) if !lock.can_be_queried() => {
            Err("without lockdep this kernel does not tell who holds the lock")
        }
        what => Ok((what, rule.when)),
    }
}

/// Returns a lock that no header declares.
///
/// # Errors
///
/// Why it cannot be looked at.
fn hidden(lock: Hidden) -> Result<held::Lock, &'static str> {
    let lock = lock.lock();
    lock.ok_or("without CONFIG_KALLSYMS_ALL this kernel does not tell where the lock is")
}

/// Returns whether the condition is about what the callback returns, which the entry does not know.
fn of_return(condition: &Condition) -> bool {
    matches!(
        condition,
        Condition::Returned(_)
            | Condition::FlagSet {
                value: Value::Returned,
                ..
            }
            | Condition::FlagClear {
                value: Value::Returned,
                ..
            }
    )
}
