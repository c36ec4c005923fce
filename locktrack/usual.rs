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
const AWAKE: usize = column(Answer::Awake);

/// The answer that a rule without conditions nearly always gets, and that keeps it.
#[repr(u8)]
pub(crate) enum Usual {
    /// A lock of the object whose table has the callback is as it should be, or one of which there is only one. These are
    /// the [`State`]s.
    NotHeld(Word),
    Owned(Word),
    Taken(Word),
    /// A lock of an object that is found from an argument is as it should be.
    Elsewhere(Register, Way, State, Word),
    /// Sleeping is allowed.
    MaySleep,
    /// Softirqs are off, as in a callback of RCU.
    Softirq,
    /// The call will not sleep. It need only be noted, for those who see when it does.
    Awake,
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

/// A word of a lock.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    /// All bits if it is so far behind an object, none if `offset` is its address.
    of_object: usize,
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
            What::MaySleep => None,
            What::Sleeps => Some(Self::Awake),
            What::Global(lock) if lock.is_softirq() => {
                (requirement == Requirement::Held).then_some(Self::Softirq)
            }
            What::Global(lock) => {
                let (state, word) = Word::new(lock, requirement, None)?;
                Some(Self::of(state, word))
            }
            What::Object(reach, lock) => {
                let lock = lock_of(lock, SOMEWHERE)?;
                let (state, word) = Word::new(lock, requirement, Some(SOMEWHERE))?;
                if object == Some((reach.argument, reach.path)) {
                    return Some(Self::of(state, word));
                }
                let (register, way) = (Register::new(reach.argument)?, Way::new(reach.path)?);
                Some(Self::Elsewhere(register, way, state, word))
            }
        }
    }

    fn of(state: State, word: Word) -> Self {
        match state {
            State::Owned => Self::Owned(word),
            State::NotHeld => Self::NotHeld(word),
            State::Taken => Self::Taken(word),
        }
    }

    /// Returns whether a call is as usual. `object` is the one whose table has the callback. Nothing is called for it.
    #[inline(always)]
    pub(crate) fn is(&self, hit: &Hit<'_>, object: usize) -> bool {
        match self {
            Self::NotHeld(word) => word.says(object, State::NotHeld),
            Self::Owned(word) => word.says(object, State::Owned),
            Self::Taken(word) => word.says(object, State::Taken),
            // What is found from nothing is no address.
            Self::Elsewhere(register, way, state, word) => {
                word.says(way.follow(hit.register(*register)), *state)
            }
            Self::MaySleep => held::surely_may_sleep(hit),
            Self::Softirq => hit.in_softirq(),
            Self::Awake => true,
        }
    }

    /// Returns the index of the answer in [`ANSWERS`](crate::counts::ANSWERS).
    pub(crate) fn column(&self) -> usize {
        match self {
            Self::MaySleep => MAY_SLEEP,
            Self::Owned(_) | Self::Elsewhere(.., State::Owned, _) => OWNED,
            Self::NotHeld(_) | Self::Elsewhere(.., State::NotHeld, _) => NOT_HELD,
            Self::Taken(_) | Self::Elsewhere(.., State::Taken, _) => TAKEN,
            Self::Softirq => IN_SOFTIRQ,
            Self::Awake => AWAKE,
        }
    }
}

impl Word {
    /// Finds the word of a lock of the object at an address, or of one of which there is only one, and what it should say.
    fn new(
        lock: held::Lock,
        requirement: Requirement,
        object: Option<usize>,
    ) -> Option<(State, Self)> {
        let (state, (address, bits)) = match requirement {
            // What nothing is promised about is nearly never held.
            Requirement::NotHeld | Requirement::NotPromised => (State::NotHeld, lock.held_word()?),
            _ => match (lock.owner(), lock.held_word()) {
                (Some(word), _) => (State::Owned, word),
                (None, Some(word)) if lock.is_nameless() => (State::Taken, word),
                _ => return None,
            },
        };
        let word = Self {
            of_object: object.map_or(0, |_| usize::MAX),
            offset: address.wrapping_sub(object.unwrap_or(0)),
            bits,
        };
        Some((state, word))
    }

    #[inline(always)]
    fn says(&self, object: usize, state: State) -> bool {
        let address = (object & self.of_object).wrapping_add(self.offset);
        match state {
            State::Owned => held::is_owner(address, self.bits),
            State::NotHeld => held::is_free(address, self.bits),
            State::Taken => held::is_held(address, self.bits),
        }
    }
}
