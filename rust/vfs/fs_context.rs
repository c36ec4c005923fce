// SPDX-License-Identifier: GPL-2.0

//! `struct fs_context_operations`: mounting, and changing the options of what is mounted.
//!
//! C headers: [`include/linux/fs_context.h`](srctree/include/linux/fs_context.h),
//! [`include/linux/fs_parser.h`](srctree/include/linux/fs_parser.h)

use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr, //
};
use extra_bindings as bindings;
use kernel::{
    error::{
        from_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::{
        c_char,
        c_int,
        c_void, //
    },
    fmt,
    prelude::*,
    str::CStr,
    sync::aref::ARef,
    types::NotThreadSafe, //
};
use rules::Exclusive;

use crate::{
    helper::callback,
    sb::{
        self,
        SuperBlock, //
    },
    FileSystem,
    Inode,
    Locked, //
};

mod parameter;

use parameter::NO_PARAMETERS;
pub use parameter::{
    Parameter,
    Parameters,
    Table,
    Value, //
};

/// A `struct fs_context`: one attempt to mount or to change options.
pub struct FsContext<'a> {
    fc: *mut bindings::fs_context,
    _lifetime: PhantomData<&'a ()>,
    _not_send: NotThreadSafe,
}

impl FsContext<'_> {
    /// # Safety
    ///
    /// `fc` must be what C passes to one of the callbacks here, and the lifetime within that call.
    unsafe fn from_raw(fc: *mut bindings::fs_context) -> Self {
        Self {
            fc,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    fn logfc(&self, level: u8, args: fmt::Arguments<'_>) {
        // SAFETY: The context is valid.
        let log = unsafe { &(*self.fc).log };
        // SAFETY: The log is that of the context. `%pA` prints Rust's arguments, which live for the
        // call.
        unsafe {
            bindings::logfc(
                log.log,
                log.prefix,
                level as c_char,
                c"%pA".as_char_ptr(),
                ptr::from_ref(&args).cast::<kernel::ffi::c_void>(),
            )
        };
    }

    /// Tells the caller of mount(2), or of the new mount API, what is wrong.
    ///
    /// Mirrors `errorf()`: read from the descriptor of the context, or printed by the kernel for
    /// mount(2). May sleep.
    pub fn errorf(&self, args: fmt::Arguments<'_>) {
        self.logfc(b'e', args);
    }

    /// As [`FsContext::errorf`], and returns `EINVAL`: `invalf()`.
    pub fn invalf(&self, args: fmt::Arguments<'_>) -> Error {
        self.errorf(args);
        EINVAL
    }
}

/// Where a mount gets its superblock from: C's helper for `->get_tree`.
#[derive(Clone, Copy)]
pub struct GetTree {
    bdev: bool,
}

impl GetTree {
    /// Each mount gets a superblock of its own, without a device.
    pub const GET_TREE_NODEV: Self = Self { bdev: false };

    /// There is one superblock for each block device, which mount(2) got as its source
    /// ([`SuperBlock::read_bdev`]). Where it is mounted already,
    /// [`Operations::fill_super`] is not called. The type is `FS_REQUIRES_DEV`.
    pub const GET_TREE_BDEV: Self = Self { bdev: true };

    pub(crate) const fn has_bdev(self) -> bool {
        self.bdev
    }

    pub(crate) const fn fs_flags(self) -> i32 {
        if self.bdev {
            kernel::bindings::FS_REQUIRES_DEV as i32
        } else {
            0
        }
    }
}

/// The callbacks of a context: `struct fs_context_operations`.
///
/// `Self` is what C hangs on `fs_private`: the options parsed so far. Callbacks of one context do
/// not run at the same time: C serialises them with `uapi_mutex`, or is its only user. All may
/// sleep.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized + Send + Default + 'static {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The mount options: none, if this is left out.
    const PARAMETERS: Table = NO_PARAMETERS.table();

    /// Whether it can only be read: every superblock is `SB_RDONLY`, and a remount does not change
    /// that. C refuses whatever writes with `EROFS`.
    const READ_ONLY: bool = false;

    /// The helper for `->get_tree`.
    const GET_TREE: GetTree = GetTree::GET_TREE_NODEV;

    /// Makes the context for a mount or, if there is a superblock, for a change of its options.
    ///
    /// Mirrors `->init_fs_context` of `struct file_system_type`.
    fn init_fs_context(sb: Option<&SuperBlock<Self::FileSystem>>) -> Result<Self> {
        Ok(Self::default())
    }

    /// Makes a copy of the options parsed so far, for a mount that C makes itself: of an automount.
    ///
    /// Without it C cannot copy the context.
    fn dup(&self) -> Result<Self> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes all that mount(2) got as its data, instead of C, which cuts it at commas and calls
    /// [`Operations::parse_param`] with the parts.
    fn parse_monolithic(&mut self, fc: &FsContext<'_>, data: Option<&CStr>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes an option, which has passed `fs_parse()`: unknown options and values of the wrong form
    /// are refused before, with a message that names them.
    ///
    /// # Errors
    ///
    /// Whatever mount(2) is to return. Say more with [`FsContext::invalf`].
    fn parse_param(&mut self, fc: &FsContext<'_>, opt: u8, value: Value<'_>) -> Result {
        Err(EINVAL)
    }

    /// Sets up a superblock for a mount and returns its root.
    ///
    /// This is the `fill_super` of the helper in [`Operations::GET_TREE`]. `s_umount` is held
    /// exclusively.
    fn fill_super(
        &mut self,
        fc: &FsContext<'_>,
        sb: sb::New<'_, Self::FileSystem>,
    ) -> Result<ARef<Inode<Self::FileSystem>>>;

    /// Changes the options of a superblock to those parsed: mount -o remount.
    ///
    /// Without this method it changes nothing, and succeeds.
    fn reconfigure(
        &mut self,
        fc: &FsContext<'_>,
        sb: &Locked<'_, SuperBlock<Self::FileSystem>, Exclusive>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// Implements `->init_fs_context`.
///
/// # Safety
///
/// Only C may call it, as `alloc_fs_context()` does, for the [`crate::FileSystemType`] of `C`.
pub(crate) unsafe extern "C" fn init_fs_context<C: Operations>(
    fc: *mut kernel::bindings::fs_context,
) -> c_int {
    // CAST: The same C type, which is opaque in the kernel's bindings.
    let fc: *mut bindings::fs_context = fc.cast();
    from_result(|| {
        // SAFETY: The context is valid and new.
        let root = unsafe { (*fc).root };
        let sb = if root.is_null() {
            None
        } else {
            // SAFETY: A context for a change of options has a reference to the root.
            let sb = unsafe { (*root).d_sb };
            // SAFETY: The superblock has a root, so it is set up, and is of the filesystem.
            Some(unsafe { SuperBlock::from_raw(sb) })
        };
        let context = KBox::new(C::init_fs_context(sb)?, GFP_KERNEL)?;
        // SAFETY: The context is valid and new, so this is the only user of it.
        unsafe { (*fc).fs_private = KBox::into_raw(context).cast() };
        // SAFETY: As above; the table lives for ever.
        unsafe { (*fc).ops = &VTable::<C>::TABLE };
        Ok(0)
    })
}

/// What `init_fs_context` has hung on a context.
///
/// # Safety
///
/// `fc` must be a context that `init_fs_context::<C>` has set up, and nobody else may use what it is
/// set up with.
pub(crate) unsafe fn context<'a, C: Operations>(fc: *mut bindings::fs_context) -> &'a mut C {
    // SAFETY: The context is valid.
    let context = unsafe { (*fc).fs_private };
    // SAFETY: `init_fs_context` has put a box there. Only this layer uses it.
    unsafe { &mut *context.cast() }
}

struct VTable<T>(PhantomData<T>);

// The callbacks are only called by C through `ops` of contexts that `init_fs_context` has set up, one
// at a time.
impl<T: Operations> VTable<T> {
    /// # Safety
    ///
    /// `fc` must be a context that `init_fs_context::<T>` has set up, and nobody else may use what
    /// it is set up with.
    unsafe fn context<'a>(fc: *mut bindings::fs_context) -> &'a mut T {
        // SAFETY: The caller promises it.
        unsafe { context(fc) }
    }

    /// # Safety
    ///
    /// As `->free`: `put_fs_context()` calls it once, at the end.
    unsafe extern "C" fn free(fc: *mut bindings::fs_context) {
        // SAFETY: The context is valid.
        let context: *mut T = unsafe { (*fc).fs_private }.cast();
        if !context.is_null() {
            // SAFETY: `init_fs_context` has put a box there, and nobody uses it any more.
            drop(unsafe { KBox::from_raw(context) });
        }
    }

    /// # Safety
    ///
    /// As `->dup`.
    unsafe extern "C" fn dup(
        fc: *mut bindings::fs_context,
        src_fc: *mut bindings::fs_context,
    ) -> c_int {
        from_result(|| {
            // SAFETY: `src_fc` is set up, and nobody else uses it for the call.
            let src = unsafe { Self::context(src_fc) };
            let context = KBox::new(src.dup()?, GFP_KERNEL)?;
            // SAFETY: `fc` is new, so this is the only user of it; `vfs_dup_fs_context()` has cleared
            // the pointer.
            unsafe { (*fc).fs_private = KBox::into_raw(context).cast() };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As `->parse_monolithic`.
    unsafe extern "C" fn parse_monolithic(
        fc: *mut bindings::fs_context,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: The context and its type are valid.
        let flags = unsafe { (*(*fc).fs_type).fs_flags };
        let data = if data.is_null() {
            None
        } else if flags & bindings::FS_BINARY_MOUNTDATA as i32 != 0 {
            return EINVAL.to_errno();
        } else {
            // SAFETY: It is a text that lives for the call: `copy_mount_options()` ends it in a NUL.
            Some(unsafe { CStr::from_char_ptr(data.cast()) })
        };
        // SAFETY: The context is set up, and C calls one callback at a time.
        let context = unsafe { Self::context(fc) };
        // SAFETY: The context is valid for the call.
        let fc = unsafe { FsContext::from_raw(fc) };
        from_result(|| context.parse_monolithic(&fc, data).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->parse_param`.
    unsafe extern "C" fn parse_param(
        fc: *mut bindings::fs_context,
        param: *mut bindings::fs_parameter,
    ) -> c_int {
        let mut result = MaybeUninit::<bindings::fs_parse_result>::zeroed();
        // SAFETY: The context is valid.
        let log = unsafe { &raw mut (*fc).log };
        // SAFETY: `vfs_parse_fs_param()` passes a valid parameter; the table lives for ever.
        let opt = unsafe {
            bindings::__fs_parse(log, T::PARAMETERS.as_ptr(), param, result.as_mut_ptr())
        };
        if opt < 0 {
            return opt;
        }
        // SAFETY: All zeroes is a valid value, and C has only written valid ones into it.
        let result = unsafe { result.assume_init() };
        // SAFETY: The context is set up, and C calls one callback at a time.
        let context = unsafe { Self::context(fc) };
        // SAFETY: The context is valid for the call.
        let fc = unsafe { FsContext::from_raw(fc) };
        from_result(|| {
            // SAFETY: They are what C has just found for this parameter, which lives for the call.
            let (opt, value) = unsafe { T::PARAMETERS.value(&fc, opt, result, param) }?;
            context.parse_param(&fc, opt, value).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// As `->get_tree`.
    unsafe extern "C" fn get_tree(fc: *mut bindings::fs_context) -> c_int {
        if T::READ_ONLY {
            // SAFETY: `vfs_get_tree()` passes a valid context, which nobody else uses.
            unsafe { (*fc).sb_flags |= bindings::RUST_CONST_HELPER_SB_RDONLY };
        }
        if T::GET_TREE.has_bdev() {
            // SAFETY: `vfs_get_tree()` passes a valid context.
            unsafe { bindings::get_tree_bdev(fc, Some(Self::fill_super)) }
        } else {
            // SAFETY: As above.
            unsafe { bindings::get_tree_nodev(fc, Some(Self::fill_super)) }
        }
    }

    /// # Safety
    ///
    /// As `fill_super` of `get_tree_nodev()` and `get_tree_bdev()`, which pass a new superblock.
    unsafe extern "C" fn fill_super(
        sb: *mut bindings::super_block,
        fc: *mut bindings::fs_context,
    ) -> c_int {
        // SAFETY: The context is set up, and C calls one callback at a time.
        let context = unsafe { Self::context(fc) };
        // SAFETY: The context is valid for the call.
        let fc = unsafe { FsContext::from_raw(fc) };
        // SAFETY: The superblock is new and valid for the call.
        let new = unsafe { sb::New::from_raw(sb) };
        from_result(|| {
            let root = context.fill_super(&fc, new)?;
            if root.sb().as_ptr() != sb || !root.is_dir() {
                return Err(EINVAL);
            }
            // SAFETY: Takes over the reference to the inode, also if it fails.
            let root = unsafe { bindings::d_make_root(ARef::into_raw(root).as_ptr().cast()) };
            if root.is_null() {
                return Err(ENOMEM);
            }
            // SAFETY: The superblock is valid and nobody else uses it yet.
            unsafe { (*sb).s_root = root };
            // SAFETY: It has a root, so it is set up.
            let sb = unsafe { SuperBlock::<T::FileSystem>::from_raw(sb) };
            // SAFETY: It is new. If this or the mount fails, C calls `->kill_sb`.
            unsafe { sb::add_counters(sb) }?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As `->reconfigure`.
    unsafe extern "C" fn reconfigure(fc: *mut bindings::fs_context) -> c_int {
        if T::READ_ONLY {
            // SAFETY: `reconfigure_super()` passes a valid context, and takes the flags from it after
            // the call.
            unsafe { (*fc).sb_flags |= bindings::RUST_CONST_HELPER_SB_RDONLY };
        }
        if !T::HAS_RECONFIGURE {
            return 0;
        }
        // SAFETY: `reconfigure_super()` passes a context with the root of a superblock.
        let sb = unsafe { (*(*fc).root).d_sb };
        // SAFETY: It has a root, so it is set up; the context has a reference to it.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: The callers of `reconfigure_super()` hold `s_umount` exclusively.
        let sb = unsafe { Locked::assume(sb) };
        // SAFETY: The context is set up, and C calls one callback at a time.
        let context = unsafe { Self::context(fc) };
        // SAFETY: The context is valid for the call.
        let fc = unsafe { FsContext::from_raw(fc) };
        from_result(|| context.reconfigure(&fc, &sb).map(|()| 0))
    }

    const TABLE: bindings::fs_context_operations = bindings::fs_context_operations {
        free: Some(Self::free),
        dup: callback!(T::HAS_DUP, Self::dup),
        parse_param: Some(Self::parse_param),
        parse_monolithic: callback!(T::HAS_PARSE_MONOLITHIC, Self::parse_monolithic),
        get_tree: Some(Self::get_tree),
        reconfigure: callback!(T::HAS_RECONFIGURE || T::READ_ONLY, Self::reconfigure),
    };
}
