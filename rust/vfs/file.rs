// SPDX-License-Identifier: GPL-2.0

//! Open files, and `struct file_operations`.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    ops::Deref, //
};
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    prelude::*,
    types::Opaque, //
};
use rules::{
    AtLeast,
    Exclusive, //
};

use crate::{
    FileSystem,
    Inode,
    Locked, //
};

mod dir_context;
mod kiocb;
mod mmap;
mod operations;
mod remap;
mod requests;
mod slots;
mod table;
mod tmpfile;

pub use dir_context::{
    DirContext,
    DT_REG, //
};
pub use kiocb::Kiocb;
pub use mmap::VmAreaDesc;
pub use operations::{
    Operations,
    Private, //
};
pub use remap::{
    RemapFileRange,
    Remapped, //
};
pub use requests::{
    CopyFileRange,
    Poll,
    Setting, //
};
pub use slots::{
    CompatIoctl,
    Fadvise,
    Fsync,
    GetUnmappedArea,
    Iopoll,
    Llseek,
    MmapPrepare,
    Read,
    ReadIter,
    Setlease,
    SpliceRead,
    SpliceWrite,
    WriteIter, //
};
pub use tmpfile::{
    Opened,
    Tmpfile, //
};

/// `whence` of `->llseek`: from the beginning.
pub const SEEK_SET: i32 = bindings::SEEK_SET as i32;
/// `whence` of `->llseek`: the next byte that is not in a hole.
pub const SEEK_DATA: i32 = bindings::SEEK_DATA as i32;
/// `whence` of `->llseek`: the next byte that is in a hole; the end of the file is one.
pub const SEEK_HOLE: i32 = bindings::SEEK_HOLE as i32;

/// Mode of `->fallocate`: the size of the file stays as it is.
pub const FALLOC_FL_KEEP_SIZE: i32 = extra_bindings::FALLOC_FL_KEEP_SIZE as i32;
/// Mode of `->fallocate`: the range becomes a hole.
pub const FALLOC_FL_PUNCH_HOLE: i32 = extra_bindings::FALLOC_FL_PUNCH_HOLE as i32;
/// Mode of `->fallocate`: the range becomes zeroes that are allocated.
pub const FALLOC_FL_ZERO_RANGE: i32 = extra_bindings::FALLOC_FL_ZERO_RANGE as i32;

/// An open file, `struct file`, of filesystem `F`.
///
/// # Invariants
///
/// Its inode is one of `F`.
#[repr(transparent)]
pub struct File<F: FileSystem> {
    inner: Opaque<bindings::file>,
    _fs: PhantomData<F>,
}

// SAFETY: C uses open files from any thread.
unsafe impl<F: FileSystem> Send for File<F> {}
// SAFETY: As above; what changes of them is not within reach, or atomic.
unsafe impl<F: FileSystem> Sync for File<F> {}

impl<F: FileSystem> File<F> {
    /// # Safety
    ///
    /// `ptr` must be an open file of `F` that stays alive for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::file) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::file {
        self.inner.get()
    }

    /// The inode, `file_inode()`.
    #[inline]
    pub fn inode(&self) -> &Inode<F> {
        // SAFETY: It does not change while the file is open.
        let inode = unsafe { (*self.as_ptr()).f_inode };
        // SAFETY: By the invariants it is one of `F`; the file has a reference to it.
        unsafe { Inode::from_raw(inode) }
    }

    /// Checks that the file is not too large for who opens it: `generic_file_open()`.
    ///
    /// # Errors
    ///
    /// `EOVERFLOW` without `O_LARGEFILE`, if the file has grown beyond 2 GiB.
    #[inline]
    pub fn generic_file_open(&self) -> Result {
        let inode = self.inode().as_ptr();
        // SAFETY: Both are valid.
        to_result(unsafe { bindings::generic_file_open(inode, self.as_ptr()) })
    }

    /// Moves the position by the size of the inode and `s_maxbytes`: `generic_file_llseek()`.
    ///
    /// To it there are no holes but the end of the file.
    ///
    /// # Errors
    ///
    /// `EINVAL`; `ENXIO` for `SEEK_DATA` and `SEEK_HOLE` beyond the end.
    #[inline]
    pub fn generic_file_llseek(&self, offset: i64, whence: i32) -> Result<i64> {
        // SAFETY: The file is valid.
        offset_result(unsafe { bindings::generic_file_llseek(self.as_ptr(), offset, whence) })
    }

    /// Sets the position, if it is not beyond `s_maxbytes`: `vfs_setpos()`.
    ///
    /// The caller of `->llseek` sees to it that the position is set by one task at a time.
    ///
    /// # Errors
    ///
    /// `EINVAL`.
    #[inline]
    pub fn vfs_setpos(&self, offset: i64) -> Result<i64> {
        let sb = self.inode().sb().as_ptr();
        // SAFETY: The superblock is valid.
        let max = unsafe { (*sb).s_maxbytes };
        // SAFETY: The file is valid.
        offset_result(unsafe { bindings::vfs_setpos(self.as_ptr(), offset, max) })
    }

    /// Notes that the data were changed: takes set-user-ID away where it must be, and sets times.
    ///
    /// Mirrors `file_modified()`, for callbacks other than `->write_iter`, whose helper does it.
    /// `inode` is the file's. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `inode` is another one, and those of security modules.
    pub fn file_modified<M: AtLeast<Exclusive>>(
        &self,
        inode: &mut Locked<'_, Inode<F>, M>,
    ) -> Result {
        if inode.as_ptr() != self.inode().as_ptr() {
            return Err(EINVAL);
        }
        // SAFETY: The file is valid, and `i_rwsem` of its inode is held exclusively.
        to_result(unsafe { bindings::file_modified(self.as_ptr()) })
    }
}

/// An open file of the filesystem of `T`, whose table is that of `T`.
///
/// # Invariants
///
/// `f_op` is the table of `T`, whose `->open` has succeeded, if there is one, and `->release` not
/// returned.
#[repr(transparent)]
pub struct OpenFile<T: Operations> {
    file: File<T::FileSystem>,
    _table: PhantomData<T>,
}

impl<T: Operations> OpenFile<T> {
    /// # Safety
    ///
    /// `ptr` must satisfy the invariants, for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::file) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    /// What the filesystem keeps with the open file, `private_data`. Takes no lock; the data say
    /// themselves how they may be used.
    #[inline]
    pub fn private_data(&self) -> &T::Private {
        if let (false, Some(nothing)) = (T::HAS_OPEN, T::Private::NOTHING) {
            return nothing;
        }
        // SAFETY: The file is alive.
        let data = unsafe { (*self.as_ptr()).private_data };
        // SAFETY: By the invariants `->open` has put a box there, which `->release` drops.
        unsafe { &*data.cast::<T::Private>() }
    }
}

impl<T: Operations> Deref for OpenFile<T> {
    type Target = File<T::FileSystem>;

    #[inline]
    fn deref(&self) -> &File<T::FileSystem> {
        &self.file
    }
}

/// A table of operations for open files of `F`.
pub struct Ops<F: FileSystem>(&'static bindings::file_operations, PhantomData<F>);

impl<F: FileSystem> Ops<F> {
    /// Returns the table of `T`.
    pub const fn of<T: Operations<FileSystem = F>>() -> Self {
        Self(table::Table::<T>::build(), PhantomData)
    }

    pub(crate) fn as_ptr(&self) -> *const bindings::file_operations {
        self.0
    }
}

/// A number that is an offset, or negative an error.
fn offset_result(offset: i64) -> Result<i64> {
    if offset < 0 {
        to_result(offset as c_int)?;
    }
    Ok(offset)
}
