// SPDX-License-Identifier: GPL-2.0

//! Work that a handler leaves to process context.
//!
//! C header: [`include/linux/irq_work.h`](srctree/include/linux/irq_work.h)

use extra_bindings as bindings;
use kernel::{
    container_of,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc,
        Mutex, //
    },
    types::Opaque, //
};

/// What runs in process context after [`Deferred::raise`].
pub trait Run: Send + Sync {
    /// Called in process context, where it may sleep; once for any number of raises before it.
    fn run(self: Arc<Self>);
}

/// Runs a [`Run`] in process context on behalf of any context, an NMI included.
///
/// It goes through an interrupt of this CPU (`irq_work`) to a workqueue. It is meant to be a field of the
/// `T` that it runs: from [`Deferred::arm`] to [`Deferred::disarm`] it holds a reference to it.
#[pin_data(PinnedDrop)]
pub struct Deferred<T: Run> {
    armed: Atomic<bool>,
    #[pin]
    target: Mutex<Option<Arc<T>>>,
    #[pin]
    irq_work: Opaque<bindings::irq_work>,
    #[pin]
    work: Opaque<bindings::work_struct>,
}

// SAFETY: Both works belong to no thread; an `Arc<T>` may go to another one.
unsafe impl<T: Run> Send for Deferred<T> {}
// SAFETY: C allows any number of threads to queue the works; the rest is a mutex and an atomic.
unsafe impl<T: Run> Sync for Deferred<T> {}

impl<T: Run> Deferred<T> {
    /// Makes one that does nothing until it is armed.
    pub fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            armed: Atomic::new(false),
            target <- new_mutex!(None, "Deferred::target"),
            irq_work <- Opaque::ffi_init(|slot: *mut bindings::irq_work| {
                // SAFETY: The slot is valid for writes, and pinned.
                unsafe { bindings::kprobe_init_irq_work(slot, Some(Self::interrupt)) }
            }),
            work <- Opaque::ffi_init(|slot: *mut bindings::work_struct| {
                // SAFETY: The slot is valid for writes, and pinned.
                unsafe { bindings::kprobe_init_work(slot, Some(Self::process)) }
            }),
        })
    }

    /// Lets raises through to `target` from now on.
    pub fn arm(&self, target: Arc<T>) {
        *self.target.lock() = Some(target);
        self.armed.store(true, Release);
    }

    /// Asks for a run. Can be called in any context.
    #[inline]
    pub fn raise(&self) {
        if self.armed.load(Acquire) {
            // SAFETY: The work was initialised, and `drop()` waits for it.
            unsafe { bindings::irq_work_queue(self.irq_work.get()) };
        }
    }

    /// Ignores raises from now on, waits for a run that is under way, and drops the target. Sleeps.
    ///
    /// It must not be called from the run itself.
    pub fn disarm(&self) {
        self.armed.store(false, Release);
        self.wait();
        // Dropped after the lock: this may be the last reference but one.
        let target = self.target.lock().take();
        drop(target);
    }

    fn wait(&self) {
        // SAFETY: The work was initialised. It may be waited for where one may sleep.
        unsafe { bindings::irq_work_sync(self.irq_work.get()) };
        // SAFETY: The work was initialised. The interrupt that queues it is over.
        unsafe { bindings::cancel_work_sync(self.work.get()) };
    }

    /// # Safety
    ///
    /// Only for C, which calls it with the `irq_work` of a `Self`: `drop()` waits for it.
    unsafe extern "C" fn interrupt(irq_work: *mut bindings::irq_work) {
        // SAFETY: By the safety requirements it is the field of a `Self`.
        let this = unsafe { container_of!(Opaque::cast_from(irq_work), Self, irq_work) };
        // SAFETY: `this` is alive as long as the interrupt runs.
        let work = unsafe { (*this).work.get() };
        // SAFETY: The work was initialised, and `drop()` waits for it.
        unsafe { bindings::kprobe_queue_work(work) };
    }

    /// # Safety
    ///
    /// Only for C, which calls it with the `work` of a `Self`: `drop()` waits for it.
    unsafe extern "C" fn process(work: *mut bindings::work_struct) {
        // SAFETY: By the safety requirements it is the field of a `Self`.
        let this = unsafe { container_of!(Opaque::cast_from(work), Self, work) };
        // SAFETY: `this` is alive and shared while the work runs.
        let this = unsafe { &*this };
        let target = this.target.lock().clone();
        if let Some(target) = target {
            target.run();
        }
    }
}

#[pinned_drop]
impl<T: Run> PinnedDrop for Deferred<T> {
    fn drop(self: Pin<&mut Self>) {
        self.wait();
    }
}
