// SPDX-License-Identifier: GPL-2.0

//! What is checked: which of the rules, in which callbacks.

use kernel::prelude::*;
use peek::Slot;
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

/// The struct whose callbacks are probed.
const TABLE: &str = "inode_operations";

/// The number of a rule among those that are checked, in any edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u16);

/// A rule that is checked.
pub(crate) struct Checked {
    pub(crate) number: Number,
    pub(crate) rule: &'static Rule,
    pub(crate) reach: Reach,
    pub(crate) lock: Lock,
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
            if let (TABLE, Some(offset)) = (slot.table, slot.offset) {
                let callback = plan.callback(index, slot, Slot::new(offset))?;
                if !callback.inodes.is_empty() {
                    plan.callbacks.push(callback, GFP_KERNEL)?;
                }
            }
        }
        // A handler has a word with a bit for each of them.
        if plan.callbacks.len() > u64::BITS as usize {
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
                let Some((reach, lock)) = subject(rule) else {
                    continue;
                };
                if lock == Lock::IRwsem && !callback.inodes.contains(&reach) {
                    callback.inodes.push(reach, GFP_KERNEL)?;
                }
                let number = Number(self.rules);
                self.rules += 1;
                if let Some(of_rule) = self.numbers.get_mut(usize::from(rule.id)) {
                    *of_rule = Some(number);
                }
                let checked = Checked {
                    number,
                    rule,
                    reach,
                    lock,
                };
                rules.push(checked, GFP_KERNEL)?;
            }
            callback.rules.push(rules, GFP_KERNEL)?;
        }
        Ok(callback)
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

/// Returns the lock that a rule is about and the way to its object, if this can check it.
fn subject(rule: &Rule) -> Option<(Reach, Lock)> {
    let Subject::Object { reach, lock, .. } = rule.subject else {
        return None;
    };
    let known = matches!(lock, Lock::IRwsem | Lock::SVfsRenameMutex);
    let at_entry = rule.when == When::Entry
        && !rule.conditions.iter().any(|condition| {
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
        });
    (known && at_entry).then_some((reach, lock))
}
