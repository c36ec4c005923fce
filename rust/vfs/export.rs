// SPDX-License-Identifier: GPL-2.0

//! File handles: `struct export_operations`.
//!
//! C header: [`include/linux/exportfs.h`](srctree/include/linux/exportfs.h)
//!
//! A handle is a few words that name an inode, also after the dcache has forgotten it. They reach
//! user space through name_to_handle_at(2) and the network through NFS, and come back from there:
//! what a handle says is not to be trusted.

use core::{
    marker::PhantomData,
    ptr,
    slice, //
};
use extra_bindings as bindings;
use kernel::{
    error::{
        from_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::{
        c_char,
        c_int, //
    },
    prelude::*,
    sync::aref::ARef,
    types::NotThreadSafe, //
};

use since_v7_3::code::{
    ENAMETOOLONG,
    ESTALE, //
};

use crate::{
    dentry::NAME_MAX,
    helper::callback,
    Dentry,
    FileSystem,
    Inode,
    SuperBlock, //
};

/// A handle has no type, or does not fit: `FILEID_INVALID`.
const FILEID_INVALID: u8 = bindings::fid_type_FILEID_INVALID as u8;

/// The type of a handle, one of `enum fid_type`: what its words mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FileidType(u8);

impl FileidType {
    /// An inode number of two words, low word first, and its generation.
    pub const INO64_GEN: Self = Self(0x81);
    /// As [`FileidType::INO64_GEN`], and the same three words of a directory that has the file.
    pub const INO64_GEN_PARENT: Self = Self(0x82);

    /// A type of the filesystem's own. 0 and 255 mean that there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use vfs::export::FileidType;
    ///
    /// assert!(FileidType::new(0x81) == Some(FileidType::INO64_GEN));
    /// assert!(FileidType::new(0).is_none() && FileidType::new(255).is_none());
    /// ```
    pub const fn new(ty: u8) -> Option<Self> {
        match ty {
            0 | FILEID_INVALID => None,
            _ => Some(Self(ty)),
        }
    }

    fn from_raw(ty: c_int) -> Option<Self> {
        Self::new(u8::try_from(ty).ok()?)
    }
}

/// The words of a handle that `->encode_fh` fills in.
///
/// They belong to C's caller, which waits for the callback and does not look at them meanwhile.
pub struct Fid<'a> {
    /// Not initialised yet.
    words: *mut u32,
    len: usize,
    _lifetime: PhantomData<&'a mut [u32]>,
    _not_send: NotThreadSafe,
}

impl<'a> Fid<'a> {
    /// Fills in the handle, and returns what `->encode_fh` is to return.
    ///
    /// If there is not room for all words, C learns how many are needed, and nobody gets a handle.
    pub fn set(self, ty: FileidType, words: &[u32]) -> Encoded<'a> {
        let used = words.len();
        if used > self.len {
            return Encoded(FILEID_INVALID, used, PhantomData);
        }
        // SAFETY: There is room for them, as was checked, and it is ours alone.
        unsafe { ptr::copy_nonoverlapping(words.as_ptr(), self.words, used) };
        Encoded(ty.0, used, PhantomData)
    }
}

/// Proof that `->encode_fh` has filled in a handle, or that it found too little room; and how many words
/// it used, or needs.
pub struct Encoded<'a>(u8, usize, PhantomData<&'a ()>);

/// The memory into which `->get_name` puts a name.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
pub struct NameBuffer<'a> {
    memory: *mut c_char,
    _lifetime: PhantomData<&'a mut [u8]>,
    _not_send: NotThreadSafe,
}

/// Proof that `->get_name` has found a name.
pub struct Named<'a>(PhantomData<&'a ()>);

impl<'a> NameBuffer<'a> {
    /// Sets the name.
    ///
    /// # Errors
    ///
    /// `ENAMETOOLONG`, or `EINVAL` if there is a NUL or a `/` in it or it is empty.
    pub fn set(self, name: &[u8]) -> Result<Named<'a>> {
        if name.len() > NAME_MAX {
            return Err(ENAMETOOLONG);
        }
        if name.is_empty() || name.contains(&0) || name.contains(&b'/') {
            return Err(EINVAL);
        }
        // SAFETY: `exportfs_get_name()` passes `NAME_MAX + 1` bytes.
        unsafe { ptr::copy_nonoverlapping(name.as_ptr(), self.memory.cast(), name.len()) };
        // SAFETY: As above.
        let end = unsafe { self.memory.add(name.len()) };
        // SAFETY: As above, and the name is at most `NAME_MAX` bytes long.
        unsafe { end.write(0) };
        Ok(Named(PhantomData))
    }
}

/// The callbacks for file handles: `struct export_operations`.
///
/// No lock is promised. C says of none of them whether it may sleep; all callers in C can.
///
/// `permission` and `open` are not here: filesystems of which the kernel makes the files itself
/// (pidfs, nsfs) use them instead of mounts, and NFS refuses them.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// What NFS is to know about the filesystem: `EXPORT_OP_*`.
    const FLAGS: usize = 0;

    /// Makes a handle for `inode`, with one of its directories if the caller wants that, too.
    ///
    /// C has a default only for filesystems that decode nothing, so it must be there.
    fn encode_fh<'a>(
        inode: &Inode<Self::FileSystem>,
        fid: Fid<'a>,
        parent: Option<&Inode<Self::FileSystem>>,
    ) -> Encoded<'a>;

    /// Finds the inode of a handle, and returns any dentry of it.
    ///
    /// `None` means that there is none any more: `ESTALE`. So does one without an inode; one of another
    /// superblock is refused with `EXDEV`.
    fn fh_to_dentry(
        sb: &SuperBlock<Self::FileSystem>,
        fid: &[u32],
        ty: FileidType,
    ) -> Result<Option<ARef<Dentry<Self::FileSystem>>>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Finds the directory that a handle names beside its inode. Refused as above, and with
    /// `ENOTDIR` if it is none.
    fn fh_to_parent(
        sb: &SuperBlock<Self::FileSystem>,
        fid: &[u32],
        ty: FileidType,
    ) -> Result<Option<ARef<Dentry<Self::FileSystem>>>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Finds a name that `child` has in `parent`. Without it, C reads the directory.
    fn get_name<'a>(
        parent: &Dentry<Self::FileSystem>,
        name: NameBuffer<'a>,
        child: &Dentry<Self::FileSystem>,
    ) -> Result<Named<'a>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Finds the parent of a directory that C knows without its path. Refused as above.
    fn get_parent(child: &Dentry<Self::FileSystem>) -> Result<ARef<Dentry<Self::FileSystem>>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes the attributes of the inode to where a crash does not reach them.
    fn commit_metadata(inode: &Inode<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A table of operations for superblocks of `F`.
pub struct Ops<F: FileSystem>(&'static bindings::export_operations, PhantomData<F>);

impl<F: FileSystem> Ops<F> {
    /// Returns the table of `T`.
    pub const fn of<T: Operations<FileSystem = F>>() -> Self {
        Self(&Table::<T>::TABLE, PhantomData)
    }

    pub(crate) fn as_ptr(&self) -> *const kernel::bindings::export_operations {
        // CAST: The same C type, which is opaque in the kernel's bindings.
        ptr::from_ref(self.0).cast()
    }
}

struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `s_export_op` of superblocks of the filesystem, so for
// all of them: superblocks, inodes and dentries are valid for the call, and of the filesystem.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->encode_fh`.
    unsafe extern "C" fn encode_fh(
        inode: *mut bindings::inode,
        fh: *mut u32,
        max_len: *mut c_int,
        parent: *mut bindings::inode,
    ) -> c_int {
        // SAFETY: `exportfs_encode_inode_fh()` passes an inode to which its caller has a reference.
        let inode = unsafe { Inode::from_raw(inode) };
        let parent = if parent.is_null() {
            None
        } else {
            // SAFETY: As above.
            Some(unsafe { Inode::from_raw(parent) })
        };
        // SAFETY: It belongs to the caller, which waits.
        let len = usize::try_from(unsafe { *max_len }).unwrap_or(0);
        let fid = Fid {
            words: fh,
            len: if fh.is_null() { 0 } else { len },
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        };
        let Encoded(ty, used, _) = T::encode_fh(inode, fid, parent);
        // A handle has at most 32 words.
        // SAFETY: As above.
        unsafe { *max_len = used as c_int };
        c_int::from(ty)
    }

    /// # Safety
    ///
    /// `fid` must have `len` words, which do not change for `'a`.
    unsafe fn words<'a>(fid: *mut bindings::fid, len: c_int) -> &'a [u32] {
        match usize::try_from(len) {
            // SAFETY: The caller promises it.
            Ok(len) if len > 0 => unsafe { slice::from_raw_parts(fid.cast(), len) },
            _ => &[],
        }
    }

    /// Refuses what is no directory: C looks a name up in it without asking.
    fn directory(
        found: Option<ARef<Dentry<T::FileSystem>>>,
    ) -> Result<Option<ARef<Dentry<T::FileSystem>>>> {
        match found {
            Some(dentry) if !dentry.d_can_lookup() => Err(ENOTDIR),
            found => Ok(found),
        }
    }

    /// Hands a dentry to C, which takes for granted that it is positive and of this superblock.
    fn found(
        sb: &SuperBlock<T::FileSystem>,
        found: Result<Option<ARef<Dentry<T::FileSystem>>>>,
    ) -> *mut bindings::dentry {
        match found {
            Ok(Some(dentry)) if !dentry.is_on(sb.as_ptr()) => EXDEV.to_ptr(),
            Ok(Some(dentry)) if dentry.is_negative() => ESTALE.to_ptr(),
            Ok(Some(dentry)) => ARef::into_raw(dentry).as_ptr().cast(),
            Ok(None) => ptr::null_mut(),
            Err(error) => error.to_ptr(),
        }
    }

    /// # Safety
    ///
    /// As `->fh_to_dentry`.
    unsafe extern "C" fn fh_to_dentry(
        sb: *mut bindings::super_block,
        fid: *mut bindings::fid,
        fh_len: c_int,
        fh_type: c_int,
    ) -> *mut bindings::dentry {
        // SAFETY: `exportfs_decode_fh_raw()` passes the superblock of a mount, which is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: It passes a handle of this length, which is its own.
        let fid = unsafe { Self::words(fid, fh_len) };
        let Some(ty) = FileidType::from_raw(fh_type) else {
            return ptr::null_mut();
        };
        Self::found(sb, T::fh_to_dentry(sb, fid, ty))
    }

    /// # Safety
    ///
    /// As `->fh_to_parent`.
    unsafe extern "C" fn fh_to_parent(
        sb: *mut bindings::super_block,
        fid: *mut bindings::fid,
        fh_len: c_int,
        fh_type: c_int,
    ) -> *mut bindings::dentry {
        // SAFETY: `exportfs_decode_fh_raw()` passes the superblock of a mount, which is set up.
        let sb = unsafe { SuperBlock::from_raw(sb) };
        // SAFETY: It passes a handle of this length, which is its own.
        let fid = unsafe { Self::words(fid, fh_len) };
        let Some(ty) = FileidType::from_raw(fh_type) else {
            return ptr::null_mut();
        };
        let found = T::fh_to_parent(sb, fid, ty);
        Self::found(sb, found.and_then(Self::directory))
    }

    /// # Safety
    ///
    /// As `->get_name`.
    unsafe extern "C" fn get_name(
        parent: *mut bindings::dentry,
        name: *mut c_char,
        child: *mut bindings::dentry,
    ) -> c_int {
        // SAFETY: `exportfs_get_name()` passes dentries to which its caller has references.
        let parent = unsafe { Dentry::from_raw(parent) };
        // SAFETY: As above.
        let child = unsafe { Dentry::from_raw(child) };
        let name = NameBuffer {
            memory: name,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        };
        from_result(|| T::get_name(parent, name, child).map(|_| 0))
    }

    /// # Safety
    ///
    /// As `->get_parent`.
    unsafe extern "C" fn get_parent(child: *mut bindings::dentry) -> *mut bindings::dentry {
        // SAFETY: `reconnect_one()` passes a dentry to which it has a reference.
        let child = unsafe { Dentry::from_raw(child) };
        let found = T::get_parent(child).map(Some);
        Self::found(child.sb(), found.and_then(Self::directory))
    }

    /// # Safety
    ///
    /// As `->commit_metadata`.
    unsafe extern "C" fn commit_metadata(inode: *mut bindings::inode) -> c_int {
        // SAFETY: `commit_inode_metadata()` of nfsd passes an inode that it has a reference to.
        let inode = unsafe { Inode::from_raw(inode) };
        from_result(|| T::commit_metadata(inode).map(|()| 0))
    }

    const TABLE: bindings::export_operations = bindings::export_operations {
        encode_fh: Some(Self::encode_fh),
        fh_to_dentry: callback!(T::HAS_FH_TO_DENTRY, Self::fh_to_dentry),
        fh_to_parent: callback!(T::HAS_FH_TO_PARENT, Self::fh_to_parent),
        get_name: callback!(T::HAS_GET_NAME, Self::get_name),
        get_parent: callback!(T::HAS_GET_PARENT, Self::get_parent),
        commit_metadata: callback!(T::HAS_COMMIT_METADATA, Self::commit_metadata),
        permission: None,
        open: None,
        flags: T::FLAGS,
        #[cfg(CONFIG_EXPORTFS_BLOCK_OPS)]
        block_ops: ptr::null(),
    };
}
