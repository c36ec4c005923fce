// SPDX-License-Identifier: GPL-2.0

//! How C gets into `->atomic_open`.

use kernel::{
    bindings,
    error::from_result,
    ffi::{
        c_int,
        c_uint, //
    },
};

use super::Table;
use crate::{
    inode::{
        atomic_open::{
            AtomicOpen,
            ToOpen, //
        },
        Inode,
        Operations, //
    },
    mode::Mode,
    Locked, //
};

impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->atomic_open`: `atomic_open()` of `fs/namei.c` passes a directory of the filesystem, an entry
    /// in it that is negative, or in lookup by its caller, and a file that is not open yet.
    pub(super) unsafe extern "C" fn atomic_open(
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        file: *mut bindings::file,
        open_flag: c_uint,
        create_mode: Mode,
    ) -> c_int {
        // SAFETY: The directory is valid for the call.
        let dir = unsafe { Inode::from_raw(dir) };
        let flags = open_flag & !bindings::O_CREAT;
        from_result(|| {
            if open_flag & bindings::O_CREAT != 0 {
                // SAFETY: `lookup_open()`, and the callers of `dentry_create()`, hold its `i_rwsem`
                // exclusively, and this is the only token.
                let mut dir = unsafe { Locked::assume(dir) };
                // SAFETY: As above; they are C's.
                let file = unsafe { ToOpen::from_raw(dentry, file) };
                T::atomic_open(AtomicOpen::Create(&mut dir, file, create_mode), flags)
            } else {
                // SAFETY: They hold its `i_rwsem` at least shared.
                let dir = unsafe { Locked::assume(dir) };
                // SAFETY: As above; they are C's.
                let file = unsafe { ToOpen::from_raw(dentry, file) };
                T::atomic_open(AtomicOpen::Lookup(&dir, file), flags)
            }
            .map(|_| 0)
        })
    }
}
