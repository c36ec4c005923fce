// SPDX-License-Identifier: GPL-2.0

//! `struct inode_operations`.

use kernel::{
    bindings,
    error::VTABLE_DEFAULT_ERROR,
    ffi::c_char,
    prelude::*,
    str::CStr,
    sync::aref::ARef,
    uaccess::UserSliceWriter, //
};
use rules::inode_operations as rule;

use super::Inode;
use crate::{
    acl::{
        AclType,
        PosixAcl, //
    },
    dentry::{
        Dentry,
        InLookup,
        Negative,
        Positive, //
    },
    file::{
        Opened,
        Tmpfile, //
    },
    fileattr::FileKattr,
    helper::slot,
    idmap::Idmap,
    inode::{
        AtomicOpen,
        AtomicOpened,
        FiemapExtentInfo,
        Link,
        TimeUpdate, //
    },
    mode::Mode,
    stat::{
        Iattr,
        Kstat, //
    },
    walk::{
        Mask,
        Walk, //
    },
    xattr::List,
    FileSystem,
    Locked,
    VfsRenameMutex, //
};

slot! {
    /// A function for `->get_link`.
    pub struct GetLink(
        unsafe extern "C" fn(
            *mut bindings::dentry,
            *mut bindings::inode,
            *mut bindings::delayed_call,
        ) -> *const c_char
    ) {
        /// Follows `i_link`, which [`super::New::symlink`] has set. For symbolic links only.
        SIMPLE_GET_LINK = bindings::simple_get_link;
    }
}

slot! {
    /// A function for `->listxattr`.
    pub struct Listxattr(
        unsafe extern "C" fn(*mut bindings::dentry, *mut c_char, usize) -> isize
    ) {
        /// Asks the [`crate::xattr::Handler`]s with a whole name.
        GENERIC_LISTXATTR = bindings::generic_listxattr;
    }
}

/// Flag of `->rename`: fails if there is something under the new name. C's caller sees to it.
pub const RENAME_NOREPLACE: u32 = bindings::RENAME_NOREPLACE;
/// Flag of `->rename`: the two names change their inodes.
pub const RENAME_EXCHANGE: u32 = bindings::RENAME_EXCHANGE;
/// Flag of `->rename`: a whiteout stays under the old name.
pub const RENAME_WHITEOUT: u32 = bindings::RENAME_WHITEOUT;

/// The directory into which `->rename` moves an entry.
pub enum NewDir<'t, 'a, F: FileSystem> {
    /// It is the directory in which the entry is already: `old_dir`.
    Same,
    /// Another one. The superblock's `s_vfs_rename_mutex` is held, so no directory gets another
    /// parent meanwhile.
    Other(
        &'t mut Locked<'a, Inode<F>, rule::rename::NewDir>,
        Locked<'a, VfsRenameMutex<F>, rule::rename::LockedSb>,
    ),
}

/// The inode that `->rename` moves, with its lock where that is held.
pub enum Moved<'a, F: FileSystem> {
    /// It is not a directory.
    File(Locked<'a, Inode<F>, rule::rename::Moved>),
    /// It is a directory that gets another parent.
    Dir(Locked<'a, Inode<F>, rule::rename::MovedDir>),
    /// It is a directory that keeps its parent: its lock is not held.
    Unlocked,
}

/// What `->rename` finds under the new name.
pub enum NewDentry<'a, F: FileSystem> {
    /// Nothing.
    Negative(Negative<'a, F>),
    /// The victim, which the entry replaces. Its `i_rwsem` is held.
    Victim(Positive<'a, F>, Locked<'a, Inode<F>, rule::rename::Victim>),
    /// The entry to change places with (`RENAME_EXCHANGE`), and its inode, which moves as well.
    Exchange(Positive<'a, F>, Moved<'a, F>),
}

/// The callbacks of one kind of inode: `struct inode_operations`.
///
/// Each method has the name of its slot, each argument that of its argument in C; what C reaches
/// through an argument and locks (the victim of `unlink`) has an argument of its own. A slot whose
/// method is not implemented is null. All may sleep.
///
/// Tokens: the parents' and the victim's `i_rwsem` are held by C's caller for the whole call.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The helper for `->get_link`, unless there is a method.
    const GET_LINK: Option<GetLink> = None;
    /// The helper for `->listxattr`, unless there is a method.
    const LISTXATTR: Option<Listxattr> = None;

    /// Finds the entry with the name of `dentry` in `dir`.
    ///
    /// The entry is made known with [`InLookup::d_add`], also if there is none. Another dentry that
    /// is returned must be in the same directory, or the caller gets `EXDEV`.
    fn lookup(
        dir: &Locked<'_, Inode<Self::FileSystem>, rule::lookup::Dir>,
        dentry: InLookup<'_, Self::FileSystem>,
        flags: u32,
    ) -> Result<Option<ARef<Dentry<Self::FileSystem>>>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Creates a regular file. `mode` may come without its type.
    fn create(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::create::Dir>,
        dentry: Negative<'_, Self::FileSystem>,
        mode: Mode,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes another link, `dentry`, to `inode`. `old_dentry` is the link that was named.
    fn link(
        old_dentry: &Dentry<Self::FileSystem>,
        inode: &mut Locked<'_, Inode<Self::FileSystem>, rule::link::Inode>,
        dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::link::Dir>,
        dentry: Negative<'_, Self::FileSystem>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Removes a link to what is not a directory.
    fn unlink(
        dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::unlink::Dir>,
        dentry: Positive<'_, Self::FileSystem>,
        victim: &mut Locked<'_, Inode<Self::FileSystem>, rule::unlink::Victim>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Creates a symbolic link to `symname`.
    fn symlink(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::symlink::Dir>,
        dentry: Negative<'_, Self::FileSystem>,
        symname: &CStr,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Creates a directory. `mode` may come without its type.
    ///
    /// Returns another dentry if the directory has got that instead of `dentry`, which then stays
    /// as it is. It must be in `dir`, or the caller gets `EXDEV`.
    fn mkdir(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::mkdir::Dir>,
        dentry: Negative<'_, Self::FileSystem>,
        mode: Mode,
    ) -> Result<Option<ARef<Dentry<Self::FileSystem>>>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Removes a directory, if it is empty.
    fn rmdir(
        dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::rmdir::Dir>,
        dentry: Positive<'_, Self::FileSystem>,
        victim: &mut Locked<'_, Inode<Self::FileSystem>, rule::rmdir::Victim>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Creates a device, a FIFO, a socket or a regular file. `rdev` is in the kernel's form.
    fn mknod(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::mknod::Dir>,
        dentry: Negative<'_, Self::FileSystem>,
        mode: Mode,
        rdev: u32,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Renames `old_dentry`. `flags` are `RENAME_*`; those not known must be refused (`EINVAL`).
    ///
    /// C's caller moves the dentries when this returns without an error. `moved` is the inode of
    /// `old_dentry`.
    fn rename(
        idmap: &Idmap,
        old_dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::rename::OldDir>,
        old_dentry: Positive<'_, Self::FileSystem>,
        moved: Moved<'_, Self::FileSystem>,
        new_dir: NewDir<'_, '_, Self::FileSystem>,
        new_dentry: NewDentry<'_, Self::FileSystem>,
        flags: u32,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets attributes of `inode`, which is that of `dentry`.
    fn setattr(
        idmap: &Idmap,
        dentry: &Dentry<Self::FileSystem>,
        inode: &mut Locked<'_, Inode<Self::FileSystem>, rule::setattr::Inode>,
        attr: &mut Iattr,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Fills in the attributes of `inode`. No lock is promised.
    fn getattr(
        idmap: &Idmap,
        inode: &Inode<Self::FileSystem>,
        stat: &mut Kstat,
        request_mask: u32,
        query_flags: u32,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Follows a symbolic link: says where it leads.
    ///
    /// Not called for an inode that [`super::New::symlink`] has given its target.
    ///
    /// # Errors
    ///
    /// `ECHILD` in rcu-walk, to be called again in ref-walk.
    fn get_link<'a>(inode: Walk<'a, Inode<Self::FileSystem>>) -> Result<Link<'a>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes for readlink(2) what [`Operations::get_link`] does not say. Returns how many bytes.
    ///
    /// Without it, C writes what that does say. No lock is promised.
    fn readlink(inode: &Inode<Self::FileSystem>, buffer: UserSliceWriter) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Checks whether the current task may do what `mask` says. No lock is promised.
    ///
    /// Without it, C calls [`Walk::generic_permission`] alone.
    ///
    /// # Errors
    ///
    /// `EACCES`, `EPERM`; `ECHILD` in rcu-walk, to be called again in ref-walk.
    fn permission(idmap: &Idmap, inode: &Walk<'_, Inode<Self::FileSystem>>, mask: Mask) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Reads an access control list, which C then caches. No lock is promised.
    ///
    /// In rcu-walk C would use the list without a reference: the layer makes it come again in
    /// ref-walk.
    fn get_inode_acl(inode: &Inode<Self::FileSystem>, ty: AclType) -> Result<Option<PosixAcl>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// As [`Operations::get_inode_acl`], for filesystems that need the mount and the dentry.
    fn get_acl(
        idmap: &Idmap,
        dentry: &Dentry<Self::FileSystem>,
        inode: &Inode<Self::FileSystem>,
        ty: AclType,
    ) -> Result<Option<PosixAcl>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets an access control list, or removes it. [`Inode::simple_set_acl`] is C's helper.
    ///
    /// No lock is promised: the document has no row for it, and not all of C's callers hold
    /// `i_rwsem`.
    fn set_acl(
        idmap: &Idmap,
        dentry: &Dentry<Self::FileSystem>,
        inode: &Inode<Self::FileSystem>,
        acl: Option<&PosixAcl>,
        ty: AclType,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Lists the names of the extended attributes. No lock is promised.
    fn listxattr(inode: &Inode<Self::FileSystem>, list: &mut List<'_>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Says where the data between `start` and `start + len` are, extent by extent.
    ///
    /// No lock is promised.
    fn fiemap(
        inode: &Inode<Self::FileSystem>,
        fieinfo: &mut FiemapExtentInfo,
        start: u64,
        len: u64,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets the times that `update` names to now. Without it, C does just that.
    ///
    /// No lock is promised.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if it would have to wait and [`TimeUpdate::nowait`] says that it must not.
    fn update_time(inode: &Inode<Self::FileSystem>, update: TimeUpdate) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes note of times that until now were only in memory (`lazytime`). No lock is promised.
    fn sync_lazytime(inode: &Inode<Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets flags of the inode, and what else chattr(1) can set. C has checked who may.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` for what the filesystem cannot keep.
    fn fileattr_set(
        idmap: &Idmap,
        inode: &mut Locked<'_, Inode<Self::FileSystem>, rule::fileattr_set::Inode>,
        fa: &mut FileKattr,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Fills in what [`Operations::fileattr_set`] sets. No lock is promised: the inode's is held
    /// exclusively, or not at all.
    fn fileattr_get(inode: &Inode<Self::FileSystem>, fa: &mut FileKattr) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Finds an entry, makes a regular file if there is none and that is asked for, and opens it: all
    /// at once, for filesystems that need a server's answer to do so. Without it C calls
    /// [`Operations::lookup`], [`Operations::create`] and `->open`.
    ///
    /// C has checked who may make a file there, and `open_flag` is without `O_CREAT` if nobody may.
    /// It checks afterwards who may open it. `open_flag` are `O_*`; `O_EXCL` is C's to see to.
    ///
    /// # Errors
    ///
    /// Whatever open(2) is to return.
    fn atomic_open<'a>(
        file: AtomicOpen<'_, 'a, Self::FileSystem>,
        open_flag: u32,
    ) -> Result<AtomicOpened<'a>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes and opens a file without a name, in `dir`, whose lock is not promised.
    fn tmpfile<'a>(
        idmap: &Idmap,
        dir: &Inode<Self::FileSystem>,
        file: Tmpfile<'a, Self::FileSystem>,
        mode: Mode,
    ) -> Result<Opened<'a>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}
