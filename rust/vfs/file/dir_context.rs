// SPDX-License-Identifier: GPL-2.0

//! Where directories put their entries.

use kernel::{
    bindings,
    ffi::{
        c_int,
        c_uint, //
    },
    types::Opaque, //
};

use super::File;
use crate::FileSystem;

/// Where `->iterate_shared` puts the entries of a directory: `struct dir_context`.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
#[repr(transparent)]
pub struct DirContext(Opaque<bindings::dir_context>);

impl DirContext {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`, and nobody else may use it.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::dir_context) -> &'a mut Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &mut *ptr.cast() }
    }

    /// The position in the directory: 0 and 1 are `.` and `..`, the rest the filesystem decides.
    #[inline]
    pub fn pos(&self) -> i64 {
        // SAFETY: `self` is valid and C does not change it during the call.
        unsafe { (*self.0.get()).pos }
    }

    /// Sets the position. Set to that of an entry before the entry is emitted.
    #[inline]
    pub fn set_pos(&mut self, pos: i64) {
        // SAFETY: `self` is valid and ours alone.
        unsafe { (*self.0.get()).pos = pos };
    }

    /// Emits `.` and `..` if the position says so. Returns whether there is room for more.
    ///
    /// Mirrors `dir_emit_dots()`. Copies to user space: may sleep and fault.
    pub fn dir_emit_dots<F: FileSystem>(&mut self, file: &File<F>) -> bool {
        // SAFETY: Both are valid.
        unsafe { extra_bindings::dir_emit_dots(file.as_ptr(), self.0.get()) }
    }

    /// Emits an entry; `dtype` is one of `DT_*`. Returns whether there was room for it.
    ///
    /// Mirrors `dir_emit()`. Copies to user space: may sleep and fault.
    pub fn dir_emit(&mut self, name: &[u8], ino: u64, dtype: u8) -> bool {
        // SAFETY: `self` is valid, and so is the name, whose length is passed with it.
        unsafe {
            extra_bindings::dir_emit(
                self.0.get(),
                name.as_ptr().cast(),
                name.len() as c_int,
                ino,
                c_uint::from(dtype),
            )
        }
    }
}
