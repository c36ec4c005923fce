// SPDX-License-Identifier: GPL-2.0

//! The answer that the lock itself gives, without lockdep.
//!
//! It mirrors [`kernel/locking/rwsem.c`](srctree/kernel/locking/rwsem.c),
//! [`kernel/locking/mutex.h`](srctree/kernel/locking/mutex.h) and
//! [`include/linux/mmap_lock.h`](srctree/include/linux/mmap_lock.h), whose constants are in no header that
//! bindings can be made of. The self-test would notice if they changed.

#[cfg(CONFIG_PREEMPT_RCU)]
use crate::context::rcu_read_lock_nesting;
use crate::{
    bindings,
    readers,
    Answer,
    Lock,
    Mode, //
};
use core::mem::offset_of;
use kprobes::{
    current,
    read_nofault, //
};

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
/// A spinlock that nobody holds is 0, and it has as many bits.
const SPINLOCK: usize = u32::MAX as usize;
/// `_Q_LOCKED_MASK`: the byte of a spinlock that is 1 while it is held, or more, where a hypervisor has to wake who waits for it.
const SPINLOCK_LOCKED: usize = 0xff;
/// `MUTEX_FLAGS`: about waiters.
const MUTEX_FLAGS: usize = 0x7;

/// `VM_REFCNT_EXCLUDE_READERS_FLAG`: the bit of `vm_refcnt` that a writer sets while it waits for readers.
#[cfg(CONFIG_PER_VMA_LOCK)]
const VM_REFCNT_EXCLUDE_READERS_FLAG: u32 = 1 << 30;

/// Returns the address of the word in which a lock names its owner, and the bits that mean a task that holds it exclusively.
pub(crate) fn owner_word(lock: Lock) -> Option<(usize, usize)> {
    match lock {
        // A reader's bit stays, so that it never is the address of a task.
        Lock::RwSemaphore(address) => Some((
            address.wrapping_add(offset_of!(bindings::rw_semaphore, owner)),
            !(RWSEM_OWNER_FLAGS_MASK & !RWSEM_READER_OWNED),
        )),
        Lock::Mutex(address) => Some((
            address.wrapping_add(offset_of!(bindings::mutex, owner)),
            !MUTEX_FLAGS,
        )),
        _ => None,
    }
}

/// Returns the address of a word that is 0 in these bits as long as nobody holds a lock.
pub(crate) fn held_word(lock: Lock) -> Option<(usize, usize)> {
    match lock {
        Lock::RwSemaphore(address) => Some((
            address.wrapping_add(offset_of!(bindings::rw_semaphore, count)),
            usize::MAX,
        )),
        Lock::Spinlock(address) => Some((address, SPINLOCK)),
        Lock::RenameLock => Some((rename_lock(), SPINLOCK)),
        Lock::Folio(_) => taken_word(lock),
        _ => owner_word(lock),
    }
}

/// Returns the address of a word of which the lowest of these bits is set and the others are not while a lock is held, and
/// nothing but that can be told: [`query`] answers [`Answer::Someone`] with [`Mode::Exclusive`].
pub(crate) fn taken_word(lock: Lock) -> Option<(usize, usize)> {
    match lock {
        // With debugging it has an owner.
        Lock::Spinlock(_) | Lock::RenameLock if cfg!(CONFIG_DEBUG_SPINLOCK) => None,
        Lock::Spinlock(address) => Some((address, SPINLOCK_LOCKED)),
        Lock::RenameLock => Some((rename_lock(), SPINLOCK_LOCKED)),
        Lock::Folio(address) => Some((address, 1 << bindings::pageflags_PG_locked)),
        _ => None,
    }
}

pub(crate) fn query(lock: Lock) -> Answer {
    match lock {
        Lock::RwSemaphore(address) => rw_semaphore(address),
        Lock::Mutex(address) => mutex(address),
        Lock::Spinlock(address) => spinlock(address),
        Lock::RenameLock => spinlock(rename_lock()),
        Lock::Folio(address) => folio(address),
        Lock::VmArea(address) => vm_area(address),
        Lock::VmAreaOrMmap(address) => vm_area_or_mmap(address),
        Lock::RcuReadLock => rcu_read_lock(),
        Lock::RcuCallback => rcu_callback(),
    }
    .unwrap_or(Answer::Unknown)
}

/// Returns the address of the spinlock in `rename_lock`.
pub(crate) fn rename_lock() -> usize {
    let seqlock = (&raw const bindings::rename_lock) as usize;
    seqlock.wrapping_add(offset_of!(bindings::seqlock_t, lock))
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
        readers::query(address, owner & !RWSEM_OWNER_FLAGS_MASK == current)
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

fn spinlock(address: usize) -> Option<Answer> {
    // Its first member is the `struct raw_spinlock`, and the lock itself is the first of that.
    if read_nofault::<u32>(address)? == 0 {
        return Some(Answer::Exact(Mode::NotHeld));
    }
    #[cfg(CONFIG_DEBUG_SPINLOCK)]
    {
        // Only the owner sets it to itself, and clears it before it lets go.
        let owner = word(address.wrapping_add(offset_of!(bindings::raw_spinlock, owner)))?;
        Some(Answer::Exact(if owner == current() as usize {
            Mode::Exclusive
        } else {
            Mode::NotHeld
        }))
    }
    #[cfg(not(CONFIG_DEBUG_SPINLOCK))]
    Some(Answer::Someone(Mode::Exclusive))
}

fn folio(address: usize) -> Option<Answer> {
    // `flags` is its first member.
    let locked = word(address)? & 1 << bindings::pageflags_PG_locked != 0;
    Some(if locked {
        Answer::Someone(Mode::Exclusive)
    } else {
        Answer::Exact(Mode::NotHeld)
    })
}

#[cfg(CONFIG_PER_VMA_LOCK)]
fn vm_area(address: usize) -> Option<Answer> {
    let place = address.wrapping_add(offset_of!(bindings::vm_area_struct, vm_refcnt));
    // One reference says that it is in use; each reader has one more.
    let readers = read_nofault::<u32>(place)? & !VM_REFCNT_EXCLUDE_READERS_FLAG;
    Some(if readers > 1 {
        Answer::Someone(Mode::Shared)
    } else {
        Answer::Exact(Mode::NotHeld)
    })
}

#[cfg(not(CONFIG_PER_VMA_LOCK))]
fn vm_area(_address: usize) -> Option<Answer> {
    None
}

/// Asks both locks, and so lockdep too where it knows them.
fn vm_area_or_mmap(address: usize) -> Option<Answer> {
    let mm = word(address.wrapping_add(offset_of!(bindings::vm_area_struct, vm_mm)))?;
    let mmap_lock = offset_of!(bindings::mm_struct, __bindgen_anon_1.mmap_lock);
    let of_mm = Lock::RwSemaphore(mm.wrapping_add(mmap_lock)).query();
    let vm_area = Lock::VmArea(address);
    Some(if vm_area.can_be_queried() {
        of_mm.or(vm_area.query())
    } else {
        // There is no such lock.
        of_mm
    })
}

#[cfg(CONFIG_PREEMPT_RCU)]
fn rcu_read_lock() -> Option<Answer> {
    Some(Answer::Exact(if rcu_read_lock_nesting() > 0 {
        Mode::Shared
    } else {
        Mode::NotHeld
    }))
}

#[cfg(not(CONFIG_PREEMPT_RCU))]
fn rcu_read_lock() -> Option<Answer> {
    // Such a section is one without preemption, as a handler is too.
    None
}

fn rcu_callback() -> Option<Answer> {
    // SAFETY: Reads the preemption count, which is always there.
    let in_softirq = unsafe { bindings::held_in_softirq() };
    Some(if in_softirq {
        Answer::Someone(Mode::Shared)
    } else {
        Answer::Exact(Mode::NotHeld)
    })
}

fn word(address: usize) -> Option<usize> {
    read_nofault::<usize>(address)
}
