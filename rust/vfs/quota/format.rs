// SPDX-License-Identifier: GPL-2.0

//! `struct quota_format_type` and `struct quota_format_ops`: where quotas are that nobody uses.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    error::{
        from_result,
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    },
    types::{
        ForeignOwnable,
        Opaque, //
    },
};
use rules::{
    Exclusive,
    Held, //
};
use since_v7_3::this_module;

use super::{
    Dquot,
    Kqid,
    QuotaType, //
};
use crate::{
    fs_context,
    helper::callback,
    FileSystem,
    FileSystemType,
    Locked,
    SuperBlock, //
};

/// The largest number of a format that C knows: `QFMT_SHMEM`.
const QFMT_MAX: u32 = 5;

/// How long a soft limit may be exceeded, in seconds, unless quotactl(2) says otherwise: a week.
const GRACE: u32 = 7 * 24 * 60 * 60;

/// Limits and use of a quota: `struct mem_dqblk`. Space is in bytes, 0 is no limit.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Dqblk {
    /// How much space can be used at most.
    pub bhardlimit: i64,
    /// How much space can be used for ever.
    pub bsoftlimit: i64,
    /// How much space is used.
    pub curspace: i64,
    /// How many inodes there can be at most.
    pub ihardlimit: i64,
    /// How many inodes there can be for ever.
    pub isoftlimit: i64,
    /// How many inodes there are.
    pub curinodes: i64,
    /// Until when the soft limit of space may be exceeded, in seconds since 1970; 0 if it is not.
    pub btime: i64,
    /// Until when the soft limit of inodes may be exceeded, in seconds since 1970; 0 if it is not.
    pub itime: i64,
}

impl Dqblk {
    fn has_limits(&self) -> bool {
        self.bhardlimit != 0 || self.bsoftlimit != 0 || self.ihardlimit != 0 || self.isoftlimit != 0
    }
}

impl<F: FileSystem> Locked<'_, Dquot<F>, Held> {
    /// Copies what C counts.
    fn get(&self) -> Dqblk {
        let dquot = self.as_ptr();
        // SAFETY: The dquot is valid.
        unsafe { extra_bindings::dquot_lock_dqb(dquot) };
        // SAFETY: As above, and the lock is held.
        let dqblk = unsafe { (*dquot).dq_dqb };
        // SAFETY: The lock was taken above.
        unsafe { extra_bindings::dquot_unlock_dqb(dquot) };
        Dqblk {
            bhardlimit: dqblk.dqb_bhardlimit,
            bsoftlimit: dqblk.dqb_bsoftlimit,
            curspace: dqblk.dqb_curspace,
            ihardlimit: dqblk.dqb_ihardlimit,
            isoftlimit: dqblk.dqb_isoftlimit,
            curinodes: dqblk.dqb_curinodes,
            btime: dqblk.dqb_btime,
            itime: dqblk.dqb_itime,
        }
    }

    /// Sets what C goes on counting from. What is reserved stays.
    fn set(&self, new: &Dqblk) {
        let dquot = self.as_ptr();
        // SAFETY: The dquot is valid.
        unsafe { extra_bindings::dquot_lock_dqb(dquot) };
        // SAFETY: As above, and the lock is held.
        let dqblk = unsafe { &mut (*dquot).dq_dqb };
        dqblk.dqb_bhardlimit = new.bhardlimit;
        dqblk.dqb_bsoftlimit = new.bsoftlimit;
        dqblk.dqb_curspace = new.curspace;
        dqblk.dqb_ihardlimit = new.ihardlimit;
        dqblk.dqb_isoftlimit = new.isoftlimit;
        dqblk.dqb_curinodes = new.curinodes;
        dqblk.dqb_btime = new.btime;
        dqblk.dqb_itime = new.itime;
        if !new.has_limits() {
            // SAFETY: The dquot is valid.
            unsafe { extra_bindings::dquot_set_fake(dquot) };
        }
        // SAFETY: The lock was taken above.
        unsafe { extra_bindings::dquot_unlock_dqb(dquot) };
    }
}

/// The callbacks of a format: `struct quota_format_ops`. It keeps quotas anywhere but in files.
///
/// C calls those about a dquot from the generic functions of [`super::Operations`], with the dquot's
/// `dq_lock` held, and for different dquots at the same time. All may sleep, and allocate memory: C
/// sees to it that this does not come back into a filesystem.
///
/// Where C has `->check_quota_file` and `->write_file_info` there is nothing to do: there is no file,
/// and C remembers how long soft limits may be exceeded as long as quotas are on.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Format: Sized + 'static {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// What it keeps of all quotas of one type of one superblock: `dqi_priv`.
    ///
    /// Lives while quotas of the type are on.
    type Info: Send + Sync;

    /// Makes it, when quotas are turned on. Mirrors `->read_file_info`; C's `->free_file_info` is the
    /// drop.
    fn read_file_info(
        sb: &Locked<'_, SuperBlock<Self::FileSystem>, Exclusive>,
        ty: QuotaType,
    ) -> Result<Pin<KBox<Self::Info>>>;

    /// Finds a quota that somebody wants to use, or makes up what it is to begin with.
    fn read_dqblk(
        info: &Self::Info,
        dquot: &Locked<'_, Dquot<Self::FileSystem>, Held>,
    ) -> Result<Dqblk>;

    /// Keeps a quota: it is new in use, or was changed and [`super::Operations::write_dquot`] writes
    /// it.
    fn commit_dqblk(
        info: &Self::Info,
        dquot: &Locked<'_, Dquot<Self::FileSystem>, Held>,
        dqblk: &Dqblk,
    ) -> Result;

    /// Keeps a quota that nobody uses any more: C is about to forget it.
    fn release_dqblk(
        info: &Self::Info,
        dquot: &Locked<'_, Dquot<Self::FileSystem>, Held>,
        dqblk: &Dqblk,
    ) -> Result;

    /// The number of the first quota from `id` on, in use or not. No lock is promised.
    fn get_next_id(info: &Self::Info, id: u32) -> Option<u32> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A `struct quota_format_type`, for a static.
///
/// # Invariants
///
/// `s_type` is null, or the type of the filesystem `T::FileSystem`.
#[repr(C)]
pub struct FormatType<T: Format> {
    inner: Opaque<bindings::quota_format_type>,
    /// Whose superblocks may use it, while it is registered.
    s_type: Atomic<*mut bindings::file_system_type>,
    _format: PhantomData<fn() -> T>,
}

// SAFETY: C uses it from any thread under its own lock; `s_type` is atomic.
unsafe impl<T: Format> Sync for FormatType<T> {}

impl<T: Format> FormatType<T> {
    /// Describes the format that quotactl(2) knows by this number (`Q_GETFMT`). Those of C's formats
    /// do not compile.
    pub const fn new(qf_fmt_id: u32) -> Self {
        assert!(qf_fmt_id > QFMT_MAX && qf_fmt_id <= i32::MAX as u32);
        Self {
            inner: Opaque::new(bindings::quota_format_type {
                qf_fmt_id: qf_fmt_id as c_int,
                qf_ops: &Table::<T>::TABLE,
                qf_owner: this_module!(T::OwnerModule),
                ..pin_init::zeroed()
            }),
            s_type: Atomic::new(ptr::null_mut()),
            _format: PhantomData,
        }
    }

    pub(super) fn qf_fmt_id(&self) -> c_int {
        // SAFETY: It never changes.
        unsafe { (*self.inner.get()).qf_fmt_id }
    }
}

/// Keeps a format registered: quotas can be turned on with it until this is dropped.
///
/// It belongs into the module, after the [`crate::Registration`] of the filesystem. The module cannot
/// go while quotas are on.
///
/// # Examples
///
/// ```
/// use vfs::{
///     fs_context::{self, FsContext},
///     quota::{Dqblk, Dquot, Format, FormatType, QuotaType, Registration},
///     rules::Held,
///     sb, FileSystemType,
/// };
///
/// /// Counts, but remembers nothing.
/// struct Nothing;
///
/// #[vtable]
/// impl Format for Nothing {
///     type FileSystem = Fs;
///     type Info = ();
///
///     fn read_file_info(
///         _sb: &Locked<'_, SuperBlock<Fs>, Exclusive>,
///         _ty: QuotaType,
///     ) -> Result<Pin<KBox<()>>> {
///         Ok(KBox::pin((), GFP_KERNEL)?)
///     }
///
///     fn read_dqblk(_info: &(), _dquot: &Locked<'_, Dquot<Fs>, Held>) -> Result<Dqblk> {
///         Ok(Dqblk::default())
///     }
///
///     fn commit_dqblk(_info: &(), _dquot: &Locked<'_, Dquot<Fs>, Held>, _dqblk: &Dqblk) -> Result {
///         Ok(())
///     }
///
///     fn release_dqblk(_info: &(), _dquot: &Locked<'_, Dquot<Fs>, Held>, _dqblk: &Dqblk) -> Result {
///         Ok(())
///     }
/// }
///
/// #[derive(Default)]
/// struct Context;
///
/// #[vtable]
/// impl fs_context::Operations for Context {
///     type FileSystem = Fs;
///
///     fn fill_super(
///         &mut self,
///         _fc: &FsContext<'_>,
///         _sb: sb::New<'_, Fs>,
///     ) -> Result<ARef<Inode<Fs>>> {
///         Err(ENODEV)
///     }
/// }
///
/// static TYPE: FileSystemType<Context> = FileSystemType::new(c"vfs_quota", 0);
/// static FORMAT: FormatType<Nothing> = FormatType::new(0x6578_616d);
///
/// let registration = Registration::new(&FORMAT, &TYPE)?;
/// // Once is enough.
/// assert!(Registration::new(&FORMAT, &TYPE).is_err());
/// drop(registration);
/// drop(Registration::new(&FORMAT, &TYPE)?);
/// ```
pub struct Registration<T: Format>(&'static FormatType<T>);

impl<T: Format> Registration<T> {
    /// Registers the format for superblocks of this type.
    ///
    /// Mirrors `register_quota_format()` of `fs/quota/dquot.c`.
    ///
    /// # Errors
    ///
    /// `EBUSY` if it is registered already.
    pub fn new<C>(format: &'static FormatType<T>, ty: &'static FileSystemType<C>) -> Result<Self>
    where
        C: fs_context::Operations<FileSystem = T::FileSystem>,
    {
        // INVARIANT: It is the type of that filesystem.
        if format
            .s_type
            .cmpxchg(ptr::null_mut(), ty.as_ptr(), Full)
            .is_err()
        {
            return Err(EBUSY);
        }
        // SAFETY: The format is static, not registered, and unregistered when this is dropped.
        let error = unsafe { extra_bindings::vfs_register_quota_format(format.inner.get()) };
        if let Err(error) = to_result(error) {
            format.s_type.store(ptr::null_mut(), Relaxed);
            return Err(error);
        }
        Ok(Self(format))
    }
}

impl<T: Format> Drop for Registration<T> {
    fn drop(&mut self) {
        // SAFETY: `new` has registered it.
        unsafe { extra_bindings::vfs_unregister_quota_format(self.0.inner.get()) };
        self.0.s_type.store(ptr::null_mut(), Relaxed);
    }
}

struct Table<T: Format>(PhantomData<T>);

// C calls the callbacks only while quotas of the type are on, or are being turned on or off. Once
// `read_file_info` has found that the superblock is of the filesystem, so are all that follow.
impl<T: Format> Table<T> {
    /// # Safety
    ///
    /// `sb` must be a superblock, and quotas of type `ty` be on or being turned on or off.
    unsafe fn mem_dqinfo(sb: *mut bindings::super_block, ty: c_int) -> *mut bindings::mem_dqinfo {
        // SAFETY: The caller promises that the superblock is valid, and C that `ty` is a type.
        unsafe {
            (&raw mut (*sb).s_dquot.info)
                .cast::<bindings::mem_dqinfo>()
                .add(ty as usize)
        }
    }

    /// # Safety
    ///
    /// `dquot` must be what C passes to one of the callbacks here, and `'a` within that call.
    unsafe fn info<'a>(
        dquot: *mut bindings::dquot,
    ) -> (&'a T::Info, Locked<'a, Dquot<T::FileSystem>, Held>) {
        // SAFETY: The dquot is not freed.
        let (sb, ty) = unsafe { ((*dquot).dq_sb, (*dquot).dq_id.type_) };
        // SAFETY: Quotas of the type are on as long as there are dquots.
        let info = unsafe { Self::mem_dqinfo(sb, ty as c_int) };
        // SAFETY: `read_file_info` has set it, and `free_file_info` comes after the last dquot.
        let info = unsafe { (*info).dqi_priv };
        // SAFETY: `read_file_info` has made it so.
        let info = unsafe { &*info.cast::<T::Info>() };
        // SAFETY: The dquot is one of the filesystem's, and not freed.
        let dquot = unsafe { Dquot::from_raw(dquot) };
        // SAFETY: `dquot_acquire()`, `dquot_commit()` and `dquot_release()` hold its `dq_lock`.
        (info, unsafe { Locked::assume(dquot) })
    }

    /// # Safety
    ///
    /// As `->check_quota_file`.
    unsafe extern "C" fn check_quota_file(_sb: *mut bindings::super_block, _ty: c_int) -> c_int {
        1
    }

    /// # Safety
    ///
    /// As `->read_file_info`.
    unsafe extern "C" fn read_file_info(sb: *mut bindings::super_block, ty: c_int) -> c_int {
        // SAFETY: `dquot_load_quota_sb()` passes a superblock on which it turns quotas on.
        let info = unsafe { Self::mem_dqinfo(sb, ty) };
        // SAFETY: It has set the format, which is this one.
        let format: *mut FormatType<T> = unsafe { (*info).dqi_format }.cast();
        // SAFETY: Formats with this table are the first field of a `FormatType`, which is static.
        let s_type = unsafe { (*format).s_type.load(Relaxed) };
        // Any filesystem can ask for a format by its number.
        // SAFETY: The superblock is valid.
        if s_type.is_null() || unsafe { (*sb).s_type } != s_type {
            return EINVAL.to_errno();
        }
        // SAFETY: It is of the filesystem; and it is set up, or it had no `dq_op`.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: `dquot_load_quota_sb()` wants `s_umount` to be held exclusively; the token of its
        // caller is lent to it.
        let sb = unsafe { Locked::assume(sb) };
        from_result(|| {
            // SAFETY: As above.
            let new = T::read_file_info(&sb, unsafe { QuotaType::from_raw(ty) })?;
            // SAFETY: Nobody else uses it before quotas are on.
            let info = unsafe { &mut *info };
            info.dqi_priv = new.into_foreign();
            info.dqi_max_spc_limit = i64::MAX;
            info.dqi_max_ino_limit = i64::MAX;
            info.dqi_bgrace = GRACE;
            info.dqi_igrace = GRACE;
            info.dqi_flags = 0;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As `->write_file_info`.
    unsafe extern "C" fn write_file_info(sb: *mut bindings::super_block, ty: c_int) -> c_int {
        // SAFETY: Quotas of the type are on.
        unsafe { extra_bindings::quota_info_clean(sb, ty) };
        0
    }

    /// # Safety
    ///
    /// As `->free_file_info`.
    unsafe extern "C" fn free_file_info(sb: *mut bindings::super_block, ty: c_int) -> c_int {
        // SAFETY: `dquot_disable()` passes a superblock on which it turns quotas off.
        let info = unsafe { Self::mem_dqinfo(sb, ty) };
        // SAFETY: The superblock is valid, and there are no users of quotas any more.
        let old: *mut c_void = unsafe { (*info).dqi_priv };
        // SAFETY: As above.
        unsafe { (*info).dqi_priv = ptr::null_mut() };
        // SAFETY: `read_file_info` has made it so, and there are no dquots any more.
        drop(unsafe { Pin::<KBox<T::Info>>::from_foreign(old) });
        0
    }

    /// # Safety
    ///
    /// As `->read_dqblk`.
    unsafe extern "C" fn read_dqblk(dquot: *mut bindings::dquot) -> c_int {
        // SAFETY: `dquot_acquire()` passes it.
        let (info, dquot) = unsafe { Self::info(dquot) };
        from_result(|| {
            dquot.set(&T::read_dqblk(info, &dquot)?);
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As `->commit_dqblk`.
    unsafe extern "C" fn commit_dqblk(dquot: *mut bindings::dquot) -> c_int {
        // SAFETY: `dquot_acquire()` or `dquot_commit()` passes it.
        let (info, dquot) = unsafe { Self::info(dquot) };
        from_result(|| T::commit_dqblk(info, &dquot, &dquot.get()).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->release_dqblk`.
    unsafe extern "C" fn release_dqblk(dquot: *mut bindings::dquot) -> c_int {
        // SAFETY: `dquot_release()` passes it.
        let (info, dquot) = unsafe { Self::info(dquot) };
        from_result(|| T::release_dqblk(info, &dquot, &dquot.get()).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->get_next_id`.
    unsafe extern "C" fn get_next_id(
        sb: *mut bindings::super_block,
        qid: *mut bindings::kqid,
    ) -> c_int {
        // SAFETY: It belongs to the caller, which waits.
        let id = Kqid(unsafe { *qid });
        // SAFETY: `dquot_get_next_id()` has checked that quotas of the type are on, and whoever may
        // call it holds `s_umount`, so that they stay on.
        let info = unsafe { Self::mem_dqinfo(sb, id.ty() as c_int) };
        // SAFETY: As above.
        let info = unsafe { (*info).dqi_priv };
        // SAFETY: `read_file_info` has made it so.
        let info = unsafe { &*info.cast::<T::Info>() };
        let Some(found) = T::get_next_id(info, id.into_init()) else {
            return ENOENT.to_errno();
        };
        // SAFETY: It belongs to the caller, which waits.
        unsafe { qid.write(id.with_init(found).0) };
        0
    }

    const TABLE: bindings::quota_format_ops = bindings::quota_format_ops {
        check_quota_file: Some(Self::check_quota_file),
        read_file_info: Some(Self::read_file_info),
        write_file_info: Some(Self::write_file_info),
        free_file_info: Some(Self::free_file_info),
        read_dqblk: Some(Self::read_dqblk),
        commit_dqblk: Some(Self::commit_dqblk),
        release_dqblk: Some(Self::release_dqblk),
        get_next_id: callback!(T::HAS_GET_NEXT_ID, Self::get_next_id),
    };
}
