// SPDX-License-Identifier: GPL-2.0

//! Extended attributes: `struct xattr_handler`, and what `->listxattr` fills in.
//!
//! C header: [`include/linux/xattr.h`](srctree/include/linux/xattr.h)

use core::{
    marker::PhantomData,
    ptr,
    slice, //
};
use kernel::{
    bindings,
    error::{
        from_result,
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::{
        c_char,
        c_int,
        c_void, //
    },
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        CStr, //
    },
    types::NotThreadSafe, //
};
use rules::xattr_handler as rule;

use crate::{
    helper::callback,
    idmap::Idmap,
    Dentry,
    FileSystem,
    Inode,
    Locked, //
};

mod simple;

pub use simple::SimpleXattrs;

/// The prefix of the attributes that belong to who can read and write the file.
pub const XATTR_USER_PREFIX: &CStr = c"user.";
/// The prefix of the attributes that belong to who has `CAP_SYS_ADMIN`.
pub const XATTR_TRUSTED_PREFIX: &CStr = c"trusted.";
/// The prefix of the attributes that belong to security modules.
pub const XATTR_SECURITY_PREFIX: &CStr = c"security.";
/// The name that an access control list has as an attribute.
pub const XATTR_NAME_POSIX_ACL_ACCESS: &CStr = c"system.posix_acl_access";
/// The name that the access control list for new files has as an attribute.
pub const XATTR_NAME_POSIX_ACL_DEFAULT: &CStr = c"system.posix_acl_default";

/// Whether the current task sees attributes that begin with [`XATTR_TRUSTED_PREFIX`].
///
/// Mirrors what `simple_xattr_list()` of `fs/xattr.c` asks: `CAP_SYS_ADMIN`, without an audit.
#[inline]
pub fn may_see_trusted() -> bool {
    // SAFETY: The current task has credentials.
    unsafe { extra_bindings::capable_sys_admin_noaudit() }
}

/// Which attributes a handler is for.
#[derive(Clone, Copy)]
pub enum Name {
    /// The one with this name: `name`. The callbacks get an empty name.
    Whole(&'static CStr),
    /// All that begin so: `prefix`. The callbacks get the rest, which is not empty.
    Prefix(&'static CStr),
}

/// What is to be done about an attribute that there is, or is not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Whichever is needed.
    CreateOrReplace,
    /// `XATTR_CREATE`: `EEXIST` if there is one.
    Create,
    /// `XATTR_REPLACE`: `ENODATA` if there is none.
    Replace,
}

/// The memory into which a value is to be copied.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
pub struct Buffer<'a> {
    memory: *mut u8,
    size: usize,
    _lifetime: PhantomData<&'a mut [u8]>,
    _not_send: NotThreadSafe,
}

impl Buffer<'_> {
    /// Copies the value, and returns what `->get` is to return: its size.
    ///
    /// A caller that has no memory asks only for the size.
    ///
    /// # Errors
    ///
    /// `ERANGE` if the memory is too small.
    pub fn copy(&mut self, value: &[u8]) -> Result<usize> {
        if !self.memory.is_null() {
            if value.len() > self.size {
                return Err(ERANGE);
            }
            // SAFETY: The memory has room for it, as was checked, and is ours alone.
            unsafe { ptr::copy_nonoverlapping(value.as_ptr(), self.memory, value.len()) };
        }
        Ok(value.len())
    }
}

/// The names that `->listxattr` has found: each ends in a NUL.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
pub struct List<'a> {
    buffer: Buffer<'a>,
    used: usize,
}

impl List<'_> {
    /// # Safety
    ///
    /// `memory` must be null or valid for writing `size` bytes for the lifetime, and nobody else
    /// may use it.
    pub(crate) unsafe fn from_raw(memory: *mut c_char, size: usize) -> Self {
        Self {
            buffer: Buffer {
                memory: memory.cast(),
                size,
                _lifetime: PhantomData,
                _not_send: NotThreadSafe::default(),
            },
            used: 0,
        }
    }

    pub(crate) fn used(&self) -> usize {
        self.used
    }

    fn append(&mut self, bytes: &[u8]) -> Result {
        let used = self.used.checked_add(bytes.len()).ok_or(ERANGE)?;
        if !self.buffer.memory.is_null() {
            if used > self.buffer.size {
                return Err(ERANGE);
            }
            // SAFETY: What is used so far lies within the memory.
            let to = unsafe { self.buffer.memory.add(self.used) };
            // SAFETY: The memory has room for it, as was checked, and is ours alone.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        }
        self.used = used;
        Ok(())
    }

    /// Adds a name, which is in two parts. Mirrors `xattr_list_one()` of `fs/xattr.c`.
    ///
    /// # Errors
    ///
    /// `ERANGE` if the caller's memory is too small; `EINVAL` if there is a NUL in `rest`.
    pub fn xattr_list_one(&mut self, prefix: &CStr, rest: &[u8]) -> Result {
        if rest.contains(&0) {
            return Err(EINVAL);
        }
        self.append(prefix.to_bytes())?;
        self.append(rest)?;
        self.append(b"\0")
    }

    /// Adds the access control lists of the inode, which are attributes to user space.
    ///
    /// For a filesystem that keeps them in the inode only ([`crate::acl`]). Mirrors
    /// `posix_acl_listxattr()` of `fs/posix_acl.c`.
    ///
    /// # Errors
    ///
    /// `ERANGE` if the caller's memory is too small.
    pub fn posix_acl_listxattr<F: FileSystem>(&mut self, inode: &Inode<F>) -> Result {
        use crate::acl::AclType;

        if inode.cached_acl_count(AclType::Access).is_some() {
            self.xattr_list_one(XATTR_NAME_POSIX_ACL_ACCESS, &[])?;
        }
        if inode.cached_acl_count(AclType::Default).is_some() {
            self.xattr_list_one(XATTR_NAME_POSIX_ACL_DEFAULT, &[])?;
        }
        Ok(())
    }
}

/// The callbacks for attributes with one name or prefix: `struct xattr_handler`.
///
/// Access control lists do not come here: they have callbacks of their own in
/// [`crate::inode::Operations`]. All may sleep.
///
/// # Examples
///
/// ```
/// use vfs::xattr::{Buffer, Handler, Handlers, Name, Ops};
///
/// /// `user.number`, which every inode has, and nobody can change.
/// struct Number;
///
/// #[vtable]
/// impl Handler for Number {
///     type FileSystem = Fs;
///
///     const NAME: Name = Name::Whole(c"user.number");
///
///     fn get(inode: &Inode<Fs>, _name: &CStr, buffer: &mut Buffer<'_>) -> Result<usize> {
///         buffer.copy(&inode.i_ino().to_le_bytes())
///     }
/// }
///
/// static HANDLERS: Handlers<Fs, 1> = Handlers::new([Ops::of::<Number>()]);
///
/// fn fill_super(sb: &mut vfs::sb::New<'_, Fs>) {
///     sb.set_s_xattr(&HANDLERS);
/// }
/// ```
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Handler: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// Which attributes it is for.
    const NAME: Name;

    /// Whether `generic_listxattr()` shows the attribute of a [`Name::Whole`]. No lock is promised.
    fn list(dentry: &Dentry<Self::FileSystem>) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Gets a value with [`Buffer::copy`], and returns its size. No lock is promised.
    ///
    /// C's dentry is not passed on: security modules call this before it has its inode.
    ///
    /// # Errors
    ///
    /// `ENODATA` if there is no such attribute.
    fn get(inode: &Inode<Self::FileSystem>, name: &CStr, buffer: &mut Buffer<'_>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets a value, or removes the attribute if there is none.
    ///
    /// # Errors
    ///
    /// `EEXIST` and `ENODATA` as `how` says; `ENODATA` also when there is nothing to remove and
    /// `how` is [`Set::Replace`], which removexattr(2) uses.
    fn set(
        idmap: &Idmap,
        inode: &mut Locked<'_, Inode<Self::FileSystem>, rule::set::Inode>,
        name: &CStr,
        value: Option<&[u8]>,
        how: Set,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// The table of a [`Handler`] for filesystem `F`.
pub struct Ops<F: FileSystem>(&'static bindings::xattr_handler, PhantomData<F>);

impl<F: FileSystem> Ops<F> {
    /// Returns the table of `T`.
    pub const fn of<T: Handler<FileSystem = F>>() -> Self {
        Self(&Table::<T>::TABLE, PhantomData)
    }
}

/// The handlers of a filesystem, in the order in which C asks them: what `s_xattr` points to.
#[repr(C)]
pub struct Handlers<F: FileSystem, const N: usize> {
    handlers: [*const bindings::xattr_handler; N],
    /// C ends at a null pointer.
    end: *const bindings::xattr_handler,
    _fs: PhantomData<fn() -> F>,
}

// SAFETY: It never changes, and points to static tables only.
unsafe impl<F: FileSystem, const N: usize> Sync for Handlers<F, N> {}

impl<F: FileSystem, const N: usize> Handlers<F, N> {
    /// Makes the list, for a static.
    pub const fn new(ops: [Ops<F>; N]) -> Self {
        let mut handlers = [ptr::null(); N];
        let mut i = 0;
        while i < N {
            handlers[i] = ptr::from_ref(ops[i].0);
            i += 1;
        }
        Self {
            handlers,
            end: ptr::null(),
            _fs: PhantomData,
        }
    }

    pub(crate) fn as_ptr(&'static self) -> *const *const bindings::xattr_handler {
        // The pointer is one to the whole, so that C may read on to the end.
        ptr::from_ref(self).cast()
    }
}

struct Table<T: Handler>(PhantomData<T>);

// The callbacks are only called by C through `s_xattr` of superblocks of the filesystem, so for all
// of them: inodes, dentries and the idmap are valid for the call, and of the filesystem.
impl<T: Handler> Table<T> {
    /// # Safety
    ///
    /// As `->list`.
    unsafe extern "C" fn list(dentry: *mut bindings::dentry) -> bool {
        // SAFETY: `generic_listxattr()` passes a dentry to which its caller has a reference.
        T::list(unsafe { Dentry::from_raw(dentry) })
    }

    /// # Safety
    ///
    /// As `->get`.
    unsafe extern "C" fn get(
        _handler: *const bindings::xattr_handler,
        _dentry: *mut bindings::dentry,
        inode: *mut bindings::inode,
        name: *const c_char,
        buffer: *mut c_void,
        size: usize,
    ) -> c_int {
        // SAFETY: `__vfs_getxattr()` passes an inode to which its caller has a reference. It was
        // finished by `inode::New`, or C would not know it.
        let inode = unsafe { Inode::from_raw(inode) };
        // SAFETY: It is a string that lives for the call.
        let name = unsafe { CStr::from_char_ptr(name) };
        // A size of 0 asks for the size, whatever the pointer is.
        let memory = if size == 0 { ptr::null_mut() } else { buffer };
        let mut buffer = Buffer {
            memory: memory.cast(),
            size,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        };
        from_result(|| {
            let len = T::get(inode, name, &mut buffer)?;
            // C copies so much out of the memory.
            if size != 0 && len > size {
                return Err(ERANGE);
            }
            Ok(c_int::try_from(len)?)
        })
    }

    /// # Safety
    ///
    /// As `->set`.
    unsafe extern "C" fn set(
        _handler: *const bindings::xattr_handler,
        idmap: *mut bindings::mnt_idmap,
        _dentry: *mut bindings::dentry,
        inode: *mut bindings::inode,
        name: *const c_char,
        value: *const c_void,
        size: usize,
        flags: c_int,
    ) -> c_int {
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `__vfs_setxattr()` passes an inode to which its caller has a reference.
        let inode = unsafe { Inode::from_raw(inode) };
        // SAFETY: Its callers `__vfs_setxattr_locked()` and `__vfs_removexattr_locked()` want
        // `i_rwsem` to be held exclusively, and there is no other token in this call.
        let mut inode = unsafe { Locked::assume(inode) };
        // SAFETY: It is a string that lives for the call.
        let name = unsafe { CStr::from_char_ptr(name) };
        let value = if value.is_null() {
            None
        } else {
            // SAFETY: The value has this size and lives for the call.
            Some(unsafe { slice::from_raw_parts(value.cast::<u8>(), size) })
        };
        let flags = flags as u32;
        let how = if flags & bindings::XATTR_CREATE != 0 {
            Set::Create
        } else if flags & bindings::XATTR_REPLACE != 0 {
            Set::Replace
        } else {
            Set::CreateOrReplace
        };
        from_result(|| T::set(idmap, &mut inode, name, value, how).map(|()| 0))
    }

    const TABLE: bindings::xattr_handler = bindings::xattr_handler {
        name: match T::NAME {
            Name::Whole(name) => as_char_ptr_in_const_context(name),
            Name::Prefix(_) => ptr::null(),
        },
        prefix: match T::NAME {
            Name::Whole(_) => ptr::null(),
            Name::Prefix(prefix) => as_char_ptr_in_const_context(prefix),
        },
        flags: 0,
        list: callback!(T::HAS_LIST, Self::list),
        get: callback!(T::HAS_GET, Self::get),
        set: callback!(T::HAS_SET, Self::set),
    };
}

/// Lets the security modules label a new inode: `security_inode_init_security()`.
///
/// # Safety
///
/// `name` must be null, for an inode without a name, or valid, and not change meanwhile.
pub(crate) unsafe fn security_inode_init_security<F, C>(
    inode: &Inode<F>,
    dir: &Inode<F>,
    name: *const bindings::qstr,
    mut set: C,
) -> Result
where
    F: FileSystem,
    C: FnMut(&CStr, &[u8]) -> Result,
{
    // SAFETY: The inodes are valid, the name as the caller promises, and `set` is what the callback
    // is for.
    to_result(unsafe {
        extra_bindings::inode_init_security(
            inode.as_ptr(),
            dir.as_ptr(),
            name,
            Some(initxattrs::<C>),
            (&raw mut set).cast(),
        )
    })
}

/// Hands the attributes of security modules for a new inode to a closure: `initxattrs`.
///
/// # Safety
///
/// `data` must be a pointer to a `C` that nobody else uses, and `array` end in an attribute without
/// a name.
unsafe extern "C" fn initxattrs<C: FnMut(&CStr, &[u8]) -> Result>(
    _inode: *mut bindings::inode,
    array: *const bindings::xattr,
    data: *mut c_void,
) -> c_int {
    // SAFETY: The caller promises it.
    let closure = unsafe { &mut *data.cast::<C>() };
    let mut at = array;
    from_result(|| loop {
        // SAFETY: The array has not ended yet.
        let xattr = unsafe { &*at };
        if xattr.name.is_null() {
            return Ok(0);
        }
        // SAFETY: It is a string that lives for the call.
        let name = unsafe { CStr::from_char_ptr(xattr.name) };
        let value = if xattr.value.is_null() {
            &[]
        } else {
            // SAFETY: The value has this size and lives for the call.
            unsafe { slice::from_raw_parts(xattr.value.cast::<u8>(), xattr.value_len) }
        };
        closure(name, value)?;
        // SAFETY: The array ends only with an attribute without a name.
        at = unsafe { at.add(1) };
    })
}
