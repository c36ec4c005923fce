// SPDX-License-Identifier: GPL-2.0

//! The table of inodes without data.

use kernel::{
    bindings,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*, //
};

/// # Safety
///
/// As `->read_folio`.
unsafe extern "C" fn no_read_folio(_: *mut bindings::file, folio: *mut bindings::folio) -> c_int {
    // SAFETY: C passes a locked folio, and wants it unlocked.
    unsafe { bindings::folio_unlock(folio) };
    EIO.to_errno()
}

/// # Safety
///
/// As `->write_begin`.
pub(super) unsafe extern "C" fn no_write_begin(
    _: *const bindings::kiocb,
    _: *mut bindings::address_space,
    _: bindings::loff_t,
    _: c_uint,
    _: *mut *mut bindings::folio,
    _: *mut *mut c_void,
) -> c_int {
    EIO.to_errno()
}

/// # Safety
///
/// As `->swap_activate`.
pub(super) unsafe extern "C" fn no_swap_activate(
    _: *mut bindings::swap_info_struct,
    _: *mut bindings::file,
    _: *mut bindings::sector_t,
) -> c_int {
    EINVAL.to_errno()
}

pub(super) static NO_PAGES: bindings::address_space_operations =
    bindings::address_space_operations {
        read_folio: Some(no_read_folio),
        write_begin: Some(no_write_begin),
        dirty_folio: Some(bindings::noop_dirty_folio),
        ..pin_init::zeroed()
    };
