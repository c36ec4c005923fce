// SPDX-License-Identifier: GPL-2.0

//! Inodes.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    mem::MaybeUninit,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    types::Opaque, //
};
use rules::{
    AtLeast,
    Exclusive, //
};

use crate::{
    idmap::Idmap,
    mode::Mode,
    stat::Iattr,
    Dentry,
    FileSystem,
    Locked,
    SuperBlock, //
};

pub(crate) mod alloc;
mod argument;
mod atomic_open;
mod iget;
mod lock;
mod new;
mod operations;
mod ops;
mod table;

pub use argument::{
    FiemapExtentInfo,
    Link,
    TimeUpdate, //
};
pub use atomic_open::{
    AtomicOpen,
    AtomicOpened,
    ToOpen, //
};
pub use iget::Unread;
pub use lock::{
    LockGuard,
    SharedLockGuard, //
};
pub use new::New;
pub use operations::{
    GetLink,
    Listxattr,
    Moved,
    NewDentry,
    NewDir,
    Operations,
    RENAME_EXCHANGE,
    RENAME_NOREPLACE,
    RENAME_WHITEOUT, //
};
pub use ops::Ops;

/// Reading does not set the time of access.
pub const S_NOATIME: u32 = bindings::S_NOATIME;
/// The file can only grow.
pub const S_APPEND: u32 = bindings::S_APPEND;
/// The file must not change at all.
pub const S_IMMUTABLE: u32 = bindings::S_IMMUTABLE;
/// Writes wait until they last.
pub const S_SYNC: u32 = bindings::S_SYNC;
/// Changes of the directory wait until they last.
pub const S_DIRSYNC: u32 = bindings::S_DIRSYNC;
/// Writing does not set times.
pub const S_NOCMTIME: u32 = bindings::S_NOCMTIME;

/// The flags that a filesystem may set as it likes. With others C counts on callbacks, or on
/// something else that is to be set up.
const S_SETTABLE: u32 = S_NOATIME | S_APPEND | S_IMMUTABLE | S_SYNC | S_DIRSYNC | S_NOCMTIME;

/// A `struct inode` of filesystem `F` that may be on its way out.
///
/// It is alive, but may have no references any more and be just being evicted: so this is not
/// something to make a reference of. `mapping->host` of a folio is such an inode. What may change is
/// behind a method that says how.
///
/// # Invariants
///
/// The inode is the first field of a [`Container`] whose data are initialised, and belongs to a
/// superblock of `F` that is initialised.
#[repr(transparent)]
pub struct Host<F: FileSystem> {
    inner: Opaque<bindings::inode>,
    _fs: PhantomData<F>,
}

/// A `struct inode` of filesystem `F`.
///
/// Shared with C and with other tasks: what may change is behind a method that says how. A `&Inode`
/// promises that somebody has a reference to the inode; [`kernel::sync::aref::ARef<Inode<F>>`] owns
/// one. Neither leaves the task or outlives the call: see [`FileSystem`]. Most of its methods are those
/// of [`Host`].
///
/// # Invariants
///
/// As for [`Host`], and the inode has references.
#[repr(transparent)]
pub struct Inode<F: FileSystem>(Host<F>);

impl<F: FileSystem> Deref for Inode<F> {
    type Target = Host<F>;

    #[inline]
    fn deref(&self) -> &Host<F> {
        &self.0
    }
}

// SAFETY: C's reference count keeps the inode alive.
unsafe impl<F: FileSystem> AlwaysRefCounted for Inode<F> {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: There is a reference, as `self` is one.
        unsafe { bindings::ihold(self.as_ptr()) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller gives up a reference. It may sleep, as `iput()` may.
        unsafe { bindings::iput(obj.as_ptr().cast()) };
    }
}

/// An inode and what the filesystem adds to it: one object of the inode cache.
///
/// Its data are initialised before anybody sees the inode ([`alloc::set_initialised`]).
#[repr(C)]
pub(crate) struct Container<F: FileSystem> {
    inode: Opaque<bindings::inode>,
    info: UnsafeCell<MaybeUninit<F::InodeInfo>>,
    guarded: UnsafeCell<MaybeUninit<F::Guarded>>,
}

impl<F: FileSystem> Inode<F> {
    /// # Safety
    ///
    /// `ptr` must be an inode of `F` that satisfies the invariants and keeps references for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::inode) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    /// Lets [`SuperBlock::ilookup`] find the inode, until it is evicted. Once is enough.
    ///
    /// Mirrors `insert_inode_hash()` of `include/linux/fs.h`, under a lock of the layer. Takes
    /// spinlocks and does not sleep.
    pub fn insert_inode_hash(&self) {
        self.sb().with_hash_lock(|| {
            // SAFETY: `self` is valid.
            if !unsafe { extra_bindings::inode_in_hash(self.as_ptr()) } {
                // SAFETY: The inode is valid and in use, and not hashed: those of `iget_locked()` always are,
                // and others only this function hashes, under the lock that is held.
                unsafe { bindings::__insert_inode_hash(self.as_ptr(), self.i_ino()) };
            }
        });
    }

    /// Returns any dentry of the inode, one that can be found by its name if there is one.
    ///
    /// Mirrors `d_find_alias()` and `d_find_any_alias()` of `fs/dcache.c`. Takes `i_lock`.
    pub fn d_find_any_alias(&self) -> Option<ARef<Dentry<F>>> {
        // SAFETY: `self` is valid.
        let mut dentry = unsafe { bindings::d_find_alias(self.as_ptr()) };
        if dentry.is_null() {
            // SAFETY: As above.
            dentry = unsafe { bindings::d_find_any_alias(self.as_ptr()) };
        }
        let dentry = NonNull::new(dentry)?;
        // SAFETY: It is a dentry of the filesystem, and the reference is ours.
        Some(unsafe { ARef::from_raw(dentry.cast()) })
    }
}

impl<F: FileSystem> Host<F> {
    /// # Safety
    ///
    /// `ptr` must be an inode of `F` that satisfies the invariants and stays alive for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::inode) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::inode {
        self.inner.get()
    }

    #[inline]
    fn container(&self) -> *mut Container<F> {
        // CAST: The inode is the first field of its `repr(C)` container, by the invariants.
        self.as_ptr().cast()
    }

    /// The filesystem's data. Takes no lock; the data say themselves how they may be used.
    #[inline]
    pub fn info(&self) -> &F::InodeInfo {
        // SAFETY: By the invariants the container is alive.
        let info = unsafe { (*self.container()).info.get() };
        // SAFETY: By the invariants it is initialised, and nobody has a mutable reference to it.
        unsafe { (*info).assume_init_ref() }
    }

    /// What `i_rwsem` protects.
    #[inline]
    pub(crate) fn guarded_ptr(&self) -> *mut F::Guarded {
        // SAFETY: By the invariants the container is alive.
        let guarded = unsafe { (*self.container()).guarded.get() };
        guarded.cast()
    }

    /// The superblock, `i_sb`. It outlives its inodes: see [`FileSystem`].
    #[inline]
    pub fn sb(&self) -> &SuperBlock<F> {
        // SAFETY: `i_sb` does not change while the superblock is active.
        let sb = unsafe { (*self.as_ptr()).i_sb };
        // SAFETY: By the invariants it is an initialised superblock of `F`. It is active: the inode
        // came with a callback, and is neither `Send` nor `Sync`, so that it cannot be kept for later.
        unsafe { SuperBlock::from_raw(sb) }
    }

    /// The inode number, `i_ino`.
    #[inline]
    pub fn i_ino(&self) -> u64 {
        // SAFETY: Set before the inode is seen by others.
        unsafe { (*self.as_ptr()).i_ino }
    }

    /// The type and the permissions, `i_mode`. The type never changes; the permissions may, under
    /// `i_rwsem`.
    #[inline]
    pub fn i_mode(&self) -> Mode {
        // SAFETY: The field is valid; C reads it without a lock as well.
        unsafe { (&raw const (*self.as_ptr()).i_mode).read_volatile() }
    }

    /// Whether it is a directory.
    #[inline]
    pub fn is_dir(&self) -> bool {
        self.i_mode() & crate::mode::S_IFMT == crate::mode::S_IFDIR
    }

    /// The flags of the inode, `S_*` ([`S_IMMUTABLE`] and so on). Change under `i_rwsem`.
    #[inline]
    pub fn i_flags(&self) -> u32 {
        // SAFETY: `self` is valid.
        unsafe { extra_bindings::inode_i_flags(self.as_ptr()) }
    }

    /// What tells the inode from others that had its number before, `i_generation`.
    #[inline]
    pub fn i_generation(&self) -> u32 {
        // SAFETY: Set before the inode is seen by others.
        unsafe { (*self.as_ptr()).i_generation }
    }

    /// The number of links, `i_nlink`. Changes under `i_rwsem`.
    #[inline]
    pub fn i_nlink(&self) -> u32 {
        // SAFETY: `self` is valid.
        unsafe { extra_bindings::inode_nlink(self.as_ptr()) }
    }

    /// The size in bytes, `i_size_read()`. Changes under `i_rwsem`.
    #[inline]
    pub fn i_size(&self) -> i64 {
        // SAFETY: `self` is valid.
        unsafe { extra_bindings::i_size_read(self.as_ptr()) }
    }

    /// When the data changed, in nanoseconds since 1970: `inode_get_mtime()`. Who changes it meanwhile
    /// may leave it half old and half new.
    #[inline]
    pub fn inode_get_mtime(&self) -> i64 {
        // SAFETY: `self` is valid.
        unsafe { extra_bindings::inode_mtime_ns(self.as_ptr()) }
    }

    /// Adds to the bytes that the file uses: `st_blocks`, in effect.
    ///
    /// Mirrors `inode_add_bytes()` of `fs/stat.c`. Takes `i_lock`.
    #[inline]
    pub fn inode_add_bytes(&self, bytes: u64) {
        // SAFETY: `self` is valid.
        unsafe { bindings::inode_add_bytes(self.as_ptr(), bytes as i64) };
    }

    /// Takes from the bytes that the file uses.
    ///
    /// Mirrors `inode_sub_bytes()` of `fs/stat.c`. Takes `i_lock`.
    #[inline]
    pub fn inode_sub_bytes(&self, bytes: u64) {
        // SAFETY: `self` is valid.
        unsafe { bindings::inode_sub_bytes(self.as_ptr(), bytes as i64) };
    }

    /// The bytes that the file uses.
    ///
    /// Mirrors `inode_get_bytes()` of `fs/stat.c`. Takes `i_lock`.
    #[inline]
    pub fn inode_get_bytes(&self) -> u64 {
        // SAFETY: `self` is valid.
        unsafe { bindings::inode_get_bytes(self.as_ptr()) }.max(0) as u64
    }

    /// Sets the time of the last change of the inode to now.
    ///
    /// Mirrors `inode_set_ctime_current()` of `fs/inode.c`, which is atomic. C does it under
    /// `i_rwsem` of the inode or, for what was renamed, of its directory.
    #[inline]
    pub fn inode_set_ctime_current(&self) {
        // SAFETY: `self` is valid.
        unsafe { bindings::inode_set_ctime_current(self.as_ptr()) };
    }
}

impl<F: FileSystem, M: AtLeast<Exclusive>> Locked<'_, Inode<F>, M> {
    /// Adds a link. C warns if there was none, unless the inode is an unnamed temporary file.
    #[inline]
    pub fn inc_nlink(&mut self) {
        // SAFETY: The inode is valid and its `i_rwsem` is held exclusively.
        unsafe { bindings::inc_nlink(self.as_ptr()) };
    }

    /// Takes a link away. C warns if there was none.
    #[inline]
    pub fn drop_nlink(&mut self) {
        // SAFETY: The inode is valid and its `i_rwsem` is held exclusively.
        unsafe { bindings::drop_nlink(self.as_ptr()) };
    }

    /// Sets the times of the last change of the data and of the inode to now.
    ///
    /// What C does to a directory whose entries change:
    /// `inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir))`.
    #[inline]
    pub fn set_mtime_and_ctime_current(&mut self) {
        // SAFETY: The inode is valid.
        let now = unsafe { bindings::inode_set_ctime_current(self.as_ptr()) };
        // SAFETY: The inode is valid and its `i_rwsem` is held exclusively.
        unsafe { extra_bindings::inode_set_mtime_to_ts(self.as_ptr(), now) };
    }

    /// Copies the attributes that are to be changed, except the size, into the inode.
    ///
    /// Mirrors `setattr_copy()` of `fs/attr.c`. Comes after [`Locked::setattr_prepare`].
    #[inline]
    pub fn setattr_copy(&mut self, idmap: &Idmap, attr: &Iattr) {
        // SAFETY: All three are valid, and the inode's `i_rwsem` is held exclusively.
        unsafe { bindings::setattr_copy(idmap.as_ptr(), self.as_ptr(), attr.as_ptr()) };
    }

    /// Sets those flags of the inode that are in `mask`: of those above, [`S_NOATIME`] and so on.
    /// Others stay as they are.
    ///
    /// Mirrors `inode_set_flags()` of `fs/inode.c`, which is atomic.
    #[inline]
    pub fn inode_set_flags(&mut self, flags: u32, mask: u32) {
        let mask = mask & S_SETTABLE;
        // SAFETY: The inode is valid and its `i_rwsem` is held exclusively.
        unsafe { bindings::inode_set_flags(self.as_ptr(), flags & mask, mask) };
    }
}
