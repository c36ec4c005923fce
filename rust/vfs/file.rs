// SPDX-License-Identifier: GPL-2.0

//! Open files, and `struct file_operations`.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    error::{
        from_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::{
        c_char,
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
    },
    types::{
        NotThreadSafe,
        Opaque, //
    },
};
use rules::Shared;

use crate::{
    helper::slot,
    vm,
    FileSystem,
    Inode,
    Locked, //
};

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

    fn private_data_atomic(&self) -> &Atomic<*mut c_void> {
        // SAFETY: The file is alive, and so the field of it.
        let field = unsafe { &raw mut (*self.as_ptr()).private_data };
        // SAFETY: The field is valid and aligned, and C leaves it to the filesystem.
        unsafe { Atomic::from_ptr(field) }
    }

    /// The number that the filesystem keeps with the open file, `private_data`; 0 at first.
    ///
    /// Atomic; takes no lock.
    #[inline]
    pub fn private_data(&self) -> usize {
        self.private_data_atomic().load(Relaxed) as usize
    }

    /// Sets the number that the filesystem keeps with the open file.
    #[inline]
    pub fn set_private_data(&self, value: usize) {
        self.private_data_atomic()
            .store(ptr::without_provenance_mut(value), Relaxed);
    }
}

/// A file without a name that is being opened, in `->tmpfile`.
pub struct Tmpfile<'a, F: FileSystem> {
    file: &'a File<F>,
    _not_send: NotThreadSafe,
}

/// Proof that a [`Tmpfile`] got its inode.
pub struct Opened<'a>(PhantomData<&'a ()>, NotThreadSafe);

impl<'a, F: FileSystem> Tmpfile<'a, F> {
    /// # Safety
    ///
    /// `file` must be what C passes to `->tmpfile` of `F`, and `'a` within that call.
    pub(crate) unsafe fn from_raw(file: *mut bindings::file) -> Self {
        Self {
            // SAFETY: The caller promises that it is alive. It has no inode yet, and nothing here
            // asks for it.
            file: unsafe { File::from_raw(file) },
            _not_send: NotThreadSafe::default(),
        }
    }

    /// Opens the file on `inode`, which loses its link: it has no name.
    ///
    /// The inode must be new: this is the only time that it gets a dentry, until it is linked.
    /// Mirrors `d_tmpfile()` of `fs/dcache.c`.
    ///
    /// # Errors
    ///
    /// `EXDEV` if the inode is of another superblock, `EINVAL` if it is a directory or has another
    /// number of links than one.
    pub fn d_tmpfile(self, inode: ARef<Inode<F>>) -> Result<Opened<'a>> {
        // SAFETY: `vfs_tmpfile()` has given the file a new dentry, to which it has a reference.
        let dentry = unsafe { (*self.file.as_ptr()).__bindgen_anon_1.f_path.dentry };
        // SAFETY: As above.
        if unsafe { (*dentry).d_sb } != inode.sb().as_ptr() {
            return Err(EXDEV);
        }
        if inode.is_dir() || inode.i_nlink() != 1 {
            return Err(EINVAL);
        }
        // SAFETY: The file is valid, and takes over the reference.
        unsafe { bindings::d_tmpfile(self.file.as_ptr(), ARef::into_raw(inode).as_ptr().cast()) };
        Ok(Opened(PhantomData, NotThreadSafe::default()))
    }
}

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
    unsafe fn from_raw<'a>(ptr: *mut bindings::dir_context) -> &'a mut Self {
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

/// A mapping that is being set up, in `->mmap_prepare`: `struct vm_area_desc`.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
#[repr(transparent)]
pub struct VmAreaDesc<F: FileSystem>(Opaque<bindings::vm_area_desc>, PhantomData<F>);

impl<F: FileSystem> VmAreaDesc<F> {
    /// Sets the operations of the mapping.
    pub fn set_vm_ops(&mut self, vm_ops: vm::Ops<F>) {
        // SAFETY: `self` is valid and ours alone; the table lives for ever, and is for the
        // filesystem of the file.
        unsafe { (*self.0.get()).vm_ops = vm_ops.as_ptr() };
    }

    /// Notes that the file was accessed: `file_accessed()`.
    pub fn file_accessed(&mut self) {
        // SAFETY: `self` is valid.
        let file = unsafe { (*self.0.get()).file };
        // SAFETY: The caller has a reference to the file.
        unsafe { extra_bindings::file_accessed(file) };
    }
}

slot! {
    /// A function for `->llseek`.
    pub struct Llseek(
        unsafe extern "C" fn(*mut bindings::file, bindings::loff_t, c_int) -> bindings::loff_t
    ) {
        /// By the size of the inode and `s_maxbytes`.
        GENERIC_FILE_LLSEEK = bindings::generic_file_llseek;
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

/// The callbacks of an open file: `struct file_operations`.
///
/// A slot whose method or helper is missing is null. All may sleep. `->owner` is the module of the
/// filesystem, which cannot go while a file is open.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The helper for `->llseek`.
    const LLSEEK: Option<Llseek> = None;
    /// The helper for `->read`.
    const READ: Option<Read> = None;
    /// The helper for `->read_iter`.
    const READ_ITER: Option<ReadIter> = None;
    /// The helper for `->write_iter`.
    const WRITE_ITER: Option<WriteIter> = None;
    /// The helper for `->fsync`.
    const FSYNC: Option<Fsync> = None;
    /// The helper for `->splice_read`.
    const SPLICE_READ: Option<SpliceRead> = None;
    /// The helper for `->splice_write`.
    const SPLICE_WRITE: Option<SpliceWrite> = None;
    /// The helper for `->setlease`.
    const SETLEASE: Option<Setlease> = None;

    /// Emits the entries of a directory from the position of `ctx` on.
    ///
    /// `dir` is the inode of `file`. `iterate_dir()` holds its `i_rwsem` shared, and the lock of the
    /// file's position if another task can use the file.
    fn iterate_shared(
        file: &File<Self::FileSystem>,
        dir: &Locked<'_, Inode<Self::FileSystem>, Shared>,
        ctx: &mut DirContext,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets a mapping of the file up. `mmap_lock` is held for writing.
    fn mmap_prepare(desc: &mut VmAreaDesc<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A table of operations for open files of `F`.
pub struct Ops<F: FileSystem>(&'static bindings::file_operations, PhantomData<F>);

impl<F: FileSystem> Ops<F> {
    /// Returns the table of `T`.
    pub const fn of<T: Operations<FileSystem = F>>() -> Self {
        Self(Table::<T>::build(), PhantomData)
    }

    pub(crate) fn as_ptr(&self) -> *const bindings::file_operations {
        self.0
    }
}

struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `f_op` of files of the filesystem.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->iterate_shared`.
    unsafe extern "C" fn iterate_shared(
        file: *mut bindings::file,
        ctx: *mut bindings::dir_context,
    ) -> c_int {
        // SAFETY: `iterate_dir()` passes an open file of the filesystem.
        let file = unsafe { File::from_raw(file) };
        // SAFETY: `iterate_dir()` holds `i_rwsem` of the file's inode shared.
        let dir = unsafe { Locked::assume(file.inode()) };
        // SAFETY: It belongs to the caller, which waits.
        let ctx = unsafe { DirContext::from_raw(ctx) };
        from_result(|| T::iterate_shared(file, &dir, ctx).map(|()| 0))
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

    const TABLE: bindings::file_operations = bindings::file_operations {
        owner: kernel::module::this_module::<T::OwnerModule>().as_ptr(),
        llseek: Llseek::get(T::LLSEEK),
        read: Read::get(T::READ),
        read_iter: ReadIter::get(T::READ_ITER),
        write_iter: WriteIter::get(T::WRITE_ITER),
        fsync: Fsync::get(T::FSYNC),
        splice_read: SpliceRead::get(T::SPLICE_READ),
        splice_write: SpliceWrite::get(T::SPLICE_WRITE),
        setlease: Setlease::get(T::SETLEASE),
        iterate_shared: if T::HAS_ITERATE_SHARED {
            Some(Self::iterate_shared)
        } else {
            None
        },
        mmap_prepare: if T::HAS_MMAP_PREPARE {
            Some(Self::mmap_prepare)
        } else {
            None
        },
        ..pin_init::zeroed()
    };

    const fn build() -> &'static bindings::file_operations {
        &Self::TABLE
    }
}
