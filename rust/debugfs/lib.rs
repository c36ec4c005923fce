// SPDX-License-Identifier: GPL-2.0

//! debugfs files that a module can have and still be unloaded.
//!
//! The files of [`kernel::debugfs`] name no owner: who has one open while the module goes, closes it through
//! operations that are gone. The files here keep their module for as long as they are open.
//!
//! C header: [`include/linux/debugfs.h`](srctree/include/linux/debugfs.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use extra_bindings as bindings;
use kernel::{
    error::from_result,
    prelude::*,
    seq_file::SeqFile,
    sync::Arc,
    uaccess::UserSlice,
    ModuleMetadata, //
};
use since_v7_3::this_module;

// The kernel's printing macros want this of every crate.
#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"debugfs\0";

/// One file: how the text of a `Data` is shown, and what a written text does to it.
pub trait File: 'static {
    /// What the file is about.
    type Data: Send + Sync + 'static;
    /// The name of the file.
    const NAME: &'static CStr;
    /// Whether it can be read.
    const READ: bool = true;
    /// Whether it can be written.
    const WRITE: bool = false;
    /// The longest text that can be written at once.
    const WRITE_MAX: usize = 256;
    /// Whether a text replaces what was written before, and so has to come as a whole: what is not the first
    /// piece, or does not end with a newline, is refused.
    const WRITE_WHOLE: bool = false;

    /// Prints the whole text. Can be called several times for one reading, each time with more room.
    /// In process context, where it may sleep.
    fn show(_data: &Arc<Self::Data>, _seq: &SeqFile) {}

    /// Takes a text that was written at once, without the white space around it unless it is [`WRITE_WHOLE`](Self::WRITE_WHOLE).
    /// In process context, where it may sleep.
    ///
    /// # Errors
    ///
    /// What the writer gets.
    fn store(_data: &Arc<Self::Data>, _text: &str) -> Result {
        Err(EINVAL)
    }
}

/// A directory in the root of debugfs, with files about one `T`.
///
/// The drop removes the files, and waits for those who are in the middle of one.
///
/// # Invariants
///
/// `dir` is a directory of debugfs, with files whose private data is `data`.
pub struct Dir<T: Send + Sync + 'static> {
    dir: NonNull<bindings::dentry>,
    data: KBox<Arc<T>>,
}

// SAFETY: debugfs can be used from any thread, and so can the `Arc`.
unsafe impl<T: Send + Sync> Send for Dir<T> {}
// SAFETY: As above.
unsafe impl<T: Send + Sync> Sync for Dir<T> {}

impl<T: Send + Sync> Dir<T> {
    /// Makes an empty directory. Sleeps.
    ///
    /// # Errors
    ///
    /// `EEXIST`, `ENOMEM`, or `EPERM` if debugfs is off.
    pub fn new(name: &CStr, data: Arc<T>) -> Result<Self> {
        let data = KBox::new(data, GFP_KERNEL)?;
        // SAFETY: The name is a C string. A null parent is the root.
        let dir =
            unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), core::ptr::null_mut()) };
        let dir = kernel::error::from_err_ptr(dir)?;
        let dir = NonNull::new(dir).ok_or(ENODEV)?;
        // INVARIANT: There are no files yet.
        Ok(Self { dir, data })
    }

    /// Adds a file of module `M`, which root only can use. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of [`Dir::new`].
    pub fn add<M: ModuleMetadata, F: File<Data = T>>(&self) -> Result {
        let data: *const Arc<T> = &raw const *self.data;
        // SAFETY: The name is a C string, the parent a directory. The operations are static, and expect what
        // `data` points to, which stays until `drop()` has removed the files.
        let file = unsafe {
            bindings::debugfs_create_file_full(
                F::NAME.as_char_ptr(),
                Operations::<M, F>::MODE,
                self.dir.as_ptr(),
                data.cast_mut().cast(),
                core::ptr::null(),
                &raw const *Operations::<M, F>::TABLE,
            )
        };
        kernel::error::from_err_ptr(file).map(|_| ())
    }
}

impl<T: Send + Sync> Drop for Dir<T> {
    fn drop(&mut self) {
        // SAFETY: By the invariant it is ours. This waits for running callbacks; `data` is dropped after it.
        unsafe { bindings::debugfs_remove(self.dir.as_ptr()) };
    }
}

/// The file operations of file `F` of module `M`.
struct Operations<M, F>(PhantomData<(M, F)>);

impl<M: ModuleMetadata, F: File> Operations<M, F> {
    const MODE: u16 = if F::READ { 0o400 } else { 0 } | if F::WRITE { 0o200 } else { 0 };

    const TABLE: &'static bindings::file_operations = &bindings::file_operations {
        owner: this_module!(M),
        open: Some(Self::open),
        read: Some(bindings::seq_read),
        llseek: Some(bindings::seq_lseek),
        release: Some(bindings::single_release),
        write: if F::WRITE { Some(Self::write) } else { None },
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// Only for debugfs, on a file that [`Dir::add`] made.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The VFS gives a valid inode.
        let data = unsafe { (*inode).i_private };
        // SAFETY: The VFS gives a file that is being opened. `show()` gets what it wants.
        unsafe { bindings::single_open(file, Some(Self::show), data) }
    }

    /// # Safety
    ///
    /// Only for `seq_read()`, on a file that [`Self::open`] opened.
    unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
        // SAFETY: `seq_read()` gives a valid `seq_file`.
        let data = unsafe { (*seq).private };
        // SAFETY: `open()` put it there. debugfs lets no callback start after the removal of the file, and
        // waits for those that run.
        let data = unsafe { &*data.cast::<Arc<F::Data>>() };
        // SAFETY: `seq_read()` gives a valid `seq_file`, and holds its lock.
        let seq = unsafe { SeqFile::from_raw(seq) };
        F::show(data, seq);
        0
    }

    /// # Safety
    ///
    /// Only for the VFS, on a file that [`Self::open`] opened.
    unsafe extern "C" fn write(
        file: *mut bindings::file,
        buffer: *const c_char,
        count: usize,
        pos: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: `single_open()` made it a `seq_file`.
        let seq = unsafe { (*file).private_data.cast::<bindings::seq_file>() };
        // SAFETY: As above.
        let data = unsafe { (*seq).private };
        // SAFETY: As in `show()`.
        let data = unsafe { &*data.cast::<Arc<F::Data>>() };
        from_result(|| {
            if count > F::WRITE_MAX {
                pr_err!(
                    "{}: {}: at most {} bytes can be written\n",
                    M::NAME,
                    F::NAME,
                    F::WRITE_MAX
                );
                return Err(if F::WRITE_WHOLE { E2BIG } else { EINVAL });
            }
            let mut text = KVVec::with_capacity(count, GFP_KERNEL)?;
            let buffer = UserPtr::from_ptr(buffer.cast_mut().cast());
            UserSlice::new(buffer, count)
                .reader()
                .read_all(&mut text, GFP_KERNEL)?;
            let text = core::str::from_utf8(&text).map_err(|_| EINVAL)?;
            if !F::WRITE_WHOLE {
                F::store(data, text.trim())?;
                return Ok(count as isize);
            }
            // SAFETY: The VFS gives a valid position, which is nobody else's while it is written.
            let pos = unsafe { &mut *pos };
            if *pos != 0 || !text.ends_with('\n') {
                pr_err!(
                    "{}: {}: what replaces it has to be written at once, and ends with a newline\n",
                    M::NAME,
                    F::NAME
                );
                return Err(EINVAL);
            }
            F::store(data, text)?;
            *pos += count as bindings::loff_t;
            Ok(count as isize)
        })
    }
}
