// SPDX-License-Identifier: GPL-2.0

//! What callbacks of inodes get and return besides inodes and dentries.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    types::Opaque, //
};

use super::Inode;
use crate::FileSystem;

/// Where a symbolic link leads: what `->get_link` returns.
pub enum Link<'a> {
    /// A text that stays as long as the inode.
    Inode(&'a CStr),
    /// A text for this call, which C drops when it has followed it. Only in ref-walk, as freeing
    /// it may sleep.
    Owned(CString),
}

/// Which times `->update_time` is to set: `enum fs_update_time` and its flags.
#[derive(Clone, Copy)]
pub struct TimeUpdate {
    pub(super) ty: bindings::fs_update_time,
    pub(super) flags: u32,
}

impl TimeUpdate {
    /// Whether it is the time of access (`FS_UPD_ATIME`); otherwise those of the last change of
    /// the data and of the inode (`FS_UPD_CMTIME`).
    #[inline]
    pub fn is_atime(self) -> bool {
        self.ty == bindings::fs_update_time_FS_UPD_ATIME
    }

    /// Whether it must not wait (`IOCB_NOWAIT`).
    #[inline]
    pub fn nowait(self) -> bool {
        self.flags & extra_bindings::RUST_CONST_HELPER_IOCB_NOWAIT != 0
    }
}

impl<F: FileSystem> Inode<F> {
    /// Does for [`super::Operations::update_time`] what C does without it.
    ///
    /// Mirrors `generic_update_time()` of `fs/inode.c`. May sleep, unless it must not wait.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if it would have to wait and must not.
    #[inline]
    pub fn generic_update_time(&self, update: TimeUpdate) -> Result {
        // SAFETY: The inode is valid, and the arguments are C's.
        to_result(unsafe { bindings::generic_update_time(self.as_ptr(), update.ty, update.flags) })
    }
}

/// The extents that `->fiemap` has found: `struct fiemap_extent_info`.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
#[repr(transparent)]
pub struct FiemapExtentInfo(Opaque<bindings::fiemap_extent_info>);

impl FiemapExtentInfo {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`, and nobody else may use it.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::fiemap_extent_info) -> &'a mut Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &mut *ptr.cast() }
    }

    /// Checks what is asked for, shortens `len` to the largest file, and writes dirty data if that
    /// is asked for. Comes first. `supported` are `FIEMAP_FLAG_*`.
    ///
    /// Mirrors `fiemap_prep()` of `fs/ioctl.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL`, `EFBIG`; `EBADR` for a flag that is not supported; those of writing.
    pub fn fiemap_prep<F: FileSystem>(
        &mut self,
        inode: &Inode<F>,
        start: u64,
        len: &mut u64,
        supported: u32,
    ) -> Result {
        // SAFETY: All are valid for the call.
        to_result(unsafe {
            extra_bindings::fiemap_prep(inode.as_ptr(), self.0.get(), start, len, supported)
        })
    }

    /// Adds an extent. Returns whether there is room for more, and more is asked for.
    ///
    /// `flags` are `FIEMAP_EXTENT_*`. Mirrors `fiemap_fill_next_extent()` of `fs/ioctl.c`. May
    /// sleep: it writes to user space.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn fiemap_fill_next_extent(
        &mut self,
        logical: u64,
        phys: u64,
        len: u64,
        flags: u32,
    ) -> Result<bool> {
        // SAFETY: `self` is valid and ours alone.
        let full = unsafe {
            extra_bindings::fiemap_fill_next_extent(self.0.get(), logical, phys, len, flags)
        };
        to_result(full)?;
        Ok(full == 0)
    }
}
