// SPDX-License-Identifier: GPL-2.0

//! Calls that are followed from the entry of a callback to its return.
//!
//! Rules about a lock at the return want that. Only functions with such a rule have a return probe. [`call`] is its handler,
//! [`parts`] what it does; [`watch`] notes what happens to a folio meanwhile, which [`witnesses`] see.

mod call;
mod parts;
mod watch;
mod witnesses;

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

pub(crate) use call::Following;
use watch::Watch;
pub(crate) use witnesses::Witnesses;

/// What the handlers of calls share.
pub(crate) struct Returns {
    /// Folios in a call that has to unlock them.
    folios: Watch,
    /// Calls that could not be watched.
    unwatched: Atomic<u64>,
}

impl Returns {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            folios: Watch::new()?,
            unwatched: Atomic::new(0),
        })
    }

    /// Returns how many calls could not be watched.
    pub(crate) fn unwatched(&self) -> u64 {
        self.unwatched.load(Relaxed)
    }

    /// Returns how much memory all this takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.folios.size()
    }

    pub(crate) fn reset(&self) {
        self.unwatched.store(0, Relaxed);
    }
}
