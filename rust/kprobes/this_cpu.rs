// SPDX-License-Identifier: GPL-2.0

//! What belongs to one CPU.
//!
//! C header: [`include/linux/percpu-defs.h`](srctree/include/linux/percpu-defs.h)

use core::{
    arch::asm,
    cell::UnsafeCell, //
};
use extra_bindings as bindings;
use kernel::{
    cpu::CpuId,
    prelude::*, //
};

use crate::Hit;

/// Returns the current task, as C's `current`.
#[inline(always)]
pub fn current() -> *mut bindings::task_struct {
    let task;
    // SAFETY: It reads a variable of this CPU, which is the same for as long as this task runs.
    unsafe {
        asm!(
            "mov {}, qword ptr gs:[rip + {}]",
            out(reg) task,
            sym bindings::current_task,
            options(pure, nomem, nostack, preserves_flags),
        )
    };
    task
}

/// Returns the CPU that this runs on, which need not stay the same.
#[inline(always)]
pub(crate) fn cpu() -> CpuId {
    let cpu: u32;
    // SAFETY: It reads a variable of this CPU.
    unsafe {
        asm!(
            "mov {:e}, dword ptr gs:[rip + {}]",
            out(reg) cpu,
            sym bindings::cpu_number,
            options(readonly, nostack, preserves_flags),
        )
    };
    // SAFETY: It is the number of a CPU.
    unsafe { CpuId::from_u32_unchecked(cpu) }
}

/// Returns the preemption count, as C's `preempt_count()`.
#[inline(always)]
pub(crate) fn preempt_count() -> u32 {
    /// `PREEMPT_NEED_RESCHED`: a flag, and no part of the count.
    const PREEMPT_NEED_RESCHED: u32 = 1 << 31;

    let count: u32;
    // SAFETY: It reads a variable of this CPU.
    unsafe {
        asm!(
            "mov {:e}, dword ptr gs:[rip + {}]",
            out(reg) count,
            sym bindings::__preempt_count,
            options(readonly, nostack, preserves_flags),
        )
    };
    count & !PREEMPT_NEED_RESCHED
}

/// Returns the flags of this CPU, as C's `arch_local_save_flags()`.
#[inline(always)]
pub(crate) fn flags() -> c_ulong {
    let flags;
    // SAFETY: It writes to the stack and takes that back.
    unsafe { asm!("pushfq", "pop {}", out(reg) flags, options(nomem, preserves_flags)) };
    flags
}

/// A number that handlers on one CPU count up, and that all may read.
///
/// No lock and no bus cycle is needed: it is one instruction, which nothing on the same CPU can split.
pub struct Counter(UnsafeCell<u64>);

// SAFETY: All accesses are of the whole word at once. If several CPUs count with one, counts are lost, no more.
unsafe impl Sync for Counter {}

impl Counter {
    /// Makes one that is 0.
    #[inline]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    /// Counts, in a handler. All that use this counter have to run on one CPU.
    #[inline(always)]
    pub fn count(&self, _hit: &Hit<'_>) {
        // SAFETY: The address is valid and aligned.
        unsafe { asm!("inc qword ptr [{}]", in(reg) self.0.get(), options(nostack)) };
    }

    /// Returns how often it was counted up.
    #[inline]
    pub fn get(&self) -> u64 {
        // SAFETY: The address is valid and aligned; a volatile read of a word is atomic.
        unsafe { self.0.get().read_volatile() }
    }

    /// Sets it to 0. A count that comes meanwhile may win.
    #[inline]
    pub fn reset(&self) {
        // SAFETY: The address is valid and aligned; a volatile write of a word is atomic.
        unsafe { self.0.get().write_volatile(0) };
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}
