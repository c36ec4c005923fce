// SPDX-License-Identifier: GPL-2.0

//! How locktrack makes a violation known beside its files, and the parameters of its module that a Rust
//! module cannot have by itself.
//!
//! - The tracepoint `locktrack:violation` is hit by each violation.
//! - With the parameter `warn_on_violation` the kernel warns, with `panic_on_violation` it panics. Both can be changed
//!   in `/sys/module/locktrack/parameters` at any time.
//! - The parameter `attach` names what to attach to at load, and `edition` the rules that are checked at first; `exact`
//!   follows who holds locks shared from then on, and `selftest_wrong_query` is for a test of the self-test.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

use extra_bindings as bindings;
use kernel::prelude::*;

// The kernel's printing macros want this of every crate.
#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"alarm\0";

/// A broken rule, in words.
pub struct Violation<'a> {
    /// The number of the rule.
    pub rule: u16,
    /// The struct of callbacks.
    pub table: &'a str,
    /// The callback in it.
    pub op: &'a str,
    /// The object that the lock belongs to, or `-`.
    pub object: &'a str,
    /// The lock.
    pub lock: &'a str,
    /// What the rule requires.
    pub requires: &'a str,
    /// Whether it requires that when the callback returns.
    pub at_return: bool,
    /// What was found instead.
    pub found: &'a str,
    /// The name of the filesystem.
    pub fs: &'a CStr,
    /// Its device, as the kernel encodes it.
    pub device: u32,
    /// The return address of the callback.
    pub caller: usize,
    /// Whether it is a known exception, about which nobody is warned.
    pub excepted: bool,
}

impl Violation<'_> {
    /// Hits the tracepoint; then warns if asked to and this is the `first` of its kind, or panics if asked to, unless it
    /// is an exception.
    ///
    /// Can be called in any context; a warning takes its time.
    pub fn raise(&self, first: bool) {
        let violation = bindings::locktrack_violation {
            rule: self.rule.into(),
            table: text(self.table),
            op: text(self.op),
            object: text(self.object),
            lock: text(self.lock),
            requires: text(self.requires),
            found: text(self.found),
            said: self.said().map(text),
            fs: self.fs.as_char_ptr(),
            dev: self.device,
            // CAST: `unsigned long` and `usize` have one layout in the kernel.
            caller: self.caller as c_ulong,
            excepted: self.excepted,
        };
        // SAFETY: All texts are as long as it is said, the name is a C string, and both stay until C returns. Tracepoints,
        // `WARN()` and `panic()` can be used in any context.
        unsafe { bindings::locktrack_violation(&raw const violation, first) };
    }

    /// Says what was wrong: what comes after the name of the callback. `tools/locktrack` says it in the same words.
    fn said(&self) -> [&str; 8] {
        let whole = |text| [text, "", "", "", "", "", "", ""];
        let must = match self.requires {
            "allowed" => return whole("is called where it may not sleep"),
            "forbidden" => return whole("slept, and must not"),
            "exclusive" => ", which must be held exclusively",
            "not held" => ", which must not be held",
            // What is held in any way is at least shared.
            _ => ", which must be held",
        };
        let (object, arrow) = match self.object {
            "-" => ("", ""),
            object => (object, "->"),
        };
        let (verb, held, found, end) = match (self.found, self.at_return) {
            ("not-held", false) => ("is called without ", "", "", ""),
            ("not-held", true) => ("returns without ", "", "", ""),
            (found, false) => ("is called with ", " held (", found, ")"),
            (found, true) => ("returns with ", " held (", found, ")"),
        };
        [verb, object, arrow, self.lock, held, found, end, must]
    }
}

fn text(text: &str) -> bindings::locktrack_text {
    bindings::locktrack_text {
        start: text.as_ptr().cast(),
        // The names of rules have no more than some hundred bytes.
        length: text.len() as u32,
    }
}

/// Returns the parameter `attach`: names, divided by commas.
///
/// Only for the module's `init`.
pub fn attach_at_load() -> Option<&'static CStr> {
    // SAFETY: It only reads a pointer.
    let names = unsafe { bindings::locktrack_attach_at_load() };
    // SAFETY: It is such a parameter: no write to `/sys` replaces it.
    unsafe { at_load(names) }
}

/// Returns the parameter `edition`: the name of one.
///
/// Only for the module's `init`.
pub fn edition_at_load() -> Option<&'static CStr> {
    // SAFETY: It only reads a pointer.
    let name = unsafe { bindings::locktrack_edition_at_load() };
    // SAFETY: It is such a parameter: no write to `/sys` replaces it.
    unsafe { at_load(name) }
}

/// Returns the parameter `exact`: whether to follow who holds locks shared.
pub fn exact_at_load() -> bool {
    // SAFETY: It only reads a parameter that cannot be written after load.
    unsafe { bindings::locktrack_exact_at_load() }
}

/// Returns the parameter `selftest_wrong_query`: whether the self-test is to fail.
pub fn selftest_wrong_query() -> bool {
    // SAFETY: As above.
    unsafe { bindings::locktrack_selftest_wrong_query() }
}

/// Makes text of a parameter, if it was given.
///
/// # Safety
///
/// `text` is the value of a parameter of this module that cannot be written after load.
unsafe fn at_load(text: *const c_char) -> Option<&'static CStr> {
    if text.is_null() {
        return None;
    }
    // SAFETY: A parameter that is no null pointer is a C string, which stays as long as the module does: the caller
    // promises that nobody replaces it.
    Some(unsafe { CStr::from_char_ptr(text) })
}
