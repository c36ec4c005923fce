// SPDX-License-Identifier: GPL-2.0

//! Proof that [`Lock::query`] tells locks apart that are not held, held shared and held exclusively.
//!
//! A query that always answered "held" would look like a kernel without bugs. So ways in which a
//! handler can be reached are tried with locks of each kind in a known state: through a breakpoint (a Rust function, whose
//! probe is kept from becoming a jump), through ftrace (a C function) as a kprobe and as its own user, and at a return. [`context`] does
//! the same for where sleeping is allowed, for the folio of a page, and for tasks that sleep. Two ways are not tried: the
//! jump that a breakpoint can become, and a return that a breakpoint on the entry caught.

mod context;
mod locks;
mod memory;

use self::locks::{
    Locks,
    ASKED,
    NAMES, //
};
use core::mem::MaybeUninit;

use crate::{
    bindings,
    Answer,
    Lock,
    Mode, //
};
use kernel::{
    error::code::*,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use kprobes::{
    FtraceLocation,
    FtraceProbe,
    FtraceProbes,
    Handler,
    Hit,
    Probe,
    ReturnHandler,
    ReturnProbe,
    Target, //
};

/// A way to ask.
type Query = fn(Lock) -> Answer;

/// Why the self-test failed.
pub enum Failure {
    /// The answer was wrong. Nothing that rests on such answers is worth anything.
    Wrong {
        /// How the probe was entered.
        path: &'static str,
        /// The kind of lock.
        lock: &'static str,
        /// What the answer had to be.
        expected: Answer,
        /// What it was.
        answer: Answer,
    },
    /// The handler did not run, or not in the way that was to be tried.
    NotReached {
        /// How the probe was to be entered.
        path: &'static str,
    },
    /// A return shows another caller than the entry of the same call.
    Caller {
        /// How the probe was entered.
        path: &'static str,
    },
    /// A read failed where there is something, or did not where there is nothing, or a lock names another owner.
    Memory {
        /// How the probe was entered.
        path: &'static str,
    },
    /// A task slept, and that was not seen, or it did not, and was said to.
    Sleep,
    /// Something else failed, such as the registration of a probe.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

/// A query that is known to be wrong. The self-test asks only about its own locks, which are valid.
///
/// With lockdep, `lock_is_held_type()`, which answers -1 behind a breakpoint, which is true. Without,
/// `rwsem_is_locked()`, which cannot tell a reader from a writer.
fn wrong_query(lock: Lock) -> Answer {
    let Lock::RwSemaphore(address) = lock else {
        return lock.query();
    };
    let sem = address as *mut bindings::rw_semaphore;
    #[cfg(CONFIG_LOCKDEP)]
    let held = {
        // SAFETY: The self-test asks about its own semaphore, which is valid.
        let dep_map = unsafe { &raw const (*sem).dep_map };
        // SAFETY: As above.
        unsafe { bindings::lock_is_held_type(dep_map, 0) != 0 }
    };
    #[cfg(not(CONFIG_LOCKDEP))]
    // SAFETY: The self-test asks about its own semaphore, which is valid.
    let held = unsafe { bindings::rwsem_is_locked(sem) != 0 };
    Answer::Exact(if held { Mode::Exclusive } else { Mode::NotHeld })
}

/// What a handler saw of the locks.
#[derive(Clone, Copy)]
struct Seen {
    answers: [Answer; ASKED],
    context: Answer,
    in_nmi: bool,
}

/// The handler of the self-test: asks, and keeps the answers.
struct Witness {
    query: Query,
    /// Those that are no arguments of the probed function; the first two are.
    locks: [Lock; ASKED],
    hits: Atomic<u32>,
    answers: [Atomic<u32>; ASKED],
    context: Atomic<u32>,
    in_nmi: Atomic<bool>,
    /// The return addresses that were on the stack at the last entry.
    callers: [Atomic<usize>; 2],
    wrong_caller: Atomic<bool>,
    wrong_memory: Atomic<bool>,
}

impl Witness {
    fn new(query: Query, locks: &Locks) -> Self {
        Self {
            query,
            locks: locks.asked(),
            hits: Atomic::new(0),
            answers: [const { Atomic::new(0) }; ASKED],
            context: Atomic::new(0),
            in_nmi: Atomic::new(false),
            callers: [const { Atomic::new(0) }; 2],
            wrong_caller: Atomic::new(false),
            wrong_memory: Atomic::new(false),
        }
    }

    fn ask(&self, hit: &Hit<'_>, sem: usize, mutex: usize) {
        let mut locks = self.locks;
        locks[0] = Lock::RwSemaphore(sem);
        locks[1] = Lock::Mutex(mutex);
        for (lock, answer) in locks.into_iter().zip(&self.answers) {
            answer.store(encode((self.query)(lock)), Relaxed);
            if !memory::words_are_right(lock, hit) {
                self.wrong_memory.store(true, Relaxed);
            }
        }
        if !memory::reads_fail() {
            self.wrong_memory.store(true, Relaxed);
        }
        self.context.store(encode(crate::may_sleep(hit)), Relaxed);
        self.in_nmi.store(hit.in_nmi(), Relaxed);
        self.hits.add(1, Relaxed);
    }

    /// Returns what was seen of the one call since the last time, or [`None`] if it was not one.
    fn take(&self) -> Option<Seen> {
        if self.hits.xchg(0, Relaxed) != 1 {
            return None;
        }
        let mut answers = [Answer::Unknown; ASKED];
        for (answer, code) in answers.iter_mut().zip(&self.answers) {
            *answer = decode(code.load(Relaxed));
        }
        Some(Seen {
            answers,
            context: decode(self.context.load(Relaxed)),
            in_nmi: self.in_nmi.load(Relaxed),
        })
    }
}

impl Handler for Witness {
    fn entry(&self, hit: &Hit<'_>) {
        let mut callers = [0; 2];
        hit.stack(&mut callers);
        for (kept, caller) in self.callers.iter().zip(callers) {
            kept.store(caller, Relaxed);
        }
        if callers.first() != Some(&hit.caller()) {
            self.wrong_caller.store(true, Relaxed);
        }
        self.ask(hit, hit.argument(0), hit.argument(1));
    }
}

impl ReturnHandler for Witness {
    type Data = (usize, usize, [usize; 2]);

    fn entry<'a>(
        &self,
        hit: &Hit<'_>,
        data: &'a mut MaybeUninit<Self::Data>,
    ) -> Option<&'a mut Self::Data> {
        let mut callers = [0; 2];
        hit.stack(&mut callers);
        Some(data.write((hit.argument(0), hit.argument(1), callers)))
    }

    fn ret(&self, hit: &Hit<'_>, &(sem, mutex, callers): &Self::Data) {
        let mut frames = [0; 2];
        hit.stack(&mut frames);
        let right = callers == frames && callers.first() == Some(&hit.caller());
        if !right {
            self.wrong_caller.store(true, Relaxed);
        }
        self.ask(hit, sem, mutex);
    }
}

const ANSWERS: [Answer; 8] = [
    Answer::Unknown,
    Answer::MaySleep,
    Answer::Atomic,
    Answer::Exact(Mode::NotHeld),
    Answer::Exact(Mode::Shared),
    Answer::Exact(Mode::Exclusive),
    Answer::Someone(Mode::Shared),
    Answer::Someone(Mode::Exclusive),
];

fn encode(answer: Answer) -> u32 {
    let found = ANSWERS.iter().position(|&other| other == answer);
    found.unwrap_or(0) as u32
}

fn decode(code: u32) -> Answer {
    let found = ANSWERS.get(code as usize);
    found.copied().unwrap_or(Answer::Unknown)
}

/// Two locks that lockdep merged into one entry of its stack: only the class of the second is left.
#[cfg(CONFIG_LOCKDEP)]
fn merged(locks: &Locks, query: Query) -> Result<(), Failure> {
    if !crate::lockdep::is_on() {
        return Ok(());
    }
    let (first, second) = (locks.sem.get(), locks.second.get());
    // SAFETY: The mutex is initialised, and nobody else has it.
    unsafe { bindings::mutex_lock(locks.mutex.get()) };
    // SAFETY: The semaphore is initialised, and the mutex held.
    unsafe { bindings::held_down_write_nest_lock(first, locks.mutex.get()) };
    // SAFETY: As above.
    unsafe { bindings::held_down_write_nest_lock(second, locks.mutex.get()) };
    let answers = (
        query(Lock::RwSemaphore(first as usize)),
        query(Lock::RwSemaphore(second as usize)),
    );
    // SAFETY: It was taken above.
    unsafe { bindings::up_write(second) };
    // SAFETY: It was taken above.
    unsafe { bindings::up_write(first) };
    // SAFETY: It was taken above.
    unsafe { bindings::mutex_unlock(locks.mutex.get()) };
    let path = "two locks under one";
    let lock = "rw_semaphore";
    check(path, lock, Answer::Exact(Mode::Exclusive), answers.0)?;
    check(path, lock, Answer::Someone(Mode::Exclusive), answers.1)
}

/// A Rust function to probe: rustc emits no call to ftrace, so that the probe is a breakpoint.
#[inline(never)]
extern "C" fn rust_target(sem: usize, mutex: usize) -> usize {
    core::hint::black_box(sem ^ mutex)
}

/// The C function to probe.
extern "C" fn c_target(sem: usize, mutex: usize) -> usize {
    // SAFETY: It only computes.
    unsafe { bindings::held_selftest_target(sem, mutex) }
}

/// Tries [`Lock::query`] in each way that a handler can be reached. Sleeps.
///
/// With `wrong` it tries a query that is known to be wrong instead, to prove that it can fail.
///
/// # Errors
///
/// [`Failure`] says what is wrong.
pub fn run(wrong: bool) -> Result<(), Failure> {
    let query = if wrong { wrong_query } else { Lock::query };
    let locks = KBox::pin_init(Locks::new(), GFP_KERNEL)?;

    let probe = KBox::pin_init(
        Probe::new_unoptimized(
            Target::Address(rust_target as usize),
            Witness::new(query, &locks),
        ),
        GFP_KERNEL,
    )?;
    let path = "breakpoint on a Rust function";
    if probe.is_ftrace() {
        return Err(Failure::NotReached { path });
    }
    states(&locks, path, rust_target, probe.handler(), Some(true))?;
    drop(probe);

    let address = bindings::held_selftest_target as usize;
    let probe = KBox::pin_init(
        Probe::new(Target::Address(address), Witness::new(query, &locks)),
        GFP_KERNEL,
    )?;
    let (path, in_nmi) = if probe.is_ftrace() {
        ("ftrace on a C function", Some(false))
    } else {
        ("breakpoint on a C function", None)
    };
    states(&locks, path, c_target, probe.handler(), in_nmi)?;
    drop(probe);

    by_ftrace(&locks, query, address)?;

    let probe = KBox::pin_init(
        ReturnProbe::new(Target::Address(address), 0, Witness::new(query, &locks)),
        GFP_KERNEL,
    )?;
    states(
        &locks,
        "return of a C function",
        c_target,
        probe.handler(),
        None,
    )?;
    drop(probe);

    #[cfg(CONFIG_LOCKDEP)]
    merged(&locks, query)?;
    context::folios()?;
    context::sleeps()
}

/// Tries what ftrace calls itself, alone and beside a kprobe on the same function.
fn by_ftrace(locks: &Locks, query: Query, address: usize) -> Result<(), Failure> {
    let Some(location) = FtraceLocation::of(address) else {
        return Ok(());
    };
    let probes = KBox::pin_init(FtraceProbes::new(), GFP_KERNEL)?;
    let probe = FtraceProbe::new(location, Witness::new(query, locks))?;
    probes.add(core::slice::from_ref(&probe))?;
    let path = "ftrace itself on a C function";
    states(locks, path, c_target, probe.handler(), Some(false))?;

    let kprobe = Probe::new(Target::Address(address), Witness::new(query, locks));
    let kprobe = KBox::pin_init(kprobe, GFP_KERNEL)?;
    let path = "ftrace itself beside a kprobe";
    states(locks, path, c_target, probe.handler(), Some(false))?;
    // Both saw the last call.
    let callers = |witness: &Witness| witness.callers.each_ref().map(|it| it.load(Relaxed));
    if callers(probe.handler()) != callers(kprobe.handler()) {
        return Err(Failure::Caller { path });
    }
    Ok(())
}

/// Calls `target` with the locks in each state, and compares what the handler saw.
fn states(
    locks: &Locks,
    path: &'static str,
    target: extern "C" fn(usize, usize) -> usize,
    witness: &Witness,
    in_nmi: Option<bool>,
) -> Result<(), Failure> {
    let call = || {
        let target = core::hint::black_box(target);
        target(locks.sem.get() as usize, locks.mutex.get() as usize);
        witness.take()
    };
    let cases = [
        (call(), Mode::NotHeld),
        (locks.with_shared(call), Mode::Shared),
        (locks.with_exclusive(call), Mode::Exclusive),
        // Again, so that a leftover of the last one would be seen.
        (call(), Mode::NotHeld),
    ];
    for (seen, state) in cases {
        let seen = seen.ok_or(Failure::NotReached { path })?;
        if in_nmi.is_some_and(|in_nmi| in_nmi != seen.in_nmi) {
            return Err(Failure::NotReached { path });
        }
        for ((name, lock), answer) in NAMES.iter().zip(locks.asked()).zip(seen.answers) {
            check(path, name, expected(lock, state), answer)?;
        }
        check(path, "context", context::expected(state), seen.context)?;
    }
    for how in context::ways() {
        let seen = context::atomic(how, call).ok_or(Failure::NotReached { path })?;
        check(path, "context", Answer::Atomic, seen.context)?;
    }
    if witness.wrong_caller.load(Relaxed) {
        return Err(Failure::Caller { path });
    }
    if witness.wrong_memory.load(Relaxed) {
        return Err(Failure::Memory { path });
    }
    Ok(())
}

/// Returns what the answer has to be while the locks are in this state.
fn expected(lock: Lock, state: Mode) -> Answer {
    let lockdep = crate::best_shared() == Answer::Exact(Mode::Shared);
    let held = match (lock, state) {
        (Lock::RwSemaphore(_), state) => state,
        (Lock::VmArea(_) | Lock::RcuReadLock, Mode::Shared) => Mode::Shared,
        // C treats a callback as a reader of `rcu_callback_map`.
        (Lock::RcuCallback, Mode::Exclusive) => Mode::Shared,
        (Lock::VmArea(_) | Lock::RcuReadLock, _) => Mode::NotHeld,
        (_, Mode::Exclusive) => Mode::Exclusive,
        _ => Mode::NotHeld,
    };
    let unknown = match lock {
        Lock::RcuReadLock => !lockdep && !cfg!(CONFIG_PREEMPT_RCU),
        // The self-test takes it in a kernel where nobody can.
        Lock::VmArea(_) => !cfg!(CONFIG_PER_VMA_LOCK),
        _ => false,
    };
    let nameless = match lock {
        Lock::Folio(_) => true,
        Lock::RwSemaphore(_) => !lockdep && held == Mode::Shared,
        Lock::VmArea(_) | Lock::RcuCallback => !lockdep,
        Lock::Spinlock(_) | Lock::RenameLock => !lockdep && !cfg!(CONFIG_DEBUG_SPINLOCK),
        _ => false,
    };
    match held {
        _ if unknown => Answer::Unknown,
        held if nameless && held != Mode::NotHeld => Answer::Someone(held),
        held => Answer::Exact(held),
    }
}

fn check(
    path: &'static str,
    lock: &'static str,
    expected: Answer,
    answer: Answer,
) -> Result<(), Failure> {
    if answer == expected {
        return Ok(());
    }
    Err(Failure::Wrong {
        path,
        lock,
        expected,
        answer,
    })
}

/// The error of a module that does not load because its self-test failed.
pub const REFUSED: Error = ENOTSUPP;
