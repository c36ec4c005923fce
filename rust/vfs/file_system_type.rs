// SPDX-License-Identifier: GPL-2.0

//! `struct file_system_type` and its registration.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        CStr, //
    },
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};
use since_v7_3::this_module;

use crate::{
    fs_context,
    inode::alloc,
    quota,
    sb,
    sysfs,
    FileSystem,
    SuperBlock, //
};

/// Times of inodes are fine enough to tell two changes apart that somebody has looked between.
pub const FS_MGTIME: i32 = bindings::FS_MGTIME as i32;
/// Mounts may map users and groups: all callbacks honour their [`crate::Idmap`].
pub const FS_ALLOW_IDMAP: i32 = bindings::FS_ALLOW_IDMAP as i32;

/// A `struct file_system_type`, for a static.
///
/// It has to be a static, as lockdep keeps the classes of the filesystem's locks in it.
///
/// # Invariants
///
/// `cache` is null, or a cache for inodes of the filesystem.
#[repr(C)]
pub struct FileSystemType<C: fs_context::Operations> {
    inner: Opaque<bindings::file_system_type>,
    /// Where the inodes are allocated, while it is registered.
    cache: Atomic<*mut bindings::kmem_cache>,
    /// The directory in sysfs, if there is one, while it is registered.
    kobject: Atomic<*mut bindings::kobject>,
    _context: PhantomData<fn() -> C>,
}

// SAFETY: C uses it from any thread under its own locks; `cache` is atomic.
unsafe impl<C: fs_context::Operations> Sync for FileSystemType<C> {}

impl<C: fs_context::Operations> FileSystemType<C> {
    /// Describes the filesystem that mount(2) knows as `name`. `fs_flags` are `FS_*`, but for
    /// `FS_REQUIRES_DEV`, of which [`fs_context::Operations::GET_TREE`] decides.
    pub const fn new(name: &'static CStr, fs_flags: i32) -> Self {
        Self {
            inner: Opaque::new(bindings::file_system_type {
                name: as_char_ptr_in_const_context(name),
                fs_flags: (fs_flags & !(bindings::FS_REQUIRES_DEV as i32)) | C::GET_TREE.fs_flags(),
                init_fs_context: Some(fs_context::init_fs_context::<C>),
                parameters: C::PARAMETERS.as_ptr().cast(),
                kill_sb: Some(Self::kill_sb),
                owner: this_module!(C::OwnerModule),
                ..pin_init::zeroed()
            }),
            cache: Atomic::new(ptr::null_mut()),
            kobject: Atomic::new(ptr::null_mut()),
            _context: PhantomData,
        }
    }

    /// Makes the directory in sysfs, and lets the filesystem be mounted.
    fn register(&'static self) -> Result {
        // SAFETY: `new` has set it to a static string.
        let name = unsafe { (*self.inner.get()).name };
        // SAFETY: As above.
        let kobject = unsafe { sysfs::add_type::<C::FileSystem>(name) }?;
        self.kobject.store(kobject, Relaxed);
        // SAFETY: The type is static, and unregistered when the registration is dropped.
        let result = to_result(unsafe { bindings::register_filesystem(self.inner.get()) });
        if result.is_err() {
            self.remove_kobject();
        }
        result
    }

    /// Removes the directory in sysfs. Nothing is mounted.
    fn remove_kobject(&self) {
        let kobject = self.kobject.xchg(ptr::null_mut(), Relaxed);
        // SAFETY: It is from `register`, and there is no superblock that could use it.
        unsafe { sysfs::remove_type(kobject) };
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::file_system_type {
        self.inner.get()
    }

    /// # Safety
    ///
    /// As `->kill_sb`: `deactivate_locked_super()` passes a superblock of this type, which nobody
    /// else uses any more.
    unsafe extern "C" fn kill_sb(sb: *mut bindings::super_block) {
        // SAFETY: The superblock is valid.
        let info = unsafe { (*sb).s_fs_info };
        if !info.is_null() {
            // SAFETY: `sb::New::init` has set it up.
            sb::remove_counters::<C::FileSystem>(unsafe { SuperBlock::from_raw(sb) });
            // SAFETY: As above. `deactivate_locked_super()` holds `s_umount`
            // exclusively, and this is the only token.
            unsafe { sb::kill_sb::<<C::FileSystem as FileSystem>::Super>(sb) };
            // SAFETY: The superblock is valid.
            if unsafe { (*sb).s_root }.is_null() {
                // It was never mounted, so there will be no `->put_super`.
                // SAFETY: As for `kill_sb`.
                unsafe { quota::quota_off::<C::FileSystem>(sb) };
            }
        }
        if C::GET_TREE.has_bdev() {
            // SAFETY: The superblock is of `get_tree_bdev()`, and this is its end. It evicts all inodes.
            unsafe { bindings::kill_block_super(sb) };
        } else {
            // SAFETY: The superblock has no device, and this is its end. It evicts all inodes.
            unsafe { bindings::kill_anon_super(sb) };
        }
        // SAFETY: The superblock is shut down, and its memory stays until we return.
        if unsafe { extra_bindings::sb_keep_if_busy(sb) } {
            pr_err!(
                "a reference to an inode was lost: its superblock and the module stay for good\n"
            );
            return;
        }
        // SAFETY: The superblock is shut down and has no inodes.
        unsafe { sb::drop_info::<C::FileSystem>(info) };
    }
}

/// The layout of a [`FileSystemType`], whatever its context.
#[repr(C)]
struct Layout {
    inner: Opaque<bindings::file_system_type>,
    cache: Atomic<*mut bindings::kmem_cache>,
    kobject: Atomic<*mut bindings::kobject>,
}

impl Layout {
    /// # Safety
    ///
    /// `sb` must be a valid superblock of a [`FileSystemType`].
    unsafe fn of(sb: *mut bindings::super_block) -> &'static Self {
        // SAFETY: The caller promises that the superblock is valid.
        let ty: *mut Self = unsafe { (*sb).s_type }.cast();
        // SAFETY: The caller promises that its type is a `FileSystemType`, of which it is the first
        // field; it is static.
        unsafe { &*ty }
    }
}

/// Returns the inode cache of the filesystem of a superblock.
///
/// # Safety
///
/// `sb` must be a valid superblock of a [`FileSystemType`].
pub(crate) unsafe fn inode_cache(sb: *mut bindings::super_block) -> *mut bindings::kmem_cache {
    // SAFETY: The caller promises it.
    unsafe { Layout::of(sb) }.cache.load(Relaxed)
}

/// Returns the directory in sysfs of the filesystem of a superblock, or null.
///
/// # Safety
///
/// `sb` must be a valid superblock of a [`FileSystemType`].
pub(crate) unsafe fn kobject(sb: *mut bindings::super_block) -> *mut bindings::kobject {
    // SAFETY: The caller promises it.
    unsafe { Layout::of(sb) }.kobject.load(Relaxed)
}

/// Keeps a filesystem registered: it can be mounted until this is dropped.
///
/// It belongs into the module. The module cannot go while the filesystem is mounted, so its drop
/// finds no superblock.
///
/// # Examples
///
/// ```
/// use vfs::{
///     fs_context::{FsContext, Operations},
///     inode, sb, FileSystemType, Registration,
/// };
///
/// #[derive(Default)]
/// struct Context;
///
/// #[vtable]
/// impl Operations for Context {
///     type FileSystem = Fs;
///
///     fn fill_super(
///         &mut self,
///         _fc: &FsContext<'_>,
///         sb: sb::New<'_, Fs>,
///     ) -> Result<ARef<Inode<Fs>>> {
///         sb.init(Ok(0))?;
///         Err(ENODEV)
///     }
/// }
///
/// static EXAMPLE: FileSystemType<Context> = FileSystemType::new(c"vfs_example", 0);
///
/// let registration = Registration::new(&EXAMPLE, c"vfs_example_inode")?;
/// // Once is enough.
/// assert!(Registration::new(&EXAMPLE, c"vfs_example_other").is_err());
/// drop(registration);
/// drop(Registration::new(&EXAMPLE, c"vfs_example_inode")?);
/// ```
pub struct Registration<C: fs_context::Operations>(&'static FileSystemType<C>);

impl<C: fs_context::Operations> Registration<C> {
    /// Creates the inode cache and registers the filesystem. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EBUSY` if it, or another of the same name, is registered already.
    pub fn new(ty: &'static FileSystemType<C>, name: &'static CStr) -> Result<Self> {
        let cache = alloc::create_cache::<C::FileSystem>(name)?;
        if ty
            .cache
            .cmpxchg(ptr::null_mut(), cache, kernel::sync::atomic::Full)
            .is_err()
        {
            // SAFETY: The cache is new and empty.
            unsafe { bindings::kmem_cache_destroy(cache) };
            return Err(EBUSY);
        }
        ty.register().inspect_err(|_| {
            ty.cache.store(ptr::null_mut(), Relaxed);
            // SAFETY: The cache is empty: nothing was mounted.
            unsafe { bindings::kmem_cache_destroy(cache) };
        })?;
        Ok(Self(ty))
    }
}

impl<C: fs_context::Operations> Drop for Registration<C> {
    fn drop(&mut self) {
        let ty = self.0.inner.get();
        // SAFETY: It was registered by `new`.
        unsafe { bindings::unregister_filesystem(ty) };
        // Inodes are freed after an RCU grace period: wait for the last of them.
        // SAFETY: May be called in any context that may sleep, as a drop of a module does.
        unsafe { bindings::rcu_barrier() };
        // SAFETY: The type is static; nobody mounts it any more.
        if !unsafe { (*ty).fs_supers.first }.is_null() {
            pr_err!("a filesystem is unregistered while it is mounted\n");
            return;
        }
        self.0.remove_kobject();
        let cache = self.0.cache.load(Relaxed);
        self.0.cache.store(ptr::null_mut(), Relaxed);
        // SAFETY: No inode is left in it: there is no superblock, and the barrier has passed.
        unsafe { bindings::kmem_cache_destroy(cache) };
    }
}
