// SPDX-License-Identifier: GPL-2.0

//! What is checked: which of the rules, in which callbacks.

use kernel::prelude::*;
use peek::Slot;
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

use crate::returns::Followed;

/// The struct whose callbacks are probed.
const TABLE: &str = "inode_operations";

/// The number of a rule among those that are checked, in any edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u16);

/// What is looked at for a rule.
#[derive(Clone, Copy)]
pub(crate) enum What {
    /// This lock of the object there.
    Lock(Reach, Lock),
    /// Whether sleeping is allowed.
    MaySleep,
    /// Whether the call sleeps.
    Sleeps,
}

/// A rule that is checked.
pub(crate) struct Checked {
    pub(crate) number: Number,
    pub(crate) rule: &'static Rule,
    pub(crate) what: What,
}

/// A callback that is probed.
pub(crate) struct Callback {
    pub(crate) slot: &'static rules::Slot,
    pub(crate) place: Slot,
    /// Where an inode is found whose table has the callback.
    pub(crate) inodes: KVec<Reach>,
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
    /// Those that are followed to their return.
    pub(crate) followed: KVec<Followed>,
    /// For each of [`RULES`], its number if it is checked.
    numbers: KVec<Option<Number>>,
    rules: u16,
}

impl Plan {
    pub(crate) fn new() -> Result<Self> {
        let mut plan = Self {
            callbacks: KVec::new(),
            followed: KVec::new(),
            numbers: KVec::with_capacity(RULES.len(), GFP_KERNEL)?,
            rules: 0,
        };
        for _ in RULES {
            plan.numbers.push(None, GFP_KERNEL)?;
        }
        for (index, slot) in SLOTS.iter().enumerate() {
            if let (TABLE, Some(offset)) = (slot.table, slot.offset) {
                let callback = plan.callback(index, slot, Slot::new(offset))?;
                if !callback.inodes.is_empty() {
                    plan.callbacks.push(callback, GFP_KERNEL)?;
                }
            }
            if let Some(followed) = Followed::new(&mut plan, index, slot)? {
                plan.followed.push(followed, GFP_KERNEL)?;
            }
        }
        // A handler has a word with a bit for each of them.
        if plan.callbacks.len().max(plan.followed.len()) > u64::BITS as usize {
            pr_err!("the rules know too many callbacks\n");
            return Err(E2BIG);
        }
        Ok(plan)
    }

    fn callback(
        &mut self,
        index: usize,
        slot: &'static rules::Slot,
        place: Slot,
    ) -> Result<Callback> {
        let mut callback = Callback {
            slot,
            place,
            inodes: KVec::new(),
            rules: KVec::new(),
        };
        for edition in EDITIONS {
            let mut rules = KVec::new();
            let ops = edition.ops().iter().filter(|op| op.slot == index);
            for rule in ops.flat_map(|op| op.rules()) {
                let Some(what) = subject(rule) else {
                    continue;
                };
                match what {
                    What::Lock(reach, Lock::IRwsem) if !callback.inodes.contains(&reach) => {
                        callback.inodes.push(reach, GFP_KERNEL)?;
                    }
                    _ => (),
                }
                rules.push(self.check(rule, what), GFP_KERNEL)?;
            }
            callback.rules.push(rules, GFP_KERNEL)?;
        }
        Ok(callback)
    }

    /// Numbers a rule: it will be checked.
    pub(crate) fn check(&mut self, rule: &'static Rule, what: What) -> Checked {
        let number = Number(self.rules);
        self.rules += 1;
        if let Some(of_rule) = self.numbers.get_mut(usize::from(rule.id)) {
            *of_rule = Some(number);
        }
        Checked { number, rule, what }
    }

    /// Returns how many rules are checked.
    pub(crate) fn rules(&self) -> usize {
        self.rules.into()
    }

    /// Returns the number of a rule, if it is checked.
    pub(crate) fn number(&self, rule: &Rule) -> Option<Number> {
        *self.numbers.get(usize::from(rule.id))?
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

/// Returns what to look at for a rule when its callback is entered, if this can check it.
fn subject(rule: &Rule) -> Option<What> {
    let what = match (rule.subject, rule.requirement) {
        (Subject::Object { reach, lock, .. }, _)
            if matches!(lock, Lock::IRwsem | Lock::SVfsRenameMutex) =>
        {
            What::Lock(reach, lock)
        }
        (Subject::Sleep, Requirement::Allowed) => What::MaySleep,
        _ => return None,
    };
    let at_entry = rule.when == When::Entry && !rule.conditions.iter().any(of_return);
    at_entry.then_some(what)
}

/// Returns whether the condition is about what the callback returns.
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
