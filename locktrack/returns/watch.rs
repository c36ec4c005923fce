// SPDX-License-Identifier: GPL-2.0

//! What happens to a folio while a call is under way.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Relaxed,
        Release, //
    },
};

use crate::places::{
    Place,
    Places, //
};

/// The words of a note. The key, if something happened to it: who saw it happen may be late, when the place is another key's.
const SEEN: usize = 0;
/// The function in which it is watched.
const FUNCTION: usize = 1;
const WORDS: usize = 2;

/// A set of addresses that are watched, in which every context can look.
///
/// A key can be in it several times, once for each call.
pub(crate) struct Watch {
    places: Places<WORDS>,
}

/// What became of a key while it was watched.
pub(crate) enum Seen {
    Nothing,
    /// Something happened to it.
    Happened,
    /// It was not watched all the time.
    Unknown,
}

impl Watch {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            places: Places::new()?,
        })
    }

    /// Returns how much memory the places take, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.places.size()
    }

    /// Watches a key for a call of `function`. [`Place::NONE`] if there is no room.
    pub(crate) fn begin(&self, key: usize, function: usize) -> Place {
        // In the order of the constants.
        self.places.put(key, &[0, function])
    }

    /// Notes that something happened to a key.
    #[inline]
    pub(crate) fn saw(&self, key: usize) {
        if self.places.any() {
            for (_, note) in self.places.of(key) {
                note[SEEN].store(key, Release);
            }
        }
    }

    /// Ends the watch of a key for a call of `function`. Returns what became of it.
    pub(crate) fn end(&self, watched: Place, key: usize, function: usize) -> Seen {
        let Some(note) = self.places.note(watched) else {
            return Seen::Unknown;
        };
        let seen = match note[SEEN].load(Acquire) == key {
            true => Seen::Happened,
            false => Seen::Nothing,
        };
        // If the function was forgotten meanwhile, the place is free or another's by now.
        if note[FUNCTION].load(Relaxed) != function || !self.places.free(watched, key) {
            return Seen::Unknown;
        }
        seen
    }

    /// Ends all watches of calls of a function, which must not begin new ones.
    pub(crate) fn forget(&self, function: usize) {
        for (place, key, note) in self.places.all() {
            if note[FUNCTION].load(Relaxed) == function {
                // If it has just ended, the place can be another's.
                self.places.free(place, key);
            }
        }
    }
}
