// SPDX-License-Identifier: GPL-2.0

//! Kprobes: handlers in Rust at the entry and at the return of functions.
//!
//! - [`Probe`] calls a [`Handler`] when a function is entered, [`ReturnProbe`] calls a
//!   [`ReturnHandler`] at the entry and again at the return.
//! - [`FtraceProbes`] calls a [`Handler`] at the entry of each of many functions that begin with a call to ftrace, for less.
//! - [`EntryProbe`] is a [`Probe`] or one of [`FtraceProbes`], whichever costs less.
//! - [`Hit`] is what a handler sees of the call, and [`Here`] what it sees of the task. That is also the proof that the
//!   code runs in a handler: it stays on the stack of that handler, and gives nothing that could sleep.
//! - [`SwitchProbe`] calls a [`SwitchHandler`] when a task is switched out, and when one runs again.
//! - [`ModuleNotifier`] calls a [`ModuleHandler`] when a module goes, whose functions may be probed.
//! - [`Deferred`] carries work from a handler to process context.
//! - [`Published`] is a value that handlers read and others replace, [`Once`] one that is set once.
//! - [`read_nofault`] looks at memory from a handler, [`read_once`] at what others write, and [`PerCpu`] and [`PerCpuStack`] are words that each CPU has for itself.
//! - [`Symbol`] shows an address as a name.
//!
//! # Context of a handler
//!
//! Preemption is off. On a function that begins with a call to ftrace (C code, usually), the handler
//! runs from there. Elsewhere (Rust code, as rustc emits no such call) it runs from a breakpoint,
//! which the kernel treats as an NMI: nothing that an NMI may not do is allowed, and lockdep is
//! off, so that `lock_is_held_type()` answers "unknown", which is true as a condition. A handler that hits
//! another probe is not run for that one: such a hit is counted as missed. Only handlers that ftrace calls itself may run
//! inside another one, such as that of an interrupt inside that of the task.
//!
//! C header: [`include/linux/kprobes.h`](srctree/include/linux/kprobes.h)

mod deferred;
mod entry;
mod ftrace;
mod here;
mod hit;
mod module;
mod nofault;
mod per_cpu;
mod per_cpu_stack;
mod probe;
mod published;
mod return_probe;
mod switch;
mod symbol;
mod this_cpu;
mod trampolines;

pub use deferred::{
    Deferred,
    Run, //
};
pub use entry::{
    EntryProbe,
    EntryProbes, //
};
pub use ftrace::{
    FtraceLocation,
    FtraceProbe,
    FtraceProbes, //
};
pub use here::Here;
pub use hit::{
    Hit,
    Register, //
};
pub use module::{
    Going,
    ModuleHandler,
    ModuleNotifier, //
};
pub use nofault::{
    read_nofault,
    read_once,
    read_or,
    read_pointer,
    write_once,
    Number, //
};
pub use per_cpu::PerCpu;
pub use per_cpu_stack::PerCpuStack;
pub use probe::{
    unregister_all,
    Handler,
    Probe,
    Target, //
};
pub use published::{
    Once,
    Published, //
};
pub use return_probe::{
    unregister_all_returns,
    ReturnHandler,
    ReturnProbe, //
};
pub use switch::{
    Call,
    Switch,
    SwitchHandler,
    SwitchProbe, //
};
pub use symbol::{
    address_of,
    Symbol, //
};
pub use this_cpu::current;
pub use trampolines::Trampolines;

// The kernel's printing macros want this of every crate.
#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"kprobes\0";
