// SPDX-License-Identifier: GPL-2.0

//! Reads of memory that may not be there.

use core::mem::MaybeUninit;
use extra_bindings as bindings;
use kernel::{
    prelude::*,
    transmute::FromBytes, //
};

/// Copies a value from kernel memory at `address`, or returns [`None`] if nothing can be read there.
///
/// Can be called in any context. A handler looks at what the probed function was given, and has to
/// survive a pointer that does not point: such a read is no access by Rust but a copy by C, which ends
/// at a fault. The value is not promised to be consistent if others write it, except that an aligned word is
/// read at once.
#[inline]
pub fn read_nofault<T: FromBytes + Copy>(address: usize) -> Option<T> {
    let mut value = MaybeUninit::<T>::uninit();
    let dst = value.as_mut_ptr().cast::<c_void>();
    let src = address as *const c_void;
    // SAFETY: `dst` has room for a `T`. Any `src` will do.
    let ret = unsafe { bindings::copy_from_kernel_nofault(dst, src, size_of::<T>()) };
    if ret != 0 {
        return None;
    }
    // SAFETY: All bytes were copied, and any bytes are a `T`.
    Some(unsafe { value.assume_init() })
}
