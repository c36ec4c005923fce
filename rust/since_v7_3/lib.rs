// SPDX-License-Identifier: GPL-2.0

//! What the crate `kernel` has since v7.3, for v7.2 too.
//!
//! Kbuild sets the cfg `since_v7_3`, except for v7.2; with it, everything here is the kernel's own. Once v7.2 is
//! not supported any more, this crate goes, and what else the cfg marks: three callbacks in the tables of `vfs`.

#[cfg(since_v7_3)]
pub use kernel::sync::rcu::synchronize_rcu;
#[cfg(since_v7_3)]
pub use pin_init::raw_try_init;

#[cfg(not(since_v7_3))]
pub use v7_2::*;

/// The module whose type is named, as a pointer: C's `THIS_MODULE`.
#[cfg(since_v7_3)]
#[macro_export]
macro_rules! this_module {
    ($module:ty) => {
        ::kernel::module::this_module::<$module>().as_ptr()
    };
}

/// The module that the crate is linked into, as a pointer: C's `THIS_MODULE`.
#[cfg(not(since_v7_3))]
#[macro_export]
macro_rules! this_module {
    ($module:ty) => {
        $crate::THIS_MODULE.as_ptr()
    };
}

/// Error codes of `include/uapi/asm-generic/errno.h`, as far as something here uses or documents them.
#[cfg(since_v7_3)]
pub mod code {
    pub use kernel::error::code::{
        EBADE,
        EDEADLK,
        EDQUOT,
        ELOOP,
        ENAMETOOLONG,
        ENODATA,
        ENOLCK,
        ENOSYS,
        ENOTEMPTY,
        EOPNOTSUPP,
        ESTALE, //
    };
}

/// What v7.2 has under other names, or not in Rust.
#[cfg(not(since_v7_3))]
mod v7_2 {
    use kernel::{
        bindings,
        types::Opaque,
        ThisModule, //
    };
    use pin_init::PinInit;

    #[allow(improper_ctypes, reason = "C sees its address only")]
    extern "C" {
        static __this_module: Opaque<bindings::module>;
    }

    /// The module that the crate is linked into. An object is part of one module only.
    // SAFETY: The kernel makes it when it loads the module, and it stays until that is unloaded.
    pub const THIS_MODULE: ThisModule = unsafe { ThisModule::from_ptr(__this_module.get()) };

    /// Waits until all that was reading under RCU at the call has ended.
    ///
    /// C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)
    #[inline]
    pub fn synchronize_rcu() {
        // SAFETY: It can be called wherever sleeping is allowed.
        unsafe { bindings::synchronize_rcu() };
    }

    /// Initialises `slot`, unless `init` fails.
    ///
    /// # Safety
    ///
    /// - `slot` must be valid memory for a `T`, of which nothing is used if there is an error.
    /// - What is in it must not move until it is dropped.
    ///
    /// # Errors
    ///
    /// Those of `init`.
    #[inline]
    pub unsafe fn raw_try_init<T, E>(slot: *mut T, init: impl PinInit<T, E>) -> Result<(), E> {
        // SAFETY: The caller promises just this.
        unsafe { init.__pinned_init(slot) }
    }
}

/// Error codes of `include/uapi/asm-generic/errno.h`, as far as something here uses or documents them.
#[cfg(not(since_v7_3))]
pub mod code {
    use core::{
        mem::transmute,
        num::NonZero, //
    };
    use kernel::{
        bindings,
        error::Error, //
    };

    macro_rules! codes {
        ($($code:ident: $doc:literal,)*) => {$(
            #[doc = $doc]
            pub const $code: Error = match NonZero::new(-(bindings::$code as i32)) {
                // SAFETY: In v7.2 an `Error` is a struct of one field, the number, which it does not let be set in a
                // constant. It is negative, and above `-MAX_ERRNO`.
                Some(errno) => unsafe { transmute::<NonZero<i32>, Error>(errno) },
                None => kernel::error::code::EINVAL,
            };
        )*};
    }

    codes! {
        EBADE: "Invalid exchange.",
        EDEADLK: "Resource deadlock would occur.",
        EDQUOT: "Quota exceeded.",
        ELOOP: "Too many symbolic links encountered.",
        ENAMETOOLONG: "File name too long.",
        ENODATA: "No data available.",
        ENOLCK: "No record locks available.",
        ENOSYS: "Invalid system call number.",
        ENOTEMPTY: "Directory not empty.",
        EOPNOTSUPP: "Operation not supported on transport endpoint.",
        ESTALE: "Stale file handle.",
    }
}
