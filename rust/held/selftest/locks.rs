// SPDX-License-Identifier: GPL-2.0

//! The locks of the self-test, and how it holds them.

use crate::{
    bindings,
    Lock, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu, //
    },
    types::Opaque, //
};

/// How many locks are asked about.
pub(super) const ASKED: usize = 8;

/// The locks of the self-test.
#[pin_data]
pub(super) struct Locks {
    #[pin]
    pub(super) sem: Opaque<bindings::rw_semaphore>,
    // Of the same lockdep class.
    #[cfg(CONFIG_LOCKDEP)]
    #[pin]
    pub(super) second: Opaque<bindings::rw_semaphore>,
    #[pin]
    pub(super) mutex: Opaque<bindings::mutex>,
    #[pin]
    spinlock: Opaque<bindings::spinlock_t>,
    #[pin]
    vm_area: Opaque<bindings::vm_area_struct>,
    /// As much of a `struct folio` as is looked at: `flags`.
    folio: Atomic<usize>,
}

impl Locks {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            sem <- Opaque::ffi_init(|slot| {
                // SAFETY: The slot is valid for writes, and pinned.
                unsafe { bindings::held_init_rwsem(slot) }
            }),
            #[cfg(CONFIG_LOCKDEP)]
            second <- Opaque::ffi_init(|slot| {
                // SAFETY: The slot is valid for writes, and pinned.
                unsafe { bindings::held_init_rwsem(slot) }
            }),
            mutex <- Opaque::ffi_init(|slot| {
                // SAFETY: The slot is valid for writes, and pinned.
                unsafe { bindings::held_mutex_init(slot) }
            }),
            spinlock <- Opaque::ffi_init(|slot| {
                // SAFETY: The slot is valid for writes, and pinned.
                unsafe { bindings::held_spin_lock_init(slot) }
            }),
            vm_area <- Opaque::ffi_init(|slot| {
                // SAFETY: The slot is valid for writes, and pinned.
                unsafe { bindings::held_vma_init(slot) }
            }),
            folio: Atomic::new(0),
        })
    }

    /// The locks in the order of [`NAMES`].
    pub(super) fn asked(&self) -> [Lock; ASKED] {
        [
            Lock::RwSemaphore(self.sem.get() as usize),
            Lock::Mutex(self.mutex.get() as usize),
            Lock::Spinlock(self.spinlock.get() as usize),
            Lock::VmArea(self.vm_area.get() as usize),
            Lock::Folio((&raw const self.folio) as usize),
            Lock::RenameLock,
            Lock::RcuReadLock,
            Lock::RcuCallback,
        ]
    }

    /// Calls `f` with what can be held shared.
    pub(super) fn with_shared<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: The semaphore is initialised, and nobody else has it.
        unsafe { bindings::down_read(self.sem.get()) };
        // SAFETY: It was initialised, and nobody else has it.
        unsafe { bindings::held_vma_lock(self.vm_area.get()) };
        let rcu = rcu::Guard::new();
        let result = f();
        drop(rcu);
        // SAFETY: It was taken above.
        unsafe { bindings::held_vma_unlock(self.vm_area.get()) };
        // SAFETY: It was taken above.
        unsafe { bindings::up_read(self.sem.get()) };
        result
    }

    /// Calls `f` with what can be held exclusively, and as if in a callback of RCU.
    pub(super) fn with_exclusive<R>(&self, f: impl FnOnce() -> R) -> R {
        // The order is the one of `merged()`.
        // SAFETY: The mutex is initialised, and nobody else has it.
        unsafe { bindings::mutex_lock(self.mutex.get()) };
        // SAFETY: The semaphore is initialised, and nobody else has it.
        unsafe { bindings::down_write(self.sem.get()) };
        #[cfg(CONFIG_LOCKDEP)]
        crate::lockdep::learn(self.sem.get() as usize);
        self.folio
            .store(1 << bindings::pageflags_PG_locked, Relaxed);
        // SAFETY: Nothing is called before they are unlocked that could wait for them.
        unsafe { bindings::held_static_locks() };
        // SAFETY: The spinlock is initialised, and nobody else has it.
        unsafe { bindings::spin_lock(self.spinlock.get()) };
        let result = f();
        // SAFETY: It was taken above.
        unsafe { bindings::spin_unlock(self.spinlock.get()) };
        // SAFETY: They were taken above.
        unsafe { bindings::held_static_unlocks() };
        self.folio.store(0, Relaxed);
        // SAFETY: It was taken above.
        unsafe { bindings::up_write(self.sem.get()) };
        // SAFETY: It was taken above.
        unsafe { bindings::mutex_unlock(self.mutex.get()) };
        result
    }
}

/// The names of [`Locks::asked`].
pub(super) const NAMES: [&str; ASKED] = [
    "rw_semaphore",
    "mutex",
    "spinlock",
    "vm_area_struct",
    "folio",
    "rename_lock",
    "rcu_read_lock",
    "rcu_callback",
];
