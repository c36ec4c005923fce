// SPDX-License-Identifier: GPL-2.0

//! `struct dquot_operations`.

use core::{
    marker::PhantomData,
    ops::Deref, //
};
use kernel::{
    bindings,
    error::{
        from_result,
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::c_int,
    prelude::*,
    types::NotThreadSafe, //
};
use rules::{
    dquot_operations as rule,
    Shared, //
};

use super::{
    Dquot,
    Kqid,
    QuotaType, //
};
use crate::{
    helper::callback,
    idmap::Kprojid,
    inode::Host,
    FileSystem,
    Locked,
    SuperBlock, //
};

/// Declares the argument of a callback that must end in a function of C.
macro_rules! argument {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<'a, F: FileSystem> {
            dquot: &'a Dquot<F>,
            _not_send: NotThreadSafe,
        }

        impl<F: FileSystem> Deref for $name<'_, F> {
            type Target = Dquot<F>;

            #[inline]
            fn deref(&self) -> &Dquot<F> {
                self.dquot
            }
        }
    };
}

argument!(
    /// A dquot that somebody wants to use.
    Acquire
);

/// Proof that [`Acquire::dquot_acquire`] was called.
pub struct Acquired<'a>(PhantomData<&'a ()>);

impl<'a, F: FileSystem> Acquire<'a, F> {
    /// Asks the format for the quota ([`super::Format::read_dqblk`]), and then has it keep it
    /// ([`super::Format::commit_dqblk`]), unless another task was faster.
    ///
    /// Mirrors `dquot_acquire()` of `fs/quota/dquot.c`. Takes `dq_lock`; sleeps.
    ///
    /// # Errors
    ///
    /// Those of the format.
    #[inline]
    pub fn dquot_acquire(self) -> Result<Acquired<'a>> {
        // SAFETY: `dqget()` has passed the dquot to `->acquire_dquot`, to which it has a reference.
        to_result(unsafe { extra_bindings::vfs_dquot_acquire(self.dquot.as_ptr()) })?;
        Ok(Acquired(PhantomData))
    }
}

argument!(
    /// A dquot that nobody uses any more.
    Release
);

/// Proof that [`Release::dquot_release`] was called.
pub struct Released<'a>(Result, PhantomData<&'a ()>);

impl Released<'_> {
    /// What the format said. C does not ask for it.
    #[inline]
    pub fn result(&self) -> Result {
        self.0
    }
}

impl<'a, F: FileSystem> Release<'a, F> {
    /// Gives the quota back to the format ([`super::Format::release_dqblk`]), unless somebody has
    /// begun to use it again.
    ///
    /// Mirrors `dquot_release()` of `fs/quota/dquot.c`. Takes `dq_lock`; sleeps.
    #[inline]
    pub fn dquot_release(self) -> Released<'a> {
        // SAFETY: `quota_release_workfn()` has passed the dquot to `->release_dquot`.
        let result = to_result(unsafe { extra_bindings::vfs_dquot_release(self.dquot.as_ptr()) });
        Released(result, PhantomData)
    }
}

argument!(
    /// A dquot that is dirty.
    Write
);

/// Proof that [`Write::dquot_commit`] was called.
pub struct Written<'a>(PhantomData<&'a ()>);

impl<'a, F: FileSystem> Write<'a, F> {
    /// Has the format keep the quota ([`super::Format::commit_dqblk`]), if it is still dirty.
    ///
    /// Mirrors `dquot_commit()` of `fs/quota/dquot.c`. Takes `dq_lock`; sleeps.
    ///
    /// # Errors
    ///
    /// Those of the format.
    #[inline]
    pub fn dquot_commit(self) -> Result<Written<'a>> {
        // SAFETY: `dquot_write_dquot()` has passed the dquot to `->write_dquot`.
        to_result(unsafe { extra_bindings::vfs_dquot_commit(self.dquot.as_ptr()) })?;
        Ok(Written(PhantomData))
    }
}

/// The callbacks of quotas: `struct dquot_operations`.
///
/// As the document says, they wrap the generic functions with what the filesystem needs: a
/// transaction, for instance. C relies on what those do, so a callback shows with what it returns
/// that it called its one. Without a method C calls the generic function itself. All may sleep.
///
/// `->alloc_dquot` and `->destroy_dquot` are the layer's; `Documentation/vfs.rst` says which slots
/// are not here, and why.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// Writes a dquot that is dirty: when quotas are synced, and before it is released. If it fails,
    /// C says so in the log, and gives it up.
    fn write_dquot<'a>(dquot: Write<'a, Self::FileSystem>) -> Result<Written<'a>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Somebody wants to use the dquot, which is not in use.
    ///
    /// Called by what makes inodes and changes their owners, and by quotactl(2).
    fn acquire_dquot<'a>(dquot: Acquire<'a, Self::FileSystem>) -> Result<Acquired<'a>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Nobody uses the dquot any more. Called by a worker of C, without a lock.
    ///
    /// A worker comes back until it is released, so this cannot fail.
    fn release_dquot<'a>(dquot: Release<'a, Self::FileSystem>) -> Released<'a> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Use or limits have changed: calls [`Dquot::dquot_mark_dquot_dirty`] if that is ever to be
    /// written. Returns whether it was dirty before.
    ///
    /// It has happened already, so this cannot fail.
    fn mark_dirty(dquot: &Dquot<Self::FileSystem>) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes what is known of all quotas of a type: how long soft limits may be exceeded.
    fn write_info(
        sb: &Locked<'_, SuperBlock<Self::FileSystem>, rule::write_info::Sb>,
        ty: QuotaType,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The project of an inode. Without it there are no quotas for projects.
    fn get_projid(inode: &Host<Self::FileSystem>) -> Result<Kprojid> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// How many inodes this one was charged for, if not for one. Asked before its owner changes.
    fn get_inode_usage(inode: &Host<Self::FileSystem>) -> Result<u64> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The first quota from `id` on, of its type. Called by quotactl(2), which holds `s_umount`.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is none.
    fn get_next_id(
        sb: &Locked<'_, SuperBlock<Self::FileSystem>, Shared>,
        id: Kqid,
    ) -> Result<Kqid> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A table of operations for superblocks of `F`.
pub struct Ops<F: FileSystem>(&'static bindings::dquot_operations, PhantomData<F>);

impl<F: FileSystem> Ops<F> {
    /// Returns the table of `T`.
    pub const fn of<T: Operations<FileSystem = F>>() -> Self {
        Self(&Table::<T>::TABLE, PhantomData)
    }

    pub(super) const fn as_ptr(&self) -> *const bindings::dquot_operations {
        self.0
    }
}

struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `dq_op` of superblocks of the filesystem that are set up,
// for dquots of those superblocks and types of which quotas are on.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->write_dquot`.
    unsafe extern "C" fn write_dquot(dquot: *mut bindings::dquot) -> c_int {
        // SAFETY: `dquot_write_dquot()` passes a dquot that is not freed.
        let dquot = unsafe { Dquot::from_raw(dquot) };
        let _not_send = NotThreadSafe::default();
        from_result(|| T::write_dquot(Write { dquot, _not_send }).map(|Written(_)| 0))
    }

    /// # Safety
    ///
    /// As `->acquire_dquot`.
    unsafe extern "C" fn acquire_dquot(dquot: *mut bindings::dquot) -> c_int {
        // SAFETY: `dqget()` passes a dquot that it has a reference to.
        let dquot = unsafe { Dquot::from_raw(dquot) };
        let _not_send = NotThreadSafe::default();
        from_result(|| T::acquire_dquot(Acquire { dquot, _not_send }).map(|Acquired(_)| 0))
    }

    /// # Safety
    ///
    /// As `->release_dquot`.
    unsafe extern "C" fn release_dquot(dquot: *mut bindings::dquot) -> c_int {
        // SAFETY: `quota_release_workfn()` passes a dquot that it is about to put on the free list.
        let dquot = unsafe { Dquot::from_raw(dquot) };
        let _not_send = NotThreadSafe::default();
        let Released(result, _) = T::release_dquot(Release { dquot, _not_send });
        from_result(|| result.map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->mark_dirty`.
    unsafe extern "C" fn mark_dirty(dquot: *mut bindings::dquot) -> c_int {
        // SAFETY: `mark_dquot_dirty()` passes a dquot that is kept by SRCU or a reference.
        c_int::from(T::mark_dirty(unsafe { Dquot::from_raw(dquot) }))
    }

    /// # Safety
    ///
    /// As `->write_info`.
    unsafe extern "C" fn write_info(sb: *mut bindings::super_block, ty: c_int) -> c_int {
        // SAFETY: The superblock is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: `dquot_writeback_dquots()` and `dquot_disable()` want `s_umount` to be held, and
        // quotactl(2), which calls `dquot_set_dqinfo()`, holds it.
        let sb = unsafe { Locked::assume(sb) };
        // SAFETY: C counts up to `MAXQUOTAS`.
        let ty = unsafe { QuotaType::from_raw(ty) };
        from_result(|| T::write_info(&sb, ty).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->get_projid`.
    unsafe extern "C" fn get_projid(
        inode: *mut bindings::inode,
        projid: *mut bindings::kprojid_t,
    ) -> c_int {
        // SAFETY: `__dquot_initialize()` passes an inode that its caller uses: `quota/inode.rs`
        // does so only once its data are initialised. `add_dquot_ref()` finds those open for writing.
        let inode = unsafe { Host::from_raw(inode) };
        from_result(|| {
            let found = T::get_projid(inode)?;
            // SAFETY: It belongs to the caller, which waits.
            unsafe { projid.write(found.0) };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As `->get_inode_usage`.
    unsafe extern "C" fn get_inode_usage(
        inode: *mut bindings::inode,
        usage: *mut bindings::qsize_t,
    ) -> c_int {
        // SAFETY: `__dquot_transfer()` passes an inode whose `i_rwsem` its caller holds.
        let inode = unsafe { Host::from_raw(inode) };
        from_result(|| {
            let count = i64::try_from(T::get_inode_usage(inode)?)?;
            // SAFETY: It belongs to the caller, which waits.
            unsafe { usage.write(count) };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As `->get_next_id`.
    unsafe extern "C" fn get_next_id(
        sb: *mut bindings::super_block,
        qid: *mut bindings::kqid,
    ) -> c_int {
        // SAFETY: `dquot_get_next_dqblk()` passes the superblock of a mount.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: quotactl(2) holds `s_umount`.
        let sb = unsafe { Locked::assume(sb) };
        // SAFETY: It belongs to the caller, which waits.
        let id = Kqid(unsafe { *qid });
        from_result(|| {
            let Kqid(found) = T::get_next_id(&sb, id)?;
            // SAFETY: As above.
            unsafe { qid.write(found) };
            Ok(0)
        })
    }

    const TABLE: bindings::dquot_operations = bindings::dquot_operations {
        alloc_dquot: Some(extra_bindings::vfs_dquot_alloc),
        destroy_dquot: Some(extra_bindings::vfs_dquot_destroy),
        write_dquot: callback!(
            T::HAS_WRITE_DQUOT,
            Self::write_dquot,
            Some(extra_bindings::vfs_dquot_commit) //
        ),
        acquire_dquot: callback!(
            T::HAS_ACQUIRE_DQUOT,
            Self::acquire_dquot,
            Some(extra_bindings::vfs_dquot_acquire) //
        ),
        release_dquot: callback!(
            T::HAS_RELEASE_DQUOT,
            Self::release_dquot,
            Some(extra_bindings::vfs_dquot_release) //
        ),
        mark_dirty: callback!(
            T::HAS_MARK_DIRTY,
            Self::mark_dirty,
            Some(extra_bindings::vfs_dquot_mark_dquot_dirty) //
        ),
        write_info: callback!(
            T::HAS_WRITE_INFO,
            Self::write_info,
            Some(extra_bindings::vfs_dquot_commit_info) //
        ),
        get_projid: callback!(T::HAS_GET_PROJID, Self::get_projid),
        get_inode_usage: callback!(T::HAS_GET_INODE_USAGE, Self::get_inode_usage),
        get_next_id: callback!(
            T::HAS_GET_NEXT_ID,
            Self::get_next_id,
            Some(extra_bindings::vfs_dquot_get_next_id) //
        ),
        ..pin_init::zeroed()
    };
}
