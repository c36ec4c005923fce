// SPDX-License-Identifier: GPL-2.0

//! POSIX and flock locks, and `struct file_lock_operations`.
//!
//! A filesystem that has `->lock` or `->flock` gets the requests of fcntl(2) and flock(2), and
//! hands them on to the kernel's own lists with the methods of [`FileLock`], before or after what
//! it does itself.
//!
//! # Examples
//!
//! ```
//! use vfs::filelock::{FileLock, Outcome, F_GETLK};
//!
//! /// What `->lock` does where the filesystem has nothing to add.
//! fn lock(cmd: i32, fl: &mut FileLock<Fs>) -> Result<Outcome> {
//!     if cmd == F_GETLK {
//!         fl.posix_test_lock()?;
//!         return Ok(Outcome::Granted);
//!     }
//!     fl.posix_lock_file()
//! }
//! ```
//!
//! C header: [`include/linux/filelock.h`](srctree/include/linux/filelock.h)

use core::{
    marker::PhantomData,
    mem::{
        align_of,
        size_of, //
    },
    ptr, //
};
use extra_bindings::filelock as bindings;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};
use rules::{
    file_lock_operations as rule,
    Held,
    NotPromised, //
};

use crate::{
    locked::Lockable,
    FileSystem,
    Locked, //
};

/// A lock for reading.
pub const F_RDLCK: u8 = kernel::bindings::F_RDLCK as u8;
/// A lock for writing.
pub const F_WRLCK: u8 = kernel::bindings::F_WRLCK as u8;
/// No lock: a request to take it away.
pub const F_UNLCK: u8 = kernel::bindings::F_UNLCK as u8;

/// `cmd` of `->lock`: asks for a lock that stands in the way.
pub const F_GETLK: i32 = kernel::bindings::F_GETLK as i32;
/// `cmd` of `->lock` and `->flock`: sets a lock.
pub const F_SETLK: i32 = kernel::bindings::F_SETLK as i32;
/// `cmd` of `->lock` and `->flock`: sets a lock, and waits for it.
pub const F_SETLKW: i32 = kernel::bindings::F_SETLKW as i32;

/// What became of a request for a POSIX lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is granted.
    Granted,
    /// It is in the queue: C's caller waits and asks again (`FILE_LOCK_DEFERRED`).
    Deferred,
}

/// A lock of a file of `F`, or a request for one: `struct file_lock`.
///
/// # Invariants
///
/// `flc_file` is an open file of `F`.
#[repr(transparent)]
pub struct FileLock<F: FileSystem> {
    inner: Opaque<bindings::file_lock>,
    _fs: PhantomData<F>,
}

// SAFETY: The helper is lockdep_assert_held() of the `flc_lock` of the file's inode.
unsafe impl<F: FileSystem> Lockable<Held> for FileLock<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: By the invariants the lock has a file.
        let file = unsafe { (*self.as_ptr()).c.flc_file };
        // SAFETY: The file is open, and its inode has locks.
        unsafe { extra_bindings::files_assert_flc_lock(file) };
    }
}

// SAFETY: Nothing is promised, so there is nothing to assert.
unsafe impl<F: FileSystem> Lockable<NotPromised> for FileLock<F> {
    #[inline]
    fn assert_held(&self) {}
}

impl<F: FileSystem> FileLock<F> {
    /// # Safety
    ///
    /// `ptr` must satisfy the invariants for `'a`, and nobody else may use it as a request.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::file_lock) -> &'a mut Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &mut *ptr.cast() }
    }

    #[inline]
    fn as_ptr(&self) -> *mut bindings::file_lock {
        self.inner.get()
    }

    fn has(&self, flag: u32) -> bool {
        // SAFETY: `self` is valid, and its flags do not change.
        unsafe { (*self.as_ptr()).c.flc_flags & flag != 0 }
    }

    /// Whether it is a POSIX lock, of fcntl(2).
    #[inline]
    pub fn is_posix(&self) -> bool {
        self.has(FL_POSIX)
    }

    /// Whether it is one of flock(2).
    #[inline]
    pub fn is_flock(&self) -> bool {
        self.has(FL_FLOCK)
    }

    /// Whether who asks is ready to wait.
    #[inline]
    pub fn may_wait(&self) -> bool {
        self.has(FL_SLEEP)
    }

    /// What it is: [`F_RDLCK`], [`F_WRLCK`] or [`F_UNLCK`].
    #[inline]
    pub fn fl_type(&self) -> u8 {
        // SAFETY: `self` is valid.
        unsafe { (*self.as_ptr()).c.flc_type }
    }

    /// The first byte that it covers.
    #[inline]
    pub fn fl_start(&self) -> i64 {
        // SAFETY: `self` is valid.
        unsafe { (*self.as_ptr()).fl_start }
    }

    /// The last byte that it covers.
    #[inline]
    pub fn fl_end(&self) -> i64 {
        // SAFETY: `self` is valid.
        unsafe { (*self.as_ptr()).fl_end }
    }

    fn file(&self) -> *mut kernel::bindings::file {
        // SAFETY: `self` is valid.
        unsafe { (*self.as_ptr()).c.flc_file }
    }

    fn has_fl_ops(&self) -> bool {
        // SAFETY: `self` is valid.
        !unsafe { (*self.as_ptr()).fl_ops }.is_null()
    }

    /// Sets or takes away a POSIX lock, without waiting: `posix_lock_file()`.
    ///
    /// May sleep for memory.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if another lock is in the way and the request does not wait, `EDEADLK`, `ENOLCK`;
    /// `EINVAL` if it is no POSIX lock.
    pub fn posix_lock_file(&mut self) -> Result<Outcome> {
        if !self.is_posix() {
            return Err(EINVAL);
        }
        // SAFETY: The request is for a lock of its file, which is open.
        match unsafe { bindings::posix_lock_file(self.file(), self.as_ptr(), ptr::null_mut()) } {
            FILE_LOCK_DEFERRED => Ok(Outcome::Deferred),
            other => to_result(other).map(|()| Outcome::Granted),
        }
    }

    /// Turns the request into a POSIX lock that stands in its way, or into none:
    /// `posix_test_lock()`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is no POSIX lock, or has a private value, which C would lose.
    pub fn posix_test_lock(&mut self) -> Result {
        if !self.is_posix() || self.has_fl_ops() {
            return Err(EINVAL);
        }
        // SAFETY: As in `posix_lock_file`.
        unsafe { bindings::posix_test_lock(self.file(), self.as_ptr()) };
        Ok(())
    }

    /// Sets or takes away a lock of either kind, and waits for it if the request does:
    /// `locks_lock_file_wait()`. May sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if another lock is in the way and the request does not wait, `EINTR`, `EDEADLK`,
    /// `ENOLCK`.
    pub fn locks_lock_file_wait(&mut self) -> Result {
        // C stops the machine for what is neither.
        if !self.is_posix() && !self.is_flock() {
            return Err(EINVAL);
        }
        // SAFETY: As in `posix_lock_file`.
        let inode = unsafe { (*self.file()).f_inode };
        // SAFETY: As above.
        to_result(unsafe { bindings::locks_lock_inode_wait(inode, self.as_ptr()) })
    }

    /// Gives the request a private value and its callbacks, `fl_ops`, unless it has them already:
    /// a request that waits comes more than once.
    ///
    /// All locks that come of the request get a copy of the value.
    pub fn set_fl_ops<T: Operations<FileSystem = F>>(&mut self, private: T::Private) {
        if self.has_fl_ops() {
            return;
        }
        // SAFETY: The request is ours alone, and its `fl_u` unused without `fl_ops`.
        unsafe { Table::<T>::private(self.as_ptr()).write(private) };
        // SAFETY: As above; the table lives for ever.
        unsafe { (*self.as_ptr()).fl_ops = &Table::<T>::TABLE };
    }
}

const FL_POSIX: u32 = 1 << 0;
const FL_FLOCK: u32 = 1 << 1;
const FL_SLEEP: u32 = 1 << 7;
pub(crate) const F_CANCELLK: i32 = kernel::bindings::F_CANCELLK as i32;
pub(crate) const FILE_LOCK_DEFERRED: i32 = 1;

/// The callbacks of a lock: `struct file_lock_operations`. Both are required.
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// What the filesystem keeps with a lock, in `fl_u`: at most three words.
    type Private: Send + 'static;

    /// A lock comes of another one, or of a request: returns the private value of the new one.
    ///
    /// `flc_lock` is held: must not sleep.
    fn fl_copy_lock(
        fl: &Locked<'_, FileLock<Self::FileSystem>, rule::fl_copy_lock::Ctx>,
        private: &Self::Private,
    ) -> Self::Private;

    /// A lock or a request goes. Must not sleep: `flc_lock` may be held, or not.
    fn fl_release_private(
        fl: &Locked<'_, FileLock<Self::FileSystem>, rule::fl_release_private::Ctx>,
        private: Self::Private,
    );
}

struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C for locks with `fl_ops` of the filesystem.
impl<T: Operations> Table<T> {
    /// Where the private value of a lock is.
    ///
    /// # Safety
    ///
    /// `fl` must be valid.
    unsafe fn private(fl: *mut bindings::file_lock) -> *mut T::Private {
        const {
            assert!(size_of::<T::Private>() <= 3 * size_of::<usize>());
            assert!(align_of::<T::Private>() <= align_of::<usize>());
            assert!(3 * size_of::<usize>() <= size_of::<bindings::file_lock__bindgen_ty_1>());
        }
        // SAFETY: The caller promises it. CAST: It is as large, as asserted above.
        unsafe { &raw mut (*fl).fl_u }.cast()
    }

    /// # Safety
    ///
    /// As `->fl_copy_lock`: `locks_copy_lock()` passes a new lock, and one with a private value.
    unsafe extern "C" fn fl_copy_lock(new: *mut bindings::file_lock, fl: *mut bindings::file_lock) {
        // SAFETY: `fl` is valid and has `fl_ops`, so a private value.
        let old = unsafe { Self::private(fl) };
        // SAFETY: As above; `flc_lock` keeps it.
        let old = unsafe { &*old };
        // SAFETY: `new` is valid and has none.
        let place = unsafe { Self::private(new) };
        // SAFETY: Who copies a lock with `fl_ops` has the file open.
        let fl = unsafe { FileLock::<T::FileSystem>::from_raw(fl) };
        // SAFETY: `posix_lock_inode()` and `flock_lock_inode()` hold `flc_lock`.
        let fl = unsafe { Locked::assume(&*fl) };
        // SAFETY: The place is valid, and nobody else looks at it.
        unsafe { place.write(T::fl_copy_lock(&fl, old)) };
    }

    /// # Safety
    ///
    /// As `->fl_release_private`: C calls it once for a lock, which nobody else uses any more.
    unsafe extern "C" fn fl_release_private(fl: *mut bindings::file_lock) {
        // SAFETY: `fl` is valid and has `fl_ops`, so a private value.
        let private = unsafe { Self::private(fl) };
        // SAFETY: As above; it is not used again.
        let private = unsafe { private.read() };
        // SAFETY: The lock is valid for the call.
        let fl = unsafe { FileLock::<T::FileSystem>::from_raw(fl) };
        // SAFETY: Nothing is promised.
        let fl = unsafe { Locked::assume(&*fl) };
        T::fl_release_private(&fl, private);
    }

    const TABLE: bindings::file_lock_operations = bindings::file_lock_operations {
        fl_copy_lock: Some(Self::fl_copy_lock),
        fl_release_private: Some(Self::fl_release_private),
    };
}
