// SPDX-License-Identifier: GPL-2.0

//! misuse: loading it does what a sanitizer has to report, in Rust and in C.
//!
//! `make check-all` loads it to see that reports would come, and that Rust out of the tree is looked at:
//! only then does their absence say something.

use core::cell::UnsafeCell;
use kernel::{
    prelude::*,
    sync::{
        Arc,
        Completion, //
    },
    workqueue, //
};

module! {
    type: Misuse,
    name: "misuse",
    authors: ["samplefs"],
    description: "What sanitizers have to report",
    license: "GPL",
}

extern "C" {
    fn misuse_shift(by: kernel::ffi::c_int) -> kernel::ffi::c_int;
}

/// What two CPUs change without a lock.
struct Shared(UnsafeCell<u64>);

// SAFETY: It is not: that is the misuse.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(UnsafeCell::new(0));

/// Changes it long enough to be seen: a few of all accesses are looked at.
#[inline(never)]
fn misuse_race() {
    for _ in 0..500_000 {
        let shared = core::hint::black_box(SHARED.0.get());
        // SAFETY: The pointer is that of a static. The data race is the misuse.
        unsafe { *shared += 1 };
    }
}

#[inline(never)]
fn misuse_use_after_free() -> Result {
    let memory = KBox::into_raw(KBox::new([1u64; 8], GFP_KERNEL)?);
    // SAFETY: It is from `into_raw`.
    drop(unsafe { KBox::from_raw(memory) });
    // SAFETY: It was freed: that is the misuse. Nothing is done with what is read.
    unsafe { core::hint::black_box(memory).cast::<u64>().read_volatile() };
    Ok(())
}

#[inline(never)]
fn misuse_out_of_bounds() -> Result {
    let memory = KBox::into_raw(KBox::new([1u64; 8], GFP_KERNEL)?);
    let behind = core::hint::black_box(memory).wrapping_add(1).cast::<u64>();
    // SAFETY: It is past the end, where nobody else has anything, as 64 bytes have no more room in
    // their slab than they need but for what KASAN adds: that is the misuse.
    unsafe { behind.read_volatile() };
    // SAFETY: It is from `into_raw`.
    drop(unsafe { KBox::from_raw(memory) });
    Ok(())
}

#[inline(never)]
fn misuse_leak() -> Result {
    // Some of the pointers stay on a stack for a while.
    for i in 0..20 {
        KBox::leak(KBox::new([i; 100], GFP_KERNEL)?);
    }
    Ok(())
}

struct Misuse;

impl kernel::Module for Misuse {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        misuse_use_after_free()?;
        misuse_out_of_bounds()?;
        misuse_leak()?;
        // SAFETY: It has no precondition. That C does not define the result is the misuse.
        unsafe { misuse_shift(core::hint::black_box(40)) };
        let done = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
        let other = done.clone();
        workqueue::system_unbound().try_spawn(GFP_KERNEL, move || {
            misuse_race();
            other.complete_all();
        })?;
        misuse_race();
        done.wait_for_completion();
        Ok(Misuse)
    }
}
