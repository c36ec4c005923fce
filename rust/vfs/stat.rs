// SPDX-License-Identifier: GPL-2.0

//! What `->getattr` fills in, and what `->setattr` is asked to change.
//!
//! C headers: [`include/linux/stat.h`](srctree/include/linux/stat.h),
//! [`include/linux/fs.h`](srctree/include/linux/fs.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    time::NSEC_PER_SEC,
    types::Opaque, //
};

use rules::{
    AtLeast,
    Exclusive, //
};

use crate::{
    idmap::Idmap,
    mode::Mode,
    Dentry,
    FileSystem,
    Inode,
    Locked, //
};

/// A `struct kstat` that a callback fills in.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
///
/// # Examples
///
/// ```
/// use vfs::stat::STATX_ATTR_APPEND;
///
/// fn getattr(idmap: &Idmap, inode: &Inode<Fs>, stat: &mut Kstat, request_mask: u32) {
///     stat.generic_fillattr(idmap, request_mask, inode);
///     let append = inode.i_flags() & vfs::inode::S_APPEND != 0;
///     stat.set_attributes(if append { STATX_ATTR_APPEND } else { 0 }, STATX_ATTR_APPEND);
/// }
/// ```
#[repr(transparent)]
pub struct Kstat(Opaque<bindings::kstat>);

impl Kstat {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`, and nobody else may use it.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::kstat) -> &'a mut Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &mut *ptr.cast() }
    }

    /// Fills in what the inode itself knows.
    ///
    /// `request_mask` is what the callback was asked for. Mirrors `generic_fillattr()` of
    /// `fs/stat.c`; takes no lock and does not sleep.
    #[inline]
    pub fn generic_fillattr<F: FileSystem>(
        &mut self,
        idmap: &Idmap,
        request_mask: u32,
        inode: &Inode<F>,
    ) {
        // SAFETY: All three are valid, and `self` is ours alone.
        unsafe {
            bindings::generic_fillattr(idmap.as_ptr(), request_mask, inode.as_ptr(), self.0.get())
        };
    }

    /// Says when the file was made, in nanoseconds since 1970 (`STATX_BTIME`).
    #[inline]
    pub fn set_btime(&mut self, ns: i64) {
        // SAFETY: `self` is valid and ours alone.
        let stat = unsafe { &mut *self.0.get() };
        stat.result_mask |= bindings::STATX_BTIME;
        stat.btime.tv_sec = ns.div_euclid(NSEC_PER_SEC);
        stat.btime.tv_nsec = ns.rem_euclid(NSEC_PER_SEC) as isize;
    }

    /// Says which attributes the file has, `STATX_ATTR_*`, among those of `mask`, which are all that
    /// the filesystem knows.
    #[inline]
    pub fn set_attributes(&mut self, attributes: u32, mask: u32) {
        // SAFETY: `self` is valid and ours alone.
        let stat = unsafe { &mut *self.0.get() };
        stat.attributes |= u64::from(attributes & mask);
        stat.attributes_mask |= u64::from(mask);
    }
}

/// Attribute of a file in statx(2): [`crate::fileattr::FS_IMMUTABLE_FL`].
pub const STATX_ATTR_IMMUTABLE: u32 = bindings::STATX_ATTR_IMMUTABLE;
/// Attribute of a file in statx(2): [`crate::fileattr::FS_APPEND_FL`].
pub const STATX_ATTR_APPEND: u32 = bindings::STATX_ATTR_APPEND;
/// Attribute of a file in statx(2): [`crate::fileattr::FS_NODUMP_FL`].
pub const STATX_ATTR_NODUMP: u32 = bindings::STATX_ATTR_NODUMP;

/// A `struct iattr`: which attributes to set, and to what.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
#[repr(transparent)]
pub struct Iattr(Opaque<bindings::iattr>);

impl Iattr {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`, and nobody else may use it.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::iattr) -> &'a mut Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &mut *ptr.cast() }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::iattr {
        self.0.get()
    }

    /// The new size in bytes, if the size is to be changed (`ATTR_SIZE`).
    #[inline]
    pub fn size(&self) -> Option<i64> {
        // SAFETY: `self` is valid and C does not change it during the call.
        let attr = unsafe { &*self.0.get() };
        (attr.ia_valid & bindings::ATTR_SIZE != 0).then_some(attr.ia_size)
    }

    /// The new mode, if it is to be changed (`ATTR_MODE`).
    #[inline]
    pub fn mode(&self) -> Option<Mode> {
        // SAFETY: `self` is valid and C does not change it during the call.
        let attr = unsafe { &*self.0.get() };
        (attr.ia_valid & bindings::ATTR_MODE != 0).then_some(attr.ia_mode)
    }
}

impl<F: FileSystem, M: AtLeast<Exclusive>> Locked<'_, Inode<F>, M> {
    /// Checks whether the caller may change these attributes of the inode, and settles the details
    /// of it.
    ///
    /// Must come before anything is changed. `dentry` is one of the inode. Mirrors
    /// `setattr_prepare()` of `fs/attr.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `EPERM` if the caller may not, `EFBIG`, `ETXTBSY` or `SIGXFSZ` for a bad size; `EINVAL` if
    /// `dentry` is not of this inode.
    #[inline]
    pub fn setattr_prepare(
        &mut self,
        idmap: &Idmap,
        dentry: &Dentry<F>,
        attr: &mut Iattr,
    ) -> Result {
        if !dentry.is_of(self) {
            return Err(EINVAL);
        }
        // SAFETY: All three are valid, the dentry is of the inode and stays so, and the inode's
        // `i_rwsem` is held exclusively.
        to_result(unsafe {
            bindings::setattr_prepare(idmap.as_ptr(), dentry.as_ptr(), attr.as_ptr())
        })
    }
}
