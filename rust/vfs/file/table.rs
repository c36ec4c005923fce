// SPDX-License-Identifier: GPL-2.0

//! The tables of [`Operations`], and how C gets into them.

use core::{
    marker::PhantomData,
    mem::{
        needs_drop,
        size_of, //
    },
};
use kernel::{
    bindings,
    error::from_result,
    ffi::{
        c_int,
        c_long,
        c_uint,
        c_ulong,
        c_void, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    seq_file::SeqFile,
    types::NotThreadSafe, //
};

use super::{
    CompatIoctl,
    CopyFileRange,
    DirContext,
    Fadvise,
    File,
    Fsync,
    GetUnmappedArea,
    Iopoll,
    Kiocb,
    Llseek,
    MmapPrepare,
    OpenFile,
    Operations,
    Poll,
    Private,
    Read,
    ReadIter,
    RemapFileRange,
    Setlease,
    Setting,
    SpliceRead,
    SpliceWrite,
    VmAreaDesc,
    WriteIter, //
};
use crate::{
    filelock::{
        FileLock,
        Outcome,
        FILE_LOCK_DEFERRED,
        F_CANCELLK, //
    },
    helper::{
        callback,
        size_or_errno, //
    },
    trace,
    Inode,
    Locked, //
};

pub(super) struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `f_op` of files of the filesystem, which stay open for
// the call.
impl<T: Operations> Table<T> {
    /// Whether `->open` leaves something to drop.
    const DROPS: bool = T::HAS_OPEN && (size_of::<T::Private>() != 0 || needs_drop::<T::Private>());

    /// # Safety
    ///
    /// As `->open`: `do_dentry_open()` passes a file that it is about to open on the inode.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The inode is of the filesystem.
        let inode = unsafe { Inode::from_raw(inode) };
        // SAFETY: It has the inode already, which is all that is to be seen of it.
        let open = unsafe { File::from_raw(file) };
        from_result(|| {
            let private = KBox::new(T::open(inode, open)?, GFP_KERNEL)?;
            // SAFETY: The file is ours until it is open.
            unsafe { (*file).private_data = KBox::into_raw(private).cast() };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As `->release`: `__fput()` passes a file that nobody else uses any more.
    unsafe extern "C" fn release(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        if T::HAS_RELEASE {
            // SAFETY: The inode is of the filesystem.
            let inode = unsafe { Inode::from_raw(inode) };
            // SAFETY: `->open` has succeeded.
            let file = unsafe { OpenFile::<T>::from_raw(file) };
            T::release(inode, file);
        }
        if Self::DROPS {
            // SAFETY: The file is valid.
            let private = unsafe { (*file).private_data };
            // SAFETY: `->open` has made it from such a box, and nobody uses it any more.
            drop(unsafe { KBox::from_raw(private.cast::<T::Private>()) });
        }
        0
    }

    /// # Safety
    ///
    /// As `->flush`.
    unsafe extern "C" fn flush(file: *mut bindings::file, _owner: bindings::fl_owner_t) -> c_int {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        from_result(|| T::flush(file).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->llseek`.
    unsafe extern "C" fn llseek(
        file: *mut bindings::file,
        offset: bindings::loff_t,
        whence: c_int,
    ) -> bindings::loff_t {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        match T::llseek(file, offset, whence) {
            Ok(offset) => offset,
            Err(error) => error.to_errno().into(),
        }
    }

    /// # Safety
    ///
    /// As `->read_iter`.
    unsafe extern "C" fn read_iter(
        iocb: *mut bindings::kiocb,
        to: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The request is for an open file of this table, and ours until we return.
        let mut iocb = unsafe { Kiocb::from_raw(iocb) };
        // SAFETY: The iterator is a destination, and ours until we return.
        let to = unsafe { IovIterDest::from_raw(to) };
        let len = to.len();
        size_or_errno(T::read_iter(&mut iocb, to), len)
    }

    /// # Safety
    ///
    /// As `->write_iter`.
    unsafe extern "C" fn write_iter(
        iocb: *mut bindings::kiocb,
        from: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The request is for an open file of this table, and ours until we return.
        let mut iocb = unsafe { Kiocb::from_raw(iocb) };
        // SAFETY: The iterator is a source, and ours until we return.
        let from = unsafe { IovIterSource::from_raw(from) };
        let len = from.len();
        size_or_errno(T::write_iter(&mut iocb, from), len)
    }

    /// # Safety
    ///
    /// As `->iterate_shared`.
    unsafe extern "C" fn iterate_shared(
        file: *mut bindings::file,
        ctx: *mut bindings::dir_context,
    ) -> c_int {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        // SAFETY: `iterate_dir()` holds the `i_rwsem` of its inode at least shared.
        let dir = unsafe { Locked::assume(file.inode()) };
        // SAFETY: It belongs to the caller, which waits.
        let ctx = unsafe { DirContext::from_raw(ctx) };
        from_result(|| T::iterate_shared(file, &dir, ctx).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->poll`.
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) -> bindings::__poll_t {
        // SAFETY: They are what C passes, used within the call.
        let poll = unsafe { Poll::from_raw(file, table) };
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        T::poll(file, &poll)
    }

    /// # Safety
    ///
    /// As `->unlocked_ioctl`.
    unsafe extern "C" fn unlocked_ioctl(
        file: *mut bindings::file,
        cmd: c_uint,
        arg: c_ulong,
    ) -> c_long {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        match T::unlocked_ioctl(file, cmd, arg) {
            Ok(value) => value as c_long,
            Err(error) => error.to_errno() as c_long,
        }
    }

    /// # Safety
    ///
    /// As `->compat_ioctl`.
    unsafe extern "C" fn compat_ioctl(
        file: *mut bindings::file,
        cmd: c_uint,
        arg: c_ulong,
    ) -> c_long {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        match T::compat_ioctl(file, cmd, arg) {
            Ok(value) => value as c_long,
            Err(error) => error.to_errno() as c_long,
        }
    }

    /// # Safety
    ///
    /// As `->mmap_prepare`.
    unsafe extern "C" fn mmap_prepare(desc: *mut bindings::vm_area_desc) -> c_int {
        // SAFETY: It belongs to the caller, which waits, and describes a mapping of a file of the
        // filesystem. CAST: `VmAreaDesc` is a transparent wrapper.
        let desc = unsafe { &mut *desc.cast::<VmAreaDesc<T::FileSystem>>() };
        from_result(|| T::mmap_prepare(desc).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->fsync`.
    unsafe extern "C" fn fsync(
        file: *mut bindings::file,
        start: bindings::loff_t,
        end: bindings::loff_t,
        datasync: c_int,
    ) -> c_int {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        from_result(|| T::fsync(file, start, end, datasync != 0).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->lock`.
    unsafe extern "C" fn lock(
        file: *mut bindings::file,
        cmd: c_int,
        fl: *mut bindings::file_lock,
    ) -> c_int {
        // `vfs_cancel_lock()`: what waits does so in the kernel's own lists, from which the caller
        // takes it itself.
        if cmd == F_CANCELLK {
            return 0;
        }
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        // SAFETY: The request is for this file, and the caller's, which waits. CAST: The kernel's
        // bindings have the type opaque.
        let fl = unsafe { FileLock::from_raw(fl.cast()) };
        match T::lock(file, cmd, fl) {
            Ok(Outcome::Granted) => 0,
            Ok(Outcome::Deferred) => FILE_LOCK_DEFERRED,
            Err(error) => error.to_errno(),
        }
    }

    /// # Safety
    ///
    /// As `->flock`.
    unsafe extern "C" fn flock(
        file: *mut bindings::file,
        cmd: c_int,
        fl: *mut bindings::file_lock,
    ) -> c_int {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        // SAFETY: The request is for this file, and the caller's, which waits. CAST: The kernel's
        // bindings have the type opaque.
        let fl = unsafe { FileLock::from_raw(fl.cast()) };
        from_result(|| T::flock(file, cmd, fl).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->check_flags`.
    unsafe extern "C" fn check_flags(flags: c_int) -> c_int {
        from_result(|| T::check_flags(flags).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->splice_eof`.
    unsafe extern "C" fn splice_eof(file: *mut bindings::file) {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        T::splice_eof(file);
    }

    /// # Safety
    ///
    /// As `->setlease`.
    unsafe extern "C" fn setlease(
        file: *mut bindings::file,
        arg: c_int,
        lease: *mut *mut bindings::file_lease,
        private: *mut *mut c_void,
    ) -> c_int {
        // SAFETY: They are what C passes, used within the call.
        let setting = unsafe { Setting::from_raw(file, arg, lease, private) };
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        from_result(|| T::setlease(file, setting).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->fallocate`.
    unsafe extern "C" fn fallocate(
        file: *mut bindings::file,
        mode: c_int,
        offset: bindings::loff_t,
        len: bindings::loff_t,
    ) -> c_long {
        let traced = file;
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        let ret = from_result(|| T::fallocate(file, mode, offset, len).map(|()| 0));
        // SAFETY: The file is valid for the call.
        unsafe { trace::fallocate(traced, mode, offset, len, ret) };
        ret as c_long
    }

    /// # Safety
    ///
    /// As `->show_fdinfo`.
    unsafe extern "C" fn show_fdinfo(seq: *mut bindings::seq_file, file: *mut bindings::file) {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        // SAFETY: It belongs to the caller, which waits.
        let seq = unsafe { SeqFile::from_raw(seq) };
        T::show_fdinfo(seq, file);
    }

    /// # Safety
    ///
    /// As `->copy_file_range`.
    unsafe extern "C" fn copy_file_range(
        file_in: *mut bindings::file,
        pos_in: bindings::loff_t,
        file_out: *mut bindings::file,
        pos_out: bindings::loff_t,
        len: usize,
        _flags: c_uint,
    ) -> isize {
        // C compares the callbacks of the two files, which those of two tables may share.
        // SAFETY: Both files are open.
        if unsafe { (*file_in).f_op != (*file_out).f_op } {
            return EXDEV.to_errno() as isize;
        }
        let copied = T::copy_file_range(CopyFileRange {
            // SAFETY: It has the table of `file_out`, which is this one.
            file_in: unsafe { OpenFile::from_raw(file_in) },
            pos_in,
            // SAFETY: It is through this file that C has come here.
            file_out: unsafe { OpenFile::from_raw(file_out) },
            pos_out,
            len,
            _not_send: NotThreadSafe::default(),
        });
        size_or_errno(copied, len)
    }

    /// # Safety
    ///
    /// As `->remap_file_range`.
    unsafe extern "C" fn remap_file_range(
        file_in: *mut bindings::file,
        pos_in: bindings::loff_t,
        file_out: *mut bindings::file,
        pos_out: bindings::loff_t,
        len: bindings::loff_t,
        flags: c_uint,
    ) -> bindings::loff_t {
        const KNOWN: u32 = bindings::REMAP_FILE_DEDUP | bindings::REMAP_FILE_ADVISORY;
        // C only compares superblocks, which have files of several tables.
        // SAFETY: Both files are open.
        if flags & !KNOWN != 0 || unsafe { (*file_in).f_op != (*file_out).f_op } {
            return EINVAL.to_errno().into();
        }
        let shared = T::remap_file_range(RemapFileRange {
            // SAFETY: It has the table of `file_out`, which is this one.
            file_in: unsafe { OpenFile::from_raw(file_in) },
            pos_in,
            // SAFETY: It has the table of `file_in`, through which C has come here.
            file_out: unsafe { OpenFile::from_raw(file_out) },
            pos_out,
            len,
            flags,
            _not_send: NotThreadSafe::default(),
        });
        shared.unwrap_or_else(|error| error.to_errno().into())
    }

    /// # Safety
    ///
    /// As `->fadvise`.
    unsafe extern "C" fn fadvise(
        file: *mut bindings::file,
        offset: bindings::loff_t,
        len: bindings::loff_t,
        advice: c_int,
    ) -> c_int {
        // SAFETY: C passes a file of this table that is open.
        let file = unsafe { OpenFile::<T>::from_raw(file) };
        from_result(|| T::fadvise(file, offset, len, advice).map(|()| 0))
    }

    const TABLE: bindings::file_operations = bindings::file_operations {
        owner: since_v7_3::this_module!(T::OwnerModule),
        llseek: callback!(T::HAS_LLSEEK, Self::llseek, Llseek::get(T::LLSEEK)),
        read: Read::get(T::READ),
        read_iter: callback!(
            T::HAS_READ_ITER,
            Self::read_iter,
            ReadIter::get(T::READ_ITER)
        ),
        write_iter: callback!(
            T::HAS_WRITE_ITER,
            Self::write_iter,
            WriteIter::get(T::WRITE_ITER)
        ),
        iopoll: Iopoll::get(T::IOPOLL),
        iterate_shared: callback!(T::HAS_ITERATE_SHARED, Self::iterate_shared),
        poll: callback!(T::HAS_POLL, Self::poll),
        unlocked_ioctl: callback!(T::HAS_UNLOCKED_IOCTL, Self::unlocked_ioctl),
        compat_ioctl: callback!(
            T::HAS_COMPAT_IOCTL,
            Self::compat_ioctl,
            CompatIoctl::get(T::COMPAT_IOCTL) //
        ),
        mmap_prepare: callback!(
            T::HAS_MMAP_PREPARE,
            Self::mmap_prepare,
            MmapPrepare::get(T::MMAP_PREPARE) //
        ),
        open: if T::HAS_OPEN {
            Some(Self::open)
        } else {
            assert!(
                T::Private::NOTHING.is_some(),
                "`open` is missing, which makes `Private`"
            );
            None
        },
        flush: callback!(T::HAS_FLUSH, Self::flush),
        release: callback!(T::HAS_RELEASE || Self::DROPS, Self::release),
        fsync: callback!(T::HAS_FSYNC, Self::fsync, Fsync::get(T::FSYNC)),
        lock: callback!(T::HAS_LOCK, Self::lock),
        flock: callback!(T::HAS_FLOCK, Self::flock),
        get_unmapped_area: GetUnmappedArea::get(T::GET_UNMAPPED_AREA),
        check_flags: callback!(T::HAS_CHECK_FLAGS, Self::check_flags),
        splice_read: {
            // C calls `->read_iter` without looking: in a helper, or instead of it with `O_DIRECT`.
            assert!(
                T::SPLICE_READ.is_none() || T::HAS_READ_ITER || T::READ_ITER.is_some(),
                "`SPLICE_READ` goes with `->read_iter`"
            );
            SpliceRead::get(T::SPLICE_READ)
        },
        splice_write: SpliceWrite::get(T::SPLICE_WRITE),
        splice_eof: callback!(T::HAS_SPLICE_EOF, Self::splice_eof),
        setlease: callback!(T::HAS_SETLEASE, Self::setlease, Setlease::get(T::SETLEASE)),
        fallocate: callback!(T::HAS_FALLOCATE, Self::fallocate),
        show_fdinfo: callback!(T::HAS_SHOW_FDINFO, Self::show_fdinfo),
        copy_file_range: callback!(T::HAS_COPY_FILE_RANGE, Self::copy_file_range),
        remap_file_range: callback!(T::HAS_REMAP_FILE_RANGE, Self::remap_file_range),
        fadvise: callback!(T::HAS_FADVISE, Self::fadvise, Fadvise::get(T::FADVISE)),
        ..pin_init::zeroed()
    };

    pub(super) const fn build() -> &'static bindings::file_operations {
        &Self::TABLE
    }
}
