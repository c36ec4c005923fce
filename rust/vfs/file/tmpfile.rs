// SPDX-License-Identifier: GPL-2.0

//! Files that are opened without a name.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::aref::ARef,
    types::NotThreadSafe, //
};

use super::File;
use crate::{
    xattr,
    FileSystem,
    Inode, //
};

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

    /// Lets the security modules label the new inode, which has no name, in `dir`.
    ///
    /// As [`crate::dentry::Negative::security_inode_init_security`]. Comes before
    /// [`Tmpfile::d_tmpfile`]: then the file can be seen.
    ///
    /// # Errors
    ///
    /// Those of the security module and of `set`.
    pub fn security_inode_init_security<C: FnMut(&CStr, &[u8]) -> Result>(
        &self,
        inode: &Inode<F>,
        dir: &Inode<F>,
        set: C,
    ) -> Result {
        // SAFETY: There is no name.
        unsafe { xattr::security_inode_init_security(inode, dir, ptr::null(), set) }
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
