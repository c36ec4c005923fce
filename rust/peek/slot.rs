// SPDX-License-Identifier: GPL-2.0

//! Where in a table of operations a callback stands.

use kprobes::read_nofault;

/// The place of a callback in a struct of callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

impl Slot {
    /// The callback so many bytes from the beginning of its struct.
    #[inline]
    pub const fn new(offset: usize) -> Self {
        Self(offset)
    }

    /// Returns the address of the callback in the table at this address, if it has one.
    #[inline]
    pub fn callback(self, table: usize) -> Option<usize> {
        read_nofault::<usize>(table.wrapping_add(self.0)).filter(|&callback| callback != 0)
    }
}
