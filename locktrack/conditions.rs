// SPDX-License-Identifier: GPL-2.0

//! The conditions of rules, as they are decided at the entry of each call.

use kprobes::{
    Hit,
    Register, //
};
use peek::{
    number,
    Inode,
    Way, //
};
use rules::{
    Condition,
    Reach,
    Value, //
};

/// A condition that the entry of a call decides.
pub(crate) enum Test {
    /// There is something.
    Exists(Object),
    /// There is an inode, and it is a directory or not.
    IsDir(Object, bool),
    /// Two arguments are the same or not.
    Same(Register, Register, bool),
    /// A number has bits of a mask or not.
    Flag(Number, u32, bool),
    /// A `bool` is so.
    Is(Register, bool),
}

/// An object that is found from an argument.
pub(crate) struct Object(Register, Way);

/// A number.
pub(crate) enum Number {
    Argument(Register),
    /// So many bytes behind an object, with so many bytes.
    Member(Object, usize, usize),
}

impl Test {
    /// Makes one of a condition. [`None`] if the entry does not decide it, or if an argument that it is about comes on the
    /// stack.
    pub(crate) fn new(condition: &Condition) -> Option<Self> {
        let flag = |value, mask, set| Some(Self::Flag(Number::new(value)?, mask, set));
        match *condition {
            Condition::Exists(reach) => Object::new(reach).map(Self::Exists),
            Condition::IsDir(reach) => Some(Self::IsDir(Object::new(reach)?, true)),
            Condition::NotDir(reach) => Some(Self::IsDir(Object::new(reach)?, false)),
            Condition::Differ(one, other) => Some(Self::Same(
                Register::new(one)?,
                Register::new(other)?,
                false,
            )),
            Condition::Same(one, other) => {
                Some(Self::Same(Register::new(one)?, Register::new(other)?, true))
            }
            Condition::FlagSet { value, mask } => flag(value, mask, true),
            Condition::FlagClear { value, mask } => flag(value, mask, false),
            Condition::True(argument) => Some(Self::Is(Register::new(argument)?, true)),
            Condition::False(argument) => Some(Self::Is(Register::new(argument)?, false)),
            Condition::Returned(_) => None,
        }
    }

    /// Returns whether the condition holds. What cannot be read fulfils none.
    #[inline]
    pub(crate) fn holds(&self, hit: &Hit<'_>) -> bool {
        match self {
            Self::Exists(object) => object.find(hit).is_some(),
            Self::IsDir(object, dir) => {
                object
                    .find(hit)
                    .and_then(Inode::new)
                    .and_then(Inode::is_dir)
                    == Some(*dir)
            }
            Self::Same(one, other, same) => (hit.register(*one) == hit.register(*other)) == *same,
            Self::Flag(number, mask, set) => {
                number.read(hit).map(|number| number & mask != 0) == Some(*set)
            }
            // C reads one byte of the register.
            Self::Is(argument, so) => (hit.register(*argument) as u8 != 0) == *so,
        }
    }
}

impl Object {
    fn new(reach: Reach) -> Option<Self> {
        Some(Self(Register::new(reach.argument)?, Way::new(reach.path)?))
    }

    #[inline]
    fn find(&self, hit: &Hit<'_>) -> Option<usize> {
        self.1.find(hit.register(self.0))
    }
}

impl Number {
    fn new(value: Value) -> Option<Self> {
        match value {
            Value::Argument(argument) => Register::new(argument).map(Self::Argument),
            Value::Member {
                reach,
                offset,
                size,
            } => Some(Self::Member(Object::new(reach)?, offset, size)),
            Value::Returned => None,
        }
    }

    /// Returns its lower half, which has all flags.
    #[inline]
    fn read(&self, hit: &Hit<'_>) -> Option<u32> {
        match self {
            Self::Argument(register) => Some(hit.register(*register) as u32),
            Self::Member(object, offset, size) => {
                let member = object.find(hit)?.wrapping_add(*offset);
                Some(number(member, *size)? as u32)
            }
        }
    }
}
