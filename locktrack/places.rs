// SPDX-License-Identifier: GPL-2.0

//! Places for what is noted about tasks while they do not run, without a lock.

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

/// How many places a task can have: as many as a cache line has keys.
const WIDTH: usize = 8;
const BUCKETS: usize = 64;

/// The key of a place that is being taken. No address is that.
const TAKEN: usize = 1;

/// A set of notes with so many words, in which every context can look. Each has the address of a task as its key. Only the CPU
/// that switches the task out or in, or runs it, uses those of a task.
pub(crate) struct Places<const WORDS: usize> {
    /// 0 is a free place.
    keys: KVVec<Atomic<usize>>,
    notes: KVVec<[Atomic<usize>; WORDS]>,
    /// How many places are not free.
    taken: Atomic<isize>,
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

    /// The places that a task can have.
    fn of(&self, task: usize) -> impl Iterator<Item = (&Atomic<usize>, &[Atomic<usize>; WORDS])> {
        let hash = ((task as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize;
        let first = hash % BUCKETS * WIDTH;
        let places = first..first + WIDTH;
        places.filter_map(|place| self.keys.get(place).zip(self.notes.get(place)))
    }

    /// Notes something about a task. Returns [`false`] if there is no room.
    pub(crate) fn put(&self, task: usize, words: &[usize; WORDS]) -> bool {
        for (key, note) in self.of(task) {
            if read_once(key) == 0 && key.cmpxchg(0, TAKEN, Relaxed).is_ok() {
                for (place, &word) in note.iter().zip(words) {
                    place.store(word, Relaxed);
                }
                self.taken.add(1, Relaxed);
                key.store(task, Release);
                return true;
            }
        }
        false
    }

    /// Takes the notes about a task for which `f` returns [`true`].
    pub(crate) fn take(&self, task: usize, mut f: impl FnMut(&[usize; WORDS]) -> bool) {
        for (key, note) in self.of(task) {
            if read_once(key) == task && key.load(Acquire) == task && f(&load(note)) {
                key.store(0, Release);
                self.taken.add(-1, Relaxed);
            }
        }
    }

    /// Returns how many notes there are for which `f` returns [`true`].
    pub(crate) fn count(&self, mut f: impl FnMut(&[usize; WORDS]) -> bool) -> usize {
        let places = self.keys.iter().zip(&self.notes);
        let notes = places.filter(|(key, _)| key.load(Acquire) > TAKEN);
        notes.filter(|(_, note)| f(&load(note))).count()
    }
}

fn load<const WORDS: usize>(note: &[Atomic<usize>; WORDS]) -> [usize; WORDS] {
    let mut words = [0; WORDS];
    for (word, place) in words.iter_mut().zip(note) {
        *word = place.load(Relaxed);
    }
    words
}
