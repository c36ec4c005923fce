// SPDX-License-Identifier: GPL-2.0

//! Values that handlers read without a lock, and that others replace, or set once.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use core::marker::PhantomData;

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed, //
        },
        rcu, //
    },
};
use since_v7_3::synchronize_rcu;

use crate::{
    read_once,
    Here, //
};

/// A value that handlers may look at while it is being replaced.
///
/// # Invariants
///
/// `value` is null, or came from [`KBox::into_raw`] and is freed only after a grace period of RCU in which it was not
/// there any more.
pub struct Published<T> {
    value: Atomic<*mut T>,
    _owns: PhantomData<KBox<T>>,
}

// SAFETY: It owns a `T`, and gives no more than `&T` to others.
unsafe impl<T: Send + Sync> Send for Published<T> {}
// SAFETY: As above. A value that another thread replaces is dropped by that thread.
unsafe impl<T: Send + Sync> Sync for Published<T> {}

impl<T> Default for Published<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Published<T> {
    /// Makes one without a value.
    pub const fn new() -> Self {
        // INVARIANT: It is null.
        Self {
            value: Atomic::new(core::ptr::null_mut()),
            _owns: PhantomData,
        }
    }

    /// Returns the value, in a handler. Its preemption is off, which RCU waits for.
    pub fn in_handler<'a>(&'a self, _here: &'a Here<'_>) -> Option<&'a T> {
        // What is read through it comes after it, as with `rcu_dereference()`.
        // SAFETY: By the type invariant it is null or valid until a grace period ends, which is not before the
        // handler has.
        unsafe { read_once(&self.value).as_ref() }
    }

    /// Returns the value, for as long as the guard is held.
    pub fn read<'a>(&'a self, _guard: &'a rcu::Guard) -> Option<&'a T> {
        // SAFETY: By the type invariant it is null or valid until a grace period ends, which is not before the
        // guard is dropped.
        unsafe { self.value.load(Acquire).as_ref() }
    }

    /// Replaces the value. When this returns, no handler looks at the old one any more. Sleeps.
    pub fn replace(&self, value: Option<KBox<T>>) {
        let new = value.map_or(core::ptr::null_mut(), KBox::into_raw);
        // INVARIANT: The new value came from a `KBox`.
        let old = self.value.xchg(new, Full);
        // Also if there was none: what was decided without a value is over, too.
        synchronize_rcu();
        if !old.is_null() {
            // SAFETY: By the type invariant it came from `into_raw()`. It was taken out, and a grace period has passed.
            drop(unsafe { KBox::from_raw(old) });
        }
    }
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        let value = self.value.load(Relaxed);
        if !value.is_null() {
            // SAFETY: By the type invariant it came from `into_raw()`. Nobody else has this any more, and so no handler does.
            drop(unsafe { KBox::from_raw(value) });
        }
    }
}

/// A value that is set at most once, and that everybody may look at from then on without a call to C.
///
/// # Invariants
///
/// `value` is null, or came from [`KBox::into_raw`] and stays until this is dropped.
pub struct Once<T> {
    value: Atomic<*mut T>,
    _owns: PhantomData<KBox<T>>,
}

// SAFETY: It owns a `T`, and gives no more than `&T` to others.
unsafe impl<T: Send + Sync> Send for Once<T> {}
// SAFETY: As above.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Once<T> {
    /// Makes one without a value.
    pub const fn new() -> Self {
        // INVARIANT: It is null.
        Self {
            value: Atomic::new(core::ptr::null_mut()),
            _owns: PhantomData,
        }
    }

    /// Returns the value, in any context.
    #[inline(always)]
    pub fn get(&self) -> Option<&T> {
        // What is read through it comes after it, as with `rcu_dereference()`.
        // SAFETY: By the type invariant it is null or valid as long as `self`.
        unsafe { read_once(&self.value).as_ref() }
    }

    /// Sets the value. Gives it back if there is one already.
    pub fn set(&self, value: KBox<T>) -> Result<(), KBox<T>> {
        let new = KBox::into_raw(value);
        // INVARIANT: It came from a `KBox`.
        match self.value.cmpxchg(core::ptr::null_mut(), new, Full) {
            Ok(_) => Ok(()),
            // SAFETY: It came from `into_raw()` above, and nobody else has seen it.
            Err(_) => Err(unsafe { KBox::from_raw(new) }),
        }
    }
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Once<T> {
    fn drop(&mut self) {
        let value = self.value.load(Relaxed);
        if !value.is_null() {
            // SAFETY: By the type invariant it came from `into_raw()`, and nobody else has this any more.
            drop(unsafe { KBox::from_raw(value) });
        }
    }
}
