// SPDX-License-Identifier: GPL-2.0

//! Which semaphores the current task holds shared, on a kernel without lockdep.
//!
//! A reader leaves no name in a semaphore. While there is a [`Readers`], probes on the functions that take and release
//! one for reading keep what each task holds, for all semaphores of the kernel, and [`Lock::query`] answers
//! exactly where all of a hold was seen. What was not seen makes the answer what it is without, never a wrong one:
//!
//! - a task that is older than the [`Readers`], of which no hold is known: it may have an older one;
//! - a lock that was released by a task that was not seen to take it, perhaps on behalf of another;
//! - holds for which there was no room: of all tasks with the same hash that live then, nothing is certain that is not known;
//! - lost hits of the probes: from all that was known before nothing follows;
//! - an interrupt, as it may come while the task takes the lock.
//!
//! It mirrors [`kernel/locking/rwsem.c`](srctree/kernel/locking/rwsem.c): all ways in and out that exist without
//! `CONFIG_DEBUG_LOCK_ALLOC`. With that, there is lockdep.

mod table;

use core::mem::MaybeUninit;

use crate::{
    bindings,
    Answer,
    Lock,
    Mode, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed,
            Release, //
        },
        rcu,
        Arc, //
    },
    types::Opaque, //
};
use kprobes::{
    unregister_all,
    unregister_all_returns,
    Handler,
    Hit,
    Probe,
    Published,
    ReturnHandler,
    ReturnProbe,
    Target, //
};
use since_v7_3::code::EOPNOTSUPP;
use table::{
    Held,
    Table, //
};

/// How many tasks can be on the way into a semaphore in one of the ways that can fail. More are missed.
const MAX_ACTIVE: u16 = 256;

/// What is called at the entry of a function, with its first argument.
type Seen = fn(&Table, usize);

/// The functions after whose entry nothing can fail.
const ENTRIES: [(&CStr, Seen); 4] = [
    (c"down_read", Table::acquire),
    (c"downgrade_write", Table::acquire),
    (c"up_read", Table::release),
    (c"do_exit", |table, _| table.exit()),
];

/// Those that can fail, and what they return if they did not.
const ATTEMPTS: [(&CStr, i32); 3] = [
    (c"down_read_trylock", 1),
    (c"down_read_killable", 0),
    (c"down_read_interruptible", 0),
];

/// The handler on one of [`ENTRIES`].
struct Entry {
    table: Arc<Table>,
    seen: Seen,
}

impl Handler for Entry {
    fn entry(&self, hit: &Hit<'_>) {
        (self.seen)(&self.table, hit.argument(0));
    }
}

/// The handler on one of [`ATTEMPTS`].
struct Attempt {
    table: Arc<Table>,
    success: i32,
}

impl ReturnHandler for Attempt {
    type Data = usize;

    fn entry<'a>(&self, hit: &Hit<'_>, lock: &'a mut MaybeUninit<usize>) -> Option<&'a mut usize> {
        Some(lock.write(hit.argument(0)))
    }

    fn ret(&self, hit: &Hit<'_>, &lock: &usize) {
        if hit.return_value() as i32 == self.success {
            self.table.acquire(lock);
        }
    }
}

/// What is followed, and the probes that do it.
struct Following {
    entries: KVec<Pin<KBox<Probe<Entry>>>>,
    attempts: KVec<Pin<KBox<ReturnProbe<Attempt>>>>,
    table: Arc<Table>,
    /// How many hits of the probes were lost, as far as the table knows.
    missed: Atomic<u64>,
}

impl Following {
    fn new() -> Result<Self> {
        let table = Arc::new(Table::new()?, GFP_KERNEL)?;
        let mut this = Self {
            entries: KVec::new(),
            attempts: KVec::new(),
            table: table.clone(),
            missed: Atomic::new(0),
        };
        let refused =
            |symbol| move |error: &Error| pr_err!("{symbol} cannot be probed: {error:?}\n");
        for (symbol, seen) in ENTRIES {
            let handler = Entry {
                table: table.clone(),
                seen,
            };
            let probe = Probe::new(Target::Symbol(symbol), handler);
            let probe = KBox::pin_init(probe, GFP_KERNEL).inspect_err(refused(symbol))?;
            this.entries.push(probe, GFP_KERNEL)?;
        }
        for (symbol, success) in ATTEMPTS {
            let handler = Attempt {
                table: table.clone(),
                success,
            };
            let probe = ReturnProbe::new(Target::Symbol(symbol), MAX_ACTIVE, handler);
            let probe = KBox::pin_init(probe, GFP_KERNEL).inspect_err(refused(symbol))?;
            this.attempts.push(probe, GFP_KERNEL)?;
        }
        table.begin();
        Ok(this)
    }

    /// Returns how many hits of the probes were lost.
    fn missed(&self) -> u64 {
        let entries = self.entries.iter().map(|probe| probe.nmissed());
        let attempts = self.attempts.iter().map(|probe| probe.nmissed());
        entries.sum::<u64>() + attempts.sum::<u64>()
    }

    /// Returns how the current task holds the semaphore.
    fn query(&self, lock: usize) -> Held {
        let missed = self.missed();
        if self.missed.load(Acquire) != missed {
            self.table.distrust();
            // Whoever sees it sees what came before.
            self.missed.store(missed, Release);
        }
        // SAFETY: Reads the preemption count, which is always there.
        if unsafe { bindings::held_in_task() } {
            self.table.query(lock)
        } else {
            Held::Unknown
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        unregister_all(core::mem::take(&mut self.entries));
        unregister_all_returns(core::mem::take(&mut self.attempts));
    }
}

/// Set while there is a [`Readers`].
static TAKEN: Atomic<bool> = Atomic::new(false);
static FOLLOWING: Published<Following> = Published::new();

/// Returns how the current task holds a semaphore that somebody holds shared. `named` says whether the semaphore names the
/// task as the last that took it so and did not release it.
pub(crate) fn query(address: usize, named: bool) -> Answer {
    let held = if TAKEN.load(Relaxed) {
        let guard = rcu::read_lock();
        (FOLLOWING.read(&guard)).map_or(Held::Unknown, |following| following.query(address))
    } else {
        Held::Unknown
    };
    match held {
        Held::Yes => Answer::Exact(Mode::Shared),
        // If they contradict each other, something went by unseen.
        Held::No if !named => Answer::Exact(Mode::NotHeld),
        _ => Answer::Someone(Mode::Shared),
    }
}

/// Counts of what is followed.
pub struct Counts {
    /// How often a semaphore was taken.
    pub taken: u64,
    /// How many are held.
    pub held: u64,
    /// How many were lost from sight: there was no room, or the task ended.
    pub lost: u64,
    /// How many were released by a task that was not seen to take them.
    pub unmatched: u64,
    /// How many hits of the probes were lost.
    pub missed: u64,
    /// The memory that it takes, in bytes.
    pub memory: usize,
}

/// As long as there is one, shared holders of semaphores are followed.
pub struct Readers(());

impl Readers {
    /// Begins to follow them, and proves on a semaphore of its own that it does. Sleeps.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if the kernel has lockdep, which knows better; `EBUSY` if there is one already; `ENOMEM`; the
    /// errors of [`Probe::new`], of which there is a line in the log; [`REFUSED`](crate::selftest::REFUSED) if
    /// the proof fails.
    pub fn follow() -> Result<Self> {
        if cfg!(CONFIG_LOCKDEP) {
            return Err(EOPNOTSUPP);
        }
        if TAKEN.cmpxchg(false, true, Full).is_err() {
            return Err(EBUSY);
        }
        // From here on, its drop undoes it.
        let this = Self(());
        FOLLOWING.replace(Some(KBox::new(Following::new()?, GFP_KERNEL)?));
        prove()?;
        Ok(this)
    }

    /// Returns what was counted.
    pub fn counts(&self) -> Option<Counts> {
        let guard = rcu::read_lock();
        let following = FOLLOWING.read(&guard)?;
        let counts = following.table.counts();
        Some(Counts {
            taken: counts.taken,
            held: counts.held,
            lost: counts.lost,
            unmatched: counts.unmatched,
            missed: following.missed(),
            memory: following.table.size(),
        })
    }

    /// Begins to count anew. Lost hits are the probes' own, and stay.
    pub fn reset(&self) {
        if let Some(following) = FOLLOWING.read(&rcu::read_lock()) {
            following.table.reset();
        }
    }

    /// Calls `f` with each function that is probed, whether that goes through ftrace, and how many hits were lost. `f` may not
    /// sleep.
    pub fn for_each_probe(&self, mut f: impl FnMut(&'static CStr, bool, u64)) {
        let guard = rcu::read_lock();
        let Some(following) = FOLLOWING.read(&guard) else {
            return;
        };
        for ((symbol, _), probe) in ENTRIES.into_iter().zip(&following.entries) {
            f(symbol, probe.is_ftrace(), probe.nmissed());
        }
        for ((symbol, _), probe) in ATTEMPTS.into_iter().zip(&following.attempts) {
            f(symbol, probe.is_ftrace(), probe.nmissed());
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        FOLLOWING.replace(None);
        TAKEN.store(false, Release);
    }
}

/// A semaphore of its own is held and not, taken in each way.
fn prove() -> Result {
    let sem = KBox::pin_init(
        Opaque::ffi_init(|slot| {
            // SAFETY: The slot is valid for writes, and pinned.
            unsafe { bindings::held_init_rwsem(slot) }
        }),
        GFP_KERNEL,
    )?;
    let lock = sem.get();
    let is = |way, mode| {
        let answer = Lock::RwSemaphore(lock as usize).query();
        if answer == Answer::Exact(mode) {
            return Ok(());
        }
        pr_err!("after {way} a semaphore is {}\n", answer.name());
        Err(crate::selftest::REFUSED)
    };
    for way in 0..5 {
        // SAFETY: The semaphore is initialised, and nobody else has it.
        let taken = unsafe { bindings::held_take_shared(lock, way) };
        let result = if taken {
            is(way, Mode::Shared)
        } else {
            // A signal.
            Err(EINTR)
        };
        if taken {
            // SAFETY: It was just taken.
            unsafe { bindings::up_read(lock) };
        }
        result?;
        is(way, Mode::NotHeld)?;
    }
    Ok(())
}
