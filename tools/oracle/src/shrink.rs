// SPDX-License-Identifier: GPL-2.0

//! Makes a sequence that differs as short and as simple as it can be.
//!
//! proptest takes elements out of a vector one by one, and each but once, which for hundreds of operations takes
//! long and leaves many. What an operation is made simpler by is proptest's.

use std::time::{Duration, Instant};

use proptest::strategy::ValueTree;

use crate::{compare::Differs, ops::Op};

/// It is stopped after that.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs a sequence.
type Try<'a> = dyn FnMut(&[Op]) -> Result<(), Differs> + 'a;

struct Shrink<'a, T> {
    trees: Vec<T>,
    differs: Differs,
    run: &'a mut Try<'a>,
    until: Instant,
}

impl<T: ValueTree<Value = Op>> Shrink<'_, T> {
    fn differs(&mut self, ops: &[Op]) -> bool {
        if Instant::now() > self.until {
            return false;
        }
        match (self.run)(ops) {
            Ok(()) => false,
            Err(differs) => {
                self.differs = differs;
                true
            }
        }
    }

    fn ops(&self) -> Vec<Op> {
        self.trees.iter().map(T::current).collect()
    }

    /// Takes out what it does without, in pieces that get smaller. Whether it took out any.
    fn take_out(&mut self) -> bool {
        let before = self.trees.len();
        let mut piece = before.div_ceil(2);
        while piece > 0 {
            let mut at = 0;
            while at < self.trees.len() {
                let mut ops = self.ops();
                ops.drain(at..(at + piece).min(ops.len()));
                if self.differs(&ops) {
                    self.trees.drain(at..(at + piece).min(self.trees.len()));
                    self.trees.truncate(self.differs.number);
                } else {
                    at += piece;
                }
            }
            piece /= 2;
        }
        self.trees.len() < before
    }

    /// Makes each operation simpler.
    fn simplify(&mut self) {
        for at in 0..self.trees.len() {
            while self.trees[at].simplify() {
                loop {
                    let ops = self.ops();
                    if self.differs(&ops) || !self.trees[at].complicate() {
                        break;
                    }
                }
                if Instant::now() > self.until {
                    // Back to the last that did.
                    while self.trees[at].complicate() {}
                    return;
                }
            }
        }
    }
}

/// The shortest sequence that was found, and how it differs.
pub fn shrink<'a, T: ValueTree<Value = Op>>(
    mut trees: Vec<T>,
    differs: Differs,
    run: &'a mut Try<'a>,
) -> (Vec<Op>, Differs) {
    trees.truncate(differs.number);
    let until = Instant::now() + LONGEST;
    let mut shrink = Shrink {
        trees,
        differs,
        run,
        until,
    };
    while shrink.take_out() {}
    shrink.simplify();
    while shrink.take_out() {}
    (shrink.ops(), shrink.differs)
}
