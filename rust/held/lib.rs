// SPDX-License-Identifier: GPL-2.0

//! Which locks the current task holds, and how.
//!
//! [`Lock::query`] answers in any context, that of a kprobe's breakpoint included, where lockdep
//! itself gives no answer. What an [`Answer`] is worth depends on the kernel:
//!
//! | | with lockdep | without |
//! |---|---|---|
//! | not held | exact | exact if nobody holds it, or one other task does exclusively |
//! | a semaphore or mutex held exclusively | exact | exact: the lock names its owner |
//! | held shared | exact | someone holds it: a reader leaves no name; exact with [`Readers`] |
//! | a spinlock held | exact | someone holds it; exact with `CONFIG_DEBUG_SPINLOCK` |
//! | a folio locked | someone locked it: the bit leaves no name | the same |
//! | a section of RCU | exact | exact with `CONFIG_PREEMPT_RCU`, else unknown |
//! | a callback of RCU | exact | someone: it runs in a softirq, as others do |
//!
//! [`may_sleep`] answers whether a probed function was entered where sleeping is allowed.
//!
//! [`selftest`] proves on this kernel and on this CPU that the answers differ where they should. Whoever
//! draws conclusions from answers runs it first.
//!
//! C header: [`include/linux/lockdep.h`](srctree/include/linux/lockdep.h)

mod answer;
mod context;
mod folio;
mod hidden;
#[cfg(CONFIG_LOCKDEP)]
mod lockdep;
mod owner;
mod readers;
pub mod selftest;
mod word;

pub use answer::{
    Answer,
    Mode,
    Verdict, //
};

pub use context::{
    may_sleep,
    surely_may_sleep, //
};
pub use folio::page_folio;
pub use hidden::Hidden;
pub use readers::{
    Counts,
    Readers, //
};
pub use word::{
    State,
    Word, //
};

use extra_bindings as bindings;

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
    /// The address of a `spinlock_t`. It is held exclusively or not at all.
    Spinlock(usize),
    /// The address of a `struct folio`, whose `PG_locked` is meant. Who sets the bit leaves no name.
    Folio(usize),
    /// The address of a `struct vm_area_struct`, whose own lock is meant.
    VmArea(usize),
    /// The address of a `struct vm_area_struct`: its own lock, or `mmap_lock` of its `struct mm_struct`. That
    /// which is held, or surer to be, is meant.
    VmAreaOrMmap(usize),
    /// `rename_lock`, as a writer holds it.
    RenameLock,
    /// A section of `rcu_read_lock()`.
    RcuReadLock,
    /// A callback of `call_rcu()`.
    RcuCallback,
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
            let answer = lockdep::query(self);
            if answer != Answer::Unknown {
                return answer;
            }
        }
        owner::query(self)
    }

    /// Returns whether nothing but [`Hit::in_softirq`](kprobes::Hit::in_softirq) can be told of the lock: [`Answer::Someone`] with
    /// [`Mode::Shared`] is what [`Lock::query`] says if that is so.
    pub fn is_softirq(self) -> bool {
        !cfg!(CONFIG_LOCKDEP) && self == Lock::RcuCallback
    }

    /// Returns whether this kernel can ever give another answer than [`Answer::Unknown`].
    pub const fn can_be_queried(self) -> bool {
        match self {
            Lock::VmArea(_) => cfg!(CONFIG_PER_VMA_LOCK),
            Lock::RcuReadLock => cfg!(any(CONFIG_LOCKDEP, CONFIG_PREEMPT_RCU)),
            _ => true,
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
