// SPDX-License-Identifier: GPL-2.0

//! The tables of [`Operations`], and how C gets into them.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    error::from_result,
    ffi::{
        c_char,
        c_int,
        c_uint, //
    },
    prelude::*,
    str::CStr,
    sync::aref::ARef, //
};

use rules::inode_operations as rule;

use super::{
    operations::{
        GetLink,
        Listxattr,
        Moved,
        NewDentry,
        NewDir,
        Operations, //
    },
    Inode, //
};
use crate::{
    dentry::{
        Dentry,
        InLookup,
        Negative,
        Positive, //
    },
    file::Tmpfile,
    helper::callback,
    idmap::Idmap,
    mode::Mode,
    stat::{
        Iattr,
        Kstat, //
    },
    trace,
    FileSystem,
    Locked,
    VfsRenameMutex, //
};

mod attributes;
mod open;

/// The errno of a result, or 0.
fn errno<T>(result: &Result<T>) -> c_int {
    result.as_ref().err().map_or(0, |error| error.to_errno())
}

/// Refuses another dentry than C's own if it is not in the same directory, which is all that C takes
/// for granted of it.
///
/// # Safety
///
/// `dentry` must be valid, and in a directory that is locked.
unsafe fn in_same_directory<F: FileSystem>(
    result: Result<Option<ARef<Dentry<F>>>>,
    dentry: *mut bindings::dentry,
) -> Result<Option<ARef<Dentry<F>>>> {
    // SAFETY: The caller promises that it is valid and keeps its parent.
    let parent = unsafe { (*dentry).d_parent };
    match result {
        Ok(Some(other)) if !other.is_child_of(parent) => Err(EXDEV),
        result => result,
    }
}

/// Gives C another dentry than its own, if there is one, or the error.
fn into_ptr<F: FileSystem>(result: Result<Option<ARef<Dentry<F>>>>) -> *mut bindings::dentry {
    match result {
        Ok(None) => ptr::null_mut(),
        Ok(Some(dentry)) => ARef::into_raw(dentry).as_ptr().cast(),
        Err(error) => error.to_ptr(),
    }
}

/// The table of a `T`.
pub(super) struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `i_op` of inodes of the filesystem, so for all of them:
// inodes, dentries and the idmap are valid for the call, and of the filesystem. The locks are those
// of `Documentation/filesystems/locking.rst`; the comments name C's caller that takes them.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// `dentry` must be a positive dentry of the filesystem, to which C's caller has a reference.
    unsafe fn inode_of<'a>(dentry: *mut bindings::dentry) -> &'a Inode<T::FileSystem> {
        // SAFETY: The caller promises that it is valid.
        let inode = unsafe { (*dentry).d_inode };
        // SAFETY: It is positive, and stays so while there is a reference.
        unsafe { Inode::from_raw(inode) }
    }

    /// # Safety
    ///
    /// As `->lookup`.
    unsafe extern "C" fn lookup(
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        flags: c_uint,
    ) -> *mut bindings::dentry {
        let traced = (dir, dentry);
        // SAFETY: `lookup_open()` and `__lookup_slow()` pass a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: Both hold its `i_rwsem` at least shared.
        let dir = unsafe { Locked::assume(dir) };
        // SAFETY: Both pass a dentry that is new, not hashed, and in lookup or under an exclusive
        // lock.
        let dentry = unsafe { InLookup::from_raw(dentry) };
        // SAFETY: The dentry is valid, and `dir` locked.
        let found = unsafe { in_same_directory(T::lookup(&dir, dentry, flags), traced.1) };
        // SAFETY: Both are valid for the call.
        unsafe { trace::lookup(traced.0, traced.1, errno(&found)) };
        into_ptr(found)
    }

    /// # Safety
    ///
    /// As `->create`.
    unsafe extern "C" fn create(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: Mode,
        // Whether `O_EXCL` was given, which the VFS sees to.
        #[cfg(not(since_v7_3))] _excl: bool,
    ) -> c_int {
        let traced = (dir, dentry);
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `vfs_create()` and `lookup_open()` pass a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: Their callers hold its `i_rwsem` exclusively, and this is the only token.
        let mut dir = unsafe { Locked::assume(dir) };
        // SAFETY: It is a negative child of `dir`, which is locked.
        let dentry = unsafe { Negative::from_raw(dentry) };
        let ret = from_result(|| T::create(idmap, &mut dir, dentry, mode).map(|()| 0));
        // SAFETY: Both are valid for the call.
        unsafe { trace::create(traced.0, traced.1, ret) };
        ret
    }

    /// # Safety
    ///
    /// As `->link`.
    unsafe extern "C" fn link(
        old_dentry: *mut bindings::dentry,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
    ) -> c_int {
        let traced = (dir, dentry);
        // SAFETY: `vfs_link()` passes a positive dentry of the filesystem, to which it has a reference.
        let inode = unsafe { Self::inode_of(old_dentry) };
        // SAFETY: `vfs_link()` has locked it exclusively; it is no directory, so not `dir`.
        let mut inode = unsafe { Locked::assume(inode) };
        // SAFETY: As above.
        let old_dentry = unsafe { Dentry::from_raw(old_dentry) };
        // SAFETY: `vfs_link()` passes a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: Its caller holds its `i_rwsem` exclusively, and this is the only token.
        let mut dir = unsafe { Locked::assume(dir) };
        // SAFETY: It is a negative child of `dir`, which is locked.
        let dentry = unsafe { Negative::from_raw(dentry) };
        let ret = from_result(|| T::link(old_dentry, &mut inode, &mut dir, dentry).map(|()| 0));
        // SAFETY: Both are valid for the call.
        unsafe { trace::link(traced.0, traced.1, ret) };
        ret
    }

    /// # Safety
    ///
    /// As `->unlink`.
    unsafe extern "C" fn unlink(dir: *mut bindings::inode, dentry: *mut bindings::dentry) -> c_int {
        let traced = (dir, dentry);
        // SAFETY: `vfs_unlink()` passes a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: Its caller holds its `i_rwsem` exclusively, and this is the only token.
        let mut dir = unsafe { Locked::assume(dir) };
        // SAFETY: `vfs_unlink()` passes a positive child of `dir`, which is locked.
        let dentry = unsafe { Positive::from_raw(dentry) };
        // SAFETY: `vfs_unlink()` has locked it exclusively; it is no directory, so not `dir`.
        let mut victim = unsafe { Locked::assume(dentry.inode_unbound()) };
        let ret = from_result(|| T::unlink(&mut dir, dentry, &mut victim).map(|()| 0));
        // SAFETY: Both are valid for the call.
        unsafe { trace::unlink(traced.0, traced.1, ret) };
        ret
    }

    /// # Safety
    ///
    /// As `->symlink`.
    unsafe extern "C" fn symlink(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        symname: *const c_char,
    ) -> c_int {
        let traced = (dir, dentry);
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `vfs_symlink()` passes a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: Its caller holds its `i_rwsem` exclusively, and this is the only token.
        let mut dir = unsafe { Locked::assume(dir) };
        // SAFETY: It is a negative child of `dir`, which is locked.
        let dentry = unsafe { Negative::from_raw(dentry) };
        // SAFETY: It is a string that lives for the call.
        let symname = unsafe { CStr::from_char_ptr(symname) };
        let ret = from_result(|| T::symlink(idmap, &mut dir, dentry, symname).map(|()| 0));
        // SAFETY: Both are valid for the call.
        unsafe { trace::symlink(traced.0, traced.1, ret) };
        ret
    }

    /// # Safety
    ///
    /// As `->mkdir`.
    unsafe extern "C" fn mkdir(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: Mode,
    ) -> *mut bindings::dentry {
        let traced = (dir, dentry);
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `vfs_mkdir()` passes a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: Its caller holds its `i_rwsem` exclusively, and this is the only token.
        let mut dir = unsafe { Locked::assume(dir) };
        // SAFETY: It is a negative child of `dir`, which is locked.
        let dentry = unsafe { Negative::from_raw(dentry) };
        // SAFETY: The dentry is valid, and `dir` locked.
        let made = unsafe { in_same_directory(T::mkdir(idmap, &mut dir, dentry, mode), traced.1) };
        // SAFETY: Both are valid for the call.
        unsafe { trace::mkdir(traced.0, traced.1, errno(&made)) };
        into_ptr(made)
    }

    /// # Safety
    ///
    /// As `->rmdir`.
    unsafe extern "C" fn rmdir(dir: *mut bindings::inode, dentry: *mut bindings::dentry) -> c_int {
        let traced = (dir, dentry);
        // SAFETY: `vfs_rmdir()` passes a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: Its caller holds its `i_rwsem` exclusively, and this is the only token.
        let mut dir = unsafe { Locked::assume(dir) };
        // SAFETY: `vfs_rmdir()` passes a positive child of `dir`, which is locked.
        let dentry = unsafe { Positive::from_raw(dentry) };
        // SAFETY: `vfs_rmdir()` has locked it exclusively; a directory is not its own child.
        let mut victim = unsafe { Locked::assume(dentry.inode_unbound()) };
        let ret = from_result(|| T::rmdir(&mut dir, dentry, &mut victim).map(|()| 0));
        // SAFETY: Both are valid for the call.
        unsafe { trace::rmdir(traced.0, traced.1, ret) };
        ret
    }

    /// # Safety
    ///
    /// As `->mknod`.
    unsafe extern "C" fn mknod(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: Mode,
        rdev: bindings::dev_t,
    ) -> c_int {
        let traced = (dir, dentry);
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `vfs_mknod()` passes a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: Its caller holds its `i_rwsem` exclusively, and this is the only token.
        let mut dir = unsafe { Locked::assume(dir) };
        // SAFETY: It is a negative child of `dir`, which is locked.
        let dentry = unsafe { Negative::from_raw(dentry) };
        let ret = from_result(|| T::mknod(idmap, &mut dir, dentry, mode, rdev).map(|()| 0));
        // SAFETY: Both are valid for the call.
        unsafe { trace::mknod(traced.0, traced.1, ret) };
        ret
    }

    /// # Safety
    ///
    /// As `->rename`.
    unsafe extern "C" fn rename(
        idmap: *mut bindings::mnt_idmap,
        old_dir: *mut bindings::inode,
        old_dentry: *mut bindings::dentry,
        new_dir: *mut bindings::inode,
        new_dentry: *mut bindings::dentry,
        flags: c_uint,
    ) -> c_int {
        let traced = (old_dir, old_dentry, new_dir, new_dentry);
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        let same = old_dir == new_dir;
        // SAFETY: `vfs_rename()` passes a directory of the filesystem.
        let old_dir = unsafe { Inode::from_raw(old_dir) };
        // SAFETY: Its caller has locked both parents exclusively. This is the only token for
        // `old_dir`: there is no other for `new_dir` if it is the same.
        let mut old_dir = unsafe { Locked::assume(old_dir) };
        // SAFETY: `vfs_rename()` passes a positive child of `old_dir`, which is locked.
        let old_dentry = unsafe { Positive::from_raw(old_dentry) };
        let source = old_dentry.inode_unbound();
        let moved = if !source.is_dir() {
            // SAFETY: `vfs_rename()` has locked it exclusively; it is no directory, so not a parent.
            Moved::File(unsafe { Locked::assume(source) })
        } else if !same {
            // SAFETY: `vfs_rename()` has locked it exclusively. It is neither of the parents:
            // `__start_renaming()` refuses a source that is an ancestor of the target.
            Moved::Dir(unsafe { Locked::assume(source) })
        } else {
            Moved::Unlocked
        };

        let mut other = if same {
            None
        } else {
            // SAFETY: `vfs_rename()` passes a directory of the filesystem.
            let new_dir = unsafe { Inode::from_raw(new_dir) };
            // SAFETY: Locked as `old_dir`, and it is another one.
            Some(unsafe { Locked::assume(new_dir) })
        };
        let new_dir = match &mut other {
            None => NewDir::Same,
            Some(new_dir) => {
                let sb = VfsRenameMutex::of(source.sb());
                // SAFETY: `lock_rename()` takes it where the parents differ.
                NewDir::Other(new_dir, unsafe { Locked::assume(sb) })
            }
        };

        // SAFETY: `vfs_rename()` passes a child of `new_dir`, which is locked: so this is stable.
        let target = unsafe { (*new_dentry).d_inode };
        let new_dentry = if target.is_null() {
            // SAFETY: It is a negative child of the locked `new_dir`.
            NewDentry::Negative(unsafe { Negative::from_raw(new_dentry) })
        } else {
            // SAFETY: It is a positive child of the locked `new_dir`.
            let new_dentry = unsafe { Positive::from_raw(new_dentry) };
            // `vfs_rename()` does nothing if it is the source.
            let target = new_dentry.inode_unbound();
            if flags & bindings::RENAME_EXCHANGE == 0 {
                // SAFETY: `vfs_rename()` has locked the victim exclusively. It is neither of the
                // parents: `__start_renaming()` refuses a target that is an ancestor of the source.
                NewDentry::Victim(new_dentry, unsafe { Locked::assume(target) })
            } else if !target.is_dir() {
                // SAFETY: `vfs_rename()` has locked it exclusively; it is no directory.
                let locked: Locked<'_, _, rule::rename::Exchanged> =
                    unsafe { Locked::assume(target) };
                NewDentry::Exchange(new_dentry, Moved::File(locked))
            } else if !same {
                // SAFETY: `vfs_rename()` has locked it exclusively. It is neither of the parents,
                // as above.
                let locked: Locked<'_, _, rule::rename::ExchangedDir> =
                    unsafe { Locked::assume(target) };
                NewDentry::Exchange(new_dentry, Moved::Dir(locked))
            } else {
                NewDentry::Exchange(new_dentry, Moved::Unlocked)
            }
        };
        let ret = from_result(|| {
            T::rename(
                idmap,
                &mut old_dir,
                old_dentry,
                moved,
                new_dir,
                new_dentry,
                flags,
            )
            .map(|()| 0)
        });
        // SAFETY: All are valid for the call, and the old name is one of an inode.
        unsafe { trace::rename(traced.0, traced.1, traced.2, traced.3, flags, ret) };
        ret
    }

    /// # Safety
    ///
    /// As `->setattr`.
    unsafe extern "C" fn setattr(
        idmap: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        attr: *mut bindings::iattr,
    ) -> c_int {
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `notify_change()` passes a positive dentry, to which its caller has a reference.
        let inode = unsafe { Self::inode_of(dentry) };
        // SAFETY: `notify_change()` wants its caller to hold `i_rwsem` exclusively.
        let mut inode = unsafe { Locked::assume(inode) };
        // SAFETY: As above.
        let dentry = unsafe { Dentry::from_raw(dentry) };
        // SAFETY: It belongs to the caller, which waits.
        let attr = unsafe { Iattr::from_raw(attr) };
        let ret = from_result(|| T::setattr(idmap, dentry, &mut inode, attr).map(|()| 0));
        // SAFETY: Both are valid for the call.
        unsafe { trace::setattr(inode.as_ptr(), attr.as_ptr(), ret) };
        ret
    }

    /// # Safety
    ///
    /// As `->getattr`.
    unsafe extern "C" fn getattr(
        idmap: *mut bindings::mnt_idmap,
        path: *const bindings::path,
        stat: *mut bindings::kstat,
        request_mask: u32,
        query_flags: c_uint,
    ) -> c_int {
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `vfs_getattr_nosec()` passes a path to which its caller has a reference.
        let dentry = unsafe { (*path).dentry };
        // SAFETY: Its dentry is positive.
        let inode = unsafe { Self::inode_of(dentry) };
        // SAFETY: It belongs to the caller, which waits.
        let stat = unsafe { Kstat::from_raw(stat) };
        from_result(|| T::getattr(idmap, inode, stat, request_mask, query_flags).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->tmpfile`.
    unsafe extern "C" fn tmpfile(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        file: *mut bindings::file,
        mode: Mode,
    ) -> c_int {
        // SAFETY: The idmap is that of the mount.
        let idmap = unsafe { Idmap::from_raw(idmap) };
        // SAFETY: `vfs_tmpfile()` passes a directory of the filesystem.
        let dir = unsafe { Inode::from_raw(dir) };
        // SAFETY: `vfs_tmpfile()` passes a file that is not open yet, with a new dentry.
        let tmpfile = unsafe { Tmpfile::from_raw(file) };
        let error = from_result(|| T::tmpfile(idmap, dir, tmpfile, mode).map(|_| 0));
        // SAFETY: Both are valid for the call, and if there is no error the file has its inode.
        unsafe { trace::tmpfile(dir.as_ptr(), file, mode, error) };
        // SAFETY: The file is valid, and if there is no error it has its inode: `Opened` says so.
        unsafe { extra_bindings::finish_open_simple(file, error) }
    }

    pub(super) const TABLE: bindings::inode_operations = bindings::inode_operations {
        lookup: callback!(T::HAS_LOOKUP, Self::lookup),
        get_link: callback!(T::HAS_GET_LINK, Self::get_link, GetLink::get(T::GET_LINK)),
        create: callback!(T::HAS_CREATE, Self::create),
        link: callback!(T::HAS_LINK, Self::link),
        unlink: callback!(T::HAS_UNLINK, Self::unlink),
        symlink: callback!(T::HAS_SYMLINK, Self::symlink),
        mkdir: callback!(T::HAS_MKDIR, Self::mkdir),
        rmdir: callback!(T::HAS_RMDIR, Self::rmdir),
        mknod: callback!(T::HAS_MKNOD, Self::mknod),
        rename: callback!(T::HAS_RENAME, Self::rename),
        setattr: callback!(T::HAS_SETATTR, Self::setattr),
        getattr: callback!(T::HAS_GETATTR, Self::getattr),
        atomic_open: callback!(T::HAS_ATOMIC_OPEN, Self::atomic_open),
        tmpfile: callback!(T::HAS_TMPFILE, Self::tmpfile),
        readlink: callback!(T::HAS_READLINK, Self::readlink),
        permission: callback!(T::HAS_PERMISSION, Self::permission),
        get_inode_acl: callback!(T::HAS_GET_INODE_ACL, Self::get_inode_acl),
        get_acl: callback!(T::HAS_GET_ACL, Self::get_acl),
        set_acl: callback!(T::HAS_SET_ACL, Self::set_acl),
        listxattr: callback!(
            T::HAS_LISTXATTR,
            Self::listxattr,
            Listxattr::get(T::LISTXATTR)
        ),
        fiemap: callback!(T::HAS_FIEMAP, Self::fiemap),
        update_time: callback!(T::HAS_UPDATE_TIME, Self::update_time),
        sync_lazytime: callback!(T::HAS_SYNC_LAZYTIME, Self::sync_lazytime),
        fileattr_set: callback!(T::HAS_FILEATTR_SET, Self::fileattr_set),
        fileattr_get: callback!(T::HAS_FILEATTR_GET, Self::fileattr_get),
        ..pin_init::zeroed()
    };
}
