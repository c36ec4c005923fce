// SPDX-License-Identifier: GPL-2.0

//! The answer that the lock itself gives, without lockdep.
//!
//! It mirrors [`kernel/locking/rwsem.c`](srctree/kernel/locking/rwsem.c) and
//! [`kernel/locking/mutex.h`](srctree/kernel/locking/mutex.h), whose constants are in no header. The
//! self-test would notice if they changed.

use crate::{
    bindings,
    current,
    Answer,
    Lock,
    Mode, //
};
use core::mem::offset_of;
use kprobes::read_nofault;

// With PREEMPT_RT both locks are built on rt_mutex, and have other fields.
#[cfg(CONFIG_PREEMPT_RT)]
compile_error!("locktrack does not know the locks of PREEMPT_RT kernels");

/// `RWSEM_WRITER_LOCKED`: the bit of `count` that a writer sets.
const RWSEM_WRITER_LOCKED: usize = 1 << 0;
/// `RWSEM_READER_SHIFT`: the readers are counted from this bit of `count` on.
const RWSEM_READER_SHIFT: u32 = 8;
/// `RWSEM_FLAG_READFAIL`: the bit of `count` that only an overflow of readers sets.
const RWSEM_FLAG_READFAIL: usize = 1 << (usize::BITS - 1);
/// `RWSEM_OWNER_FLAGS_MASK`: a reader owns it; nobody spins on it.
const RWSEM_OWNER_FLAGS_MASK: usize = 0x3;
/// `RWSEM_READER_OWNED`: the owner is the last task that came as a reader, and means nothing.
const RWSEM_READER_OWNED: usize = 0x1;
/// `MUTEX_FLAGS`: about waiters.
const MUTEX_FLAGS: usize = 0x7;

pub(crate) fn query(lock: Lock) -> Answer {
    match lock {
        Lock::RwSemaphore(address) => rw_semaphore(address),
        Lock::Mutex(address) => mutex(address),
    }
    .unwrap_or(Answer::Unknown)
}

fn rw_semaphore(address: usize) -> Option<Answer> {
    let current = current() as usize;
    // Only this task sets the owner to this task, after it became the writer, and it clears it before it
    // stops being that. So the owner tells all about this task as a writer, whatever the others do.
    let owner = word(address.wrapping_add(offset_of!(bindings::rw_semaphore, owner)))?;
    if owner & RWSEM_READER_OWNED == 0 && owner & !RWSEM_OWNER_FLAGS_MASK == current {
        return Some(Answer::Exact(Mode::Exclusive));
    }
    let count = word(address.wrapping_add(offset_of!(bindings::rw_semaphore, count)))?;
    let readers = (count & !RWSEM_FLAG_READFAIL) >> RWSEM_READER_SHIFT;
    Some(if count & RWSEM_WRITER_LOCKED != 0 {
        // Another task is the writer, and so this one is not even a reader.
        Answer::Exact(Mode::NotHeld)
    } else if readers != 0 {
        Answer::Someone(Mode::Shared)
    } else {
        Answer::Exact(Mode::NotHeld)
    })
}

fn mutex(address: usize) -> Option<Answer> {
    let owner = word(address.wrapping_add(offset_of!(bindings::mutex, owner)))?;
    Some(Answer::Exact(
        if owner & !MUTEX_FLAGS == current() as usize {
            Mode::Exclusive
        } else {
            Mode::NotHeld
        },
    ))
}

fn word(address: usize) -> Option<usize> {
    read_nofault::<usize>(address)
}
