// SPDX-License-Identifier: GPL-2.0

//! `struct super_operations`.

use core::marker::PhantomData;
use kernel::{
    bindings,
    error::VTABLE_DEFAULT_ERROR,
    ffi::c_int,
    prelude::*,
    seq_file::SeqFile,
    types::NotThreadSafe, //
};
use rules::{
    file_system_type as type_rule,
    super_operations as rule,
    Held, //
};

use super::{
    Evicted,
    FreezeHolder,
    FsErrorEvent,
    Kstatfs,
    SuperBlock, //
};
use crate::{
    helper::slot,
    inode::Host,
    mode::Mode,
    quota,
    sysfs::Counter,
    Dentry,
    FileSystem,
    Locked, //
};

slot! {
    /// A function for `->drop_inode`.
    pub struct DropInode(unsafe extern "C" fn(*mut bindings::inode) -> c_int) {
        /// Keeps no inode that is not in use.
        INODE_JUST_DROP = bindings::inode_just_drop;
    }
}

/// An inode whose `i_lock` is held: proof of it, and what may be known of the inode.
///
/// Nothing that can be reached from it sleeps or takes `i_lock`, which is a spinlock; so it is not
/// the inode.
///
/// # Invariants
///
/// During `'a` the current task holds the `i_lock` of `inode`.
pub struct ILocked<'a, F: FileSystem, M> {
    inode: &'a Host<F>,
    _mode: PhantomData<M>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> ILocked<'a, F, Held> {
    /// # Safety
    ///
    /// The current task must hold the `i_lock` of `inode` for `'a`.
    pub(super) unsafe fn assume(inode: &'a Host<F>) -> Self {
        // SAFETY: The inode is valid.
        unsafe { extra_bindings::inode_assert_i_lock(inode.as_ptr()) };
        // INVARIANT: The caller promises it.
        Self {
            inode,
            _mode: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }
}

impl<F: FileSystem, M> ILocked<'_, F, M> {
    /// The inode number, `i_ino`.
    #[inline]
    pub fn i_ino(&self) -> u64 {
        self.inode.i_ino()
    }

    /// The number of links, `i_nlink`.
    #[inline]
    pub fn i_nlink(&self) -> u32 {
        self.inode.i_nlink()
    }

    /// The type and the permissions, `i_mode`.
    #[inline]
    pub fn i_mode(&self) -> Mode {
        self.inode.i_mode()
    }

    /// What C does without the callback: an inode goes if it has no link, or cannot be found by its
    /// number. Mirrors `inode_generic_drop()` of `fs/inode.c`.
    #[inline]
    pub fn inode_generic_drop(&self) -> bool {
        // SAFETY: The inode is valid.
        self.i_nlink() == 0 || unsafe { extra_bindings::inode_unhashed(self.inode.as_ptr()) }
    }
}

/// The callbacks of a superblock: `struct super_operations`.
///
/// `->alloc_inode` and `->free_inode` are the layer's. A slot whose method or helper is missing is
/// null. All may sleep, but for [`Operations::drop_inode`]. `Documentation/vfs.rst` says which slots
/// are not here, and why.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The helper for `->drop_inode`, unless there is a method.
    const DROP_INODE: Option<DropInode> = None;
    /// The callbacks of quotas, if the filesystem has quotas: `dq_op`. See [`crate::quota`].
    ///
    /// The layer then has `->get_dquots`, and takes the dquots from inodes that are evicted.
    const DQ_OP: Option<quota::Ops<Self::FileSystem>> = None;

    /// The files in `/sys/fs/NAME/MAJOR:MINOR/` of a superblock, from after
    /// [`crate::fs_context::Operations::fill_super`] until before [`Operations::kill_sb`].
    const COUNTERS: &'static [Counter<Self::FileSystem>] = &[];

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
    /// `simple_statfs()` does; without this method that is all.
    fn statfs(sb: &SuperBlock<Self::FileSystem>, buf: &mut Kstatfs) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prints the mount options, each with a comma before it.
    fn show_options(seq: &SeqFile, sb: &SuperBlock<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes note that the inode is dirty, besides its data: `I_DIRTY_SYNC` or `I_DIRTY_DATASYNC`
    /// of `flags` are set, or `I_DIRTY_TIME`.
    fn dirty_inode(inode: &Host<Self::FileSystem>, flags: u32) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes the inode, not its data. Waits for it if `sync` (`WB_SYNC_ALL`).
    fn write_inode(inode: &Host<Self::FileSystem>, sync: bool) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes what fsync(2) must find besides the data, after [`Operations::write_inode`]. There is none
    /// before v7.3.
    #[cfg(since_v7_3)]
    fn sync_inode_metadata(inode: &Host<Self::FileSystem>, sync: bool) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Says whether an inode whose last reference has gone is to be evicted, not kept for later.
    ///
    /// Must not sleep: `i_lock` is a spinlock.
    fn drop_inode(inode: &ILocked<'_, Self::FileSystem, rule::drop_inode::Inode>) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Ends the use of the superblock: it is unmounted, and its inodes are evicted.
    fn put_super(sb: &Locked<'_, SuperBlock<Self::FileSystem>, rule::put_super::Sb>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes what the inodes do not say; `wait` says whether to wait for it.
    ///
    /// The inodes are written by C. The lock may be held in any mode.
    fn sync_fs(
        sb: &Locked<'_, SuperBlock<Self::FileSystem>, rule::sync_fs::Sb>,
        wait: bool,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Freezes the superblock instead of C, which [`SuperBlock::freeze_super`] calls.
    fn freeze_super(sb: &SuperBlock<Self::FileSystem>, holder: &FreezeHolder<'_>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Brings what is stored into a state to be copied: C holds the writers, and has written all.
    ///
    /// A filesystem without this method, or [`Operations::freeze_super`], cannot be frozen.
    fn freeze_fs(sb: &Locked<'_, SuperBlock<Self::FileSystem>, rule::freeze_fs::Sb>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Thaws the superblock instead of C, which [`SuperBlock::thaw_super`] calls.
    fn thaw_super(sb: &SuperBlock<Self::FileSystem>, holder: &FreezeHolder<'_>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Undoes [`Operations::freeze_fs`], before writers go on.
    fn unfreeze_fs(sb: &Locked<'_, SuperBlock<Self::FileSystem>, rule::unfreeze_fs::Sb>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes who waits in the filesystem give up: umount(2) with `MNT_FORCE`. No lock is promised.
    fn umount_begin(sb: &SuperBlock<Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prints what `/proc/mounts` is to show as the device.
    fn show_devname(seq: &SeqFile, root: &Dentry<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prints what `/proc/self/mountinfo` is to show as the root of the mount.
    fn show_path(seq: &SeqFile, root: &Dentry<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prints what `/proc/self/mountstats` is to show.
    fn show_stats(seq: &SeqFile, root: &Dentry<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// How many objects [`Operations::free_cached_objects`] could free. Called by memory reclaim,
    /// without a lock.
    fn nr_cached_objects(sb: &SuperBlock<Self::FileSystem>) -> usize {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Frees up to `count` objects, and returns how many. Called by memory reclaim, with
    /// `s_umount` held shared; the document does not say so, and there is no token.
    fn free_cached_objects(sb: &SuperBlock<Self::FileSystem>, count: usize) -> usize {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The block device has gone: nothing can be written to it any more. C has thrown away what it could
    /// of the caches; the superblock stays until it is unmounted.
    ///
    /// C holds `s_umount` shared; the document does not say so, and there is no token.
    fn shutdown(sb: &SuperBlock<Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes note of an error that [`Inode::fserror_report`] or C reported, before fanotify(7) does.
    /// Called in a workqueue, without a lock; the inode may have no other reference.
    ///
    /// [`Inode::fserror_report`]: crate::Inode::fserror_report
    fn report_error(event: &FsErrorEvent<'_, Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Does what is to come before `kill_anon_super()`, or `kill_block_super()`, which the
    /// layer calls. The superblock is set up, and still has its inodes.
    ///
    /// Mirrors `->kill_sb` of `struct file_system_type`. Afterwards the layer drops
    /// [`FileSystem::SbInfo`].
    fn kill_sb(sb: &Locked<'_, SuperBlock<Self::FileSystem>, type_rule::kill_sb::Sb>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}
