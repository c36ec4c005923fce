// SPDX-License-Identifier: GPL-2.0

//! Tasks that are switched out, and run again.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

use core::{
    ops::Deref,
    ptr::NonNull, //
};
use extra_bindings as bindings;
use kernel::{
    error::to_result,
    prelude::*, //
};

use crate::{
    this_cpu,
    Here, //
};

/// The current task at the moment when it is switched out.
///
/// Holding one means that interrupts are off and the CPU's run queue is locked: nothing may sleep, wake up
/// anybody, print, or take a lock.
pub struct Switch<'a> {
    task: usize,
    next: usize,
    sleeps: bool,
    here: Here<'a>,
}

/// A call that is under way.
#[derive(Clone, Copy)]
pub struct Call {
    /// The address that it returns to.
    pub returns_to: usize,
    /// An address in the function that was called; if that went on in another one by a jump, in that one.
    pub callee: usize,
}

impl Switch<'_> {
    /// Returns the address of the current task.
    #[inline]
    pub fn task(&self) -> usize {
        self.task
    }

    /// Returns the address of the task that will run here.
    #[inline]
    pub fn next(&self) -> usize {
        self.next
    }

    /// Returns whether the task sleeps. Else it is preempted, or yields, and could go on.
    #[inline]
    pub fn sleeps(&self) -> bool {
        self.sleeps
    }

    /// Returns where its stack ends: what is at lower addresses is over.
    #[inline]
    pub fn stack_pointer(&self) -> usize {
        this_cpu::stack_pointer()
    }

    /// Returns the call of the current task that has its return address in this place of the stack, if there is one.
    pub fn call_at(&self, return_slot: usize) -> Option<Call> {
        let mut callee: c_ulong = 0;
        // SAFETY: The unwinder can be used in any context, and looks at no memory but the stack's.
        let returns_to =
            unsafe { bindings::kprobe_call_at(return_slot as c_ulong, &raw mut callee) };
        (returns_to != 0).then_some(Call {
            returns_to: returns_to as usize,
            callee: callee as usize,
        })
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

impl<'a> Deref for Switch<'a> {
    type Target = Here<'a>;

    fn deref(&self) -> &Here<'a> {
        &self.here
    }
}

/// What to do when a task is switched out, and when one runs again.
pub trait SwitchHandler: Send + Sync {
    /// Called on the CPU of the task, before another one runs.
    fn switched(&self, switch: &Switch<'_>);

    /// Called in a task that leaves the scheduler, on the CPU where it was [`Switch::next`], unless it has remained there.
    /// Unlike there, no lock is held.
    fn resumed(&self, here: &Here<'_>);
}

/// A probe that is registered on a tracepoint.
///
/// # Invariants
///
/// `tracepoint` is one of the kernel, which stays, and `probe` is registered there with `handler`.
struct Registration {
    tracepoint: NonNull<bindings::tracepoint>,
    probe: *mut c_void,
    handler: *mut c_void,
}

impl Registration {
    /// Registers a probe. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOENT` if the kernel has no such tracepoint, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// `probe` must be a function with the arguments of the tracepoint behind `handler`. Both must stay until the registration is
    /// dropped and `kprobe_tracepoint_synchronize()` has returned after that.
    unsafe fn new(name: &CStr, probe: *mut c_void, handler: *mut c_void) -> Result<Self> {
        // SAFETY: It reads a list that does not change.
        let tracepoint = unsafe { bindings::kprobe_find_tracepoint(name.as_char_ptr()) };
        let tracepoint = NonNull::new(tracepoint).ok_or(ENOENT)?;
        // SAFETY: By the safety requirements.
        to_result(unsafe {
            bindings::tracepoint_probe_register(tracepoint.as_ptr(), probe, handler)
        })?;
        // INVARIANT: It was just registered.
        Ok(Self {
            tracepoint,
            probe,
            handler,
        })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is registered with these.
        unsafe {
            bindings::tracepoint_probe_unregister(
                self.tracepoint.as_ptr(),
                self.probe,
                self.handler,
            )
        };
    }
}

/// A handler on the tracepoints `sched_switch` and `sched_exit_tp`.
pub struct SwitchProbe<H: SwitchHandler> {
    registrations: KVec<Registration>,
    handler: KBox<H>,
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
    /// `ENOENT` if the kernel lacks one of the tracepoints, and `ENOMEM`.
    pub fn new(handler: H) -> Result<Self> {
        // From here on, its drop undoes what was done.
        let mut probe = Self {
            registrations: KVec::with_capacity(2, GFP_KERNEL)?,
            handler: KBox::new(handler, GFP_KERNEL)?,
        };
        let data = (&raw const *probe.handler).cast_mut().cast();
        let probes: [(_, *mut c_void); 2] = [
            (c"sched_exit_tp", Self::resumed as *mut c_void),
            (c"sched_switch", Self::switched as *mut c_void),
        ];
        for (name, function) in probes {
            // SAFETY: The functions have the arguments of these tracepoints. `drop()` unregisters them and waits before the
            // handler goes.
            let registration = unsafe { Registration::new(name, function, data) }?;
            probe.registrations.push(registration, GFP_KERNEL)?;
        }
        Ok(probe)
    }

    /// Returns the handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// # Safety
    ///
    /// Only for the tracepoint, which gives `handler` as it was registered.
    unsafe extern "C" fn switched(
        handler: *mut c_void,
        preempt: bool,
        prev: *mut bindings::task_struct,
        next: *mut bindings::task_struct,
        prev_state: c_uint,
    ) {
        // SAFETY: By the safety requirements; `drop()` waits for those who run before it frees the handler.
        let handler = unsafe { &*handler.cast::<H>() };
        handler.switched(&Switch {
            task: prev as usize,
            next: next as usize,
            // Who was woken on the way to the scheduler is running, and goes on.
            sleeps: !preempt && prev_state != 0,
            // SAFETY: The scheduler has turned interrupts off.
            here: unsafe { Here::new() },
        });
    }

    /// # Safety
    ///
    /// Only for the tracepoint, which gives `handler` as it was registered.
    unsafe extern "C" fn resumed(handler: *mut c_void, _is_switch: bool) {
        // SAFETY: As above.
        let handler = unsafe { &*handler.cast::<H>() };
        // SAFETY: The scheduler has turned preemption off.
        handler.resumed(&unsafe { Here::new() });
    }
}

impl<H: SwitchHandler> Drop for SwitchProbe<H> {
    fn drop(&mut self) {
        self.registrations.clear();
        // SAFETY: It can be called where one may sleep. It waits for those who run, who use the handler.
        unsafe { bindings::kprobe_tracepoint_synchronize() };
    }
}
