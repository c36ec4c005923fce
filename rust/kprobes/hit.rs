// SPDX-License-Identifier: GPL-2.0

//! What a handler sees of the call that it was run for.

use core::{
    mem::offset_of,
    ops::Deref,
    ptr::NonNull, //
};
use extra_bindings as bindings;
use kernel::prelude::*;

use crate::{
    this_cpu,
    Here, //
};

/// Where the arguments are that come in registers, as C's `regs_get_kernel_argument()` has it.
const REGISTERS: [usize; 6] = [
    offset_of!(bindings::pt_regs, di),
    offset_of!(bindings::pt_regs, si),
    offset_of!(bindings::pt_regs, dx),
    offset_of!(bindings::pt_regs, cx),
    offset_of!(bindings::pt_regs, r8),
    offset_of!(bindings::pt_regs, r9),
];

/// An argument that comes in a register.
#[derive(Clone, Copy)]
pub struct Register(u16);

impl Register {
    /// Returns that of the argument with this index, counted from 0, if it comes in one.
    pub fn new(index: u8) -> Option<Self> {
        let at = REGISTERS.get(usize::from(index))?;
        // All registers are within the struct, which is small.
        Some(Self(*at as u16))
    }
}

/// Which end of the probed function was hit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Entry,
    /// The entry, by ftrace: only the arguments, the stack pointer and the address are there.
    Ftrace,
    Return,
}

/// A hit of a probe, for as long as its handler runs.
///
/// It borrows from the handler's frame, and is [`Here`], in the context of the task that made the call.
///
/// # Invariants
///
/// `regs` points to the registers of the hit, which are valid for reads for `'a`.
pub struct Hit<'a> {
    regs: NonNull<bindings::pt_regs>,
    at: At,
    here: Here<'a>,
}

impl<'a> Deref for Hit<'a> {
    type Target = Here<'a>;

    #[inline(always)]
    fn deref(&self) -> &Here<'a> {
        &self.here
    }
}

impl Hit<'_> {
    /// Makes a hit of the registers that C gives to a handler.
    ///
    /// # Safety
    ///
    /// - `regs` must be what C gave to the handler, and must stay valid for reads until the hit is dropped.
    /// - The caller must be such a handler.
    pub(crate) unsafe fn from_raw(regs: NonNull<bindings::pt_regs>) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            regs,
            at: At::Entry,
            // SAFETY: The caller is a handler, by the safety requirements.
            here: unsafe { Here::new() },
        }
    }

    /// Makes a hit of the registers that ftrace saves for a handler that does not ask for all of them.
    ///
    /// # Safety
    ///
    /// Those of [`Hit::from_raw`].
    #[inline(always)]
    pub(crate) unsafe fn from_ftrace(regs: NonNull<bindings::pt_regs>) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            regs,
            at: At::Ftrace,
            // SAFETY: The caller is a handler, by the safety requirements.
            here: unsafe { Here::new() },
        }
    }

    /// Makes a hit of the registers that C gives to a handler at the return of a function.
    ///
    /// # Safety
    ///
    /// Those of [`Hit::from_raw`].
    pub(crate) unsafe fn from_raw_at_return(regs: NonNull<bindings::pt_regs>) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            regs,
            at: At::Return,
            // SAFETY: The caller is a handler, by the safety requirements.
            here: unsafe { Here::new() },
        }
    }

    /// Returns argument `index` of the probed function, counted from 0.
    ///
    /// Only the arguments that the calling convention passes as integers in registers or in whole words on
    /// the stack can be had, and only at the entry of a function. At the return it means nothing.
    #[inline]
    pub fn argument(&self, index: u8) -> usize {
        match REGISTERS.get(usize::from(index)) {
            // SAFETY: By the type invariant the registers are valid for reads, and this is one of them.
            Some(&at) => unsafe { self.regs.byte_add(at).cast::<usize>().read() },
            // The rest is on the stack.
            // SAFETY: By the type invariant the registers are valid for reads.
            None => unsafe { bindings::regs_get_kernel_argument(self.regs.as_ptr(), index.into()) },
        }
    }

    /// Returns the argument that comes in this register. As with [`Hit::argument`], only at the entry of a function.
    #[inline(always)]
    pub fn register(&self, register: Register) -> usize {
        // SAFETY: By the type invariant the registers are valid for reads, and this is one of them.
        unsafe { self.regs.byte_add(register.0.into()).cast::<usize>().read() }
    }

    /// Returns the value that the probed function returns. It means something at the return only.
    #[inline]
    pub fn return_value(&self) -> usize {
        // SAFETY: By the type invariant the registers are valid for reads.
        unsafe { bindings::regs_return_value(self.regs.as_ptr()) }
    }

    /// Returns where on the stack the probed function finds the address to return to. It means something at the entry only.
    #[inline(always)]
    pub fn return_slot(&self) -> usize {
        // SAFETY: By the type invariant the registers are valid for reads, and this is one of those that every handler is given.
        unsafe { (&raw const (*self.regs.as_ptr()).sp).read() }
    }

    /// Returns what is there: that address, unless a return probe has put its trampoline there.
    #[inline(always)]
    pub fn in_return_slot(&self) -> usize {
        // SAFETY: At the entry of a function, this is the last word on the stack.
        unsafe { (self.return_slot() as *const usize).read_volatile() }
    }

    /// Returns whether the call is on the stack of its task. Else it was made by an interrupt.
    #[inline(always)]
    pub fn is_on_task_stack(&self) -> bool {
        // SAFETY: The current task is valid, and has its stack for as long as it runs.
        let stack = unsafe { (&raw const (*this_cpu::current()).stack).read() } as usize;
        self.return_slot().wrapping_sub(stack) < bindings::RUST_CONST_HELPER_THREAD_SIZE
    }

    /// Returns the address that the probed function returns to.
    #[inline]
    pub fn caller(&self) -> usize {
        match self.at {
            // SAFETY: By the type invariant the registers are valid for reads.
            At::Entry | At::Ftrace => unsafe { bindings::kprobe_caller(self.regs.as_ptr()) },
            // SAFETY: As above.
            At::Return => unsafe { bindings::kprobe_return_address(self.regs.as_ptr()) },
        }
    }

    /// Returns whether interrupts were off where the probe hit.
    #[inline]
    pub fn irqs_disabled(&self) -> bool {
        let flags = match self.at {
            // The way into the handler leaves interrupts as they are.
            At::Ftrace => this_cpu::flags(),
            // SAFETY: By the type invariant the registers are valid for reads.
            At::Entry | At::Return => unsafe { self.regs.as_ref() }.flags,
        };
        flags & 1 << bindings::X86_EFLAGS_IF_BIT == 0
    }

    /// Returns the preemption count of the code that was hit, without what the way into the handler added.
    ///
    /// Without `CONFIG_PREEMPT_COUNT` only interrupts count, and no spinlock does.
    #[inline]
    pub fn preempt_count(&self) -> u32 {
        // SAFETY: Reads the preemption count, which is always there.
        unsafe { bindings::kprobe_preempt_count() }
    }

    /// Returns whether that is surely 0, without a call: there is only what the way into the handler did, which is to turn
    /// preemption off, or to enter an NMI. [`false`] says nothing.
    #[inline(always)]
    pub fn is_preemptible(&self) -> bool {
        const NMI: u32 = bindings::NMI_OFFSET + bindings::HARDIRQ_OFFSET;
        cfg!(CONFIG_PREEMPT_COUNT) && matches!(this_cpu::preempt_count(), 1 | NMI)
    }

    /// Returns whether softirqs were off where the probe hit, or one was being handled, as C's `in_softirq()`.
    #[inline(always)]
    pub fn in_softirq(&self) -> bool {
        this_cpu::preempt_count() & bindings::RUST_CONST_HELPER_SOFTIRQ_MASK != 0
    }

    /// Returns whether the kernel treats this context as an NMI, as it does after a breakpoint.
    #[inline]
    pub fn in_nmi(&self) -> bool {
        // SAFETY: Reads the preemption count, which is always there.
        unsafe { bindings::kprobe_in_nmi() }
    }

    /// Fills `frames` with the return addresses on the stack, from [`Hit::caller`] outwards.
    ///
    /// Returns how many there are.
    pub fn stack(&self, frames: &mut [usize]) -> usize {
        let size = u32::try_from(frames.len()).unwrap_or(u32::MAX);
        // CAST: `unsigned long` and `usize` have one layout in the kernel.
        let store = frames.as_mut_ptr().cast::<c_ulong>();
        let found = match self.at {
            // SAFETY: By the type invariant the registers are valid for reads; `store` has room for `size`
            // addresses. The unwinder can be used in any context.
            At::Entry | At::Ftrace => unsafe {
                bindings::kprobe_stack(self.regs.as_ptr(), store, size)
            },
            // SAFETY: As above.
            At::Return => unsafe { bindings::kprobe_return_stack(self.regs.as_ptr(), store, size) },
        };
        found as usize
    }
}
