// SPDX-License-Identifier: GPL-2.0

//! Where functions return to whose return is traced.

use extra_bindings as bindings;
use kernel::prelude::*;

use crate::Target;

/// The addresses that tracers put in the place of a caller's: that of return probes, and that of ftrace's function graph. A
/// kernel may lack one.
///
/// C source: [`arch/x86/kernel/rethook.c`](srctree/arch/x86/kernel/rethook.c),
/// [`arch/x86/kernel/ftrace_64.S`](srctree/arch/x86/kernel/ftrace_64.S)
pub struct Trampolines([usize; 2]);

impl Trampolines {
    /// Looks them up. Sleeps.
    pub fn find() -> Self {
        Self([c"arch_rethook_trampoline", c"return_to_handler"].map(address_of))
    }

    /// Returns whether it is one of them.
    #[inline]
    pub fn has(&self, address: usize) -> bool {
        address != 0 && self.0.contains(&address)
    }
}

/// Returns the address of a symbol, or 0.
fn address_of(symbol: &'static CStr) -> usize {
    // No symbol is looked up but for a kprobe, which need not be armed, nor even be allowed there.
    let mut kprobe = Target::Symbol(symbol).to_kprobe();
    kprobe.flags = bindings::KPROBE_FLAG_DISABLED;
    // SAFETY: It is initialised, and stays where it is until it is unregistered below. It is never armed.
    if unsafe { bindings::register_kprobe(&raw mut kprobe) } == 0 {
        // SAFETY: It was just registered.
        unsafe { bindings::unregister_kprobe(&raw mut kprobe) };
    }
    kprobe.addr as usize
}
