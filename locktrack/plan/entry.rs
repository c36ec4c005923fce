// SPDX-License-Identifier: GPL-2.0

//! What is checked at the entry of a callback.

use kernel::prelude::*;
use kprobes::Hit;
use rules::EDITIONS;

use super::{
    AllCalls,
    Calls,
    Checked,
    What,
    CALLBACKS, //
};
use crate::usual::{
    Usual,
    Word, //
};

/// The rules of a callback in an edition that forbid to sleep and apply to a call, in one word: the indexes of callback and
/// edition, a byte each, and from the upper half on a bit for each rule of the [`Entry`].
#[derive(Clone, Copy)]
pub(crate) struct Awake(usize);

impl Awake {
    pub(super) const FIRST: u32 = 32;

    /// None of them.
    pub(super) fn new(op: usize, edition: usize) -> Self {
        const { assert!(CALLBACKS <= 1 << 8 && EDITIONS.len() <= 1 << 8) };
        Self(op | edition << 8)
    }

    #[inline(always)]
    pub(super) fn with(self, rules: usize) -> Self {
        Self(self.0 | rules.wrapping_shl(Self::FIRST))
    }

    /// Returns whether there is none.
    #[inline(always)]
    pub(crate) fn is_empty(self) -> bool {
        self.0 >> Self::FIRST == 0
    }

    /// Returns the word.
    #[inline(always)]
    pub(crate) fn word(self) -> usize {
        self.0
    }

    /// Returns what is in such a word.
    pub(crate) fn of_word(word: usize) -> Self {
        Self(word)
    }

    /// Returns the index of the callback.
    pub(crate) fn op(self) -> usize {
        self.0 & 0xff
    }

    /// Returns the index of the edition.
    pub(crate) fn edition(self) -> usize {
        self.0 >> 8 & 0xff
    }

    /// Returns the rules, which are of this entry.
    pub(crate) fn rules_of(self, entry: &Entry) -> impl Iterator<Item = &Checked> {
        let rules = entry.rules.iter().enumerate();
        rules
            .filter(move |&(index, _)| (self.0 >> Self::FIRST).wrapping_shr(index as u32) & 1 != 0)
            .map(|(_, checked)| checked)
    }
}

/// The rules of a callback in one edition that are checked at its entry.
pub(crate) struct Entry {
    pub(super) rules: KVec<Checked>,
    /// So many of them come first and have no conditions.
    pub(super) certain: u32,
    /// What is usual for these: sleeping is allowed, if this is set,
    pub(super) may_sleep: bool,
    /// locks of the object whose table has the callback,
    pub(super) locks: KVec<Word>,
    /// and all else but for those in `awake`.
    pub(super) others: KVec<Usual>,
    /// Those without conditions that forbid to sleep.
    pub(super) awake: Awake,
    /// What is usual for the next ones, where they apply.
    pub(super) conditional: KVec<Usual>,
    /// A bit for each of these that forbids to sleep.
    pub(super) conditional_awake: u16,
    /// Counts the calls in which all was as usual.
    pub(super) calls: AllCalls,
}

impl Entry {
    /// Returns all of them.
    pub(crate) fn rules(&self) -> &[Checked] {
        &self.rules
    }

    /// Returns what counts a call if all is usual in it, and the rules that forbid it to sleep. `object` is the one whose table
    /// has the callback.
    #[inline(always)]
    pub(crate) fn usual(&self, hit: &Hit<'_>, object: usize) -> Option<(Calls, Awake)> {
        if self.may_sleep && !Usual::MaySleep.is(hit, object) {
            return None;
        }
        let mut locks = self.locks.iter();
        if !locks.all(|word| word.is_of(object)) {
            return None;
        }
        let mut others = self.others.iter();
        if !others.all(|usual| usual.is(hit, object)) {
            return None;
        }
        match self.conditional.is_empty() {
            true => Some((self.calls.first, self.awake)),
            false => {
                let choice = self.choice(hit, object)?;
                let awake = usize::from(choice & self.conditional_awake).wrapping_shl(self.certain);
                Some((self.calls.of(choice), self.awake.with(awake)))
            }
        }
    }

    /// Returns the rules that forbid a call to sleep, in the long way.
    pub(crate) fn awake(&self, hit: &Hit<'_>) -> Awake {
        let rules = self.rules.iter().enumerate();
        let awake = rules
            .filter(|(_, checked)| matches!(checked.what, What::Sleeps) && checked.applies(hit));
        awake.fold(self.awake, |awake, (index, _)| {
            awake.with(1usize.wrapping_shl(index as u32))
        })
    }

    /// Returns which of the rules with conditions apply, if they are all as usual.
    #[inline(never)]
    fn choice(&self, hit: &Hit<'_>, object: usize) -> Option<u16> {
        let rules = self.rules.get(self.certain as usize..).unwrap_or_default();
        let mut choice = 0;
        for (bit, (checked, usual)) in rules.iter().zip(&self.conditional).enumerate() {
            if checked.applies(hit) {
                if !usual.is(hit, object) {
                    return None;
                }
                choice |= 1u16.wrapping_shl(bit as u32);
            }
        }
        Some(choice)
    }
}
