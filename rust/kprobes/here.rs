// SPDX-License-Identifier: GPL-2.0

//! Where a handler runs: on whose behalf, and when.

use core::marker::PhantomData;
use extra_bindings as bindings;
use kernel::types::NotThreadSafe;

use crate::this_cpu;

/// The proof that code runs in a handler, in the context of a task, and what is there to know of that task.
///
/// It cannot go to another thread: holding one means that preemption is off and that nothing may sleep,
/// allocate or take an ordinary lock.
pub struct Here<'a> {
    _handler: PhantomData<&'a ()>,
    _not_send: NotThreadSafe,
}

impl Here<'_> {
    /// # Safety
    ///
    /// The caller must be a handler, with preemption off until what is returned is dropped.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        Self {
            _handler: PhantomData,
            _not_send: NotThreadSafe,
        }
    }

    /// Returns the time since boot in nanoseconds, without the time that the machine was suspended.
    #[inline]
    pub fn time(&self) -> u64 {
        // SAFETY: It can be called in any context.
        unsafe { bindings::ktime_get_mono_fast_ns() }
    }

    /// Returns the address of the current task; in an interrupt, that is the one that was interrupted.
    #[inline(always)]
    pub fn task(&self) -> usize {
        this_cpu::current() as usize
    }

    /// Returns the process id of the current task.
    #[inline]
    pub fn pid(&self) -> i32 {
        // SAFETY: The current task is valid.
        unsafe { (*this_cpu::current()).pid }
    }

    /// Returns the name of the current task, up to the first NUL.
    pub fn comm(&self) -> [u8; 16] {
        // SAFETY: The current task is valid. Others may change its name: then this is a mixture.
        unsafe { (&raw const (*this_cpu::current()).comm).read_volatile() }
    }
}
