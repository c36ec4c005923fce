// SPDX-License-Identifier: GPL-2.0

//! The VFS for filesystems in safe Rust.
//!
//! The crate has C's shape: one trait for one table of operations, C's names, and tables that
//! are set for each inode. A filesystem
//!
//! - says in [`FileSystem`] which data of its own it hangs on C's objects;
//! - implements [`fs_context::Operations`], [`sb::Operations`], [`inode::Operations`],
//!   [`file::Operations`], [`address_space::Operations`] and [`vm::Operations`];
//! - has one static [`FileSystemType`] and keeps a [`Registration`] of it in its module.
//!
//! A slot that C filesystems leave to a generic helper has a constant in the trait, which names
//! the helper: `const READ_ITER: Option<ReadIter> = Some(ReadIter::GENERIC_FILE_READ_ITER);`.
//!
//! # Locks
//!
//! What C writes in `Documentation/filesystems/locking.rst`, the signatures say with proof tokens
//! ([`Locked`]). Their modes come from the crate `rules`, which is compiled from the written
//! rules: where a rule changes, code that counts on it stops compiling.
//!
//! C headers: [`include/linux/fs.h`](srctree/include/linux/fs.h),
//! [`include/linux/dcache.h`](srctree/include/linux/dcache.h),
//! [`include/linux/fs_context.h`](srctree/include/linux/fs_context.h)

mod helper;
mod locked;
mod trace;

pub mod acl;
pub mod address_space;
pub mod dentry;
pub mod export;
pub mod file;
pub mod file_system_type;
pub mod fileattr;
pub mod filelock;
pub mod folio;
pub mod fs_context;
pub mod idmap;
pub mod inode;
pub mod limits;
pub mod mode;
pub mod prelude;
pub mod quota;
pub mod sb;
pub mod stat;
pub mod sysfs;
pub mod vm;
pub mod walk;
pub mod xattr;

pub use dentry::Dentry;
pub use file::File;
pub use file_system_type::{
    FileSystemType,
    Registration, //
};
pub use folio::Folio;
pub use idmap::Idmap;
pub use inode::Inode;
/// The locks that the VFS promises, by table, callback and object: the modes of the tokens.
pub use rules;

pub use locked::{
    Lockable,
    Locked,
    VfsRenameMutex, //
};
pub use sb::SuperBlock;
pub use walk::{
    RcuWalk,
    Walk, //
};

// The kernel's printing macros want this of every crate.
const __LOG_PREFIX: &[u8] = b"vfs\0";

/// A filesystem: the data of its own that it hangs on C's objects.
///
/// One type stands for one `struct file_system_type`. All objects of such a filesystem
/// ([`SuperBlock`], [`Inode`], [`Dentry`], [`File`]) carry it as a parameter, so that the objects
/// of one filesystem cannot reach the callbacks of another.
///
/// # References end with the call
///
/// A superblock outlives its inodes and entries, but a reference to one of these does not keep it: in
/// C, who has one when the superblock ends uses freed memory. Here [`SuperBlock`], [`Inode`] and
/// [`Dentry`] are neither `Send` nor `Sync`. So an [`ARef`](kernel::sync::aref::ARef) of one is not
/// either, and has no place where it could stay when a callback returns: all that a filesystem keeps
/// must be `Send`. What it keeps of an inode is its number, with which [`SuperBlock`] finds it
/// again.
///
/// A reference that is leaked (`core::mem::forget()`) does no harm but that: when the superblock
/// ends, C warns of a busy inode, and the layer keeps the superblock, its data and the module for
/// good.
pub trait FileSystem: Sized + 'static {
    /// What `sb->s_fs_info` points to in C.
    ///
    /// It lives from [`sb::New::init`] until after the last inode of the superblock was evicted. So it
    /// cannot hold references to any: see [`FileSystem`].
    type SbInfo: Send + Sync;

    /// What C embeds the inode in: `struct ramfs_inode_info` and the like.
    ///
    /// It lives as long as the memory of the inode: it is dropped after an RCU grace period, in
    /// the context of an RCU callback, so its `Drop` must not sleep. It cannot hold references to
    /// inodes or entries: see [`FileSystem`].
    type InodeInfo: Send + Sync;

    /// The part of an inode's data that its `i_rwsem` protects.
    ///
    /// [`Locked::guarded`] reads it, [`Locked::guarded_mut`] changes it. Dropped with
    /// [`FileSystem::InodeInfo`]; what is big or must go earlier is taken out in
    /// [`sb::Operations::evict_inode`].
    type Guarded: Send + Sync;

    /// The `super_operations` of its superblocks.
    type Super: sb::Operations<FileSystem = Self>;
}

/// The memory that the kernel may use for data, in pages.
///
/// Mirrors `totalram_pages()` of `include/linux/mm.h`. Callable in any context.
///
/// # Examples
///
/// ```
/// // As tmpfs does, where no option says otherwise.
/// let limit = vfs::totalram_pages() / 2;
/// assert!(limit > 0);
/// ```
#[inline]
pub fn totalram_pages() -> usize {
    // SAFETY: It only reads an atomic.
    unsafe { extra_bindings::totalram_pages() }
}

/// Whether a signal has come that kills the current task, so that what takes long should end.
///
/// Others are not for that where the call would begin anew: a timer could keep it from ever ending. Mirrors
/// `fatal_signal_pending()` of `include/linux/sched/signal.h`. Callable in any context.
#[inline]
pub fn fatal_signal_pending() -> bool {
    // SAFETY: It only looks at the current task.
    unsafe { extra_bindings::current_fatal_signal_pending() }
}
