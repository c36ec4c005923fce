// SPDX-License-Identifier: GPL-2.0

//! Places for what is noted about tasks and objects, without a lock.

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

/// How many places a key can have: as many as a cache line has keys.
const WIDTH: usize = 8;
const BUCKETS: usize = 64;

/// The key of a place that is being taken. No address is that.
const TAKEN: usize = 1;

/// A note of so many words.
type Note<const WORDS: usize> = [Atomic<usize>; WORDS];

/// A set of notes, in which every context can look. Each has the address of something as its key, which several can have.
pub(crate) struct Places<const WORDS: usize> {
    /// 0 is a free place.
    keys: KVVec<Atomic<usize>>,
    notes: KVVec<Note<WORDS>>,
    /// How many places are not free.
    taken: Atomic<isize>,
}

/// A place in [`Places`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u16);

impl Place {
    /// No place.
    pub(crate) const NONE: Self = Self(u16::MAX);

    /// Returns whether it is one.
    pub(crate) fn is_some(self) -> bool {
        self != Self::NONE
    }
}

impl<const WORDS: usize> Places<WORDS> {
    pub(crate) fn new() -> Result<Self> {
        let mut keys = KVVec::with_capacity(BUCKETS * WIDTH, GFP_KERNEL)?;
        let mut notes = KVVec::with_capacity(BUCKETS * WIDTH, GFP_KERNEL)?;
        for _ in 0..BUCKETS * WIDTH {
            keys.push(Atomic::new(0), GFP_KERNEL)?;
            notes.push([const { Atomic::new(0) }; WORDS], GFP_KERNEL)?;
        }
        Ok(Self {
            keys,
            notes,
            taken: Atomic::new(0),
        })
    }

    /// Returns how much memory they take, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.keys.len() * (1 + WORDS) * size_of::<usize>()
    }

    /// Returns whether there is any note.
    #[inline(always)]
    pub(crate) fn any(&self) -> bool {
        read_once(&self.taken) != 0
    }

    fn at(&self, place: Place) -> Option<(&Atomic<usize>, &Note<WORDS>)> {
        let place = usize::from(place.0);
        self.keys.get(place).zip(self.notes.get(place))
    }

    /// The places that a key can have.
    fn places(key: usize) -> impl Iterator<Item = Place> {
        let hash = ((key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize;
        let first = hash % BUCKETS * WIDTH;
        (first..first + WIDTH).map(|place| Place(place as u16))
    }

    /// Notes something. Returns where, or [`Place::NONE`] if there is no room.
    pub(crate) fn put(&self, key: usize, words: &[usize; WORDS]) -> Place {
        for place in Self::places(key) {
            let Some((at, note)) = self.at(place) else {
                continue;
            };
            if read_once(at) == 0 && at.cmpxchg(0, TAKEN, Relaxed).is_ok() {
                for (place, &word) in note.iter().zip(words) {
                    place.store(word, Relaxed);
                }
                self.taken.add(1, Relaxed);
                at.store(key, Release);
                return place;
            }
        }
        Place::NONE
    }

    /// Returns the note at a place, whoever's it is.
    pub(crate) fn note(&self, place: Place) -> Option<&Note<WORDS>> {
        Some(self.at(place)?.1)
    }

    /// Returns the notes with this key. Others may free a place and take it meanwhile.
    pub(crate) fn of(&self, key: usize) -> impl Iterator<Item = (Place, &Note<WORDS>)> {
        Self::places(key).filter_map(move |place| {
            let (at, note) = self.at(place)?;
            (read_once(at) == key && at.load(Acquire) == key).then_some((place, note))
        })
    }

    /// Returns all notes with their keys. Others may free a place and take it meanwhile.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Place, usize, &Note<WORDS>)> {
        let places = (0..self.keys.len()).map(|place| Place(place as u16));
        places.filter_map(|place| {
            let (at, note) = self.at(place)?;
            let key = at.load(Acquire);
            (key > TAKEN).then_some((place, key, note))
        })
    }

    /// Takes the notes with this key for which `f` returns [`true`].
    pub(crate) fn take(&self, key: usize, mut f: impl FnMut(&[usize; WORDS]) -> bool) {
        for (place, note) in self.of(key) {
            if f(&words(note)) {
                self.free(place, key);
            }
        }
    }

    /// Returns how many notes there are for which `f` returns [`true`].
    pub(crate) fn count(&self, mut f: impl FnMut(&[usize; WORDS]) -> bool) -> usize {
        self.all().filter(|(.., note)| f(&words(note))).count()
    }

    /// Takes all notes. Nobody may put any meanwhile.
    pub(crate) fn clear(&self) {
        for (place, key, _) in self.all() {
            self.free(place, key);
        }
    }

    /// Frees a place, if it has this key.
    pub(crate) fn free(&self, place: Place, key: usize) -> bool {
        let freed = self
            .at(place)
            .is_some_and(|(at, _)| at.cmpxchg(key, 0, Release).is_ok());
        if freed {
            self.taken.add(-1, Relaxed);
        }
        freed
    }
}

/// Returns the words of a note.
fn words<const WORDS: usize>(note: &Note<WORDS>) -> [usize; WORDS] {
    let mut words = [0; WORDS];
    for (word, place) in words.iter_mut().zip(note) {
        *word = place.load(Relaxed);
    }
    words
}
