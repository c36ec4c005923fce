// SPDX-License-Identifier: GPL-2.0

//! What `->fileattr_get` fills in, and what `->fileattr_set` is asked to set.
//!
//! C header: [`include/linux/fileattr.h`](srctree/include/linux/fileattr.h)

use extra_bindings as bindings;
use kernel::types::Opaque;

/// The file must not change at all.
pub const FS_IMMUTABLE_FL: u32 = bindings::FS_IMMUTABLE_FL;
/// The file can only grow.
pub const FS_APPEND_FL: u32 = bindings::FS_APPEND_FL;
/// Backups need not have the file.
pub const FS_NODUMP_FL: u32 = bindings::FS_NODUMP_FL;
/// Reading does not set the time of access.
pub const FS_NOATIME_FL: u32 = bindings::FS_NOATIME_FL;

/// What is made in the directory gets its project.
pub const FS_PROJINHERIT_FL: u32 = bindings::FS_PROJINHERIT_FL;

/// A `struct file_kattr`: flags in the form of `FS_IOC_GETFLAGS`, and what `FS_IOC_FSGETXATTR` has
/// beyond them.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
///
/// # Examples
///
/// ```
/// use vfs::{fileattr::FS_APPEND_FL, prelude::*};
///
/// fn fileattr_set(inode: &mut Excl<'_>, fa: &mut FileKattr) -> Result {
///     if fa.has_fsx() || fa.flags() & !FS_APPEND_FL != 0 {
///         return Err(EOPNOTSUPP);
///     }
///     *inode.guarded_mut() = fa.flags();
///     Ok(())
/// }
/// ```
#[repr(transparent)]
pub struct FileKattr(Opaque<bindings::file_kattr>);

impl FileKattr {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`, and nobody else may use it.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut kernel::bindings::file_kattr) -> &'a mut Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper of the type that is
        // opaque in the kernel's bindings.
        unsafe { &mut *ptr.cast() }
    }

    /// The flags, `FS_*_FL`. When they are to be set, those that have another form in
    /// `FS_IOC_FSSETXATTR` are here as well.
    #[inline]
    pub fn flags(&self) -> u32 {
        // SAFETY: `self` is valid and C does not change it during the call.
        unsafe { (*self.0.get()).flags }
    }

    /// Whether more is to be set than [`FileKattr::flags`] says.
    ///
    /// Mirrors `fileattr_has_fsx()` of `include/linux/fileattr.h`.
    #[inline]
    pub fn has_fsx(&self) -> bool {
        // SAFETY: `self` is valid. CAST: The same C type, opaque in the kernel's bindings.
        unsafe { bindings::fileattr_has_fsx(self.0.get().cast()) }
    }

    /// The project, `fsx_projid`.
    #[inline]
    pub fn fsx_projid(&self) -> u32 {
        // SAFETY: `self` is valid and C does not change it during the call.
        unsafe { (*self.0.get()).fsx_projid }
    }

    /// Whether more is to be set than [`FileKattr::flags`] and [`FileKattr::fsx_projid`] say.
    #[inline]
    pub fn has_fsx_but_projid(&self) -> bool {
        // SAFETY: `self` is valid and C does not change it during the call.
        let mut other = unsafe { self.0.get().read() };
        other.fsx_projid = 0;
        // SAFETY: It is a copy of ours. CAST: As above.
        unsafe { bindings::fileattr_has_fsx((&raw const other).cast()) }
    }

    /// Sets the project, `fsx_projid`.
    #[inline]
    pub fn set_fsx_projid(&mut self, projid: u32) {
        // SAFETY: `self` is valid and ours alone.
        unsafe { (*self.0.get()).fsx_projid = projid };
    }

    /// Fills in the flags, in both forms. Mirrors `fileattr_fill_flags()` of `fs/file_attr.c`.
    #[inline]
    pub fn fileattr_fill_flags(&mut self, flags: u32) {
        // SAFETY: `self` is valid and ours alone. CAST: As above.
        unsafe { bindings::fileattr_fill_flags(self.0.get().cast(), flags) };
    }

    /// Fills in the flags, in both forms, from that of `FS_IOC_FSGETXATTR`. Mirrors
    /// `fileattr_fill_xflags()` of `fs/file_attr.c`.
    #[inline]
    pub fn fileattr_fill_xflags(&mut self, xflags: u32) {
        // SAFETY: `self` is valid and ours alone. CAST: As above.
        unsafe { bindings::fileattr_fill_xflags(self.0.get().cast(), xflags) };
    }
}
