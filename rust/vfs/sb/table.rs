// SPDX-License-Identifier: GPL-2.0

//! The tables of [`Operations`], and how C gets into them.

use core::marker::PhantomData;
use kernel::{
    bindings,
    error::{
        from_result,
        to_result, //
    },
    ffi::{
        c_int,
        c_long,
        c_void, //
    },
    seq_file::SeqFile, //
};

use super::{
    operations::{
        DropInode,
        ILocked,
        Operations, //
    },
    Evicted,
    FreezeHolder,
    FsErrorEvent,
    Kstatfs,
    SuperBlock, //
};
use crate::{
    file_system_type,
    helper::callback,
    inode::{
        alloc,
        Host, //
    },
    quota,
    trace,
    Dentry,
    Locked, //
};

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
        // SAFETY: `evict()` passes a valid inode.
        unsafe { trace::evict_inode(inode) };
        // SAFETY: `evict()` is the only user of the inode.
        unsafe { bindings::truncate_inode_pages_final(&raw mut (*inode).i_data) };
        // SAFETY: As above, and its container is alive.
        if T::HAS_EVICT_INODE && unsafe { alloc::is_initialised(inode) } {
            // SAFETY: The inode's data are initialised.
            T::evict_inode(unsafe { Evicted::from_raw(inode) });
        }
        // SAFETY: As above; the page cache is empty.
        unsafe { bindings::clear_inode(inode) };
        // SAFETY: As above.
        unsafe { quota::drop_dquots::<T::FileSystem>(inode) };
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

    /// # Safety
    ///
    /// As `->dirty_inode`.
    unsafe extern "C" fn dirty_inode(inode: *mut bindings::inode, flags: c_int) {
        // SAFETY: `__mark_inode_dirty()` passes an inode that is in use, so C knows it and it is finished.
        let inode = unsafe { Host::from_raw(inode) };
        T::dirty_inode(inode, flags as u32);
    }

    /// # Safety
    ///
    /// As `->write_inode`.
    unsafe extern "C" fn write_inode(
        inode: *mut bindings::inode,
        wbc: *mut bindings::writeback_control,
    ) -> c_int {
        // SAFETY: `write_inode()` passes an inode that is finished, and waits for with `I_SYNC`.
        let inode = unsafe { Host::from_raw(inode) };
        // SAFETY: `writeback_single_inode()` passes what it was asked for.
        let sync = unsafe { (*wbc).sync_mode } == bindings::writeback_sync_modes_WB_SYNC_ALL;
        from_result(|| T::write_inode(inode, sync).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->sync_inode_metadata`.
    #[cfg(since_v7_3)]
    unsafe extern "C" fn sync_inode_metadata(
        inode: *mut bindings::inode,
        wbc: *mut bindings::writeback_control,
    ) -> c_int {
        // SAFETY: As for `write_inode`.
        let inode = unsafe { Host::from_raw(inode) };
        // SAFETY: `writeback_single_inode()` passes what it was asked for.
        let sync = unsafe { (*wbc).sync_mode } == bindings::writeback_sync_modes_WB_SYNC_ALL;
        from_result(|| T::sync_inode_metadata(inode, sync).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->drop_inode`.
    unsafe extern "C" fn drop_inode(inode: *mut bindings::inode) -> c_int {
        // SAFETY: The inode has a container.
        if !unsafe { alloc::is_initialised(inode) } {
            // One that was never finished is of no use to anybody.
            return 1;
        }
        // SAFETY: Its data are initialised.
        let inode = unsafe { Host::from_raw(inode) };
        // SAFETY: `iput_final()` holds its `i_lock`.
        c_int::from(T::drop_inode(&unsafe { ILocked::assume(inode) }))
    }

    /// # Safety
    ///
    /// As `->put_super`.
    unsafe extern "C" fn put_super(sb: *mut bindings::super_block) {
        // SAFETY: `generic_shutdown_super()` passes a superblock that is set up. Its caller holds
        // `s_umount` exclusively.
        unsafe { quota::quota_off::<T::FileSystem>(sb) };
        if !T::HAS_PUT_SUPER {
            return;
        }
        // SAFETY: `generic_shutdown_super()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: Its caller holds `s_umount` exclusively, and this is the only token.
        let sb = unsafe { Locked::assume(sb) };
        T::put_super(&sb);
    }

    /// # Safety
    ///
    /// As `->sync_fs`.
    unsafe extern "C" fn sync_fs(sb: *mut bindings::super_block, wait: c_int) -> c_int {
        // SAFETY: `sync_filesystem()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: It and all others that call this want `s_umount` to be held.
        let sb = unsafe { Locked::assume(sb) };
        from_result(|| T::sync_fs(&sb, wait != 0).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->freeze_super`.
    unsafe extern "C" fn freeze_super(
        sb: *mut bindings::super_block,
        who: bindings::freeze_holder,
        owner: *const c_void,
    ) -> c_int {
        // SAFETY: `ioctl_fsfreeze()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        let holder = FreezeHolder {
            who,
            owner,
            _lifetime: PhantomData,
        };
        from_result(|| T::freeze_super(sb, &holder).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->thaw_super`.
    unsafe extern "C" fn thaw_super(
        sb: *mut bindings::super_block,
        who: bindings::freeze_holder,
        owner: *const c_void,
    ) -> c_int {
        // SAFETY: `ioctl_fsthaw()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        let holder = FreezeHolder {
            who,
            owner,
            _lifetime: PhantomData,
        };
        from_result(|| T::thaw_super(sb, &holder).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->freeze_fs`.
    unsafe extern "C" fn freeze_fs(sb: *mut bindings::super_block) -> c_int {
        // SAFETY: `freeze_super()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: It holds `s_umount` exclusively, and this is the only token.
        let sb = unsafe { Locked::assume(sb) };
        from_result(|| T::freeze_fs(&sb).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->unfreeze_fs`.
    unsafe extern "C" fn unfreeze_fs(sb: *mut bindings::super_block) -> c_int {
        // SAFETY: `thaw_super_locked()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: It holds `s_umount` exclusively, and this is the only token.
        let sb = unsafe { Locked::assume(sb) };
        from_result(|| T::unfreeze_fs(&sb).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->umount_begin`.
    unsafe extern "C" fn umount_begin(sb: *mut bindings::super_block) {
        // SAFETY: `do_umount()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        T::umount_begin(sb);
    }

    /// # Safety
    ///
    /// As `->show_devname`.
    unsafe extern "C" fn show_devname(
        seq: *mut bindings::seq_file,
        root: *mut bindings::dentry,
    ) -> c_int {
        // SAFETY: The root of a mount is valid while the mount is shown.
        let root = unsafe { Dentry::from_raw(root) };
        // SAFETY: It belongs to the caller, which waits.
        let seq = unsafe { SeqFile::from_raw(seq) };
        from_result(|| T::show_devname(seq, root).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->show_path`.
    unsafe extern "C" fn show_path(
        seq: *mut bindings::seq_file,
        root: *mut bindings::dentry,
    ) -> c_int {
        // SAFETY: The root of a mount is valid while the mount is shown.
        let root = unsafe { Dentry::from_raw(root) };
        // SAFETY: It belongs to the caller, which waits.
        let seq = unsafe { SeqFile::from_raw(seq) };
        from_result(|| T::show_path(seq, root).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->show_stats`.
    unsafe extern "C" fn show_stats(
        seq: *mut bindings::seq_file,
        root: *mut bindings::dentry,
    ) -> c_int {
        // SAFETY: The root of a mount is valid while the mount is shown.
        let root = unsafe { Dentry::from_raw(root) };
        // SAFETY: It belongs to the caller, which waits.
        let seq = unsafe { SeqFile::from_raw(seq) };
        from_result(|| T::show_stats(seq, root).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->nr_cached_objects`.
    unsafe extern "C" fn nr_cached_objects(
        sb: *mut bindings::super_block,
        _sc: *mut bindings::shrink_control,
    ) -> c_long {
        // SAFETY: `super_cache_count()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        c_long::try_from(T::nr_cached_objects(sb)).unwrap_or(c_long::MAX)
    }

    /// # Safety
    ///
    /// As `->free_cached_objects`.
    unsafe extern "C" fn free_cached_objects(
        sb: *mut bindings::super_block,
        sc: *mut bindings::shrink_control,
    ) -> c_long {
        // SAFETY: `super_cache_scan()` passes a superblock that is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: It belongs to the caller, which waits.
        let count = unsafe { (*sc).nr_to_scan };
        c_long::try_from(T::free_cached_objects(sb, count)).unwrap_or(c_long::MAX)
    }

    /// # Safety
    ///
    /// As `->shutdown`.
    unsafe extern "C" fn shutdown(sb: *mut bindings::super_block) {
        // SAFETY: `fs_bdev_mark_dead()` passes a superblock that is set up and in use.
        T::shutdown(unsafe { SuperBlock::from_raw(sb) });
    }

    /// # Safety
    ///
    /// As `->report_error`.
    unsafe extern "C" fn report_error(event: *const bindings::fserror_event) {
        // SAFETY: `fserror_worker()` passes an event of a superblock that is in use, with a reference to
        // the inode. CAST: The same C type, which is opaque in the kernel's bindings.
        T::report_error(&unsafe { FsErrorEvent::from_raw(event.cast()) });
    }

    const TABLE: bindings::super_operations = bindings::super_operations {
        alloc_inode: Some(Self::alloc_inode),
        free_inode: Some(alloc::free_inode::<T::FileSystem>),
        evict_inode: Some(Self::evict_inode),
        drop_inode: callback!(
            T::HAS_DROP_INODE,
            Self::drop_inode,
            DropInode::get(T::DROP_INODE)
        ),
        statfs: callback!(T::HAS_STATFS, Self::statfs, Some(bindings::simple_statfs)),
        show_options: callback!(T::HAS_SHOW_OPTIONS, Self::show_options),
        dirty_inode: callback!(T::HAS_DIRTY_INODE, Self::dirty_inode),
        write_inode: callback!(T::HAS_WRITE_INODE, Self::write_inode),
        #[cfg(since_v7_3)]
        sync_inode_metadata: callback!(T::HAS_SYNC_INODE_METADATA, Self::sync_inode_metadata),
        put_super: callback!(
            T::HAS_PUT_SUPER || quota::has_quotas::<T::FileSystem>(),
            Self::put_super //
        ),
        sync_fs: callback!(T::HAS_SYNC_FS, Self::sync_fs),
        freeze_super: callback!(T::HAS_FREEZE_SUPER, Self::freeze_super),
        freeze_fs: callback!(T::HAS_FREEZE_FS, Self::freeze_fs),
        thaw_super: callback!(T::HAS_THAW_SUPER, Self::thaw_super),
        unfreeze_fs: callback!(T::HAS_UNFREEZE_FS, Self::unfreeze_fs),
        umount_begin: callback!(T::HAS_UMOUNT_BEGIN, Self::umount_begin),
        show_devname: callback!(T::HAS_SHOW_DEVNAME, Self::show_devname),
        show_path: callback!(T::HAS_SHOW_PATH, Self::show_path),
        show_stats: callback!(T::HAS_SHOW_STATS, Self::show_stats),
        nr_cached_objects: {
            // Where there are some, C calls the other one without looking.
            assert!(
                T::HAS_NR_CACHED_OBJECTS == T::HAS_FREE_CACHED_OBJECTS,
                "`nr_cached_objects` goes with `free_cached_objects`"
            );
            callback!(T::HAS_NR_CACHED_OBJECTS, Self::nr_cached_objects)
        },
        free_cached_objects: callback!(T::HAS_FREE_CACHED_OBJECTS, Self::free_cached_objects),
        #[cfg(CONFIG_QUOTA)]
        get_dquots: callback!(
            quota::has_quotas::<T::FileSystem>(),
            quota::get_dquots::<T::FileSystem> //
        ),
        shutdown: callback!(T::HAS_SHUTDOWN, Self::shutdown),
        report_error: callback!(T::HAS_REPORT_ERROR, Self::report_error),
        ..pin_init::zeroed()
    };
}

/// Returns the table of `T`.
pub(super) const fn table<T: Operations>() -> *const bindings::super_operations {
    &Table::<T>::TABLE
}

/// Calls [`Operations::kill_sb`].
///
/// # Safety
///
/// `sb` must be a superblock of the filesystem that is set up, the current task hold its `s_umount`
/// exclusively, and there be no other token of it.
pub(crate) unsafe fn kill_sb<T: Operations>(sb: *mut bindings::super_block) {
    if T::HAS_KILL_SB {
        // SAFETY: The caller promises it.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: As above.
        T::kill_sb(&unsafe { Locked::assume(sb) });
    }
}
