// SPDX-License-Identifier: GPL-2.0

//! The answer of lockdep's own record, the stack of held locks of the current task.
//!
//! `lock_is_held_type()` gives no answer in an NMI, and so none behind a breakpoint. The stack is there
//! all the same, and nobody but the task itself changes it: the walk is that of `__lock_is_held()`
//! in [`kernel/locking/lockdep.c`](srctree/kernel/locking/lockdep.c).

use crate::{
    bindings,
    owner::rename_lock,
    Answer,
    Lock,
    Mode, //
};
use core::mem::offset_of;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use kprobes::{
    current,
    read_nofault, //
};

/// The address of C's array `lock_classes`, which is not exported; 0 until [`learn`] found it.
static LOCK_CLASSES: Atomic<usize> = Atomic::new(0);

/// Returns whether lockdep still keeps its records.
pub(crate) fn is_on() -> bool {
    // SAFETY: `debug_locks` is an `int` of the kernel, which C changes by single writes.
    unsafe { (&raw const bindings::debug_locks).read_volatile() != 0 }
}

/// Returns the part of the current task's lock stack that is in use.
fn held_locks<'a>() -> &'a [bindings::held_lock] {
    let task = current();
    // SAFETY: The current task is valid, and only itself changes this.
    let depth = unsafe { (*task).lockdep_depth };
    // SAFETY: As above. What runs on top of this code leaves the entries below `depth` alone.
    let locks = unsafe { &(*task).held_locks };
    locks
        .get(..usize::try_from(depth).unwrap_or(0))
        .unwrap_or(locks)
}

fn mode(held: &bindings::held_lock) -> Mode {
    if held.read() == 0 {
        Mode::Exclusive
    } else {
        Mode::Shared
    }
}

/// Returns how the current task holds the lock.
pub(crate) fn query(lock: Lock) -> Answer {
    if !is_on() {
        return Answer::Unknown;
    }
    match lock {
        // Lockdep knows nothing of it.
        Lock::Folio(_) => Answer::Unknown,
        _ => dep_map(lock).map_or(Answer::Unknown, visible),
    }
}

/// Returns the address of the lock's `dep_map`, which is its name for lockdep.
fn dep_map(lock: Lock) -> Option<usize> {
    let (address, offset) = match lock {
        Lock::RwSemaphore(address) => (address, offset_of!(bindings::rw_semaphore, dep_map)),
        Lock::Mutex(address) => (address, offset_of!(bindings::mutex, dep_map)),
        // Its first member is the `struct raw_spinlock`.
        Lock::Spinlock(address) => (address, offset_of!(bindings::raw_spinlock, dep_map)),
        Lock::RenameLock => (rename_lock(), offset_of!(bindings::raw_spinlock, dep_map)),
        #[cfg(CONFIG_PER_VMA_LOCK)]
        Lock::VmArea(address) => (
            address,
            offset_of!(bindings::vm_area_struct, vmlock_dep_map),
        ),
        Lock::RcuReadLock => ((&raw const bindings::rcu_lock_map) as usize, 0),
        Lock::RcuCallback => ((&raw const bindings::rcu_callback_map) as usize, 0),
        _ => return None,
    };
    Some(address.wrapping_add(offset))
}

/// Returns how the current task holds the lock with this `dep_map`.
fn visible(dep_map: usize) -> Answer {
    let mut merged = Answer::Exact(Mode::NotHeld);
    for held in held_locks() {
        if held.instance as usize == dep_map {
            return Answer::Exact(mode(held));
        }
        // Locks taken under a common `nest_lock` share one entry, which has the first one's address.
        // Of the others only the class is left.
        if held.references() != 0 {
            match class(dep_map) {
                Some(class) if class == held.class_idx() as usize => {
                    merged = Answer::Someone(mode(held));
                }
                Some(_) => (),
                None => merged = Answer::Unknown,
            }
        }
    }
    merged
}

/// Returns the index of a lock's class, or [`None`] if it cannot be told.
fn class(dep_map: usize) -> Option<usize> {
    let classes = LOCK_CLASSES.load(Relaxed);
    let cache = dep_map.wrapping_add(offset_of!(bindings::lockdep_map, class_cache));
    let class = read_nofault::<usize>(cache)?;
    if classes == 0 || class < classes {
        return None;
    }
    Some((class - classes) / size_of::<bindings::lock_class>())
}

/// Learns where C's array of lock classes is, from a `struct rw_semaphore` that the current task holds.
///
/// The lock's `dep_map` points to its class, and its entry on the stack has the index of the same one.
pub(crate) fn learn(sem: usize) {
    let dep_map = sem.wrapping_add(offset_of!(bindings::rw_semaphore, dep_map));
    let cache = dep_map.wrapping_add(offset_of!(bindings::lockdep_map, class_cache));
    for held in held_locks() {
        if held.instance as usize == dep_map {
            if let Some(class) = read_nofault::<usize>(cache).filter(|&class| class != 0) {
                let below = held.class_idx() as usize * size_of::<bindings::lock_class>();
                LOCK_CLASSES.store(class.wrapping_sub(below), Relaxed);
            }
        }
    }
}
