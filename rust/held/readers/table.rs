// SPDX-License-Identifier: GPL-2.0

//! What tasks hold shared, in a fixed amount of memory and without a lock.
//!
//! Only a task itself changes its own entries and asks about them, in handlers of probes, of which a CPU runs
//! one at a time. So nothing here has to be ordered; tasks meet only where they look for a free place.

use crate::bindings;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use kprobes::current;

/// How many groups of tasks there are, by a hash of their address.
const BUCKETS: usize = 256;
/// How many locks the tasks of one group can hold at one time.
const WIDTH: usize = 16;
/// How many groups of locks there are, by a hash of their address.
const LOCKS: usize = 1024;

/// What the clocks of the kernel may differ by, in nanoseconds.
const SLACK: u64 = 100_000;

/// A lock that a task holds.
struct Hold {
    lock: Atomic<usize>,
    /// [`Table::stamp`] at the time when it was taken.
    stamp: Atomic<u64>,
    /// How often it was taken.
    depth: Atomic<u32>,
}

/// What the tasks of one group hold.
struct Bucket {
    /// The task that each of `holds` is of, or 0.
    tasks: [Atomic<usize>; WIDTH],
    holds: [Hold; WIDTH],
    /// Of a task that is older than this, in nanoseconds since boot, not all is known.
    since: Atomic<u64>,
    taken: Atomic<u64>,
    lost: Atomic<u64>,
    unmatched: Atomic<u64>,
}

/// How the current task holds a lock that somebody holds shared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Yes,
    No,
    /// It was not seen, or not all of it.
    Unknown,
}

/// Counts of a table.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) taken: u64,
    pub(super) held: u64,
    pub(super) lost: u64,
    pub(super) unmatched: u64,
}

/// The table.
pub(super) struct Table {
    buckets: KVVec<Bucket>,
    /// Of each group of locks, how often one was released by a task that was not seen to hold it. What was
    /// taken before that may be what was released.
    released: KVVec<Atomic<u64>>,
    /// How often hits of probes were lost. What was taken before that may be released.
    missed: Atomic<u64>,
    /// As in [`Bucket`], of all tasks.
    since: Atomic<u64>,
}

/// Returns a number below `size`, a power of two, for an address.
fn hash(address: usize, size: usize) -> usize {
    ((address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % size
}

/// Returns the time since boot in nanoseconds.
fn now() -> u64 {
    // SAFETY: It can be called in any context.
    unsafe { bindings::ktime_get_mono_fast_ns() }
}

/// Returns the time when the current task was made, in nanoseconds since boot.
fn born() -> u64 {
    // SAFETY: The current task is valid, and nobody else changes this while it runs.
    unsafe { (*current()).start_time }
}

/// Lets no task that lives now be older than `since` says.
fn distrust_living(since: &Atomic<u64>) {
    let new = now() + SLACK;
    let mut old = since.load(Relaxed);
    while old < new {
        match since.cmpxchg(old, new, Relaxed) {
            Ok(_) => break,
            Err(other) => old = other,
        }
    }
}

impl Bucket {
    fn new() -> Self {
        Self {
            tasks: [const { Atomic::new(0) }; WIDTH],
            holds: [const {
                Hold {
                    lock: Atomic::new(0),
                    stamp: Atomic::new(0),
                    depth: Atomic::new(0),
                }
            }; WIDTH],
            since: Atomic::new(0),
            taken: Atomic::new(0),
            lost: Atomic::new(0),
            unmatched: Atomic::new(0),
        }
    }

    /// Finds what the task knows of a lock that it holds, with the place of the task.
    fn find(&self, task: usize, lock: usize) -> Option<(&Atomic<usize>, &Hold)> {
        let mut places = self.tasks.iter().zip(&self.holds);
        places.find(|(at, hold)| at.load(Relaxed) == task && hold.lock.load(Relaxed) == lock)
    }
}

impl Table {
    /// Makes an empty one. Of the tasks that live, nothing is known until [`Self::begin`].
    pub(super) fn new() -> Result<Self> {
        let mut buckets = KVVec::with_capacity(BUCKETS, GFP_KERNEL)?;
        for _ in 0..BUCKETS {
            buckets.push(Bucket::new(), GFP_KERNEL)?;
        }
        let mut released = KVVec::with_capacity(LOCKS, GFP_KERNEL)?;
        for _ in 0..LOCKS {
            released.push(Atomic::new(0), GFP_KERNEL)?;
        }
        Ok(Self {
            buckets,
            released,
            missed: Atomic::new(0),
            since: Atomic::new(u64::MAX),
        })
    }

    /// All that is taken from now on is seen.
    pub(super) fn begin(&self) {
        self.since.store(now() + SLACK, Relaxed);
    }

    fn bucket(&self, task: usize) -> Option<&Bucket> {
        self.buckets.get(hash(task, BUCKETS))
    }

    fn released(&self, lock: usize) -> Option<&Atomic<u64>> {
        self.released.get(hash(lock, LOCKS))
    }

    /// Returns what stays the same for the current task as long as nothing happened that could have ended its hold
    /// of the lock unseen. What is counted only grows, and when a task was born does so from one to the next at the same address.
    /// It goes back only where a thread that is not its process's first calls `exec()`: it holds nothing shared then, and what is
    /// counted would have to grow by just as many as there are nanoseconds between the two.
    fn stamp(&self, lock: usize) -> u64 {
        let released = self.released(lock).map_or(0, |it| it.load(Relaxed));
        let missed = self.missed.load(Relaxed);
        born().wrapping_add(released).wrapping_add(missed)
    }

    /// The current task takes the lock, or is about to and cannot fail.
    pub(super) fn acquire(&self, lock: usize) {
        let task = current() as usize;
        let Some(bucket) = self.bucket(task) else {
            return;
        };
        add(&bucket.taken);
        let stamp = self.stamp(lock);
        if let Some((_, hold)) = bucket.find(task, lock) {
            // If it is not the same one again, the older one stays uncertain, and makes this one so.
            hold.depth.store(hold.depth.load(Relaxed) + 1, Relaxed);
            return;
        }
        for (at, hold) in bucket.tasks.iter().zip(&bucket.holds) {
            if at.load(Relaxed) == 0 && at.cmpxchg(0, task, Relaxed).is_ok() {
                hold.lock.store(lock, Relaxed);
                hold.stamp.store(stamp, Relaxed);
                hold.depth.store(1, Relaxed);
                return;
            }
        }
        add(&bucket.lost);
        distrust_living(&bucket.since);
    }

    /// The current task releases the lock.
    pub(super) fn release(&self, lock: usize) {
        let task = current() as usize;
        let Some(bucket) = self.bucket(task) else {
            return;
        };
        let Some((at, hold)) = bucket.find(task, lock) else {
            // It took it before it was followed, or another task did.
            add(&bucket.unmatched);
            if let Some(released) = self.released(lock) {
                released.add(1, Relaxed);
            }
            return;
        };
        match hold.depth.load(Relaxed) {
            0 | 1 => at.store(0, Relaxed),
            depth => hold.depth.store(depth - 1, Relaxed),
        }
    }

    /// The current task ends. What it still holds, somebody else releases, or nobody.
    pub(super) fn exit(&self) {
        let task = current() as usize;
        let Some(bucket) = self.bucket(task) else {
            return;
        };
        for at in &bucket.tasks {
            if at.load(Relaxed) == task {
                at.store(0, Relaxed);
                add(&bucket.lost);
                distrust_living(&bucket.since);
            }
        }
    }

    /// Returns how the current task holds a lock that somebody holds shared.
    pub(super) fn query(&self, lock: usize) -> Held {
        let task = current() as usize;
        let Some(bucket) = self.bucket(task) else {
            return Held::Unknown;
        };
        match bucket.find(task, lock) {
            Some((_, hold)) if hold.stamp.load(Relaxed) == self.stamp(lock) => Held::Yes,
            Some(_) => Held::Unknown,
            None => {
                let since = self.since.load(Relaxed).max(bucket.since.load(Relaxed));
                if born() > since {
                    Held::No
                } else {
                    Held::Unknown
                }
            }
        }
    }

    /// Hits of probes were lost: nothing that is there can be trusted any more, nor that nothing is.
    pub(super) fn distrust(&self) {
        distrust_living(&self.since);
        self.missed.add(1, Relaxed);
    }

    /// Returns what was counted, and how many locks are held.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for bucket in &self.buckets {
            let tasks = bucket.tasks.iter();
            counts.held += tasks.filter(|at| at.load(Relaxed) != 0).count() as u64;
            counts.taken += bucket.taken.load(Relaxed);
            counts.lost += bucket.lost.load(Relaxed);
            counts.unmatched += bucket.unmatched.load(Relaxed);
        }
        counts
    }

    /// Begins to count anew.
    pub(super) fn reset(&self) {
        for bucket in &self.buckets {
            bucket.taken.store(0, Relaxed);
            bucket.lost.store(0, Relaxed);
            bucket.unmatched.store(0, Relaxed);
        }
    }

    /// Returns how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>()
            + self.released.capacity() * size_of::<Atomic<u64>>()
    }
}

fn add(count: &Atomic<u64>) {
    count.add(1, Relaxed);
}
