// SPDX-License-Identifier: GPL-2.0

//! Which locks the current task holds, and how.
//!
//! [`Lock::query`] answers in any context, that of a kprobe's breakpoint included, where lockdep
//! itself gives no answer. What an [`Answer`] is worth depends on the kernel:
//!
//! | | with lockdep | without |
//! |---|---|---|
//! | not held | exact | exact if nobody holds it, or one other task does exclusively |
//! | held exclusively | exact | exact: the lock names its owner |
//! | held shared | exact | someone holds it: a reader leaves no name |
//!
//! The lock of a folio is a bit without an owner: [`folio_lock`] tells that someone holds it, or nobody.
//! [`may_sleep`] answers whether a probed function was entered where sleeping is allowed.
//!
//! [`selftest`] proves on this kernel and on this CPU that the answers differ where they should. Whoever
//! draws conclusions from answers runs it first.
//!
//! C header: [`include/linux/lockdep.h`](srctree/include/linux/lockdep.h)

mod answer;
mod context;
mod folio;
#[cfg(CONFIG_LOCKDEP)]
mod lockdep;
mod owner;
pub mod selftest;

pub use answer::{
    Answer,
    Mode,
    Verdict, //
};

pub use context::may_sleep;
pub use folio::{
    folio_lock,
    page_lock, //
};

use extra_bindings as bindings;
use kernel::prelude::*;

// The kernel's printing macros want this of every crate.
#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"held\0";

/// A lock to ask about, by address.
///
/// Nothing is read through the address except by copies that survive a fault, so that any address
/// may be asked about; what is no lock gets an answer without meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// The address of a `struct rw_semaphore`.
    RwSemaphore(usize),
    /// The address of a `struct mutex`. It is held exclusively or not at all.
    Mutex(usize),
}

impl Lock {
    /// Returns how the current task holds the lock.
    ///
    /// Can be called in any context; in an interrupt the answer is about the task that was interrupted.
    #[inline]
    pub fn query(self) -> Answer {
        #[cfg(CONFIG_LOCKDEP)]
        {
            // Lockdep turns itself off at its first report. The owner is still there then.
            let answer = lockdep::query(self.dep_map());
            if answer != Answer::Unknown {
                return answer;
            }
        }
        owner::query(self)
    }

    /// Returns the address of the lock's `dep_map`, which is its name for lockdep.
    #[cfg(CONFIG_LOCKDEP)]
    fn dep_map(self) -> usize {
        match self {
            Lock::RwSemaphore(address) => {
                address.wrapping_add(core::mem::offset_of!(bindings::rw_semaphore, dep_map))
            }
            Lock::Mutex(address) => {
                address.wrapping_add(core::mem::offset_of!(bindings::mutex, dep_map))
            }
        }
    }
}

/// Returns the best answer that this kernel has at this time for a lock that is held shared.
pub fn best_shared() -> Answer {
    #[cfg(CONFIG_LOCKDEP)]
    if lockdep::is_on() {
        return Answer::Exact(Mode::Shared);
    }
    Answer::Someone(Mode::Shared)
}

/// Returns the current task.
#[inline]
fn current() -> *mut bindings::task_struct {
    kernel::task::Task::current_raw()
}
