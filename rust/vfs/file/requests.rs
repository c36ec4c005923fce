// SPDX-License-Identifier: GPL-2.0

//! What some callbacks are asked for, where C has several arguments.

use core::marker::PhantomData;
use kernel::{
    bindings,
    error::to_result,
    ffi::{
        c_int,
        c_void, //
    },
    fs,
    prelude::*,
    sync::poll::{
        PollCondVar,
        PollTable, //
    },
    types::NotThreadSafe, //
};

use super::{
    kiocb::size_result,
    OpenFile,
    Operations, //
};

/// Who waits for a file, in `->poll`: `struct poll_table_struct`.
pub struct Poll<'a> {
    file: &'a fs::File,
    table: PollTable<'a>,
}

impl<'a> Poll<'a> {
    /// # Safety
    ///
    /// Both must be what C passes to `->poll`, and `'a` within that call.
    pub(super) unsafe fn from_raw(
        file: *mut bindings::file,
        table: *mut bindings::poll_table,
    ) -> Self {
        Self {
            // SAFETY: The file is valid, and `->poll` is not called within fdget_pos().
            file: unsafe { fs::File::from_raw_file(file) },
            // SAFETY: The table is null or valid.
            table: unsafe { PollTable::from_raw(table) },
        }
    }

    /// Wakes who waits when `cv` is notified: `poll_wait()`.
    pub fn poll_wait(&self, cv: &PollCondVar) {
        self.table.register_wait(self.file, cv);
    }
}

/// A range that is to be copied, in `->copy_file_range`.
///
/// Both files have the same table, and are open for it; they may be of different mounts. C's caller
/// has protected `file_out`'s filesystem from a freeze.
pub struct CopyFileRange<'a, T: Operations> {
    /// From where.
    pub file_in: &'a OpenFile<T>,
    /// From where in it.
    pub pos_in: i64,
    /// Whither.
    pub file_out: &'a OpenFile<T>,
    /// Whither in it.
    pub pos_out: i64,
    /// How many bytes.
    pub len: usize,
    pub(super) _not_send: NotThreadSafe,
}

impl<T: Operations> CopyFileRange<'_, T> {
    /// Copies through the page cache: `splice_copy_file_range()`. May sleep. Returns how many bytes.
    ///
    /// # Errors
    ///
    /// Those of reading and writing; none once something was copied.
    pub fn splice_copy_file_range(self) -> Result<usize> {
        let mut pos_in = self.pos_in;
        let mut pos_out = self.pos_out;
        // SAFETY: The files are open, and the positions valid for the call.
        size_result(unsafe {
            extra_bindings::splice_file_range(
                self.file_in.as_ptr(),
                &mut pos_in,
                self.file_out.as_ptr(),
                &mut pos_out,
                self.len,
            )
        })
    }
}

/// A lease that is to be set, changed or taken away, in `->setlease`.
pub struct Setting<'a> {
    file: *mut bindings::file,
    arg: c_int,
    lease: *mut *mut bindings::file_lease,
    private: *mut *mut c_void,
    _lifetime: PhantomData<&'a ()>,
    _not_send: NotThreadSafe,
}

impl Setting<'_> {
    /// # Safety
    ///
    /// All must be what C passes to `->setlease`.
    pub(super) unsafe fn from_raw(
        file: *mut bindings::file,
        arg: c_int,
        lease: *mut *mut bindings::file_lease,
        private: *mut *mut c_void,
    ) -> Self {
        Self {
            file,
            arg,
            lease,
            private,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// What is asked for: `F_RDLCK`, `F_WRLCK` or `F_UNLCK`.
    pub fn arg(&self) -> i32 {
        self.arg
    }

    /// Does it as the kernel itself keeps leases: `generic_setlease()`. May sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if the file is open in a way that conflicts, and others.
    pub fn generic_setlease(self) -> Result {
        // SAFETY: They are what `->setlease` was called with, which uses them once.
        to_result(unsafe {
            extra_bindings::generic_setlease(self.file, self.arg, self.lease, self.private)
        })
    }
}
