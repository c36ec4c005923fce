// SPDX-License-Identifier: GPL-2.0

//! Probes at the entry of a function.

use core::ptr::NonNull;
use extra_bindings as bindings;
use kernel::{
    container_of,
    error::to_result,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};

use crate::Hit;

/// The function to probe.
#[derive(Clone, Copy)]
pub enum Target {
    /// Its address.
    Address(usize),
    /// Its name, or `module:name`.
    Symbol(&'static CStr),
}

impl Target {
    /// Returns the address of the function, or of the first instruction that can be probed. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Probe::new`].
    pub fn address(self) -> Result<usize> {
        if let Target::Address(address) = self {
            return Ok(address);
        }
        // No symbol is looked up but for a kprobe, which need not be armed.
        let mut kprobe = self.to_kprobe();
        kprobe.flags = bindings::KPROBE_FLAG_DISABLED;
        // SAFETY: It is initialised, and stays where it is until it is unregistered below. It is never armed.
        to_result(unsafe { bindings::register_kprobe(&raw mut kprobe) })?;
        // SAFETY: It was just registered.
        unsafe { bindings::unregister_kprobe(&raw mut kprobe) };
        Ok(kprobe.addr as usize)
    }

    /// Returns a `struct kprobe` for it, not registered yet.
    pub(crate) fn to_kprobe(self) -> bindings::kprobe {
        // SAFETY: All bits zero are numbers, null pointers and absent functions.
        let mut kprobe: bindings::kprobe = unsafe { core::mem::zeroed() };
        match self {
            Target::Address(address) => kprobe.addr = address as *mut bindings::kprobe_opcode_t,
            Target::Symbol(name) => kprobe.symbol_name = name.as_char_ptr(),
        }
        kprobe
    }
}

/// What to do when a function is entered.
pub trait Handler: Send + Sync {
    /// Called at the entry of the function, on the CPU and in the context of its caller.
    ///
    /// The crate's documentation says what such a context forbids.
    fn entry(&self, hit: &Hit<'_>);
}

/// A registered kprobe.
///
/// # Invariants
///
/// `kprobe` is registered if `registered` is set, and only then can `handler` be called.
#[pin_data(PinnedDrop)]
pub struct Probe<H: Handler> {
    handler: H,
    registered: Atomic<bool>,
    #[pin]
    kprobe: Opaque<bindings::kprobe>,
}

// SAFETY: A registered kprobe belongs to no thread, and the handler may go to another one.
unsafe impl<H: Handler> Send for Probe<H> {}
// SAFETY: `&self` gives only reads of single words of the kprobe and the handler, which is `Sync`.
unsafe impl<H: Handler> Sync for Probe<H> {}

impl<H: Handler> Probe<H> {
    /// Registers a probe. Sleeps.
    ///
    /// The kernel may later replace the breakpoint by a jump, where there is one.
    ///
    /// # Errors
    ///
    /// - `ENOENT`: no such symbol, or the address is in no symbol.
    /// - `EINVAL`: the kernel does not allow a probe there: not code, or code that probes themselves use.
    pub fn new(target: Target, handler: H) -> impl PinInit<Self, Error> {
        Self::with(target, handler, None)
    }

    /// Registers a probe whose breakpoint stays a breakpoint: it never becomes a jump. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Probe::new`].
    pub fn new_unoptimized(target: Target, handler: H) -> impl PinInit<Self, Error> {
        // The kernel does not optimise a kprobe that has something to do after the instruction.
        Self::with(target, handler, Some(Self::post))
    }

    fn with(
        target: Target,
        handler: H,
        post_handler: bindings::kprobe_post_handler_t,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            handler,
            // INVARIANT: The handler comes before the registration, whose failure drops all.
            registered: Atomic::new(true),
            kprobe <- Opaque::try_ffi_init(move |slot: *mut bindings::kprobe| {
                let mut kprobe = target.to_kprobe();
                kprobe.pre_handler = Some(Self::pre);
                kprobe.post_handler = post_handler;
                // SAFETY: `try_ffi_init()` gives a slot that is valid for writes.
                unsafe { slot.write(kprobe) };
                // SAFETY: The kprobe is initialised and pinned, and it is unregistered before it
                // is freed. `pre()` finds an initialised handler beside it.
                to_result(unsafe { bindings::register_kprobe(slot) })
            }),
        }? Error)
    }

    /// Returns the handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// Returns whether the probe goes through ftrace rather than through a breakpoint.
    pub fn is_ftrace(&self) -> bool {
        // SAFETY: The kprobe lives as long as `self`; C changes other bits of the word at most.
        let flags = unsafe { (&raw const (*self.kprobe.get()).flags).read_volatile() };
        flags & bindings::KPROBE_FLAG_FTRACE != 0
    }

    /// Returns how many hits were lost, for the most part because they came inside another handler.
    pub fn nmissed(&self) -> u64 {
        // SAFETY: The kprobe lives as long as `self`; C changes the word by single writes.
        unsafe { (&raw const (*self.kprobe.get()).nmissed).read_volatile() as u64 }
    }

    /// # Safety
    ///
    /// Only for C: `kprobe` must be the one of a registered `Self`, which C guarantees from
    /// `register_kprobe()` until `unregister_kprobe()` returns, and `regs` must be those of the hit.
    unsafe extern "C" fn pre(kprobe: *mut bindings::kprobe, regs: *mut bindings::pt_regs) -> c_int {
        // SAFETY: By the safety requirements `kprobe` is the field of a `Self`.
        let probe = unsafe { container_of!(Opaque::cast_from(kprobe), Self, kprobe) };
        // SAFETY: As above; `handler` was initialised before the kprobe was registered, and C shares it.
        let handler = unsafe { &(*probe).handler };
        // SAFETY: By the safety requirements they are there.
        let regs = unsafe { NonNull::new_unchecked(regs) };
        // SAFETY: `aggr_pre_handler()`, `kprobe_ftrace_handler()`, `kprobe_int3_handler()` and
        // `optimized_callback()` give registers that are valid until this returns.
        let hit = unsafe { Hit::from_raw(regs) };
        handler.entry(&hit);
        0
    }

    /// # Safety
    ///
    /// Only for C.
    unsafe extern "C" fn post(
        _kprobe: *mut bindings::kprobe,
        _regs: *mut bindings::pt_regs,
        _flags: c_ulong,
    ) {
    }
}

#[pinned_drop]
impl<H: Handler> PinnedDrop for Probe<H> {
    fn drop(self: Pin<&mut Self>) {
        if self.registered.load(Relaxed) {
            // SAFETY: By the type invariant it is registered. This waits for running handlers.
            unsafe { bindings::unregister_kprobe(self.kprobe.get()) };
        }
    }
}

/// Unregisters and frees many probes with one wait for running handlers instead of one each. Sleeps.
pub fn unregister_all<H: Handler>(probes: KVec<Pin<KBox<Probe<H>>>>) {
    let mut kprobes = KVec::new();
    for probe in &probes {
        if kprobes.push(probe.kprobe.get(), GFP_KERNEL).is_err() {
            // The drop of `probes` unregisters each one by itself.
            return;
        }
    }
    let Ok(count) = c_int::try_from(kprobes.len()) else {
        return;
    };
    // SAFETY: The probes are registered by the type invariant (only this function clears the flag, and it
    // owns them), and `kprobes` has `count` pointers to them.
    unsafe { bindings::unregister_kprobes(kprobes.as_mut_ptr(), count) };
    for probe in &probes {
        // INVARIANT: It was just unregistered.
        probe.registered.store(false, Relaxed);
    }
}
