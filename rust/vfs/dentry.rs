// SPDX-License-Identifier: GPL-2.0

//! Directory entries.
//!
//! C header: [`include/linux/dcache.h`](srctree/include/linux/dcache.h)
//!
//! A [`Dentry`] that a task merely has a reference to may be renamed or become negative at any
//! time. What a callback gets for the entry that it is about is more: the name and the inode stay
//! as they are for the call, because the parent is locked. [`InLookup`], [`Negative`] and
//! [`Positive`] stand for that, and what changes the state of the entry consumes them.

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::{
    bindings,
    error::to_result,
    ffi::c_void,
    prelude::*,
    str::CStr,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
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

use rules::Held;

use crate::{
    inode::Host,
    xattr,
    FileSystem,
    Inode,
    Locked,
    SuperBlock, //
};

mod automount;
mod operations;
mod table;

pub use automount::{
    Automount,
    Mount, //
};
pub use operations::{
    DDelete,
    Dname,
    DnameBuffer,
    Managed,
    New,
    Operations,
    RenameLock,
    Revalidate,
    UnstableName, //
};
pub use table::Ops;

/// The most bytes that a name may have.
pub const NAME_MAX: usize = bindings::NAME_MAX as usize;

/// A `struct dentry` of filesystem `F` that may be on its way in or out.
///
/// Its memory is there, but it may have no references: so this is not something to make a reference
/// of, and nothing that can be reached from it sleeps. It is to a [`Dentry`] what
/// [`crate::inode::Host`] is to an [`Inode`].
///
/// # Invariants
///
/// The dentry belongs to a superblock of `F`.
#[repr(transparent)]
pub struct Bare<F: FileSystem> {
    inner: Opaque<bindings::dentry>,
    _fs: PhantomData<F>,
}

// SAFETY: C uses dentries from any thread.
unsafe impl<F: FileSystem> Send for Bare<F> {}
// SAFETY: As above.
unsafe impl<F: FileSystem> Sync for Bare<F> {}

impl<F: FileSystem> Bare<F> {
    /// # Safety
    ///
    /// `ptr` must be a dentry of `F` whose memory stays for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::dentry) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::dentry {
        self.inner.get()
    }

    /// The superblock, `d_sb`. It outlives its entries.
    #[inline]
    pub fn sb(&self) -> &SuperBlock<F> {
        // SAFETY: The dentry is not freed yet, and the field never changes.
        let sb = unsafe { (*self.as_ptr()).d_sb };
        // SAFETY: By the invariants it is a superblock of `F`. It is set up, or it would have no
        // root, and `kill_anon_super()` frees all entries before its data are dropped.
        unsafe { SuperBlock::from_raw(sb) }
    }

    /// Whether the entry has no inode. It may have one right afterwards, unless a lock prevents
    /// that: `d_lock`, or the directory's `i_rwsem`.
    ///
    /// Mirrors `d_really_is_negative()`.
    #[inline]
    pub fn is_negative(&self) -> bool {
        // SAFETY: The dentry is not freed yet; C reads the field without a lock as well.
        unsafe { (&raw const (*self.as_ptr()).d_inode).read_volatile() }.is_null()
    }

    fn d_fsdata_atomic(&self) -> &Atomic<*mut c_void> {
        // SAFETY: The dentry is alive, and so the field of it.
        let field = unsafe { &raw mut (*self.as_ptr()).d_fsdata };
        // SAFETY: The field is valid and aligned, and C itself leaves it to the filesystem.
        unsafe { Atomic::from_ptr(field) }
    }

    /// The number that the filesystem keeps with the entry, `d_fsdata`; 0 for a new one.
    ///
    /// It goes where the dentry goes: a rename takes it along. Atomic; takes no lock.
    #[inline]
    pub fn d_fsdata(&self) -> usize {
        self.d_fsdata_atomic().load(Relaxed) as usize
    }

    /// Sets the number that the filesystem keeps with the entry.
    #[inline]
    pub fn set_d_fsdata(&self, value: usize) {
        self.d_fsdata_atomic()
            .store(ptr::without_provenance_mut(value), Relaxed);
    }
}

impl<F: FileSystem> Locked<'_, Bare<F>, Held> {
    /// The name, `d_name`, which cannot change while `d_lock` is held.
    pub fn name(&self) -> &[u8] {
        // SAFETY: The dentry is not freed yet.
        let qstr = unsafe { &(*self.as_ptr()).__bindgen_anon_1.d_name };
        // SAFETY: This is the field of the length.
        let len = unsafe { qstr.__bindgen_anon_1.__bindgen_anon_1.len };
        // SAFETY: The name has this length, and changes only under `d_lock`.
        unsafe { slice::from_raw_parts(qstr.name, len as usize) }
    }

    /// The directory in which the entry is, `d_parent->d_inode`; the root is in itself.
    ///
    /// `None` for an entry that is not connected to the tree, and has no inode.
    pub fn dir(&self) -> Option<&Host<F>> {
        // SAFETY: The dentry is not freed yet, and the field changes only under `d_lock`.
        let parent = unsafe { (*self.as_ptr()).d_parent };
        // SAFETY: The entry has a reference to its parent until after `->d_prune`, and cannot give it
        // up while its `d_lock` is held.
        let inode = unsafe { (&raw const (*parent).d_inode).read_volatile() };
        if inode.is_null() {
            return None;
        }
        // SAFETY: A dentry that others are in keeps its inode, which is of the filesystem.
        Some(unsafe { Host::from_raw(inode) })
    }
}

/// A `struct dentry` of filesystem `F`.
///
/// A `&Dentry` promises that somebody has a reference to it; [`ARef<Dentry<F>>`] owns one.
///
/// # Invariants
///
/// As for [`Bare`], and the dentry has references.
#[repr(transparent)]
pub struct Dentry<F: FileSystem>(Bare<F>);

impl<F: FileSystem> Deref for Dentry<F> {
    type Target = Bare<F>;

    #[inline]
    fn deref(&self) -> &Bare<F> {
        &self.0
    }
}

// SAFETY: C's reference count keeps the dentry alive.
unsafe impl<F: FileSystem> AlwaysRefCounted for Dentry<F> {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: There is a reference, as `self` is one.
        unsafe { extra_bindings::dget(self.as_ptr()) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller gives up a reference. It may sleep, as `dput()` may.
        unsafe { bindings::dput(obj.as_ptr().cast()) };
    }
}

impl<F: FileSystem> Dentry<F> {
    /// # Safety
    ///
    /// `ptr` must be a dentry of `F` that stays alive for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::dentry) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    /// Whether this is the name of the entry, byte for byte. It may be renamed right afterwards,
    /// unless its directory is locked exclusively.
    ///
    /// Takes `d_lock`.
    pub fn has_name(&self, name: &[u8]) -> bool {
        // SAFETY: The dentry is alive, and the name has this length.
        unsafe { extra_bindings::d_name_is(self.as_ptr(), name.as_ptr(), name.len()) }
    }

    /// The parent of the entry, or itself if it has none. It may be another one by now.
    ///
    /// Mirrors `dget_parent()` of `fs/dcache.c`.
    pub fn dget_parent(&self) -> ARef<Dentry<F>> {
        // SAFETY: The dentry is alive.
        let parent = unsafe { bindings::dget_parent(self.as_ptr()) };
        // SAFETY: A dentry always has a parent, if only itself, of the same filesystem.
        let parent = unsafe { NonNull::new_unchecked(parent) };
        // SAFETY: The reference is ours.
        unsafe { ARef::from_raw(parent.cast()) }
    }
}

/// A dentry whose name does not change for `'a`.
///
/// # Invariants
///
/// For `'a` nobody can rename the dentry: it is not hashed and belongs to the current task, or it is
/// a child of a directory whose `i_rwsem` is held exclusively.
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
        let qstr = self.qstr();
        // SAFETY: By the invariants nobody changes the name.
        let (name, len) = unsafe { ((*qstr).name, (*qstr).__bindgen_anon_1.__bindgen_anon_1.len) };
        // SAFETY: The name has this length, and stays as it is while `self` is borrowed.
        unsafe { slice::from_raw_parts(name, len as usize) }
    }

    /// Makes the entry positive and keeps it in the dcache until [`Positive::d_make_discardable`].
    fn make_persistent(&self, inode: ARef<Inode<F>>) -> Result {
        let dentry = self.dentry.as_ptr();
        // SAFETY: The dentry is alive.
        let same = unsafe { (*dentry).d_sb } == inode.sb().as_ptr();
        if !same {
            return Err(EXDEV);
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
    /// Returns what `->lookup` is to return. Mirrors `d_add()` of `fs/dcache.c`.
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
        mut set: C,
    ) -> Result {
        // SAFETY: All are valid, and `set` is what the callback is for.
        to_result(unsafe {
            extra_bindings::inode_init_security(
                inode.as_ptr(),
                dir.as_ptr(),
                self.qstr(),
                Some(xattr::initxattrs::<C>),
                (&raw mut set).cast(),
            )
        })
    }

    /// Makes the entry exist, with `inode`, and keeps it in the dcache until
    /// [`Positive::d_make_discardable`].
    ///
    /// Mirrors `d_make_persistent()` of `fs/dcache.c`.
    ///
    /// # Errors
    ///
    /// `EXDEV` if the inode is of another superblock.
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
