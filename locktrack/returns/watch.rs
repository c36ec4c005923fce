// SPDX-License-Identifier: GPL-2.0

//! What happens to a folio while a call is under way, noted without a lock.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
};

use kprobes::read_once;

/// How many places a key can be in: as many as a cache line has.
const WIDTH: usize = 8;
const BUCKETS: usize = 64;

/// The key of a place that is being taken. No address is that.
const TAKEN: usize = 1;

/// What is known of a watched key.
struct Note {
    /// The key, if something happened to it: who saw it happen may be late, when the place is another key's.
    seen: Atomic<usize>,
    /// The function in which it is watched.
    function: Atomic<usize>,
}

/// A set of addresses that are watched, in which every context can look.
///
/// A key can be in it several times, once for each call.
pub(crate) struct Watch {
    /// 0 is a free place.
    keys: KVVec<Atomic<usize>>,
    notes: KVVec<Note>,
}

/// A place in a [`Watch`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watched(u16);

/// What became of a key while it was watched.
pub(crate) enum Seen {
    Nothing,
    /// Something happened to it.
    Happened,
    /// It was not watched all the time.
    Unknown,
}

impl Watched {
    /// Nothing is watched.
    pub(crate) const NONE: Self = Self(u16::MAX);

    /// Returns whether there is a place.
    pub(crate) fn is_some(self) -> bool {
        self != Self::NONE
    }
}

impl Watch {
    pub(crate) fn new() -> Result<Self> {
        let mut keys = KVVec::with_capacity(BUCKETS * WIDTH, GFP_KERNEL)?;
        let mut notes = KVVec::with_capacity(BUCKETS * WIDTH, GFP_KERNEL)?;
        for _ in 0..BUCKETS * WIDTH {
            keys.push(Atomic::new(0), GFP_KERNEL)?;
            let note = Note {
                seen: Atomic::new(0),
                function: Atomic::new(0),
            };
            notes.push(note, GFP_KERNEL)?;
        }
        Ok(Self { keys, notes })
    }

    /// Returns how much memory the places take, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.keys.len() * size_of::<usize>() + self.notes.len() * size_of::<Note>()
    }

    /// The places of a key.
    fn bucket(key: usize) -> core::ops::Range<usize> {
        let hash = ((key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize;
        let first = hash % BUCKETS * WIDTH;
        first..first + WIDTH
    }

    fn places_of(&self, key: usize) -> impl Iterator<Item = (&Atomic<usize>, &Note)> {
        let places =
            Self::bucket(key).filter_map(|place| self.keys.get(place).zip(self.notes.get(place)));
        places.filter(move |(at, _)| read_once(at) == key && at.load(Acquire) == key)
    }

    /// Watches a key for a call of `function`. [`Watched::NONE`] if there is no room.
    pub(crate) fn begin(&self, key: usize, function: usize) -> Watched {
        for place in Self::bucket(key) {
            let (Some(at), Some(note)) = (self.keys.get(place), self.notes.get(place)) else {
                continue;
            };
            if read_once(at) == 0 && at.cmpxchg(0, TAKEN, Relaxed).is_ok() {
                note.seen.store(0, Relaxed);
                note.function.store(function, Relaxed);
                at.store(key, Release);
                return Watched(place as u16);
            }
        }
        Watched::NONE
    }

    /// Notes that something happened to a key.
    #[inline]
    pub(crate) fn saw(&self, key: usize) {
        for (_, note) in self.places_of(key) {
            note.seen.store(key, Release);
        }
    }

    /// Ends the watch of a key for a call of `function`. Returns what became of it.
    pub(crate) fn end(&self, watched: Watched, key: usize, function: usize) -> Seen {
        let place = usize::from(watched.0);
        let (Some(at), Some(note)) = (self.keys.get(place), self.notes.get(place)) else {
            return Seen::Unknown;
        };
        let seen = match note.seen.load(Acquire) == key {
            true => Seen::Happened,
            false => Seen::Nothing,
        };
        // If the function was forgotten meanwhile, the place is free or another's by now.
        if note.function.load(Relaxed) != function || at.cmpxchg(key, 0, Release).is_err() {
            return Seen::Unknown;
        }
        seen
    }

    /// Ends all watches of calls of a function, which must not begin new ones.
    pub(crate) fn forget(&self, function: usize) {
        for (at, note) in self.keys.iter().zip(&self.notes) {
            let key = at.load(Acquire);
            if key > TAKEN && note.function.load(Relaxed) == function {
                // If it has just ended, the place can be another's.
                let _ = at.cmpxchg(key, 0, Relaxed);
            }
        }
    }
}
