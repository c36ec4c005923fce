// SPDX-License-Identifier: GPL-2.0

//! Bindings to C that the kernel's own bindings lack.
//!
//! What the kernel's bindings have is re-exported, so that a name means one type everywhere.
//! Only the crates beside this one may use it.

#![allow(
    clippy::all,
    clippy::cast_lossless,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::undocumented_unsafe_blocks,
    ambiguous_glob_reexports,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    improper_ctypes,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]

mod generated {
    use kernel::bindings::*;
    use kernel::ffi;

    include!(concat!(
        env!("SAMPLEFS_OBJ"),
        "/rust/extra_bindings/generated.rs"
    ));
}

/// File locks, whose structs the kernel's bindings know as opaque types.
pub mod filelock {
    use kernel::bindings::*;
    use kernel::ffi;

    include!(concat!(
        env!("SAMPLEFS_OBJ"),
        "/rust/extra_bindings/filelock_generated.rs"
    ));
}

mod helpers {
    #[allow(unused_imports)]
    use super::generated::*;
    // A name hides what a glob brings: the structs of C point to the kernel's opaque type.
    use kernel::bindings::file_kattr;
    use kernel::bindings::*;
    use kernel::ffi;

    include!(concat!(
        env!("SAMPLEFS_OBJ"),
        "/rust/extra_bindings/helpers_generated.rs"
    ));
}

pub use generated::*;
pub use helpers::*;
pub use kernel::bindings::*;

// The kernel's bindings know these as opaque types: a name hides what a glob brings.
pub use generated::{
    export_operations,
    file_kattr,
    fs_context,
    fs_context_operations,
    fs_parameter,
    fs_parameter_spec,
    fserror_event,
    kstatfs, //
};
