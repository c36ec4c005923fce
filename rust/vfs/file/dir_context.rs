// SPDX-License-Identifier: GPL-2.0

//! Where directories put their entries.

use kernel::{
    bindings,
    ffi::{
        c_int,
        c_uint, //
    },
    prelude::*,
    types::Opaque, //
};

use super::File;
use crate::FileSystem;

/// The type of an entry: a regular file. For others see [`crate::mode::fs_umode_to_dtype`].
pub const DT_REG: u8 = crate::mode::fs_umode_to_dtype(crate::mode::S_IFREG);

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

    /// Emits `.` and `..` and all `entries`, each a name, a number and a type, from the position on.
    ///
    /// For a directory that never changes: the position of an entry is its place in the list. As
    /// [`DirContext::dir_emit`].
    ///
    /// # Errors
    ///
    /// None; the result is that of `->iterate_shared`.
    pub fn dir_emit_all<'n, F: FileSystem>(
        &mut self,
        file: &File<F>,
        entries: impl Iterator<Item = (&'n [u8], u64, u8)>,
    ) -> Result {
        if !self.dir_emit_dots(file) {
            return Ok(());
        }
        // `.` and `..` are the first two.
        let Ok(emitted) = usize::try_from(self.pos() - 2) else {
            return Ok(());
        };
        for (name, ino, dtype) in entries.skip(emitted) {
            if !self.dir_emit(name, ino, dtype) {
                break;
            }
            self.set_pos(self.pos() + 1);
        }
        Ok(())
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
