// SPDX-License-Identifier: GPL-2.0

//! Answers and what follows from them.

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not at all.
    NotHeld,
    /// For reading.
    Shared,
    /// For writing. A mutex is never held in another way.
    Exclusive,
}

/// How the current task holds a lock, or whether it may sleep or did, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The current task holds it in this way, for certain.
    Exact(Mode),
    /// Someone holds it in this way, and nobody in a stronger one. It may be the current task.
    Someone(Mode),
    /// Sleeping is allowed here, for certain.
    MaySleep,
    /// Sleeping is forbidden here, for certain.
    Atomic,
    /// The call came to its end without sleeping, for certain.
    Awake,
    /// The call slept, for certain.
    Slept,
    /// There is no telling.
    Unknown,
}

/// What an answer means for a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule is kept, as far as can be seen: see [`Answer::is_exact`].
    Ok,
    /// The rule is broken, for certain.
    Violation,
    /// There is no telling.
    Unknown,
}

impl Answer {
    /// Returns the answer about "one of two locks" that follows from those about each.
    ///
    /// That one is held counts for more than that the other is not, or that nothing is known of it.
    pub fn or(self, other: Self) -> Self {
        let strength = |answer| match answer {
            Answer::Exact(Mode::Exclusive) => 5,
            Answer::Exact(Mode::Shared) => 4,
            Answer::Someone(Mode::Exclusive) => 3,
            Answer::Someone(Mode::Shared) => 2,
            Answer::Exact(Mode::NotHeld) | Answer::Someone(Mode::NotHeld) => 0,
            _ => 1,
        };
        if strength(other) > strength(self) {
            other
        } else {
            self
        }
    }

    /// Judges a rule that wants the lock held in `mode` or in a stronger one.
    #[inline]
    pub fn at_least(self, mode: Mode) -> Verdict {
        match (self, mode) {
            (
                Answer::MaySleep | Answer::Atomic | Answer::Awake | Answer::Slept | Answer::Unknown,
                _,
            ) => Verdict::Unknown,
            (_, Mode::NotHeld) => Verdict::Ok,
            (Answer::Exact(Mode::NotHeld) | Answer::Someone(Mode::NotHeld), _) => {
                Verdict::Violation
            }
            (_, Mode::Shared) => Verdict::Ok,
            (Answer::Exact(held) | Answer::Someone(held), Mode::Exclusive) => {
                if held == Mode::Exclusive {
                    Verdict::Ok
                } else {
                    Verdict::Violation
                }
            }
        }
    }

    /// Judges a rule that wants the lock not to be held by the current task.
    #[inline]
    pub fn not_held(self) -> Verdict {
        match self {
            Answer::Exact(Mode::NotHeld) | Answer::Someone(Mode::NotHeld) => Verdict::Ok,
            Answer::Exact(_) => Verdict::Violation,
            Answer::Someone(_)
            | Answer::MaySleep
            | Answer::Atomic
            | Answer::Awake
            | Answer::Slept
            | Answer::Unknown => Verdict::Unknown,
        }
    }

    /// Judges a rule that wants a call to come where sleeping is allowed.
    #[inline]
    pub fn may_sleep(self) -> Verdict {
        match self {
            Answer::MaySleep => Verdict::Ok,
            Answer::Atomic => Verdict::Violation,
            _ => Verdict::Unknown,
        }
    }

    /// Judges a rule that wants a call not to sleep.
    #[inline]
    pub fn did_not_sleep(self) -> Verdict {
        match self {
            Answer::Awake => Verdict::Ok,
            Answer::Slept => Verdict::Violation,
            _ => Verdict::Unknown,
        }
    }

    /// Returns whether the answer is about the current task for certain.
    #[inline]
    pub fn is_exact(self) -> bool {
        !matches!(self, Answer::Someone(_) | Answer::Unknown)
    }

    /// Returns a word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Answer::Exact(Mode::NotHeld) | Answer::Someone(Mode::NotHeld) => "not-held",
            Answer::Exact(Mode::Shared) => "shared",
            Answer::Exact(Mode::Exclusive) => "exclusive",
            Answer::Someone(Mode::Shared) => "someone-shared",
            Answer::Someone(Mode::Exclusive) => "someone-exclusive",
            Answer::MaySleep => "may-sleep",
            Answer::Atomic => "atomic",
            Answer::Awake => "awake",
            Answer::Slept => "slept",
            Answer::Unknown => "unknown",
        }
    }
}
