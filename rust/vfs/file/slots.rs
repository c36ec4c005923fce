// SPDX-License-Identifier: GPL-2.0

//! C's helpers for slots of `struct file_operations`.

use kernel::{
    bindings,
    ffi::{
        c_char,
        c_int,
        c_long,
        c_uint,
        c_ulong,
        c_void, //
    },
};

use crate::helper::slot;

slot! {
    /// A function for `->llseek`.
    pub struct Llseek(
        unsafe extern "C" fn(*mut bindings::file, bindings::loff_t, c_int) -> bindings::loff_t
    ) {
        /// By the size of the inode and `s_maxbytes`.
        GENERIC_FILE_LLSEEK = bindings::generic_file_llseek;
        /// Succeeds, and leaves the position where it is.
        NOOP_LLSEEK = bindings::noop_llseek;
    }
}

slot! {
    /// A function for `->read`.
    pub struct Read(
        unsafe extern "C" fn(
            *mut bindings::file,
            *mut c_char,
            usize,
            *mut bindings::loff_t,
        ) -> isize
    ) {
        /// Says that it is a directory (`EISDIR`).
        GENERIC_READ_DIR = bindings::generic_read_dir;
    }
}

slot! {
    /// A function for `->read_iter`.
    pub struct ReadIter(
        unsafe extern "C" fn(*mut bindings::kiocb, *mut bindings::iov_iter) -> isize
    ) {
        /// Reads through the page cache.
        GENERIC_FILE_READ_ITER = bindings::generic_file_read_iter;
    }
}

slot! {
    /// A function for `->write_iter`.
    pub struct WriteIter(
        unsafe extern "C" fn(*mut bindings::kiocb, *mut bindings::iov_iter) -> isize
    ) {
        /// Writes into the page cache, under `i_rwsem`.
        GENERIC_FILE_WRITE_ITER = bindings::generic_file_write_iter;
    }
}

slot! {
    /// A function for `->fsync`.
    pub struct Fsync(
        unsafe extern "C" fn(
            *mut bindings::file,
            bindings::loff_t,
            bindings::loff_t,
            c_int,
        ) -> c_int
    ) {
        /// Writes the data back, and the inode; waits, and reports errors.
        SIMPLE_FSYNC_NOFLUSH = bindings::simple_fsync_noflush;
        /// There is nothing to write back.
        NOOP_FSYNC = bindings::noop_fsync;
    }
}

slot! {
    /// A function for `->splice_read`.
    pub struct SpliceRead(
        unsafe extern "C" fn(
            *mut bindings::file,
            *mut bindings::loff_t,
            *mut bindings::pipe_inode_info,
            usize,
            c_uint,
        ) -> isize
    ) {
        /// Gives the pipe pages of the page cache.
        FILEMAP_SPLICE_READ = bindings::filemap_splice_read;
        /// Reads with `->read_iter` into pages of its own.
        COPY_SPLICE_READ = bindings::copy_splice_read;
    }
}

slot! {
    /// A function for `->splice_write`.
    pub struct SpliceWrite(
        unsafe extern "C" fn(
            *mut bindings::pipe_inode_info,
            *mut bindings::file,
            *mut bindings::loff_t,
            usize,
            c_uint,
        ) -> isize
    ) {
        /// Writes with `->write_iter`.
        ITER_FILE_SPLICE_WRITE = bindings::iter_file_splice_write;
    }
}

slot! {
    /// A function for `->setlease`.
    pub struct Setlease(
        unsafe extern "C" fn(
            *mut bindings::file,
            c_int,
            *mut *mut bindings::file_lease,
            *mut *mut c_void,
        ) -> c_int
    ) {
        /// Leases as the kernel itself keeps them.
        GENERIC_SETLEASE = extra_bindings::generic_setlease;
    }
}

slot! {
    /// A function for `->iopoll`.
    pub struct Iopoll(
        unsafe extern "C" fn(*mut bindings::kiocb, *mut bindings::io_comp_batch, c_uint) -> c_int
    ) {
        /// Asks the block device that the request waits for.
        IOCB_BIO_IOPOLL = bindings::iocb_bio_iopoll;
    }
}

slot! {
    /// A function for `->compat_ioctl`.
    pub struct CompatIoctl(
        unsafe extern "C" fn(*mut bindings::file, c_uint, c_ulong) -> c_long
    ) {}
}

impl CompatIoctl {
    /// Calls `->unlocked_ioctl` with the argument as a pointer of 32 bits; nothing on kernels
    /// without such tasks.
    pub const COMPAT_PTR_IOCTL: Option<Self> = match bindings::compat_ptr_ioctl {
        Some(function) => Some(Self(function)),
        None => None,
    };
}

slot! {
    /// A function for `->mmap_prepare`.
    pub struct MmapPrepare(unsafe extern "C" fn(*mut bindings::vm_area_desc) -> c_int) {
        /// Maps the page cache.
        GENERIC_FILE_MMAP_PREPARE = bindings::generic_file_mmap_prepare;
        /// Maps the page cache, but not to be written to and shared.
        GENERIC_FILE_READONLY_MMAP_PREPARE = bindings::generic_file_readonly_mmap_prepare;
    }
}

slot! {
    /// A function for `->get_unmapped_area`.
    pub struct GetUnmappedArea(
        unsafe extern "C" fn(
            *mut bindings::file,
            c_ulong,
            c_ulong,
            c_ulong,
            c_ulong,
        ) -> c_ulong
    ) {
        /// Aligns large mappings so that large folios can be mapped as a whole.
        #[cfg(CONFIG_TRANSPARENT_HUGEPAGE)]
        THP_GET_UNMAPPED_AREA = bindings::thp_get_unmapped_area;
    }
}

slot! {
    /// A function for `->fadvise`.
    pub struct Fadvise(
        unsafe extern "C" fn(
            *mut bindings::file,
            bindings::loff_t,
            bindings::loff_t,
            c_int,
        ) -> c_int
    ) {
        /// What posix_fadvise(2) does where a filesystem says nothing.
        GENERIC_FADVISE = bindings::generic_fadvise;
    }
}
