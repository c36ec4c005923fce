// SPDX-License-Identifier: GPL-2.0

//! Modules that go.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use extra_bindings as bindings;
use kernel::{
    container_of,
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// A module that is about to be freed: its code does not run any more.
pub struct Going(*mut bindings::module);

impl Going {
    /// Returns whether an address is in its code or data.
    pub fn contains(&self, address: usize) -> bool {
        // SAFETY: The module is there until the notifier returns, which gave `self` no longer than that.
        unsafe { bindings::kprobe_within_module(address as c_ulong, self.0) }
    }
}

/// What to do when a module goes.
pub trait ModuleHandler: Send + Sync {
    /// Called in process context, where it may sleep, before anything of the module is freed. It must not load or unload a
    /// module.
    fn going(&self, module: &Going);
}

/// A handler for all modules that go.
///
/// # Invariants
///
/// `block` is registered.
#[pin_data(PinnedDrop)]
pub struct ModuleNotifier<H: ModuleHandler> {
    handler: H,
    #[pin]
    block: Opaque<bindings::notifier_block>,
}

// SAFETY: A registered notifier belongs to no thread, and the handler may go to another one.
unsafe impl<H: ModuleHandler> Send for ModuleNotifier<H> {}
// SAFETY: `&self` gives nothing.
unsafe impl<H: ModuleHandler> Sync for ModuleNotifier<H> {}

impl<H: ModuleHandler> ModuleNotifier<H> {
    /// Registers a handler. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOSYS` if the kernel has no modules, which cannot be.
    pub fn new(handler: H) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            handler,
            block <- Opaque::try_ffi_init(|slot: *mut bindings::notifier_block| {
                let block = bindings::notifier_block {
                    notifier_call: Some(Self::call),
                    ..Default::default()
                };
                // SAFETY: `try_ffi_init()` gives a slot that is valid for writes.
                unsafe { slot.write(block) };
                // SAFETY: The block is initialised and pinned, and unregistered before it is freed. `call()` finds an
                // initialised handler beside it.
                to_result(unsafe { bindings::register_module_notifier(slot) })
            }),
        }? Error)
    }

    /// # Safety
    ///
    /// Only for C, which calls it with the `block` of a registered `Self` and a module.
    unsafe extern "C" fn call(
        block: *mut bindings::notifier_block,
        state: c_ulong,
        module: *mut c_void,
    ) -> c_int {
        if state == bindings::module_state_MODULE_STATE_GOING as c_ulong {
            // SAFETY: By the safety requirements it is the field of a `Self`.
            let this = unsafe { container_of!(Opaque::cast_from(block), Self, block) };
            // SAFETY: It stays registered, and so alive, while this runs.
            unsafe { &(*this).handler }.going(&Going(module.cast()));
        }
        // `NOTIFY_DONE`: no other handler is kept from it.
        0
    }
}

#[pinned_drop]
impl<H: ModuleHandler> PinnedDrop for ModuleNotifier<H> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant it is registered. This waits for those who run.
        unsafe { bindings::unregister_module_notifier(self.block.get()) };
    }
}
