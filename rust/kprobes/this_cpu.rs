// SPDX-License-Identifier: GPL-2.0

//! What belongs to one CPU.
//!
//! C header: [`include/linux/percpu-defs.h`](srctree/include/linux/percpu-defs.h)

use core::arch::asm;

use extra_bindings as bindings;
use kernel::prelude::*;

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

/// Returns where this CPU has what is at `of` for each CPU, as C's `raw_cpu_ptr()`.
#[inline(always)]
pub(crate) fn pointer<T>(of: *mut T) -> *mut T {
    let offset: usize;
    // SAFETY: It reads a variable of this CPU, which never changes.
    unsafe {
        asm!(
            "mov {}, qword ptr gs:[rip + {}]",
            out(reg) offset,
            sym bindings::this_cpu_off,
            options(pure, nomem, nostack, preserves_flags),
        )
    };
    of.wrapping_byte_add(offset)
}

/// Returns where the stack ends at present.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: It reads a register.
    unsafe { asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
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
