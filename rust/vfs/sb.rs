// SPDX-License-Identifier: GPL-2.0

//! Superblocks, and `struct super_operations`.
//!
//! C headers: [`include/linux/fs/super.h`](srctree/include/linux/fs/super.h),
//! [`include/linux/fs/super_types.h`](srctree/include/linux/fs/super_types.h)

use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    bindings,
    error::to_result,
    ffi::{
        c_int,
        c_void, //
    },
    new_spinlock,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        SpinLock, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    },
};
use pin_init::PinInit;
use rules::Exclusive;

use crate::{
    dentry,
    export,
    file_system_type,
    inode::Host,
    quota,
    sysfs,
    xattr,
    FileSystem,
    Inode,
    Locked, //
};

mod bdev;
mod error;
mod operations;
mod table;

pub use error::{
    FsErrorEvent,
    FsErrorType, //
};
pub use operations::{
    DropInode,
    ILocked,
    Operations, //
};
pub(crate) use table::kill_sb;

/// The size of the largest file that the page cache can hold, `MAX_LFS_FILESIZE`.
#[cfg(CONFIG_64BIT)]
pub const MAX_LFS_FILESIZE: i64 = i64::MAX;
/// The size of the largest file that the page cache can hold, `MAX_LFS_FILESIZE`.
#[cfg(not(CONFIG_64BIT))]
pub const MAX_LFS_FILESIZE: i64 = (u32::MAX as i64) << kernel::page::PAGE_SHIFT;

/// A `struct super_block` of filesystem `F`.
///
/// It stays with the task that was given it, for the call: it is neither `Send` nor `Sync`, and so
/// cannot be kept. See [`FileSystem`].
///
/// # Invariants
///
/// [`New::init`] has set its data and its operations, and the data are not dropped yet.
#[repr(transparent)]
pub struct SuperBlock<F: FileSystem> {
    inner: Opaque<bindings::super_block>,
    _fs: PhantomData<F>,
}

impl<F: FileSystem> SuperBlock<F> {
    /// # Safety
    ///
    /// `ptr` must be a superblock of `F` that satisfies the invariants and stays alive for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::super_block) -> &'a Self {
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::super_block {
        self.inner.get()
    }

    fn data(&self) -> &Data<F> {
        // SAFETY: By the invariants it is set, and does not change any more.
        let data = unsafe { (*self.as_ptr()).s_fs_info };
        // SAFETY: By the invariants it is from `New::init`, which put a box there.
        unsafe { &*data.cast::<Data<F>>() }
    }

    /// The filesystem's data, `s_fs_info`. Takes no lock.
    #[inline]
    pub fn info(&self) -> &F::SbInfo {
        &self.data().info
    }

    /// Runs `f` under the lock that makes inodes hashed only once.
    pub(crate) fn with_hash_lock(&self, f: impl FnOnce()) {
        let _guard = self.data().hash.lock();
        f();
    }

    /// Finds the inode with this number and this generation, if it is in use and
    /// [`Inode::insert_inode_hash`] was called for it.
    ///
    /// Waits for an inode of that number that is being evicted. Mirrors `ilookup5()` of
    /// `fs/inode.c`. May sleep. For inodes that are nowhere but in memory; others are found by
    /// [`SuperBlock::iget_locked`].
    pub fn ilookup(&self, ino: u64, generation: u32) -> Option<ARef<Inode<F>>> {
        /// # Safety
        ///
        /// `inode` must be valid, and `data` point to a number and a generation.
        unsafe extern "C" fn test(inode: *mut bindings::inode, data: *mut c_void) -> c_int {
            // SAFETY: The caller promises it.
            let (ino, generation) = unsafe { *data.cast::<(u64, u32)>() };
            // SAFETY: The inode is valid, and its number does not change once it is hashed.
            let same = unsafe { (*inode).i_ino == ino };
            // SAFETY: The inode is valid. If it is being read in, this is just being set.
            let found = unsafe { (&raw const (*inode).i_generation).read_volatile() };
            c_int::from(same && found == generation)
        }

        let mut data = (ino, generation);
        // SAFETY: The superblock is valid, and `data` is what `test` expects, for the call.
        let inode = unsafe {
            bindings::ilookup5(
                self.as_ptr(),
                ino,
                Some(test),
                (&raw mut data).cast(), //
            )
        };
        let inode = NonNull::new(inode)?;
        // SAFETY: It is of `F`, and the reference is ours. `ilookup5()` waits until an inode is finished
        // (`I_NEW`), and does not return one that was given up, which is not hashed any more.
        Some(unsafe { ARef::from_raw(inode.cast()) })
    }
}

/// Who wants a superblock to be frozen, or thawed: what `->freeze_super` and `->thaw_super` get.
pub struct FreezeHolder<'a> {
    who: bindings::freeze_holder,
    owner: *const c_void,
    _lifetime: PhantomData<&'a ()>,
}

impl<F: FileSystem> SuperBlock<F> {
    /// Freezes the superblock as it is done without `->freeze_super`, which calls `->freeze_fs`.
    ///
    /// Mirrors `freeze_super()` of `fs/super.c`, which takes `s_umount`. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if it is frozen, and those of writing and of `->freeze_fs`.
    pub fn freeze_super(&self, holder: &FreezeHolder<'_>) -> Result {
        // SAFETY: The superblock is valid, and the holder is C's.
        to_result(unsafe { bindings::freeze_super(self.as_ptr(), holder.who, holder.owner) })
    }

    /// Thaws the superblock as it is done without `->thaw_super`, which calls `->unfreeze_fs`.
    ///
    /// Mirrors `thaw_super()` of `fs/super.c`, which takes `s_umount`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is not frozen, and those of `->unfreeze_fs`.
    pub fn thaw_super(&self, holder: &FreezeHolder<'_>) -> Result {
        // SAFETY: The superblock is valid, and the holder is C's.
        to_result(unsafe { bindings::thaw_super(self.as_ptr(), holder.who, holder.owner) })
    }
}

/// What `s_fs_info` points to.
#[pin_data]
struct Data<F: FileSystem> {
    #[pin]
    info: F::SbInfo,
    /// Held while an inode is hashed.
    #[pin]
    hash: SpinLock<()>,
    /// What is in sysfs, a box or null. Set once, taken once.
    counters: Atomic<*mut sysfs::Counters<F>>,
}

/// A superblock that is being set up, in `->get_tree`: nobody else uses it yet.
///
/// # Examples
///
/// ```
/// use vfs::{inode, sb};
///
/// fn fill_super(mut sb: sb::New<'_, Fs>) -> Result<inode::New<Fs>> {
///     sb.set_s_magic(0x6578_616d).set_s_blocksize_to_page();
///     let sb = sb.init(Ok(0))?;
///     inode::New::new_inode(&sb, Ok(0), 0)
/// }
/// ```
pub struct New<'a, F: FileSystem> {
    sb: *mut bindings::super_block,
    _lifetime: PhantomData<&'a F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> New<'a, F> {
    /// # Safety
    ///
    /// `sb` must be what C passes to a `fill_super` of `F`, and `'a` within that call.
    pub(crate) unsafe fn from_raw(sb: *mut bindings::super_block) -> Self {
        if cfg!(CONFIG_PROVE_LOCKING) {
            // SAFETY: The caller promises that it is valid. `sget_fc()` has locked it.
            unsafe { extra_bindings::s_umount_assert_exclusive(sb) };
        }
        Self {
            sb,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// Sets the number by which statfs(2) names the filesystem, `s_magic`.
    pub fn set_s_magic(&mut self, magic: usize) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone.
        unsafe { (*self.sb).s_magic = magic };
        self
    }

    /// Sets the size of the largest file in bytes, `s_maxbytes`.
    pub fn set_s_maxbytes(&mut self, maxbytes: i64) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone.
        unsafe { (*self.sb).s_maxbytes = maxbytes };
        self
    }

    /// Makes blocks as large as pages: `s_blocksize` and `s_blocksize_bits`.
    pub fn set_s_blocksize_to_page(&mut self) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone.
        unsafe { (*self.sb).s_blocksize = kernel::page::PAGE_SIZE };
        // SAFETY: As above.
        unsafe { (*self.sb).s_blocksize_bits = kernel::page::PAGE_SHIFT as u8 };
        self
    }

    /// Sets the granularity of times in nanoseconds, `s_time_gran`.
    pub fn set_s_time_gran(&mut self, nanoseconds: u32) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone.
        unsafe { (*self.sb).s_time_gran = nanoseconds };
        self
    }

    /// Sets the operations of all entries that there will be.
    ///
    /// Mirrors `set_default_d_op()` of `fs/dcache.c`.
    pub fn set_default_d_op(&mut self, ops: dentry::Ops<F>) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone, and has no dentries yet; the table lives
        // for ever.
        unsafe { bindings::set_default_d_op(self.sb, ops.as_ptr()) };
        self
    }

    /// Sets the handlers of extended attributes, `s_xattr`.
    pub fn set_s_xattr<const N: usize>(
        &mut self,
        handlers: &'static xattr::Handlers<F, N>,
    ) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone; the handlers live for ever.
        unsafe { (*self.sb).s_xattr = handlers.as_ptr() };
        self
    }

    /// Says that inodes can have access control lists, `SB_POSIXACL`.
    ///
    /// C leaves the umask to the filesystem then: [`crate::inode::New::posix_acl_create`].
    pub fn set_sb_posixacl(&mut self) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone.
        unsafe { extra_bindings::sb_set_posixacl(self.sb) };
        self
    }

    /// Says that only this kernel changes `security.` attributes, `SB_NOSEC`.
    ///
    /// C remembers then with a regular file that there is nothing that a write takes away, and need
    /// not ask for `security.capability` before each.
    pub fn set_sb_nosec(&mut self) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone.
        unsafe { extra_bindings::sb_set_nosec(self.sb) };
        self
    }

    /// Sets the operations for file handles, `s_export_op`.
    pub fn set_s_export_op(&mut self, ops: export::Ops<F>) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone; the table lives for ever.
        unsafe { (*self.sb).s_export_op = ops.as_ptr() };
        self
    }

    /// Gives the superblock a flusher, and readahead: a `s_bdi` of its own. For filesystems that
    /// write back ([`crate::address_space::Operations::writepages`]).
    ///
    /// Memory cgroups keep to their own share of dirty pages (`SB_I_CGROUPWB`): one that is small
    /// waits for its writeback, and does not run out of memory.
    ///
    /// Mirrors `super_setup_bdi()` of `fs/super.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EINVAL` if it has one.
    pub fn super_setup_bdi(&mut self) -> Result<&mut Self> {
        // SAFETY: The superblock is valid and ours alone.
        if unsafe { extra_bindings::sb_has_bdi(self.sb) } {
            return Err(EINVAL);
        }
        // SAFETY: As above. `generic_shutdown_super()` undoes it.
        to_result(unsafe { bindings::super_setup_bdi(self.sb) })?;
        // SAFETY: The superblock is valid and ours alone.
        unsafe { extra_bindings::sb_set_cgroup_writeback(self.sb) };
        Ok(self)
    }

    /// Sets the filesystem's data and operations. From now on it can have inodes.
    ///
    /// C holds `s_umount` until `fill_super` returns, so that comes with its token.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or the error of `info`.
    pub fn init(
        self,
        info: impl PinInit<F::SbInfo, Error>,
    ) -> Result<Locked<'a, SuperBlock<F>, Exclusive>> {
        let data = KBox::try_pin_init(
            try_pin_init!(Data::<F> {
                info <- info,
                hash <- new_spinlock!((), "vfs_inode_hash"),
                counters: Atomic::new(ptr::null_mut()),
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The box stays where it is: it becomes a raw pointer, which only `drop_info` uses.
        let data = KBox::into_raw(unsafe { core::pin::Pin::into_inner_unchecked(data) });
        // SAFETY: The superblock is valid and ours alone.
        unsafe { (*self.sb).s_fs_info = data.cast() };
        // SAFETY: As above; the table lives for ever.
        unsafe { (*self.sb).s_op = table::table::<F::Super>() };
        // SAFETY: As above.
        unsafe { quota::init::<F>(self.sb) };
        // SAFETY: The superblock lives for `'a`. INVARIANT: Both are set.
        let sb = unsafe { SuperBlock::from_raw(self.sb) };
        // SAFETY: `sget_fc()` has locked it for `get_tree_nodev()`, and this is the only token.
        Ok(unsafe { Locked::assume(sb) })
    }
}

/// Makes the files in sysfs of a superblock that is mounted.
///
/// # Safety
///
/// `sb` must be of a [`crate::FileSystemType`] of `F` and set up, and have no such files. They must be
/// removed by [`remove_counters`] before it ends.
pub(crate) unsafe fn add_counters<F: FileSystem>(sb: &SuperBlock<F>) -> Result {
    // SAFETY: The caller promises it.
    let parent = unsafe { file_system_type::kobject(sb.as_ptr()) };
    // SAFETY: The type stays registered while it is mounted; the caller promises the rest.
    if let Some(counters) = unsafe { sysfs::Counters::new(sb, parent) }? {
        let counters = KBox::into_raw(counters);
        sb.data().counters.store(counters, Relaxed);
    }
    Ok(())
}

/// Removes the files in sysfs of a superblock, and waits for who reads them. May sleep.
pub(crate) fn remove_counters<F: FileSystem>(sb: &SuperBlock<F>) {
    let counters = sb.data().counters.xchg(ptr::null_mut(), Relaxed);
    if !counters.is_null() {
        // SAFETY: `add_counters` has made it from a box, and nobody else has taken it.
        drop(unsafe { KBox::from_raw(counters) });
    }
}

/// Drops what [`New::init`] has put into the superblock, if it has.
///
/// # Safety
///
/// `sb` must be a superblock of `F` that has been shut down and will have no inodes any more.
pub(crate) unsafe fn drop_info<F: FileSystem>(info: *mut kernel::ffi::c_void) {
    if !info.is_null() {
        // SAFETY: `New::init` has made it from such a box, and nobody uses it any more.
        drop(unsafe { KBox::from_raw(info.cast::<Data<F>>()) });
    }
}

/// A `struct kstatfs` that `->statfs` fills in.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
#[repr(transparent)]
pub struct Kstatfs(Opaque<extra_bindings::kstatfs>);

impl Kstatfs {
    /// Sets how many blocks there are, and how many of them are free.
    pub fn set_blocks(&mut self, blocks: u64, free: u64) {
        // SAFETY: `self` is valid and ours alone.
        let buf = unsafe { &mut *self.0.get() };
        buf.f_blocks = blocks;
        buf.f_bfree = free;
        buf.f_bavail = free;
    }

    /// Sets how many inodes there are, and how many of them are free.
    pub fn set_files(&mut self, files: u64, free: u64) {
        // SAFETY: `self` is valid and ours alone.
        let buf = unsafe { &mut *self.0.get() };
        buf.f_files = files;
        buf.f_ffree = free;
    }
}

/// An inode that nobody can find or use any more, in `->evict_inode`.
pub struct Evicted<'a, F: FileSystem> {
    inode: &'a Host<F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> Evicted<'a, F> {
    /// # Safety
    ///
    /// `inode` must be what C passes to `->evict_inode` of `F`, with its data initialised, and `'a`
    /// within that call.
    unsafe fn from_raw(inode: *mut bindings::inode) -> Self {
        Self {
            // SAFETY: The caller promises it.
            inode: unsafe { Host::from_raw(inode) },
            _not_send: NotThreadSafe::default(),
        }
    }

    /// What `i_rwsem` protected. Nobody can hold that any more.
    pub fn guarded_mut(&mut self) -> &mut F::Guarded {
        // SAFETY: `evict()` is the only user of the inode, and this borrows our only handle of it.
        unsafe { &mut *self.inode.guarded_ptr() }
    }
}

impl<F: FileSystem> core::ops::Deref for Evicted<'_, F> {
    type Target = Host<F>;

    fn deref(&self) -> &Host<F> {
        self.inode
    }
}
