// SPDX-License-Identifier: GPL-2.0

//! Entries whose name and inode stay as they are for a call.

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    sync::aref::ARef,
    types::NotThreadSafe, //
};

use super::{
    qstr_bytes,
    Dentry, //
};
use crate::{
    xattr,
    FileSystem,
    Inode, //
};

/// A dentry whose name does not change for `'a`.
///
/// # Invariants
///
/// For `'a` nobody can rename the dentry: it is not hashed and belongs to the current task, or it is
/// a child of a directory whose `i_rwsem` is held exclusively. (`d_splice_alias()` moves the entry of a
/// directory out of another one, whose `i_rwsem` it takes shared.)
pub struct Stable<'a, F: FileSystem> {
    dentry: &'a Dentry<F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> Stable<'a, F> {
    /// # Safety
    ///
    /// The dentry must be of `F` and satisfy the invariants for `'a`.
    unsafe fn from_raw(dentry: *mut bindings::dentry) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            // SAFETY: The caller promises it.
            dentry: unsafe { Dentry::from_raw(dentry) },
            _not_send: NotThreadSafe::default(),
        }
    }

    /// # Safety
    ///
    /// As [`Stable::from_raw`], because the current task holds the parent's `i_rwsem` exclusively.
    unsafe fn in_locked(dentry: *mut bindings::dentry) -> Self {
        if cfg!(CONFIG_PROVE_LOCKING) {
            // SAFETY: The dentry is valid, and its parent does not change.
            unsafe { extra_bindings::d_parent_assert_exclusive(dentry) };
        }
        // SAFETY: The caller promises it.
        unsafe { Self::from_raw(dentry) }
    }

    fn qstr(&self) -> *const bindings::qstr {
        // SAFETY: The dentry is alive.
        unsafe { &raw const (*self.dentry.as_ptr()).__bindgen_anon_1.d_name }
    }

    /// The name, `d_name`: without a `/` or a NUL, and at most `NAME_MAX` bytes long unless it is
    /// that of an entry to look up.
    pub fn name(&self) -> &[u8] {
        // SAFETY: By the invariants nobody changes the name.
        unsafe { qstr_bytes(self.qstr()) }
    }

    /// Makes the entry positive and keeps it in the dcache until [`Positive::d_make_discardable`].
    fn make_persistent(&self, inode: ARef<Inode<F>>) -> Result {
        let dentry = self.dentry.as_ptr();
        // SAFETY: The dentry is alive.
        let same = unsafe { (*dentry).d_sb } == inode.sb().as_ptr();
        if !same {
            return Err(EXDEV);
        }
        // SAFETY: The inode is alive.
        if inode.is_dir() && unsafe { extra_bindings::inode_has_alias(inode.as_ptr()) } {
            return Err(EISDIR);
        }
        // SAFETY: The dentry is negative, as the callers know, and takes over the reference.
        unsafe { bindings::d_make_persistent(dentry, ARef::into_raw(inode).as_ptr().cast()) };
        Ok(())
    }
}

impl<F: FileSystem> Deref for Stable<'_, F> {
    type Target = Dentry<F>;

    #[inline]
    fn deref(&self) -> &Dentry<F> {
        self.dentry
    }
}

/// An entry that `->lookup` is asked to find: not hashed, and seen by nobody else.
pub struct InLookup<'a, F: FileSystem>(Stable<'a, F>);

impl<'a, F: FileSystem> InLookup<'a, F> {
    /// # Safety
    ///
    /// `dentry` must be what C passes to `->lookup` of `F`, and `'a` within that call.
    pub(crate) unsafe fn from_raw(dentry: *mut bindings::dentry) -> Self {
        // SAFETY: It is not hashed, so nobody can rename it.
        Self(unsafe { Stable::from_raw(dentry) })
    }

    /// Makes the entry known: to `inode`, or that there is none.
    ///
    /// Returns what `->lookup` is to return. For a filesystem whose directories are in the dcache as
    /// long as they exist, and others without directories; the rest need
    /// [`InLookup::d_splice_alias`]. Mirrors `d_add()` of `fs/dcache.c`.
    ///
    /// # Errors
    ///
    /// `EXDEV` if the inode is of another superblock, `EISDIR` if it is a directory: that may have
    /// only one entry, which this function does not ensure.
    pub fn d_add(self, inode: Option<ARef<Inode<F>>>) -> Result<Option<ARef<Dentry<F>>>> {
        let dentry = self.as_ptr();
        let inode = match inode {
            None => ptr::null_mut(),
            Some(inode) => {
                // SAFETY: The dentry is alive.
                if unsafe { (*dentry).d_sb } != inode.sb().as_ptr() {
                    return Err(EXDEV);
                }
                if inode.is_dir() {
                    return Err(EISDIR);
                }
                ARef::into_raw(inode).as_ptr().cast()
            }
        };
        // SAFETY: The dentry is not hashed and negative, and takes over the reference.
        unsafe { bindings::d_add(dentry, inode) };
        Ok(None)
    }

    /// Makes the entry known: to `inode`, or that there is none. A directory that has an entry already
    /// keeps that, which is moved here.
    ///
    /// Returns what `->lookup` is to return. Mirrors `d_splice_alias()` of `fs/dcache.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `EXDEV` if the inode is of another superblock, `ELOOP` if the directory would be within itself,
    /// `ESTALE` if its entry could not be moved as somebody else renames.
    pub fn d_splice_alias(self, inode: Option<ARef<Inode<F>>>) -> Result<Option<ARef<Dentry<F>>>> {
        let dentry = self.as_ptr();
        let inode = match inode {
            None => ptr::null_mut(),
            Some(inode) => {
                if !self.is_on(inode.sb().as_ptr()) {
                    return Err(EXDEV);
                }
                ARef::into_raw(inode).as_ptr().cast()
            }
        };
        // SAFETY: The dentry is not hashed and negative; the reference is given up.
        let alias = from_err_ptr(unsafe { bindings::d_splice_alias(inode, dentry) })?;
        // SAFETY: It is a dentry of the filesystem, and the reference is ours.
        Ok(NonNull::new(alias).map(|alias| unsafe { ARef::from_raw(alias.cast()) }))
    }
}

/// An entry that does not exist, in a directory that is locked exclusively for `'a`.
pub struct Negative<'a, F: FileSystem>(Stable<'a, F>);

impl<'a, F: FileSystem> Negative<'a, F> {
    /// # Safety
    ///
    /// `dentry` must be a negative dentry of `F`, whose parent's `i_rwsem` the current task holds
    /// exclusively for `'a`. There must be no other `Negative` of it.
    pub(crate) unsafe fn from_raw(dentry: *mut bindings::dentry) -> Self {
        // SAFETY: A rename needs the lock of the parent.
        Self(unsafe { Stable::in_locked(dentry) })
    }

    /// Lets the security modules label a new inode that is to get this name in `dir`.
    ///
    /// `set` gets the attributes that the inode is to have from the beginning: the rest of the
    /// name after [`crate::xattr::XATTR_SECURITY_PREFIX`], and the value. Mirrors
    /// `security_inode_init_security()`.
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
        // SAFETY: The name is that of the dentry, which does not change meanwhile.
        unsafe { xattr::security_inode_init_security(inode, dir, self.qstr(), set) }
    }

    /// Makes the entry exist, with `inode`, and keeps it in the dcache until
    /// [`Positive::d_make_discardable`].
    ///
    /// Mirrors `d_make_persistent()` of `fs/dcache.c`.
    ///
    /// # Errors
    ///
    /// `EXDEV` if the inode is of another superblock, `EISDIR` if it is a directory that has an entry
    /// already.
    ///
    /// # Examples
    ///
    /// ```
    /// fn link(
    ///     inode: &mut Locked<'_, Inode<Fs>, rule::link::Inode>,
    ///     dir: &mut Locked<'_, Inode<Fs>, rule::link::Dir>,
    ///     dentry: Negative<'_, Fs>,
    /// ) -> Result {
    ///     dentry.d_make_persistent(ARef::from(&**inode))?;
    ///     inode.inc_nlink();
    ///     dir.set_mtime_and_ctime_current();
    ///     Ok(())
    /// }
    /// ```
    pub fn d_make_persistent(self, inode: ARef<Inode<F>>) -> Result {
        self.make_persistent(inode)
    }
}

/// An entry that exists, in a directory that is locked exclusively for `'a`.
pub struct Positive<'a, F: FileSystem>(Stable<'a, F>);

impl<'a, F: FileSystem> Positive<'a, F> {
    /// # Safety
    ///
    /// `dentry` must be a positive dentry of `F`, whose parent's `i_rwsem` the current task holds
    /// exclusively for `'a`. There must be no other `Positive` of it.
    pub(crate) unsafe fn from_raw(dentry: *mut bindings::dentry) -> Self {
        // SAFETY: A rename needs the lock of the parent.
        Self(unsafe { Stable::in_locked(dentry) })
    }

    /// The inode of the entry. Its own `i_rwsem` need not be held.
    #[inline]
    pub fn inode(&self) -> &Inode<F> {
        self.inode_unbound()
    }

    /// As [`Positive::inode`], for the whole call: C's caller has a reference to the inode, too.
    #[inline]
    pub(crate) fn inode_unbound(&self) -> &'a Inode<F> {
        // SAFETY: An entry stays positive while its parent is locked.
        let inode = unsafe { (*self.as_ptr()).d_inode };
        // SAFETY: It is an inode of the filesystem; the caller of the callback keeps it for `'a`.
        unsafe { Inode::from_raw(inode) }
    }

    /// Lets the dcache forget the entry, once it is no longer used: it is being removed.
    ///
    /// Does nothing if the entry was not kept by [`Negative::d_make_persistent`]. Mirrors
    /// `d_make_discardable()` of `fs/dcache.c`.
    pub fn d_make_discardable(self) {
        let dentry = self.as_ptr();
        // SAFETY: The dentry is alive. Only what consumes it changes this flag, under the lock of
        // the parent.
        let flags = unsafe { (&raw const (*dentry).d_flags).read_volatile() };
        if flags & bindings::dentry_flags_DCACHE_PERSISTENT != 0 {
            // SAFETY: The entry is persistent; the caller of the callback has a reference of its
            // own, so it stays alive for the call.
            unsafe { bindings::d_make_discardable(dentry) };
        }
    }

    /// Makes another, unhashed dentry with the same name in the same directory.
    ///
    /// For what is to be found under the name when the entry has been renamed: a whiteout. Mirrors
    /// `d_alloc()` of `fs/dcache.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn d_alloc_twin(&self) -> Result<Twin<'_, F>> {
        // SAFETY: The parent is locked, so it stays the parent.
        let parent = unsafe { (*self.as_ptr()).d_parent };
        // SAFETY: Both are valid for the call.
        let twin = NonNull::new(unsafe { bindings::d_alloc(parent, self.qstr()) }).ok_or(ENOMEM)?;
        // SAFETY: We own the reference that `d_alloc()` returned.
        let twin = unsafe { ARef::from_raw(twin.cast()) };
        Ok(Twin {
            dentry: twin,
            _locked: PhantomData,
        })
    }
}

/// A new dentry, made by [`Positive::d_alloc_twin`], in a directory that is locked exclusively.
pub struct Twin<'a, F: FileSystem> {
    dentry: ARef<Dentry<F>>,
    _locked: PhantomData<&'a Stable<'a, F>>,
}

impl<F: FileSystem> Twin<'_, F> {
    /// The dentry as one that does not exist yet.
    ///
    /// # Errors
    ///
    /// `EEXIST` if it does: what was returned before was made to.
    pub fn negative(&mut self) -> Result<Negative<'_, F>> {
        let dentry = self.dentry.as_ptr();
        // SAFETY: The dentry is alive, and only who has `self` makes it positive.
        if !unsafe { (*dentry).d_inode }.is_null() {
            return Err(EEXIST);
        }
        // SAFETY: The dentry is negative and its parent locked. It is borrowed mutably, so there is
        // only this `Negative` of it.
        Ok(unsafe { Negative::from_raw(dentry) })
    }
}

macro_rules! is_stable {
    ($($name:ident)*) => {$(
        impl<'a, F: FileSystem> Deref for $name<'a, F> {
            type Target = Stable<'a, F>;

            #[inline]
            fn deref(&self) -> &Stable<'a, F> {
                &self.0
            }
        }
    )*};
}

is_stable!(InLookup Negative Positive);
