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
    ffi::c_void,
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
    types::Opaque, //
};

use rules::Held;

use crate::{
    inode::Host,
    FileSystem,
    Inode,
    Locked,
    SuperBlock, //
};

mod automount;
mod operations;
mod stable;
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
pub use stable::{
    InLookup,
    Negative,
    Positive,
    Stable,
    Twin, //
};
pub use table::Ops;

/// The most bytes that a name may have.
pub const NAME_MAX: usize = bindings::NAME_MAX as usize;

/// Returns the bytes of a name.
///
/// # Safety
///
/// `name` must be valid and not change for `'a`.
pub(crate) unsafe fn qstr_bytes<'a>(name: *const bindings::qstr) -> &'a [u8] {
    // SAFETY: The caller promises it.
    let (bytes, len) = unsafe { ((*name).name, (*name).__bindgen_anon_1.__bindgen_anon_1.len) };
    // SAFETY: The name has this length.
    unsafe { slice::from_raw_parts(bytes, len as usize) }
}

/// A `struct dentry` of filesystem `F` that may be on its way in or out.
///
/// Its memory is there, but it may have no references: so this is not something to make a reference
/// of, and nothing that can be reached from it sleeps. It is to a [`Dentry`] what
/// [`crate::inode::Host`] is to an [`crate::Inode`].
///
/// # Invariants
///
/// The dentry belongs to a superblock of `F`.
#[repr(transparent)]
pub struct Bare<F: FileSystem> {
    inner: Opaque<bindings::dentry>,
    _fs: PhantomData<F>,
}

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

    /// The superblock, `d_sb`. It outlives its entries: see [`FileSystem`].
    #[inline]
    pub fn sb(&self) -> &SuperBlock<F> {
        // SAFETY: The dentry is not freed yet, and the field never changes.
        let sb = unsafe { (*self.as_ptr()).d_sb };
        // SAFETY: By the invariants it is a superblock of `F`. It is set up, or it would have no
        // root. `kill_anon_super()` frees all entries but those with a reference that was lost, whose
        // inodes, or those of their parents, make `->kill_sb` keep the superblock and its data.
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
        let qstr = unsafe { &raw const (*self.as_ptr()).__bindgen_anon_1.d_name };
        // SAFETY: The name changes only under `d_lock`.
        unsafe { qstr_bytes(qstr) }
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
/// A `&Dentry` promises that somebody has a reference to it; [`ARef<Dentry<F>>`] owns one. Neither
/// leaves the task or outlives the call: see [`FileSystem`].
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

    /// Whether the entry is one of this inode. If it is, it stays so while this reference lives.
    #[inline]
    pub(crate) fn is_of(&self, inode: &Inode<F>) -> bool {
        // An entry gets an inode once, and loses it only by `d_delete()` of who has its only
        // reference.
        // SAFETY: The dentry is alive; C reads the field without a lock as well.
        let d_inode = unsafe { (&raw const (*self.as_ptr()).d_inode).read_volatile() };
        d_inode == inode.as_ptr()
    }

    /// Whether the entry belongs to this superblock.
    #[inline]
    pub(crate) fn is_on(&self, sb: *mut bindings::super_block) -> bool {
        // SAFETY: The dentry is alive, and the field never changes.
        unsafe { (*self.as_ptr()).d_sb == sb }
    }

    /// Whether this is an entry in the directory `parent`, and not that itself. It stays so while
    /// that is locked.
    #[inline]
    pub(crate) fn is_child_of(&self, parent: *mut bindings::dentry) -> bool {
        // SAFETY: The dentry is alive; C reads the field without a lock as well.
        let d_parent = unsafe { (&raw const (*self.as_ptr()).d_parent).read_volatile() };
        d_parent == parent && self.as_ptr() != parent
    }

    /// Whether it is a directory in which a name can be looked up: `d_can_lookup()`.
    #[inline]
    pub(crate) fn d_can_lookup(&self) -> bool {
        // SAFETY: The dentry is alive.
        unsafe { extra_bindings::d_can_lookup(self.as_ptr()) }
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
