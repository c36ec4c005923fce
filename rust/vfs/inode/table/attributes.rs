// SPDX-License-Identifier: GPL-2.0

//! How C gets into those callbacks that are about an inode alone: its attributes, in a wide sense.

use core::ptr;
use kernel::{
    bindings,
    error::from_result,
    ffi::{
        c_char,
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*,
    str::CString,
    uaccess::{
        UserPtr,
        UserSlice, //
    },
};

use super::Table;
use crate::{
    acl::{
        AclType,
        PosixAcl, //
    },
    dentry::Dentry,
    fileattr::FileKattr,
    idmap::Idmap,
    inode::{
        FiemapExtentInfo,
        Inode,
        Link,
        Operations,
        TimeUpdate, //
    },
    walk::{
        self,
        Walk, //
    },
    xattr::List,
    Locked, //
};

/// Frees a [`Link::Owned`].
///
/// # Safety
///
/// `link` must come from `KBox::into_raw()` of a `KBox<CString>`, which nobody uses any more.
unsafe extern "C" fn drop_link(link: *mut c_void) {
    // SAFETY: The caller promises it.
    drop(unsafe { KBox::from_raw(link.cast::<CString>()) });
}

// As the other callbacks of the table: inodes, dentries and the idmap are valid for the call, and of
// the filesystem.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->get_link`.
    pub(super) unsafe extern "C" fn get_link(
        dentry: *mut bindings::dentry,
        inode: *mut bindings::inode,
        done: *mut bindings::delayed_call,
    ) -> *const c_char {
        // SAFETY: `pick_link()` passes no dentry in rcu-walk only.
        let inode = unsafe { walk::link_walk::<T::FileSystem>(dentry, inode) };
        let may_sleep = matches!(inode, Walk::Ref(_));
        let link = T::get_link(inode).and_then(|link| match link {
            // It stays as long as the memory of the inode, and so as long as C uses it.
            Link::Inode(text) => Ok(text.as_char_ptr()),
            Link::Owned(_) if !may_sleep => Err(ECHILD),
            Link::Owned(text) => {
                let text = KBox::new(text, GFP_KERNEL)?;
                let pointer = text.as_char_ptr();
                // SAFETY: `done` is the caller's, which calls it once it is done with the text.
                unsafe {
                    extra_bindings::set_delayed_call(
                        done,
                        Some(drop_link),
                        KBox::into_raw(text).cast(),
                    )
                };
                Ok(pointer)
            }
        });
        link.unwrap_or_else(|error| error.to_ptr::<c_char>())
    }

    /// # Safety
    ///
    /// As `->readlink`.
    pub(super) unsafe extern "C" fn readlink(
        dentry: *mut bindings::dentry,
        buffer: *mut c_char,
        buflen: c_int,
    ) -> c_int {
        // SAFETY: `vfs_readlink()` passes a positive dentry, to which its caller has a reference.
        let inode = unsafe { Self::inode_of(dentry) };
        let buffer = UserPtr::from_ptr(buffer.cast());
        from_result(|| {
            let buffer = UserSlice::new(buffer, usize::try_from(buflen)?).writer();
            Ok(c_int::try_from(T::readlink(inode, buffer)?)?)
        })
    }

    /// # Safety
    ///
    /// As `->permission`.
    pub(super) unsafe extern "C" fn permission(
        idmap: *mut bindings::mnt_idmap,
        inode: *mut bindings::inode,
        mask: c_int,
    ) -> c_int {
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `do_inode_permission()` passes an inode to which its caller has a reference, or
        // that it has found in rcu-walk, and then sets `MAY_NOT_BLOCK`.
        let (inode, mask) = unsafe { walk::permission_walk(inode, mask as u32) };
        from_result(|| T::permission(idmap, &inode, mask).map(|()| 0))
    }

    fn acl(found: Result<Option<PosixAcl>>) -> *mut bindings::posix_acl {
        match found {
            // The caller takes over the reference.
            Ok(acl) => PosixAcl::into_raw(acl),
            Err(error) => error.to_ptr(),
        }
    }

    /// # Safety
    ///
    /// As `->get_inode_acl`.
    pub(super) unsafe extern "C" fn get_inode_acl(
        inode: *mut bindings::inode,
        ty: c_int,
        rcu: bool,
    ) -> *mut bindings::posix_acl {
        if rcu {
            return ECHILD.to_ptr();
        }
        // SAFETY: `__get_acl()` passes an inode to which its caller has a reference.
        let inode = unsafe { Inode::from_raw(inode) };
        Self::acl(AclType::from_raw(ty).and_then(|ty| T::get_inode_acl(inode, ty)))
    }

    /// # Safety
    ///
    /// As `->get_acl`.
    pub(super) unsafe extern "C" fn get_acl(
        idmap: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        ty: c_int,
    ) -> *mut bindings::posix_acl {
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `__get_acl()` passes a positive dentry, to which its caller has a reference.
        let inode = unsafe { Self::inode_of(dentry) };
        // SAFETY: As above.
        let dentry = unsafe { Dentry::from_raw(dentry) };
        Self::acl(AclType::from_raw(ty).and_then(|ty| T::get_acl(idmap, dentry, inode, ty)))
    }

    /// # Safety
    ///
    /// As `->set_acl`.
    pub(super) unsafe extern "C" fn set_acl(
        idmap: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        acl: *mut bindings::posix_acl,
        ty: c_int,
    ) -> c_int {
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `set_posix_acl()` passes a positive dentry, to which its caller has a reference.
        let inode = unsafe { Self::inode_of(dentry) };
        // SAFETY: As above.
        let dentry = unsafe { Dentry::from_raw(dentry) };
        // SAFETY: The caller has a reference to the list, if there is one.
        let acl = unsafe { PosixAcl::get(acl) };
        from_result(|| {
            let ty = AclType::from_raw(ty)?;
            T::set_acl(idmap, dentry, inode, acl.as_ref(), ty).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// As `->listxattr`.
    pub(super) unsafe extern "C" fn listxattr(
        dentry: *mut bindings::dentry,
        list: *mut c_char,
        size: usize,
    ) -> isize {
        // SAFETY: `vfs_listxattr()` passes a positive dentry, to which its caller has a reference.
        let inode = unsafe { Self::inode_of(dentry) };
        // A size of 0 asks for the size, whatever the pointer is.
        let list = if size == 0 { ptr::null_mut() } else { list };
        // SAFETY: It belongs to the caller, which waits.
        let mut list = unsafe { List::from_raw(list, size) };
        match T::listxattr(inode, &mut list) {
            Ok(()) => list.used() as isize,
            Err(error) => error.to_errno() as isize,
        }
    }

    /// # Safety
    ///
    /// As `->fiemap`.
    pub(super) unsafe extern "C" fn fiemap(
        inode: *mut bindings::inode,
        fieinfo: *mut bindings::fiemap_extent_info,
        start: u64,
        len: u64,
    ) -> c_int {
        // SAFETY: `ioctl_fiemap()` passes the inode of an open file.
        let inode = unsafe { Inode::from_raw(inode) };
        // SAFETY: It belongs to the caller, which waits.
        let fieinfo = unsafe { FiemapExtentInfo::from_raw(fieinfo) };
        from_result(|| T::fiemap(inode, fieinfo, start, len).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->update_time`.
    pub(super) unsafe extern "C" fn update_time(
        inode: *mut bindings::inode,
        ty: bindings::fs_update_time,
        flags: c_uint,
    ) -> c_int {
        // SAFETY: `touch_atime()` and `file_update_time()` pass an inode that is in use.
        let inode = unsafe { Inode::from_raw(inode) };
        from_result(|| T::update_time(inode, TimeUpdate { ty, flags }).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->sync_lazytime`.
    pub(super) unsafe extern "C" fn sync_lazytime(inode: *mut bindings::inode) {
        // SAFETY: `sync_lazytime()` of `fs/inode.c` passes an inode that is in use: `iput()` calls
        // it before it gives up the last reference.
        T::sync_lazytime(unsafe { Inode::from_raw(inode) });
    }

    /// # Safety
    ///
    /// As `->fileattr_set`.
    pub(super) unsafe extern "C" fn fileattr_set(
        idmap: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        fa: *mut bindings::file_kattr,
    ) -> c_int {
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `vfs_fileattr_set()` passes a positive dentry, to which its caller has a reference.
        let inode = unsafe { Self::inode_of(dentry) };
        // SAFETY: `vfs_fileattr_set()` has locked it exclusively, and this is the only token.
        let mut inode = unsafe { Locked::assume(inode) };
        // SAFETY: It belongs to the caller, which waits.
        let fa = unsafe { FileKattr::from_raw(fa) };
        from_result(|| T::fileattr_set(idmap, &mut inode, fa).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->fileattr_get`.
    pub(super) unsafe extern "C" fn fileattr_get(
        dentry: *mut bindings::dentry,
        fa: *mut bindings::file_kattr,
    ) -> c_int {
        // SAFETY: `vfs_fileattr_get()` passes a positive dentry, to which its caller has a reference.
        let inode = unsafe { Self::inode_of(dentry) };
        // SAFETY: It belongs to the caller, which waits.
        let fa = unsafe { FileKattr::from_raw(fa) };
        from_result(|| T::fileattr_get(inode, fa).map(|()| 0))
    }
}
