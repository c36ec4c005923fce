// SPDX-License-Identifier: GPL-2.0

//! What is checked: which of the rules, in which callbacks.

use held::{
    Answer,
    Hidden,
    Mode,
    Verdict, //
};
use kernel::prelude::*;
use kprobes::Hit;
use peek::{
    follow,
    Slot,
    Table, //
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
    check::{
        lock_of,
        verdict, //
    },
    counts::{
        column,
        ANSWERS, //
    },
};

/// How many callbacks can be probed. A handler has a bit for each.
pub(crate) const CALLBACKS: usize = 256;

/// How many rules of one callback can be followed to the return of one call.
pub(crate) const FOLLOWED: usize = 4;

/// The number of a rule among those that are checked, in any edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u16);

/// What is looked at for a rule.
#[derive(Clone, Copy)]
pub(crate) enum What {
    /// A lock of the object there.
    Object(Reach, Lock),
    /// A lock of which there is one.
    Global(held::Lock),
    /// Whether sleeping is allowed.
    MaySleep,
    /// Whether the call sleeps.
    Sleeps,
}

const OWNED: usize = column(Answer::Exact(Mode::Exclusive));
const NOT_HELD: usize = column(Answer::Exact(Mode::NotHeld));
const TAKEN: usize = column(Answer::Someone(Mode::Exclusive));
const MAY_SLEEP: usize = column(Answer::MaySleep);

/// The answer that a rule without conditions nearly always gets, and that keeps it.
enum Usual {
    /// The lock names the current task as its owner.
    Owner(Word),
    /// Nobody holds the lock.
    NotHeld(Word),
    /// The lock is held, and names nobody.
    Taken(Word),
    /// Sleeping is allowed.
    MaySleep,
    /// There is none, or it has to be asked for in the long way.
    None,
}

impl Usual {
    /// Finds the one of a lock at the end of the way. A rule that wants it held has another than one that does not.
    fn new(reach: Option<Reach>, held: bool, lock: impl Fn(usize) -> Option<held::Lock>) -> Self {
        /// Some object, at which nothing is looked.
        const SOMEWHERE: usize = 1 << (usize::BITS - 1);
        let Some(lock) = lock(SOMEWHERE) else {
            return Self::None;
        };
        let base = reach.map_or(0, |_| SOMEWHERE);
        let word = |(address, bits): (usize, usize)| Word {
            reach,
            offset: address.wrapping_sub(base),
            bits,
        };
        match (lock.owner(), lock.held_word()) {
            (_, Some(found)) if !held => Self::NotHeld(word(found)),
            (Some(found), _) if held => Self::Owner(word(found)),
            (_, Some(found)) if held && lock.is_nameless() => Self::Taken(word(found)),
            _ => Self::None,
        }
    }
}

/// A word of a lock, by the way from the arguments to the object that it is in, or by its address.
struct Word {
    reach: Option<Reach>,
    /// So far behind what is there.
    offset: usize,
    bits: usize,
}

impl Word {
    #[inline(always)]
    fn address(&self, hit: &Hit<'_>) -> Option<usize> {
        let base = match &self.reach {
            Some(reach) => follow(hit.argument(reach.argument), reach.path)?,
            None => 0,
        };
        Some(base.wrapping_add(self.offset))
    }
}

/// A rule that is checked.
pub(crate) struct Checked {
    pub(crate) number: Number,
    pub(crate) rule: &'static Rule,
    pub(crate) what: What,
    usual: Usual,
    /// A bit for each of [`ANSWERS`](crate::counts::ANSWERS) that breaks it.
    broken_by: u16,
}

impl Checked {
    fn new(number: Number, rule: &'static Rule, what: What) -> Self {
        let breaks =
            |&answer: &Answer| verdict(rule.requirement, answer) == Some(Verdict::Violation);
        let answers = ANSWERS.iter().enumerate();
        let bits = answers.filter(|(_, answer)| breaks(answer));
        let broken_by: u16 = bits.fold(0, |bits, (index, _)| bits | 1 << index);
        let keeps = |column: usize| broken_by >> column & 1 == 0;
        // What nothing is promised about is nearly never held.
        let held = !keeps(NOT_HELD);
        let usual = match what {
            _ if !rule.conditions.is_empty() => Usual::None,
            What::Object(reach, lock) => {
                Usual::new(Some(reach), held, |object| lock_of(lock, object))
            }
            What::Global(lock) => Usual::new(None, held, |_| Some(lock)),
            What::MaySleep if keeps(MAY_SLEEP) => Usual::MaySleep,
            _ => Usual::None,
        };
        Self {
            number,
            rule,
            what,
            usual,
            broken_by,
        }
    }

    /// Returns the index of the usual answer in [`ANSWERS`](crate::counts::ANSWERS), which does not break it, if that is the
    /// answer. Else there is more to ask.
    #[inline]
    pub(crate) fn usual(&self, hit: &Hit<'_>) -> Option<usize> {
        match &self.usual {
            Usual::Owner(word) => held::is_owner(word.address(hit)?, word.bits).then_some(OWNED),
            Usual::NotHeld(word) => {
                (!held::is_held(word.address(hit)?, word.bits)?).then_some(NOT_HELD)
            }
            Usual::Taken(word) => held::is_held(word.address(hit)?, word.bits)?.then_some(TAKEN),
            Usual::MaySleep => (held::may_sleep(hit) == Answer::MaySleep).then_some(MAY_SLEEP),
            Usual::None => None,
        }
    }

    /// Returns whether the answer with this index in [`ANSWERS`](crate::counts::ANSWERS) breaks it.
    #[inline]
    pub(crate) fn is_broken_by(&self, column: usize) -> bool {
        self.broken_by >> column & 1 != 0
    }
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
    /// The ways from there to the table and to the super block, if those are all there is to it.
    pub(crate) ways: Option<(&'static [usize], &'static [usize])>,
    /// Its rules in each of [`EDITIONS`] that are checked at the entry.
    rules: KVec<KVec<Checked>>,
    /// Those for which a call is followed to its return.
    followed: KVec<KVec<Checked>>,
}

impl Callback {
    /// Returns its rules in an edition that are checked at the entry.
    #[inline]
    pub(crate) fn rules(&self, edition: usize) -> &[Checked] {
        self.rules.get(edition).map_or(&[], |rules| rules)
    }

    /// Returns its rules in an edition for which a call is followed to its return.
    pub(crate) fn followed(&self, edition: usize) -> &[Checked] {
        self.followed.get(edition).map_or(&[], |rules| rules)
    }

    /// Returns whether any edition has a rule that is checked at the entry.
    pub(crate) fn is_checked(&self) -> bool {
        self.rules.iter().any(|rules| !rules.is_empty())
    }

    /// Returns whether any edition has a rule for which a call is followed to its return.
    pub(crate) fn is_followed(&self) -> bool {
        self.followed.iter().any(|rules| !rules.is_empty())
    }

    /// Returns whether a call that is followed may sleep.
    pub(crate) fn may_sleep(&self) -> bool {
        let mut followed = self.followed.iter().flatten();
        followed.any(|checked| !matches!(checked.what, What::Sleeps))
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
                    ways: table.ways(),
                    rules: plan.rules_of(index, When::Entry)?,
                    followed: plan.rules_of(index, When::Return)?,
                };
                let mut followed = callback.followed.iter();
                if followed.any(|rules| rules.len() > FOLLOWED) {
                    pr_err!("the rules know too much of {}.{}\n", slot.table, slot.op);
                    return Err(E2BIG);
                }
                if callback.is_checked() || callback.is_followed() {
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

    /// Returns the rules of the callback with this index in [`SLOTS`] that are checked at this time, in each of
    /// [`EDITIONS`].
    fn rules_of(&mut self, slot: usize, when: When) -> Result<KVec<KVec<Checked>>> {
        let mut editions = KVec::with_capacity(EDITIONS.len(), GFP_KERNEL)?;
        for edition in EDITIONS {
            let mut rules = KVec::new();
            let ops = edition.ops().iter().filter(|op| op.slot == slot);
            for rule in ops.flat_map(|op| op.rules()) {
                let what = match what(rule) {
                    Ok((what, at)) if at == when => what,
                    _ => continue,
                };
                let number = Number(self.rules);
                self.rules += 1;
                if let Some(of_rule) = self.numbers.get_mut(usize::from(rule.id)) {
                    *of_rule = Some(number);
                }
                rules.push(Checked::new(number, rule, what), GFP_KERNEL)?;
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

/// Returns what is looked at for a rule, and when its verdict falls.
///
/// # Errors
///
/// Why it cannot be checked.
fn what(rule: &Rule) -> Result<(What, When), &'static str> {
    let what = match rule.subject {
        // That is known when the call is over.
        Subject::Sleep if rule.requirement == Requirement::Forbidden => {
            return Ok((What::Sleeps, When::Return));
        }
        Subject::Sleep => What::MaySleep,
        Subject::Object {
            lock: Lock::BhLock, ..
        } => return Err("no callback of this kernel is given a buffer"),
        Subject::Object { reach, lock, .. } => What::Object(reach, lock),
        Subject::Global(lock) => What::Global(match lock {
            Lock::RenameLock => held::Lock::RenameLock,
            Lock::RcuReadLock => held::Lock::RcuReadLock,
            Lock::RcuCallback => held::Lock::RcuCallback,
            Lock::NamespaceSem => held::Lock::Hidden(Hidden::NamespaceSem),
            Lock::BlockedLockLock => held::Lock::Hidden(Hidden::BlockedLockLock),
            Lock::SwapLock => held::Lock::Hidden(Hidden::SwapLock),
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

/// Returns whether the condition is about what the callback returns. Only rules that hold at the return have one.
pub(crate) fn of_return(condition: &Condition) -> bool {
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
