// SPDX-License-Identifier: GPL-2.0

//! Inodes that are found by their number, or read in: for a filesystem that has them somewhere.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    sync::aref::ARef, //
};
use pin_init::PinInit;

use super::{
    Inode,
    New, //
};
use crate::{
    Dentry,
    FileSystem,
    SuperBlock, //
};

/// An inode that has nothing but its number (`I_NEW`), from [`SuperBlock::iget_locked`]. Whoever asks for that number waits until the
/// inode is finished, or dropped.
///
/// [`Unread::init`] makes a [`New`] of it, and that one's finishing methods let the others go on
/// (`unlock_new_inode()`). If either is dropped instead, they try again (`iget_failed()`).
#[must_use = "others wait for the inode"]
pub struct Unread<F: FileSystem>(New<F>);

impl<F: FileSystem> Unread<F> {
    /// Gives the inode the filesystem's data, and sets its times to now. It has no owner and no
    /// mode yet.
    ///
    /// # Errors
    ///
    /// The error of `info`: then `->evict_inode` is not called for it.
    pub fn init(
        self,
        info: impl PinInit<F::InodeInfo, Error>,
        guarded: F::Guarded,
    ) -> Result<New<F>> {
        self.0.init(info, guarded)
    }
}

impl<F: FileSystem> SuperBlock<F> {
    /// Finds the inode with this number, or makes one, which `read` finishes: an inode is in memory
    /// only once.
    ///
    /// Waits for an inode of that number that is being read in, or evicted. Mirrors `iget_locked()`
    /// of `fs/inode.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `read`; `EINVAL` if it returns another inode.
    ///
    /// # Examples
    ///
    /// ```
    /// use vfs::{
    ///     file,
    ///     idmap::{Kgid, Kuid},
    ///     inode,
    ///     mode::S_IFDIR,
    /// };
    ///
    /// fn lookup(
    ///     dir: &Shar<'_>,
    ///     dentry: InLookup<'_, Fs>,
    ///     ino: u64,
    ///     i_op: inode::Ops<Fs>,
    ///     i_fop: file::Ops<Fs>,
    /// ) -> Result<Option<ARef<Dentry<Fs>>>> {
    ///     let inode = dir.sb().iget_locked(ino, |new| {
    ///         // Here it is read. If that fails, others who want it try again.
    ///         let mut new = new.init(Ok(0), 0)?;
    ///         new.set_owner(Kuid::GLOBAL_ROOT, Kgid::GLOBAL_ROOT, S_IFDIR | 0o755);
    ///         // Its name, and one directory in it.
    ///         new.set_nlink(2);
    ///         new.directory(i_op, i_fop)
    ///     })?;
    ///     dentry.d_splice_alias(Some(inode))
    /// }
    /// ```
    pub fn iget_locked(
        &self,
        ino: u64,
        read: impl FnOnce(Unread<F>) -> Result<ARef<Inode<F>>>,
    ) -> Result<ARef<Inode<F>>> {
        // SAFETY: A `&SuperBlock` is initialised, so its `s_op` makes containers of `F`.
        let inode = unsafe { bindings::iget_locked(self.as_ptr(), ino) };
        let inode = NonNull::new(inode).ok_or(ENOMEM)?;
        // SAFETY: The inode is valid.
        if !unsafe { extra_bindings::inode_is_new(inode.as_ptr()) } {
            // SAFETY: Only finished inodes of `F` stay hashed, and the reference is ours.
            return Ok(unsafe { ARef::from_raw(inode.cast()) });
        }
        // SAFETY: It is of `F`, `I_NEW`, and the reference is ours.
        let found = read(Unread(unsafe { New::from_raw(inode, true) }))?;
        if found.as_ptr() != inode.as_ptr() {
            return Err(EINVAL);
        }
        Ok(found)
    }
}

impl<F: FileSystem> Inode<F> {
    /// Returns an entry of the inode; one that is not connected to the tree if it has none yet.
    ///
    /// For [`fh_to_dentry`](crate::export::Operations::fh_to_dentry) and its like: C connects the entry
    /// of a directory, by `get_parent` and lookups that end in
    /// [`InLookup::d_splice_alias`](crate::dentry::InLookup::d_splice_alias). Mirrors
    /// `d_obtain_alias()` of `fs/dcache.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn d_obtain_alias(inode: ARef<Self>) -> Result<ARef<Dentry<F>>> {
        // SAFETY: The reference is given up.
        let dentry = unsafe { bindings::d_obtain_alias(ARef::into_raw(inode).as_ptr().cast()) };
        let dentry = NonNull::new(from_err_ptr(dentry)?).ok_or(ENOMEM)?;
        // SAFETY: It is a dentry of the filesystem, and the reference is ours.
        Ok(unsafe { ARef::from_raw(dentry.cast()) })
    }
}
