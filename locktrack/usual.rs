// SPDX-License-Identifier: GPL-2.0

//! What nearly every call finds, told by a look at one word for each rule.

use held::{
    Answer,
    Mode,
    State, //
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

const IN_SOFTIRQ: usize = column(Answer::Someone(Mode::Shared));
const MAY_SLEEP: usize = column(Answer::MaySleep);
const AWAKE: usize = column(Answer::Awake);

/// The answer that a rule without conditions nearly always gets, and that keeps it.
#[repr(u8)]
pub(crate) enum Usual {
    /// A lock of the object whose table has the callback is as it should be.
    Here(State, Word),
    /// A lock of an object that is found from an argument is as it should be.
    Elsewhere(Register, Way, State, Word),
    /// A lock of which there is only one is as it should be.
    Global(State, Word),
    /// Sleeping is allowed.
    MaySleep,
    /// Softirqs are off, as in a callback of RCU.
    Softirq,
    /// The call will not sleep. It need only be noted, for those who see when it does.
    Awake,
}

/// A word of a lock, so far behind an object.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    offset: usize,
    word: held::Word,
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
                let (state, word) = Word::new(lock, requirement, 0)?;
                Some(Self::Global(state, word))
            }
            What::Object(reach, lock) => {
                let lock = lock_of(lock, SOMEWHERE)?;
                let (state, word) = Word::new(lock, requirement, SOMEWHERE)?;
                if object == Some((reach.argument, reach.path)) {
                    return Some(Self::Here(state, word));
                }
                let (register, way) = (Register::new(reach.argument)?, Way::new(reach.path)?);
                Some(Self::Elsewhere(register, way, state, word))
            }
        }
    }

    /// Returns whether a call is as usual. `object` is the one whose table has the callback. Nothing is called for it.
    #[inline(always)]
    pub(crate) fn is(&self, hit: &Hit<'_>, object: usize) -> bool {
        match self {
            Self::Here(_, word) => word.is_of(object),
            // What is found from nothing is no address.
            Self::Elsewhere(register, way, _, word) => {
                word.is_of(way.follow(hit.register(*register)))
            }
            Self::Global(_, word) => word.is_of(0),
            Self::MaySleep => held::surely_may_sleep(hit),
            Self::Softirq => hit.in_softirq(),
            Self::Awake => true,
        }
    }

    /// Returns the index of the answer in [`ANSWERS`](crate::counts::ANSWERS).
    pub(crate) fn column(&self) -> usize {
        match self {
            Self::Here(state, _) | Self::Elsewhere(.., state, _) | Self::Global(state, _) => {
                column(state.answer())
            }
            Self::MaySleep => MAY_SLEEP,
            Self::Softirq => IN_SOFTIRQ,
            Self::Awake => AWAKE,
        }
    }
}

impl Word {
    /// What no object has.
    pub(crate) const NEVER: Self = Self {
        offset: 0,
        word: held::Word::NEVER,
    };

    /// Finds a word of a lock of the object at this address, or of any if that is 0, and the state that it should tell.
    fn new(lock: held::Lock, requirement: Requirement, object: usize) -> Option<(State, Self)> {
        let states: &[State] = match requirement {
            // What nothing is promised about is nearly never held.
            Requirement::NotHeld | Requirement::NotPromised => &[State::NotHeld],
            _ => &[State::Owned, State::Taken],
        };
        let mut found = states
            .iter()
            .filter_map(|&state| Some((state, lock.word(state)?)));
        let (state, (address, word)) = found.next()?;
        let offset = address.wrapping_sub(object);
        Some((state, Self { offset, word }))
    }

    /// Returns whether it is so behind this object.
    #[inline(always)]
    pub(crate) fn is_of(&self, object: usize) -> bool {
        self.word.is_at(object.wrapping_add(self.offset))
    }
}
