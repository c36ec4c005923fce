// SPDX-License-Identifier: GPL-2.0

//! Numbers of a superblock, in `/sys/fs`.
//!
//! C headers: [`include/linux/kobject.h`](srctree/include/linux/kobject.h),
//! [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)
//!
//! A filesystem with [`crate::sb::Operations::COUNTERS`] has a directory `/sys/fs/NAME` while it is
//! registered, and in it one for each superblock while that is mounted, called by its device as in
//! `/proc/self/mountinfo`: `MAJOR:MINOR`. In there is a file for each counter.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    ffi::c_char,
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};

use crate::{
    sb::Operations,
    FileSystem,
    SuperBlock, //
};

/// A file with a number in the directory of a superblock.
///
/// # Examples
///
/// ```
/// use vfs::sysfs::Counter;
///
/// /// What the file shows can change while it is read: lock, or count with atomics.
/// const COUNTERS: &[Counter<Fs>] = &[Counter::new(c"files", |sb| u64::from(*sb.info()))];
///
/// assert!(COUNTERS.len() == 1);
/// ```
pub struct Counter<F: FileSystem> {
    name: &'static CStr,
    get: fn(&SuperBlock<F>) -> u64,
}

impl<F: FileSystem> Counter<F> {
    /// Describes the file `name`, which anybody may read and nobody write.
    ///
    /// `get` is called for each read, without a lock, and may sleep. It must not wait for an unmount,
    /// which waits for it.
    pub const fn new(name: &'static CStr, get: fn(&SuperBlock<F>) -> u64) -> Self {
        Self { name, get }
    }
}

/// A number that is counted up and down, and can be read at any time: what a [`Counter`] shows.
///
/// Takes no lock, so it costs next to nothing; what is read together need not fit together.
///
/// # Examples
///
/// ```
/// use vfs::sysfs::Count;
///
/// let files = Count::new();
/// files.inc();
/// files.inc();
/// files.dec();
/// assert!(files.get() == 1);
/// ```
pub struct Count(Atomic<u64>);

impl Default for Count {
    fn default() -> Self {
        Self::new()
    }
}

impl Count {
    /// Nothing was counted yet.
    pub const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Counts one more.
    #[inline]
    pub fn inc(&self) {
        self.0.add(1u64, Relaxed);
    }

    /// Counts one less.
    #[inline]
    pub fn dec(&self) {
        // Adding wraps around.
        self.0.add(u64::MAX, Relaxed);
    }

    /// How many there are.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A directory in sysfs.
///
/// Its `struct kobject` is the kernel's own: nothing of this module is called when it is freed, which
/// may be later than the drop.
///
/// # Invariants
///
/// The kobject is from `kobject_create_and_add()`, and the reference of that is ours.
struct Directory(NonNull<bindings::kobject>);

// SAFETY: Any thread may use and remove a kobject.
unsafe impl Send for Directory {}

impl Directory {
    /// # Safety
    ///
    /// `name` must be a string, and `parent` the kobject of a directory, for the call.
    unsafe fn new(name: *const c_char, parent: *mut bindings::kobject) -> Result<Self> {
        // SAFETY: The caller promises it.
        let kobject = unsafe { bindings::kobject_create_and_add(name, parent) };
        // INVARIANT: It is a new one.
        Ok(Self(NonNull::new(kobject).ok_or(ENOMEM)?))
    }
}

impl Drop for Directory {
    /// Removes the directory with its files, and waits for who reads one.
    fn drop(&mut self) {
        // SAFETY: The kobject is in sysfs, and only this removes it.
        unsafe { bindings::kobject_del(self.0.as_ptr()) };
        // SAFETY: The reference is ours.
        unsafe { bindings::kobject_put(self.0.as_ptr()) };
    }
}

/// Makes the directory of a filesystem, if it is to have one. [`remove_type`] takes it.
///
/// # Safety
///
/// `name` must be a string for the call.
pub(crate) unsafe fn add_type<F: FileSystem>(
    name: *const c_char,
) -> Result<*mut bindings::kobject> {
    if F::Super::COUNTERS.is_empty() {
        return Ok(core::ptr::null_mut());
    }
    // SAFETY: The pointer is set when the kernel starts, and stays.
    let parent = unsafe { bindings::fs_kobj };
    // SAFETY: The caller promises it of the name.
    let directory = unsafe { Directory::new(name, parent) }?;
    let kobject = directory.0.as_ptr();
    core::mem::forget(directory);
    Ok(kobject)
}

/// Removes the directory of a filesystem, if it has one.
///
/// # Safety
///
/// `kobject` must be from [`add_type`], and not be used any more.
pub(crate) unsafe fn remove_type(kobject: *mut bindings::kobject) {
    // INVARIANT: It is from `add_type`, which gave up the `Directory` for it.
    drop(NonNull::new(kobject).map(Directory));
}

/// A counter of one superblock: what C finds behind a file.
#[repr(C)]
struct File<F: FileSystem> {
    attr: Opaque<bindings::kobj_attribute>,
    sb: *const SuperBlock<F>,
    get: fn(&SuperBlock<F>) -> u64,
}

impl<F: FileSystem> File<F> {
    /// # Safety
    ///
    /// As `->show` of a `kobj_attribute`, which is that of a `File<F>`.
    unsafe extern "C" fn show(
        _kobj: *mut bindings::kobject,
        attr: *mut bindings::kobj_attribute,
        buf: *mut c_char,
    ) -> isize {
        // SAFETY: `kobj_attr_show()` is called for a file that is not removed, so its `File`, of
        // which the attribute is the first field, is there. Removing it waits for this call.
        let file = unsafe { &*attr.cast::<Self>() };
        // SAFETY: The directory is removed before the superblock ends.
        let value = (file.get)(unsafe { &*file.sb });
        // SAFETY: The buffer is a page, as `sysfs_emit()` wants it, and the format fits.
        (unsafe { bindings::sysfs_emit(buf, c"%llu\n".as_char_ptr(), value) }) as isize
    }
}

/// The directory of a superblock, with its files.
pub(crate) struct Counters<F: FileSystem> {
    // Fields are dropped in this order: without the directory, nobody reads the files.
    _directory: Directory,
    _files: KVec<File<F>>,
}

impl<F: FileSystem> Counters<F> {
    /// Makes the directory of a superblock in that of the filesystem, or none if there is no counter.
    ///
    /// # Safety
    ///
    /// - `parent` must be what [`add_type`] returned for `F`, and stay.
    /// - The superblock must be set up as long as there is the return value.
    pub(crate) unsafe fn new(
        sb: &SuperBlock<F>,
        parent: *mut bindings::kobject,
    ) -> Result<Option<KBox<Self>>> {
        let counters = F::Super::COUNTERS;
        if counters.is_empty() {
            return Ok(None);
        }
        // SAFETY: The superblock is valid, and this never changes.
        let dev = unsafe { (*sb.as_ptr()).s_dev };
        let name = CString::try_from_fmt(fmt!("{}:{}", dev >> 20, dev & ((1 << 20) - 1)))?;

        let mut files = KVec::with_capacity(counters.len(), GFP_KERNEL)?;
        for counter in counters {
            let file = File {
                attr: Opaque::zeroed(),
                sb,
                get: counter.get,
            };
            files.push(file, GFP_KERNEL)?;
        }
        // SAFETY: The caller promises it of the parent.
        let directory = unsafe { Directory::new(name.as_char_ptr(), parent) }?;
        let kobject = directory.0.as_ptr();
        // From here on the files stay where they are.
        let new = KBox::new(
            Self {
                _directory: directory,
                _files: files,
            },
            GFP_KERNEL,
        )?;
        for (counter, file) in counters.iter().zip(&new._files) {
            let attr = file.attr.get();
            // SAFETY: The attribute is ours alone, and the name static.
            unsafe {
                extra_bindings::kobj_attribute_init(
                    attr,
                    counter.name.as_char_ptr(),
                    Some(File::<F>::show),
                )
            };
            // SAFETY: The directory is in sysfs, and the attribute valid until it is removed.
            to_result(unsafe {
                bindings::sysfs_create_file_ns(kobject, &raw const (*attr).attr, core::ptr::null())
            })?;
        }
        Ok(Some(new))
    }
}
