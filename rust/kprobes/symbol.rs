// SPDX-License-Identifier: GPL-2.0

//! Names of addresses.

use extra_bindings as bindings;
use kernel::{
    fmt,
    prelude::*, //
};

use crate::Target;

/// Room for a symbol (up to 511 bytes), its offset and size, and the name of a module.
const LENGTH: usize = 640;

/// The name of an address in code, such as `symbol+0x1f/0x90 [module]`, or the number where there is no name.
///
/// # Invariants
///
/// `name` holds a NUL.
pub struct Symbol {
    name: [u8; LENGTH],
}

impl Symbol {
    /// Looks a function up, and leaves out the offset and the size. Can be called in any context, but
    /// takes a fair piece of stack.
    #[inline(never)]
    pub fn of_function(address: usize) -> Self {
        let mut name = [0u8; LENGTH];
        // SAFETY: The buffer has `LENGTH` bytes.
        unsafe { bindings::kprobe_function(name.as_mut_ptr().cast(), LENGTH, address) };
        // INVARIANT: `scnprintf()` ends the name with a NUL.
        Self { name }
    }

    /// Looks a return address up: the name is that of the function that the call stands in, even if
    /// the call is its last instruction. Can be called in any context, but takes a fair piece of stack.
    #[inline(never)]
    pub fn of_return(address: usize) -> Self {
        let mut name = [0u8; LENGTH];
        // SAFETY: The buffer has `LENGTH` bytes.
        unsafe { bindings::kprobe_symbol(name.as_mut_ptr().cast(), LENGTH, address) };
        // INVARIANT: `scnprintf()` ends the name with a NUL.
        Self { name }
    }
}

impl Symbol {
    /// Returns it as text. What is no UTF-8, which no compiler makes, is `?`.
    pub fn text(&self) -> &str {
        let name = CStr::from_bytes_until_nul(&self.name).ok();
        name.and_then(|name| name.to_str().ok()).unwrap_or("?")
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Returns the address of a symbol of the kernel's image, or [`None`] if it has no such name. Those of data are there with
/// `CONFIG_KALLSYMS_ALL`. Sleeps.
pub fn address_of(symbol: &'static CStr) -> Option<usize> {
    // No symbol is looked up but for a kprobe, which need not be armed, nor even be allowed there.
    let mut kprobe = Target::Symbol(symbol).to_kprobe();
    kprobe.flags = bindings::KPROBE_FLAG_DISABLED;
    // SAFETY: It is initialised, and stays where it is until it is unregistered below. It is never armed.
    if unsafe { bindings::register_kprobe(&raw mut kprobe) } == 0 {
        // SAFETY: It was just registered.
        unsafe { bindings::unregister_kprobe(&raw mut kprobe) };
    }
    let address = kprobe.addr as usize;
    (address != 0).then_some(address)
}
