// SPDX-License-Identifier: GPL-2.0

//! A short question to a lock: whether it is in the state that is expected.

use kprobes::{
    current,
    read_or, //
};

use crate::{
    owner,
    Answer,
    Lock,
    Mode, //
};

/// What a lock is found in as long as all is as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It names the current task as its owner.
    Owned,
    /// Nobody holds it.
    NotHeld,
    /// It is held, and names nobody.
    Taken,
}

impl State {
    /// Returns what [`Lock::query`] says of a lock in this state.
    pub const fn answer(self) -> Answer {
        match self {
            State::Owned => Answer::Exact(Mode::Exclusive),
            State::NotHeld => Answer::Exact(Mode::NotHeld),
            State::Taken => Answer::Someone(Mode::Exclusive),
        }
    }
}

/// What a word of a lock has in it if the lock is in one [`State`].
///
/// All states are told in the same way, so that a handler asks about many locks without a branch for each kind.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The bits that are looked at.
    bits: usize,
    /// What they are: some, or none, of those of the current task's address,
    of_task: usize,
    /// and these.
    value: usize,
    /// What is taken for the word where nothing can be read. It is not that.
    nothing: usize,
}

impl Word {
    /// What no word has in it.
    pub const NEVER: Self = Self {
        bits: 0,
        of_task: 0,
        value: 1,
        nothing: 0,
    };

    /// Returns whether the word at this address is so, and with it the lock. [`false`] says nothing of the lock: it has to be
    /// asked.
    ///
    /// Can be called in any context.
    #[inline(always)]
    pub fn is_at(&self, address: usize) -> bool {
        read_or(address, self.nothing) & self.bits == current() as usize & self.of_task | self.value
    }
}

impl Lock {
    /// Returns the address of a word of the lock, and what it has in it only if the lock is in this state. Then the
    /// [answer](State::answer) need not be asked for.
    ///
    /// [`None`] if no word tells, or if lockdep knows more.
    pub fn word(self, state: State) -> Option<(usize, Word)> {
        if cfg!(CONFIG_LOCKDEP) {
            return None;
        }
        let (address, bits) = match state {
            State::Owned => owner::owner_word(self)?,
            State::NotHeld => owner::held_word(self)?,
            State::Taken => owner::taken_word(self)?,
        };
        let word = match state {
            State::Owned => Word {
                bits,
                of_task: usize::MAX,
                value: 0,
                nothing: 0,
            },
            State::NotHeld => Word {
                bits,
                of_task: 0,
                value: 0,
                nothing: usize::MAX,
            },
            State::Taken => Word {
                bits,
                of_task: 0,
                value: bits & bits.wrapping_neg(),
                nothing: 0,
            },
        };
        Some((address, word))
    }
}
