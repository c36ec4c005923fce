// SPDX-License-Identifier: GPL-2.0

//! The part of the self-test that is not about locks with owners.

use super::{
    check,
    Failure, //
};
use crate::{
    bindings,
    page_folio,
    Answer,
    Lock,
    Mode, //
};
use core::ptr::NonNull;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    task::Task,
    time::{
        delay::fsleep,
        Delta, //
    },
};
use kprobes::{
    Here,
    Switch,
    SwitchHandler,
    SwitchProbe, //
};

/// Returns the ways of [`atomic`] that a handler can tell in this kernel.
pub(super) fn ways() -> impl Iterator<Item = u32> {
    (0..4).filter(|how| match how {
        1 | 2 => true,
        3 if cfg!(CONFIG_PREEMPT_RCU) => true,
        _ => cfg!(CONFIG_PREEMPT_COUNT),
    })
}

/// Returns what the answer has to be while the locks are in this state.
pub(super) fn expected(state: Mode) -> Answer {
    match state {
        Mode::NotHeld if cfg!(CONFIG_PREEMPT_COUNT) => Answer::MaySleep,
        Mode::NotHeld => Answer::Unknown,
        // That is in a section of RCU.
        Mode::Shared if cfg!(any(CONFIG_PREEMPT_COUNT, CONFIG_PREEMPT_RCU)) => Answer::Atomic,
        Mode::Shared => Answer::Unknown,
        // That is without softirqs.
        Mode::Exclusive => Answer::Atomic,
    }
}

/// Calls `f` where sleeping is forbidden, in one of [`ways`]: without preemption, interrupts or softirqs, or in a section
/// of RCU.
pub(super) fn atomic<R, F: Fn() -> Option<R>>(how: u32, f: F) -> Option<R> {
    /// # Safety
    ///
    /// `data` must point to a pair of an `F` and room for what it returns, which nobody else uses.
    unsafe extern "C" fn call<R, F: Fn() -> Option<R>>(data: *mut c_void) {
        // SAFETY: By the safety requirements.
        let (f, result) = unsafe { &mut *data.cast::<(F, Option<R>)>() };
        *result = f();
    }

    let mut data = (f, None);
    // SAFETY: `call()` gets what it wants, and is called before this returns.
    unsafe { bindings::held_call_atomic(how, Some(call::<R, F>), (&raw mut data).cast()) };
    data.1
}

/// A folio that is locked and not, asked about by both of its pages.
pub(super) fn folios() -> Result<(), Failure> {
    // SAFETY: It allocates, which is allowed here.
    let folio = unsafe { bindings::held_folio_alloc() };
    let folio = NonNull::new(folio).ok_or(ENOMEM)?.as_ptr();
    // SAFETY: The folio has two pages.
    let tail = unsafe { bindings::held_folio_tail(folio) } as usize;
    let ask = || {
        [folio as usize, tail].map(|page| {
            page_folio(page).map_or(Answer::Unknown, |folio| Lock::Folio(folio).query())
        })
    };
    let free = ask();
    // SAFETY: The folio is this function's own, and not locked.
    unsafe { bindings::held_folio_lock(folio) };
    let locked = ask();
    // SAFETY: It was locked above.
    unsafe { bindings::folio_unlock(folio) };
    // SAFETY: Nobody uses it any more.
    unsafe { bindings::held_folio_put(folio) };
    for answer in free {
        check("a folio", "PG_locked", Answer::Exact(Mode::NotHeld), answer)?;
    }
    for answer in locked {
        let expected = Answer::Someone(Mode::Exclusive);
        check("a folio", "PG_locked", expected, answer)?;
    }
    Ok(())
}

/// Counts how often one task sleeps, and runs again.
struct Counter {
    task: usize,
    sleeps: Atomic<u32>,
    resumes: Atomic<u32>,
    frames: Atomic<u32>,
}

impl SwitchHandler for Counter {
    fn switched(&self, switch: &Switch<'_>) {
        if switch.task() == self.task && switch.sleeps() {
            let mut frames = [0; 4];
            let found = switch.stack(&mut frames);
            self.frames.store(found as u32, Relaxed);
            self.sleeps.add(1, Relaxed);
        }
    }

    fn resumed(&self, here: &Here<'_>) {
        if here.task() == self.task {
            self.resumes.add(1, Relaxed);
        }
    }
}

/// A task that sleeps is seen, with its stack, and seen to run again; and one that works is not.
pub(super) fn sleeps() -> Result<(), Failure> {
    let probe = SwitchProbe::new(Counter {
        task: Task::current_raw() as usize,
        sleeps: Atomic::new(0),
        resumes: Atomic::new(0),
        frames: Atomic::new(0),
    })?;
    let counter = probe.handler();
    let seen = || counter.sleeps.load(Relaxed);
    // The registration may have slept.
    counter.sleeps.store(0, Relaxed);
    let awake = core::hint::black_box(seen()) == 0;
    // On a busy machine, the time can be over before the task has gone to sleep.
    for milliseconds in [1, 10, 100, 1000] {
        if seen() == 0 {
            counter.resumes.store(0, Relaxed);
            fsleep(Delta::from_millis(milliseconds));
        }
    }
    let resumed = counter.resumes.load(Relaxed) >= seen();
    if awake && seen() > 0 && resumed && counter.frames.load(Relaxed) == 4 {
        Ok(())
    } else {
        Err(Failure::Sleep)
    }
}
