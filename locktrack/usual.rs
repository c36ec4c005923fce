// SPDX-License-Identifier: GPL-2.0

//! What nearly every call finds, told by a look at one word for each rule.

use held::{
    Answer,
    Mode, //
};
use kprobes::{
    Hit,
    Register, //
};
use peek::Way;
use rules::Requirement;

use crate::{
    check::lock_of,
    counts::column,
    plan::What, //
};

const OWNED: usize = column(Answer::Exact(Mode::Exclusive));
const NOT_HELD: usize = column(Answer::Exact(Mode::NotHeld));
const TAKEN: usize = column(Answer::Someone(Mode::Exclusive));
const IN_SOFTIRQ: usize = column(Answer::Someone(Mode::Shared));
const MAY_SLEEP: usize = column(Answer::MaySleep);

/// The answer that a rule without conditions nearly always gets, and that keeps it.
#[repr(u8)]
pub(crate) enum Usual {
    /// Sleeping is allowed.
    MaySleep,
    /// A lock of the object whose table has the callback is as it should be. These are the [`State`]s.
    Owned(Word),
    NotHeld(Word),
    Taken(Word),
    /// A lock that is found elsewhere is as it should be.
    Elsewhere(Place, State, Word),
    /// Softirqs are off, as in a callback of RCU.
    Softirq,
}

/// What a word of a lock says of it.
#[derive(Clone, Copy)]
pub(crate) enum State {
    /// It names the current task as its owner.
    Owned,
    /// Nobody holds it.
    NotHeld,
    /// It is held, and names nobody.
    Taken,
}

/// Where a lock is, or the object that it is in.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// It is found from an argument.
    Argument(Register, Way),
    /// There is only one.
    Global,
}

/// A word of a lock.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    /// So far behind the object, or the address.
    offset: usize,
    bits: usize,
}

impl Usual {
    /// Finds what is usual for a rule of a callback whose object is found in this way, if it can be told in the short way.
    pub(crate) fn new(
        what: What,
        requirement: Requirement,
        object: Option<(u8, &'static [usize])>,
    ) -> Option<Self> {
        /// Some object, at which nothing is looked.
        const SOMEWHERE: usize = 1 << (usize::BITS - 1);
        match what {
            What::MaySleep if requirement == Requirement::Allowed => Some(Self::MaySleep),
            What::MaySleep | What::Sleeps => None,
            What::Global(lock) if lock.is_softirq() => {
                (requirement == Requirement::Held).then_some(Self::Softirq)
            }
            What::Global(lock) => {
                let (state, word) = Word::new(lock, requirement, 0)?;
                Some(Self::Elsewhere(Place::Global, state, word))
            }
            What::Object(reach, lock) => {
                let lock = lock_of(lock, SOMEWHERE)?;
                let (state, word) = Word::new(lock, requirement, SOMEWHERE)?;
                if object != Some((reach.argument, reach.path)) {
                    let (register, way) = (Register::new(reach.argument)?, Way::new(reach.path)?);
                    return Some(Self::Elsewhere(Place::Argument(register, way), state, word));
                }
                Some(match state {
                    State::Owned => Self::Owned(word),
                    State::NotHeld => Self::NotHeld(word),
                    State::Taken => Self::Taken(word),
                })
            }
        }
    }

    /// Returns whether a call is as usual. `object` is the one whose table has the callback. Nothing is called for it.
    #[inline(always)]
    pub(crate) fn is(&self, hit: &Hit<'_>, object: usize) -> bool {
        match self {
            Self::MaySleep => held::surely_may_sleep(hit),
            Self::Owned(word) => word.says(object, State::Owned),
            Self::NotHeld(word) => word.says(object, State::NotHeld),
            Self::Taken(word) => word.says(object, State::Taken),
            Self::Elsewhere(place, state, word) => {
                let start = match place {
                    // What is found from nothing is no address.
                    Place::Argument(register, way) => way.follow(hit.register(*register)),
                    Place::Global => 0,
                };
                word.says(start, *state)
            }
            Self::Softirq => hit.in_softirq(),
        }
    }

    /// Returns the index of the answer in [`ANSWERS`](crate::counts::ANSWERS).
    pub(crate) fn column(&self) -> usize {
        match self {
            Self::MaySleep => MAY_SLEEP,
            Self::Owned(_) | Self::Elsewhere(_, State::Owned, _) => OWNED,
            Self::NotHeld(_) | Self::Elsewhere(_, State::NotHeld, _) => NOT_HELD,
            Self::Taken(_) | Self::Elsewhere(_, State::Taken, _) => TAKEN,
            Self::Softirq => IN_SOFTIRQ,
        }
    }
}

impl Word {
    /// Finds the word of a lock of an object that is at `start`, and what it should say.
    fn new(lock: held::Lock, requirement: Requirement, start: usize) -> Option<(State, Self)> {
        let (state, (address, bits)) = match requirement {
            // What nothing is promised about is nearly never held.
            Requirement::NotHeld | Requirement::NotPromised => (State::NotHeld, lock.held_word()?),
            _ => match (lock.owner(), lock.held_word()) {
                (Some(word), _) => (State::Owned, word),
                (None, Some(word)) if lock.is_nameless() => (State::Taken, word),
                _ => return None,
            },
        };
        let offset = address.wrapping_sub(start);
        Some((state, Self { offset, bits }))
    }

    #[inline(always)]
    fn says(&self, start: usize, state: State) -> bool {
        let address = start.wrapping_add(self.offset);
        match state {
            State::Owned => held::is_owner(address, self.bits),
            State::NotHeld => held::is_free(address, self.bits),
            State::Taken => held::is_held(address, self.bits),
        }
    }
}
