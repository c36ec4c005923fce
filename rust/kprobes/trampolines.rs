// SPDX-License-Identifier: GPL-2.0

//! Where functions return to whose return is traced.

use crate::symbol::address_of;

/// The addresses that tracers put in the place of a caller's: that of return probes, and that of ftrace's function graph. A
/// kernel may lack one.
///
/// C source: [`arch/x86/kernel/rethook.c`](srctree/arch/x86/kernel/rethook.c),
/// [`arch/x86/kernel/ftrace_64.S`](srctree/arch/x86/kernel/ftrace_64.S)
pub struct Trampolines([usize; 2]);

impl Trampolines {
    /// Looks them up. Sleeps.
    pub fn find() -> Self {
        Self(
            [c"arch_rethook_trampoline", c"return_to_handler"]
                .map(|symbol| address_of(symbol).unwrap_or(0)),
        )
    }

    /// Returns whether it is one of them.
    #[inline]
    pub fn has(&self, address: usize) -> bool {
        address != 0 && self.0.contains(&address)
    }
}
