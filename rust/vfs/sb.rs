// SPDX-License-Identifier: GPL-2.0

//! Superblocks, and `struct super_operations`.
//!
//! C headers: [`include/linux/fs/super.h`](srctree/include/linux/fs/super.h),
//! [`include/linux/fs/super_types.h`](srctree/include/linux/fs/super_types.h)

use core::marker::PhantomData;
use kernel::{
    bindings,
    error::{
        from_result,
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::c_int,
    prelude::*,
    seq_file::SeqFile,
    types::{
        NotThreadSafe,
        Opaque, //
    },
};
use pin_init::PinInit;

use crate::{
    file_system_type,
    helper::slot,
    inode::{
        alloc,
        Host, //
    },
    FileSystem, //
};

/// The size of the largest file that the page cache can hold, `MAX_LFS_FILESIZE`.
#[cfg(CONFIG_64BIT)]
pub const MAX_LFS_FILESIZE: i64 = i64::MAX;
/// The size of the largest file that the page cache can hold, `MAX_LFS_FILESIZE`.
#[cfg(not(CONFIG_64BIT))]
pub const MAX_LFS_FILESIZE: i64 = (u32::MAX as i64) << kernel::page::PAGE_SHIFT;

/// A `struct super_block` of filesystem `F`.
///
/// # Invariants
///
/// [`New::init`] has set its data and its operations, and the data are not dropped yet.
#[repr(transparent)]
pub struct SuperBlock<F: FileSystem> {
    inner: Opaque<bindings::super_block>,
    _fs: PhantomData<F>,
}

// SAFETY: C uses superblocks from any thread, and `F`'s data are `Send` and `Sync`.
unsafe impl<F: FileSystem> Send for SuperBlock<F> {}
// SAFETY: As above.
unsafe impl<F: FileSystem> Sync for SuperBlock<F> {}

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

    /// The filesystem's data, `s_fs_info`. Takes no lock.
    #[inline]
    pub fn info(&self) -> &F::SbInfo {
        // SAFETY: By the invariants it is set, and does not change any more.
        let info = unsafe { (*self.as_ptr()).s_fs_info };
        // SAFETY: By the invariants it is from `New::init`, which put a box there.
        unsafe { &*info.cast::<F::SbInfo>() }
    }
}

/// A superblock that is being set up, in `->get_tree`: nobody else uses it yet.
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

    /// Lets the dcache drop an entry as soon as nobody uses it: `DCACHE_DONTCACHE` in `s_d_flags`.
    ///
    /// For filesystems whose entries are all kept in the dcache anyway
    /// ([`crate::dentry::Negative::d_make_persistent`]): what else is there need not be.
    pub fn set_dontcache(&mut self) -> &mut Self {
        // SAFETY: The superblock is valid and ours alone.
        unsafe { (*self.sb).s_d_flags |= bindings::dentry_flags_DCACHE_DONTCACHE };
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
    /// # Errors
    ///
    /// `ENOMEM`, or the error of `info`.
    pub fn init(self, info: impl PinInit<F::SbInfo, Error>) -> Result<&'a SuperBlock<F>> {
        let info = KBox::pin_init(info, GFP_KERNEL)?;
        // SAFETY: The box stays where it is: it becomes a raw pointer, which only `drop_info` uses.
        let info = KBox::into_raw(unsafe { core::pin::Pin::into_inner_unchecked(info) });
        // SAFETY: The superblock is valid and ours alone.
        unsafe { (*self.sb).s_fs_info = info.cast() };
        // SAFETY: As above; the table lives for ever.
        unsafe { (*self.sb).s_op = &Table::<F::Super>::TABLE };
        // SAFETY: The superblock lives for `'a`. INVARIANT: Both are set.
        Ok(unsafe { SuperBlock::from_raw(self.sb) })
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
        drop(unsafe { KBox::from_raw(info.cast::<F::SbInfo>()) });
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

impl<F: FileSystem> Evicted<'_, F> {
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

slot! {
    /// A function for `->drop_inode`.
    pub struct DropInode(unsafe extern "C" fn(*mut bindings::inode) -> c_int) {
        /// Keeps no inode that is not in use.
        INODE_JUST_DROP = bindings::inode_just_drop;
    }
}

/// The callbacks of a superblock: `struct super_operations`.
///
/// `->alloc_inode` and `->free_inode` are the layer's. A slot whose method or helper is missing is
/// null. All may sleep.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The helper for `->drop_inode`.
    const DROP_INODE: Option<DropInode> = None;

    /// Releases what an inode holds besides memory: it has no links and users any more, or leaves
    /// the cache.
    ///
    /// Its page cache is empty already (`truncate_inode_pages_final()`); the layer calls
    /// `clear_inode()` afterwards. Not called for an inode whose [`crate::inode::New::new_inode`]
    /// failed.
    fn evict_inode(inode: Evicted<'_, Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Fills in how much there is and how much of it is free.
    ///
    /// The layer has filled in type, block size, name length and `f_fsid` already, as
    /// `simple_statfs()` does.
    fn statfs(sb: &SuperBlock<Self::FileSystem>, buf: &mut Kstatfs) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prints the mount options, each with a comma before it.
    fn show_options(seq: &SeqFile, sb: &SuperBlock<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `s_op` of superblocks that `New::init` has set up.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->alloc_inode`.
    unsafe extern "C" fn alloc_inode(sb: *mut bindings::super_block) -> *mut bindings::inode {
        // SAFETY: The superblock is of the filesystem's type, in which its cache is.
        let cache = unsafe { file_system_type::inode_cache(sb) };
        // SAFETY: The cache is for inodes of the filesystem, and `sb` is valid.
        unsafe { alloc::alloc_inode::<T::FileSystem>(cache, sb) }
    }

    /// # Safety
    ///
    /// As `->evict_inode`.
    unsafe extern "C" fn evict_inode(inode: *mut bindings::inode) {
        // SAFETY: `evict()` is the only user of the inode.
        unsafe { bindings::truncate_inode_pages_final(&raw mut (*inode).i_data) };
        // SAFETY: As above, and its container is alive.
        if T::HAS_EVICT_INODE && unsafe { alloc::is_initialised::<T::FileSystem>(inode) } {
            T::evict_inode(Evicted {
                // SAFETY: The inode's data are initialised.
                inode: unsafe { Host::from_raw(inode) },
                _not_send: NotThreadSafe::default(),
            });
        }
        // SAFETY: As above; the page cache is empty.
        unsafe { bindings::clear_inode(inode) };
    }

    /// # Safety
    ///
    /// As `->statfs`.
    unsafe extern "C" fn statfs(
        dentry: *mut bindings::dentry,
        buf: *mut bindings::kstatfs,
    ) -> c_int {
        from_result(|| {
            // SAFETY: `statfs_by_dentry()` passes both valid.
            to_result(unsafe { bindings::simple_statfs(dentry, buf) })?;
            // SAFETY: The dentry is valid.
            let sb = unsafe { (*dentry).d_sb };
            // SAFETY: The superblock is set up, and in use for the call.
            let sb = unsafe { SuperBlock::from_raw(sb) };
            // SAFETY: It belongs to the caller, which waits. CAST: `Kstatfs` is a transparent
            // wrapper of the type that is opaque in the kernel's bindings.
            let buf = unsafe { &mut *buf.cast::<Kstatfs>() };
            T::statfs(sb, buf).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// As `->show_options`.
    unsafe extern "C" fn show_options(
        seq: *mut bindings::seq_file,
        root: *mut bindings::dentry,
    ) -> c_int {
        // SAFETY: The root of a mount is valid while the mount is shown.
        let sb = unsafe { (*root).d_sb };
        // SAFETY: As above, and so its superblock is set up and in use.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: It belongs to the caller, which waits.
        let seq = unsafe { SeqFile::from_raw(seq) };
        from_result(|| T::show_options(seq, sb).map(|()| 0))
    }

    const TABLE: bindings::super_operations = bindings::super_operations {
        alloc_inode: Some(Self::alloc_inode),
        free_inode: Some(alloc::free_inode::<T::FileSystem>),
        evict_inode: Some(Self::evict_inode),
        drop_inode: DropInode::get(T::DROP_INODE),
        statfs: if T::HAS_STATFS {
            Some(Self::statfs)
        } else {
            None
        },
        show_options: if T::HAS_SHOW_OPTIONS {
            Some(Self::show_options)
        } else {
            None
        },
        ..pin_init::zeroed()
    };
}
