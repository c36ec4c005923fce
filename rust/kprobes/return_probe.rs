// SPDX-License-Identifier: GPL-2.0

//! Probes at the entry and at the return of a function.

use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};
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

use crate::{
    Hit,
    Target, //
};

/// What to do when a function is entered and when it returns.
pub trait ReturnHandler: Send + Sync {
    /// What the entry hands on to the return of the same call.
    type Data: Copy + Send;

    /// Called at the entry of the function, to fill `data`. With [`None`] its return is left alone.
    fn entry<'a>(
        &self,
        hit: &Hit<'_>,
        data: &'a mut MaybeUninit<Self::Data>,
    ) -> Option<&'a mut Self::Data>;

    /// Called when the function returns to its caller, with what the entry gave.
    ///
    /// The arguments are gone by now: what is needed of them has to be in `data`.
    fn ret(&self, hit: &Hit<'_>, data: &Self::Data);
}

/// A registered kretprobe.
///
/// # Invariants
///
/// `kretprobe` is registered if `registered` is set.
#[pin_data(PinnedDrop)]
pub struct ReturnProbe<H: ReturnHandler> {
    handler: H,
    registered: Atomic<bool>,
    #[pin]
    kretprobe: Opaque<bindings::kretprobe>,
}

// SAFETY: A registered kretprobe belongs to no thread, and the handler may go to another one.
unsafe impl<H: ReturnHandler> Send for ReturnProbe<H> {}
// SAFETY: `&self` gives only reads of single words of the kretprobe and the handler, which is `Sync`.
unsafe impl<H: ReturnHandler> Sync for ReturnProbe<H> {}

impl<H: ReturnHandler> ReturnProbe<H> {
    /// Registers a return probe. At most `maxactive` calls can be between entry and return at one time;
    /// more are missed. Zero means C's choice. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Probe::new`](crate::Probe::new), and `ENOMEM`.
    pub fn new(target: Target, maxactive: u16, handler: H) -> impl PinInit<Self, Error> {
        // What an entry hands on has to fit where C keeps it, which is aligned as a pointer is.
        const {
            assert!(
                size_of::<H::Data>() <= bindings::KRETPROBE_MAX_DATA_SIZE as usize
                    && align_of::<H::Data>() <= align_of::<usize>()
            )
        };
        try_pin_init!(Self {
            handler,
            // INVARIANT: The handler comes before the registration, whose failure drops all.
            registered: Atomic::new(true),
            kretprobe <- Opaque::try_ffi_init(move |slot: *mut bindings::kretprobe| {
                // SAFETY: All bits zero are numbers, null pointers and absent functions.
                let mut kretprobe: bindings::kretprobe = unsafe { core::mem::zeroed() };
                kretprobe.kp = target.to_kprobe();
                kretprobe.handler = Some(Self::ret);
                kretprobe.entry_handler = Some(Self::entry);
                kretprobe.maxactive = maxactive.into();
                kretprobe.data_size = size_of::<H::Data>();
                // SAFETY: `try_ffi_init()` gives a slot that is valid for writes.
                unsafe { slot.write(kretprobe) };
                // SAFETY: The kretprobe is initialised and pinned, and it is unregistered before it
                // is freed. The callbacks find an initialised handler beside it.
                to_result(unsafe { bindings::register_kretprobe(slot) })
            }),
        }? Error)
    }

    /// Returns the handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// Returns whether the probe goes through ftrace rather than through a breakpoint.
    pub fn is_ftrace(&self) -> bool {
        // SAFETY: The kretprobe lives as long as `self`; C changes other bits of the word at most.
        let flags = unsafe { (&raw const (*self.kretprobe.get()).kp.flags).read_volatile() };
        flags & bindings::KPROBE_FLAG_FTRACE != 0
    }

    /// Returns how many calls were missed: the hit came inside another handler, or too many calls
    /// were active.
    pub fn nmissed(&self) -> u64 {
        // SAFETY: The kretprobe lives as long as `self`; C changes the word by single writes.
        let inactive = unsafe { (&raw const (*self.kretprobe.get()).nmissed).read_volatile() };
        // SAFETY: As above.
        let nested = unsafe { (&raw const (*self.kretprobe.get()).kp.nmissed).read_volatile() };
        u64::from(inactive.unsigned_abs()) + nested as u64
    }

    /// Returns the handler of the probe that an instance belongs to.
    ///
    /// # Safety
    ///
    /// `instance` must be one that C gave to a callback of a `Self`, and the reference must not
    /// outlive that callback.
    unsafe fn of<'a>(instance: *mut bindings::kretprobe_instance) -> &'a H {
        // As `get_kretprobe()` does, without a call.
        // SAFETY: By the safety requirements the instance is valid.
        let rethook = unsafe { (*instance).node.rethook };
        // SAFETY: An instance belongs to a rethook, whose data `register_kretprobe()` set and only `unregister_kretprobe()`
        // would change, after the last callback.
        let kretprobe = unsafe { (*rethook).data }.cast::<bindings::kretprobe>();
        // SAFETY: By the safety requirements it is the field of a `Self`.
        let probe = unsafe { container_of!(Opaque::cast_from(kretprobe), Self, kretprobe) };
        // SAFETY: The probe stays registered, and so alive, while a callback runs.
        unsafe { &(*probe).handler }
    }

    /// # Safety
    ///
    /// Only for C, which calls it from `pre_handler_kretprobe()` with an instance of a registered `Self`.
    unsafe extern "C" fn entry(
        instance: *mut bindings::kretprobe_instance,
        regs: *mut bindings::pt_regs,
    ) -> c_int {
        // SAFETY: C calls this with an instance of its probe.
        let handler = unsafe { Self::of(instance) };
        // SAFETY: C calls this with registers.
        let regs = unsafe { NonNull::new_unchecked(regs) };
        // SAFETY: `pre_handler_kretprobe()` gives the registers of the hit.
        let hit = unsafe { Hit::from_raw(regs) };
        // SAFETY: The instance is valid.
        let slot = unsafe { &raw mut (*instance).data };
        // SAFETY: C made room for `data_size` bytes there, aligned as `new()` demands, and nobody else
        // uses them while this call is active.
        let data = unsafe { &mut *slot.cast::<MaybeUninit<H::Data>>() };
        let place = data.as_ptr();
        // What it gives back is initialised, and so is `data` if that is it.
        match handler.entry(&hit, data) {
            Some(filled) if core::ptr::eq(filled, place) => 0,
            _ => 1,
        }
    }

    /// # Safety
    ///
    /// Only for C, which calls it from `kretprobe_rethook_handler()` or `__kretprobe_trampoline_handler()`
    /// with an instance that `entry()` returned 0 for.
    unsafe extern "C" fn ret(
        instance: *mut bindings::kretprobe_instance,
        regs: *mut bindings::pt_regs,
    ) -> c_int {
        // SAFETY: C calls this with an instance of its probe.
        let handler = unsafe { Self::of(instance) };
        // SAFETY: C calls this with registers.
        let regs = unsafe { NonNull::new_unchecked(regs) };
        // SAFETY: The trampoline gives registers that are valid until this returns.
        let hit = unsafe { Hit::from_raw_at_return(regs) };
        // SAFETY: The instance is valid.
        let slot = unsafe { &raw mut (*instance).data };
        // SAFETY: `entry()` saw that it is initialised.
        let data = unsafe { &*slot.cast::<H::Data>() };
        handler.ret(&hit, data);
        0
    }
}

#[pinned_drop]
impl<H: ReturnHandler> PinnedDrop for ReturnProbe<H> {
    fn drop(self: Pin<&mut Self>) {
        if self.registered.load(Relaxed) {
            // SAFETY: By the type invariant it is registered. This waits for running handlers.
            unsafe { bindings::unregister_kretprobe(self.kretprobe.get()) };
        }
    }
}

/// Unregisters and frees many return probes with one wait for running handlers instead of one each. Sleeps.
///
/// Calls that are between entry and return go on; their return is not handled any more.
pub fn unregister_all_returns<H: ReturnHandler>(probes: KVec<Pin<KBox<ReturnProbe<H>>>>) {
    let mut kretprobes = KVec::new();
    for probe in &probes {
        if kretprobes.push(probe.kretprobe.get(), GFP_KERNEL).is_err() {
            // The drop of `probes` unregisters each one by itself.
            return;
        }
    }
    let Ok(count) = c_int::try_from(kretprobes.len()) else {
        return;
    };
    // SAFETY: The probes are registered by the type invariant (only this function clears the flag, and it
    // owns them), and `kretprobes` has `count` pointers to them.
    unsafe { bindings::unregister_kretprobes(kretprobes.as_mut_ptr(), count) };
    for probe in &probes {
        // INVARIANT: It was just unregistered.
        probe.registered.store(false, Relaxed);
    }
}
