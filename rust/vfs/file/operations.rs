// SPDX-License-Identifier: GPL-2.0

//! `struct file_operations`.

use kernel::{
    error::VTABLE_DEFAULT_ERROR,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    seq_file::SeqFile, //
};
use rules::file_operations as rule;

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
    Poll,
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
        Outcome, //
    },
    FileSystem,
    Inode,
    Locked, //
};

/// What a filesystem keeps with an open file: [`Operations::Private`].
///
/// It may be used, and dropped, in any thread.
pub trait Private: Send + Sync + Sized + 'static {
    /// What is kept where there is no [`Operations::open`] to make it. Without it, `open` is required.
    const NOTHING: Option<&'static Self> = None;
}

impl Private for () {
    const NOTHING: Option<&'static ()> = Some(&());
}

/// The callbacks of an open file: `struct file_operations`.
///
/// A slot whose method or helper is missing is null; a method goes before a helper. All may sleep,
/// and no lock is held but where a method says so. `->owner` is the module of the filesystem, which
/// cannot go while a file is open.
///
/// # Examples
///
/// ```
/// use kernel::sync::atomic::{Atomic, Relaxed};
/// use vfs::file::{Kiocb, OpenFile, Operations, Ops, Private, ReadIter};
///
/// /// How often an open file was read.
/// struct Reads(Atomic<u32>);
///
/// impl Private for Reads {}
///
/// struct Regular;
///
/// #[vtable]
/// impl Operations for Regular {
///     type FileSystem = Fs;
///     type Private = Reads;
///
///     fn open(_inode: &Inode<Fs>, file: &File<Fs>) -> Result<Reads> {
///         file.generic_file_open()?;
///         Ok(Reads(Atomic::new(0)))
///     }
///
///     fn read_iter(
///         iocb: &mut Kiocb<'_, Self>,
///         to: &mut kernel::iov::IovIterDest<'_>,
///     ) -> Result<usize> {
///         iocb.file().private_data().0.fetch_add(1, Relaxed);
///         iocb.generic_file_read_iter(to)
///     }
/// }
///
/// let ops: Ops<Fs> = Ops::of::<Regular>();
/// ```
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized + 'static {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// What the filesystem keeps with an open file, `private_data`: [`Operations::open`] makes it,
    /// and it is dropped after [`Operations::release`], where it may sleep. `()` if there is nothing.
    type Private: Private;

    /// The helper for `->llseek`.
    const LLSEEK: Option<Llseek> = None;
    /// The helper for `->read`.
    const READ: Option<Read> = None;
    /// The helper for `->read_iter`.
    const READ_ITER: Option<ReadIter> = None;
    /// The helper for `->write_iter`.
    const WRITE_ITER: Option<WriteIter> = None;
    /// The helper for `->iopoll`.
    const IOPOLL: Option<Iopoll> = None;
    /// The helper for `->compat_ioctl`.
    const COMPAT_IOCTL: Option<CompatIoctl> = None;
    /// The helper for `->mmap_prepare`.
    const MMAP_PREPARE: Option<MmapPrepare> = None;
    /// The helper for `->fsync`.
    const FSYNC: Option<Fsync> = None;
    /// The helper for `->get_unmapped_area`.
    const GET_UNMAPPED_AREA: Option<GetUnmappedArea> = None;
    /// The helper for `->splice_read`.
    const SPLICE_READ: Option<SpliceRead> = None;
    /// The helper for `->splice_write`.
    const SPLICE_WRITE: Option<SpliceWrite> = None;
    /// The helper for `->setlease`.
    const SETLEASE: Option<Setlease> = None;
    /// The helper for `->fadvise`.
    const FADVISE: Option<Fadvise> = None;

    /// Opens the file: returns what is kept with it. Required, unless that is `()`.
    ///
    /// C's caller has checked permissions and broken leases. `->release` is called for each file for
    /// which this succeeds.
    fn open(
        inode: &Inode<Self::FileSystem>,
        file: &File<Self::FileSystem>,
    ) -> Result<Self::Private> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The last reference to the open file has gone. Not necessarily called in the context of who
    /// opened it.
    fn release(inode: &Inode<Self::FileSystem>, file: &OpenFile<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A descriptor of the file is closed. What it fails with, close(2) does.
    fn flush(file: &OpenFile<Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Moves the position and returns where it is now. `whence` is one of `SEEK_*`.
    ///
    /// The lock of the file's position is held if another task can use the file.
    fn llseek(file: &OpenFile<Self>, offset: i64, whence: i32) -> Result<i64> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Reads from [`Kiocb::ki_pos`] on, moves that, and returns how many bytes.
    fn read_iter(iocb: &mut Kiocb<'_, Self>, to: &mut IovIterDest<'_>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes from [`Kiocb::ki_pos`] on, moves that, and returns how many bytes. Takes `i_rwsem`
    /// itself.
    fn write_iter(iocb: &mut Kiocb<'_, Self>, from: &mut IovIterSource<'_>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Emits the entries of a directory from the position of `ctx` on.
    ///
    /// `dir` is the inode of `file`. `iterate_dir()` holds its `i_rwsem` shared, and the lock of the
    /// file's position if another task can use the file.
    fn iterate_shared(
        file: &OpenFile<Self>,
        dir: &Locked<'_, Inode<Self::FileSystem>, rule::iterate_shared::Inode>,
        ctx: &mut DirContext,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Returns what can be done without waiting, `POLL*`, and lets `poll` wait for the rest.
    fn poll(file: &OpenFile<Self>, poll: &Poll<'_>) -> u32 {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Does what the filesystem alone knows; `ENOTTY` if it does not know `cmd`. `arg` is a number, or
    /// an address in user space, for [`kernel::uaccess::UserSlice`].
    fn unlocked_ioctl(file: &OpenFile<Self>, cmd: u32, arg: usize) -> Result<isize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// As [`Operations::unlocked_ioctl`], for a task of 32 bits on a kernel of 64.
    fn compat_ioctl(file: &OpenFile<Self>, cmd: u32, arg: usize) -> Result<isize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets a mapping of the file up. Nothing of it can be seen yet.
    fn mmap_prepare(desc: &mut VmAreaDesc<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Brings the bytes from `start` to `end`, which is among them, to where they last, and unless
    /// `datasync` the inode, too.
    fn fsync(file: &OpenFile<Self>, start: i64, end: i64, datasync: bool) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A request of fcntl(2) for a POSIX lock; `cmd` is one of `F_*LK*` and says what `fl` is for.
    ///
    /// Done with [`FileLock::posix_test_lock`] for `F_GETLK`, and [`FileLock::posix_lock_file`] for
    /// the others. A close(2) comes here, too, to take locks away. `F_CANCELLK`, with which lockd
    /// takes back a request that waits, does not: the layer answers it, as there is nothing to do for
    /// requests that wait in the kernel's own lists.
    fn lock(
        file: &OpenFile<Self>,
        cmd: i32,
        fl: &mut FileLock<Self::FileSystem>,
    ) -> Result<Outcome> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A request of flock(2), done with [`FileLock::locks_lock_file_wait`]. The last close(2) comes
    /// here, too, to take locks away.
    fn flock(file: &OpenFile<Self>, cmd: i32, fl: &mut FileLock<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Checks the flags that fcntl(2) is about to set with `F_SETFL`.
    fn check_flags(flags: i32) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Who spliced into the file has no more.
    fn splice_eof(file: &OpenFile<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets, changes or takes away a lease: [`Setting::generic_setlease`], and what the filesystem
    /// does before or after it.
    fn setlease(file: &OpenFile<Self>, setting: Setting<'_>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Allocates, punches or zeroes `len` bytes from `offset` on; `mode` is of `FALLOC_FL_*`, and
    /// one that is not known must be refused (`EOPNOTSUPP`).
    ///
    /// Takes `i_rwsem` itself ([`Inode::inode_lock`]); pages go under `invalidate_lock`
    /// ([`Locked::truncate_pagecache_range`]). C's caller has checked that the range is one, and within
    /// `s_maxbytes`.
    fn fallocate(file: &OpenFile<Self>, mode: i32, offset: i64, len: i64) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prints lines for `/proc/PID/fdinfo/FD`.
    fn show_fdinfo(seq: &SeqFile, file: &OpenFile<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Copies a range, and returns how many bytes. Takes what locks it needs itself.
    fn copy_file_range(range: CopyFileRange<'_, Self>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes two files share blocks: [`RemapFileRange::generic_remap_file_range`]. Returns how many
    /// bytes.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` for what cannot be shared.
    fn remap_file_range(range: RemapFileRange<'_, Self>) -> Result<i64> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes advice about a range; `advice` is one of `POSIX_FADV_*`.
    fn fadvise(file: &OpenFile<Self>, offset: i64, len: i64, advice: i32) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}
