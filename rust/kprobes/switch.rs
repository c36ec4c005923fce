// SPDX-License-Identifier: GPL-2.0

//! Tasks that are switched out.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use extra_bindings as bindings;
use kernel::{
    error::to_result,
    prelude::*,
    types::NotThreadSafe, //
};

/// The current task at the moment when it is switched out.
///
/// Holding one means that interrupts are off and the CPU's run queue is locked: nothing may sleep, wake up
/// anybody, print, or take a lock.
pub struct Switch<'a> {
    task: usize,
    preempted: bool,
    _handler: PhantomData<&'a ()>,
    _not_send: NotThreadSafe,
}

impl Switch<'_> {
    /// Returns the address of the current task.
    #[inline]
    pub fn task(&self) -> usize {
        self.task
    }

    /// Returns whether the task is preempted. Else it sleeps or yields.
    #[inline]
    pub fn is_preempted(&self) -> bool {
        self.preempted
    }

    /// Fills `frames` with the return addresses on the stack, from the scheduler outwards.
    ///
    /// Returns how many there are.
    pub fn stack(&self, frames: &mut [usize]) -> usize {
        let size = u32::try_from(frames.len()).unwrap_or(u32::MAX);
        // CAST: `unsigned long` and `usize` have one layout in the kernel.
        let store = frames.as_mut_ptr().cast::<c_ulong>();
        // SAFETY: `store` has room for `size` addresses. The unwinder can be used in any context.
        let found = unsafe { bindings::kprobe_stack_here(store, size) };
        found as usize
    }
}

/// What to do when a task is switched out.
pub trait SwitchHandler: Send + Sync {
    /// Called on the CPU of the task, before another one runs.
    fn switched(&self, switch: &Switch<'_>);
}

/// A handler on the tracepoint `sched_switch`.
///
/// # Invariants
///
/// `tracepoint` is one of the kernel, which stays, and `Self::probe` is registered there with the
/// address of `handler`.
pub struct SwitchProbe<H: SwitchHandler> {
    handler: KBox<H>,
    tracepoint: NonNull<bindings::tracepoint>,
}

// SAFETY: A registered tracepoint belongs to no thread, and the handler may go to another one.
unsafe impl<H: SwitchHandler> Send for SwitchProbe<H> {}
// SAFETY: `&self` gives only the handler, which is `Sync`.
unsafe impl<H: SwitchHandler> Sync for SwitchProbe<H> {}

impl<H: SwitchHandler> SwitchProbe<H> {
    /// Registers a handler. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOENT` if the kernel has no such tracepoint, and `ENOMEM`.
    pub fn new(handler: H) -> Result<Self> {
        let handler = KBox::new(handler, GFP_KERNEL)?;
        // SAFETY: It reads a list that does not change.
        let tracepoint = unsafe { bindings::kprobe_find_sched_switch() };
        let tracepoint = NonNull::new(tracepoint).ok_or(ENOENT)?;
        // SAFETY: `probe()` has the arguments of the tracepoint, and `handler` stays until `drop()`
        // unregisters it.
        to_result(unsafe {
            bindings::tracepoint_probe_register(
                tracepoint.as_ptr(),
                Self::probe as *mut c_void,
                (&raw const *handler).cast_mut().cast(),
            )
        })?;
        // INVARIANT: It was just registered.
        Ok(Self {
            handler,
            tracepoint,
        })
    }

    /// Returns the handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// # Safety
    ///
    /// Only for the tracepoint, which gives `handler` as it was registered.
    unsafe extern "C" fn probe(
        handler: *mut c_void,
        preempt: bool,
        prev: *mut bindings::task_struct,
        _next: *mut bindings::task_struct,
        _prev_state: c_uint,
    ) {
        // SAFETY: By the safety requirements; `drop()` waits for those who run before it frees the handler.
        let handler = unsafe { &*handler.cast::<H>() };
        handler.switched(&Switch {
            task: prev as usize,
            preempted: preempt,
            _handler: PhantomData,
            _not_send: NotThreadSafe,
        });
    }
}

impl<H: SwitchHandler> Drop for SwitchProbe<H> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is registered with these.
        unsafe {
            bindings::tracepoint_probe_unregister(
                self.tracepoint.as_ptr(),
                Self::probe as *mut c_void,
                (&raw const *self.handler).cast_mut().cast(),
            )
        };
        // SAFETY: It can be called where one may sleep. It waits for those who run.
        unsafe { bindings::kprobe_tracepoint_synchronize() };
    }
}
