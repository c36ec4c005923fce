// SPDX-License-Identifier: GPL-2.0

//! Rows that each CPU has for itself, one on top of the other.

use kernel::{
    prelude::*,
    sync::atomic::Atomic, //
};

use crate::{
    read_once,
    this_cpu,
    write_once,
    Here,
    PerCpu, //
};

/// Up to `DEEP` rows of `WORDS` words of each CPU, which only handlers in its tasks use, with preemption off: none of them
/// runs inside another one.
///
/// The first word of a row is its key, and not 0. A row has a smaller one than the row below it.
///
/// # Invariants
///
/// For each CPU, `words` has one that is the index of the first word of the topmost row, and one row more than can be used: the
/// first one, all 0, is the ground. A key is stored inverted, so that the ground has the greatest.
pub struct PerCpuStack<const WORDS: usize, const DEEP: usize> {
    words: PerCpu,
}

/// A place in the memory of this CPU.
type Word = Atomic<usize>;

impl<const WORDS: usize, const DEEP: usize> PerCpuStack<WORDS, DEEP> {
    /// A row begins so many words behind the one below it.
    const STEP: usize = WORDS.next_power_of_two();

    /// How many words a CPU has: the rows begin behind the index, which has the place of a row.
    const COUNT: usize = (2 + DEEP) * Self::STEP;

    /// Makes them, empty. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`PerCpu::new`].
    pub fn new() -> Result<Self> {
        const { assert!(WORDS > 0) };
        // INVARIANT: All is 0: the topmost row is the ground.
        Ok(Self {
            words: PerCpu::new(Self::COUNT)?,
        })
    }

    /// Returns how much memory they take, in bytes.
    pub fn size(&self) -> usize {
        PerCpu::size(Self::COUNT)
    }

    #[inline(always)]
    fn here(&self, _here: &Here<'_>) -> *const Word {
        // A word of memory and an atomic one are the same.
        this_cpu::pointer(self.words.as_ptr()).cast()
    }

    /// Returns the first word of a row.
    ///
    /// # Safety
    ///
    /// `cpu` must be of [`Self::here`], and stay so for `'a`; `top` must be the index of a row, or 0 for the ground.
    #[inline(always)]
    unsafe fn row<'a>(cpu: *const Word, top: usize) -> &'a [Word; WORDS] {
        // SAFETY: By the type invariant and the safety requirements the row is there, behind the place of the index.
        unsafe { &*cpu.wrapping_add(Self::STEP).wrapping_add(top).cast() }
    }

    /// Returns the index of the topmost row.
    #[inline(always)]
    fn top<'a>(cpu: *const Word) -> &'a Word {
        // SAFETY: By the type invariant.
        unsafe { &*cpu }
    }

    /// Returns the index of the topmost row with a greater key.
    #[inline(always)]
    fn above(cpu: *const Word, key: usize) -> usize {
        let mut top = read_once(Self::top(cpu));
        // SAFETY: Below every other row there is one, and the loop ends at the ground, which no key is below.
        while read_once(&unsafe { Self::row(cpu, top) }[0]) >= !key {
            top = top.wrapping_sub(Self::STEP);
        }
        top
    }

    /// Puts a row on top of that with this index. Returns [`false`] if there is no room.
    #[inline(always)]
    fn put(cpu: *const Word, top: usize, row: [usize; WORDS]) -> bool {
        if top >= DEEP * Self::STEP {
            return false;
        }
        let top = top.wrapping_add(Self::STEP);
        // SAFETY: It is at most the last row.
        let place = unsafe { Self::row(cpu, top) };
        write_once(&place[0], !row[0]);
        // This becomes one store for each, which an iterator would not.
        let mut index = 1;
        while index < WORDS {
            write_once(&place[index], row[index]);
            index = index.wrapping_add(1);
        }
        // INVARIANT: It is the index of that row.
        write_once(Self::top(cpu), top);
        true
    }

    /// Takes away all rows of this CPU whose keys are at most `key`.
    #[inline]
    pub fn pop(&self, here: &Here<'_>, key: usize) {
        let cpu = self.here(here);
        // INVARIANT: It is the index of a row.
        write_once(Self::top(cpu), Self::above(cpu, key));
    }

    /// Puts a row on top, whose key is at most that of the topmost one. Returns [`false`] if there is no room.
    #[inline]
    pub fn push(&self, here: &Here<'_>, row: [usize; WORDS]) -> bool {
        let cpu = self.here(here);
        Self::put(cpu, read_once(Self::top(cpu)), row)
    }

    /// Puts a row on top of the first that has a greater key, and takes the others away. Returns [`false`] if there is no room.
    #[inline(always)]
    pub fn replace(&self, here: &Here<'_>, row: [usize; WORDS]) -> bool {
        let cpu = self.here(here);
        Self::put(cpu, Self::above(cpu, row[0]), row)
    }

    /// Returns whether this CPU has none.
    #[inline(always)]
    pub fn is_empty(&self, here: &Here<'_>) -> bool {
        read_once(Self::top(self.here(here))) == 0
    }

    /// Takes all rows of this CPU, the lowest first.
    pub fn take(&self, here: &Here<'_>, mut f: impl FnMut([usize; WORDS])) {
        let cpu = self.here(here);
        let end = read_once(Self::top(cpu));
        // INVARIANT: That is the ground.
        write_once(Self::top(cpu), 0);
        for top in (Self::STEP..=end).step_by(Self::STEP) {
            // SAFETY: It is the index of a row.
            let row = unsafe { Self::row(cpu, top) };
            let mut words = [0; WORDS];
            for (word, place) in words.iter_mut().zip(row) {
                *word = read_once(place);
            }
            words[0] = !words[0];
            f(words);
        }
    }

    /// Takes all rows of all CPUs away. What a handler does meanwhile may win.
    pub fn reset(&self) {
        // INVARIANT: All is 0, as at first.
        self.words.reset();
    }
}
