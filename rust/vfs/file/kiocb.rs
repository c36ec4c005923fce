// SPDX-License-Identifier: GPL-2.0

//! Requests to read or write.

use core::marker::PhantomData;
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    types::NotThreadSafe, //
};

use super::{
    OpenFile,
    Operations, //
};

/// A request to read or write, `struct kiocb`, in `->read_iter` and `->write_iter`.
///
/// Unlike [`kernel::fs::Kiocb`] it knows the table of its file.
///
/// # Invariants
///
/// The request is valid for `'a`, and its file satisfies the invariants of [`OpenFile`].
pub struct Kiocb<'a, T: Operations> {
    inner: *mut bindings::kiocb,
    _lifetime: PhantomData<&'a OpenFile<T>>,
    _not_send: NotThreadSafe,
}

impl<'a, T: Operations> Kiocb<'a, T> {
    /// # Safety
    ///
    /// `inner` must satisfy the invariants, and nobody else may use it during `'a`.
    pub(super) unsafe fn from_raw(inner: *mut bindings::kiocb) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            inner,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The file, `ki_filp`.
    #[inline]
    pub fn file(&self) -> &'a OpenFile<T> {
        // SAFETY: The request is valid.
        let file = unsafe { (*self.inner).ki_filp };
        // SAFETY: By the invariants; who made the request has a reference to it.
        unsafe { OpenFile::from_raw(file) }
    }

    /// Where in the file to read or write.
    #[inline]
    pub fn ki_pos(&self) -> i64 {
        // SAFETY: The request is valid.
        unsafe { (*self.inner).ki_pos }
    }

    /// Says how far was read or written.
    #[inline]
    pub fn set_ki_pos(&mut self, pos: i64) {
        // SAFETY: The request is valid, and ours alone during the call.
        unsafe { (*self.inner).ki_pos = pos };
    }

    /// Flags, `IOCB_*`.
    #[inline]
    pub fn ki_flags(&self) -> i32 {
        // SAFETY: The request is valid.
        unsafe { (*self.inner).ki_flags }
    }

    /// Reads through the page cache: `generic_file_read_iter()`. May sleep. Returns how many bytes.
    ///
    /// # Errors
    ///
    /// Those of `->read_folio`, `EFAULT`, `EAGAIN` and others; none once something was read.
    pub fn generic_file_read_iter(&mut self, to: &mut IovIterDest<'_>) -> Result<usize> {
        // SAFETY: Both are valid, and the file's mapping has a table of the layer.
        size_result(unsafe { bindings::generic_file_read_iter(self.inner, to.as_raw()) })
    }

    /// Writes into the page cache: `generic_file_write_iter()`. Takes `i_rwsem`; may sleep. Returns
    /// how many bytes.
    ///
    /// # Errors
    ///
    /// Those of `->write_begin`, `EFAULT`, `EFBIG` and others; none once something was written.
    pub fn generic_file_write_iter(&mut self, from: &mut IovIterSource<'_>) -> Result<usize> {
        // SAFETY: Both are valid, and the file's mapping has a table of the layer.
        size_result(unsafe { bindings::generic_file_write_iter(self.inner, from.as_raw()) })
    }
}

/// A number of bytes, or negative an error.
pub(super) fn size_result(size: isize) -> Result<usize> {
    if size < 0 {
        to_result(size as c_int)?;
    }
    Ok(size as usize)
}
