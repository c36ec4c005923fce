// SPDX-License-Identifier: GPL-2.0

//! Locks that no header of C declares.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kprobes::address_of;

use crate::Lock;

/// What an address is that was looked up and is not to be had. No lock is there.
const NONE: usize = 1;

/// A lock that is `static` in a file of C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// `namespace_sem` of [`fs/namespace.c`](srctree/fs/namespace.c).
    NamespaceSem,
    /// `blocked_lock_lock` of [`fs/locks.c`](srctree/fs/locks.c).
    BlockedLockLock,
    /// `swap_lock` of [`mm/swapfile.c`](srctree/mm/swapfile.c).
    SwapLock,
}

impl Hidden {
    /// Returns the lock, or [`None`] if the kernel does not tell where it is: it has names of data only with
    /// `CONFIG_KALLSYMS_ALL`, which lockdep selects. Sleeps.
    pub fn lock(self) -> Option<Lock> {
        // Each is looked up once; 0 if it was not yet.
        static NAMESPACE_SEM: Atomic<usize> = Atomic::new(0);
        static BLOCKED_LOCK_LOCK: Atomic<usize> = Atomic::new(0);
        static SWAP_LOCK: Atomic<usize> = Atomic::new(0);

        let (symbol, place): (&'static CStr, _) = match self {
            Hidden::NamespaceSem => (c"namespace_sem", &NAMESPACE_SEM),
            Hidden::BlockedLockLock => (c"blocked_lock_lock", &BLOCKED_LOCK_LOCK),
            Hidden::SwapLock => (c"swap_lock", &SWAP_LOCK),
        };
        let address = match place.load(Relaxed) {
            0 => {
                let address = address_of(symbol).unwrap_or(NONE);
                place.store(address, Relaxed);
                address
            }
            address => address,
        };
        if address == NONE {
            return None;
        }
        Some(match self {
            Hidden::NamespaceSem => Lock::RwSemaphore(address),
            Hidden::BlockedLockLock | Hidden::SwapLock => Lock::Spinlock(address),
        })
    }
}
