// SPDX-License-Identifier: GPL-2.0

//! `struct inode_operations`.

use kernel::{
    bindings,
    error::VTABLE_DEFAULT_ERROR,
    ffi::c_char,
    prelude::*,
    str::CStr,
    sync::aref::ARef, //
};
use rules::inode_operations as rule;

use super::Inode;
use crate::{
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
    helper::slot,
    idmap::Idmap,
    mode::Mode,
    stat::{
        Iattr,
        Kstat, //
    },
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

    /// The helper for `->get_link`.
    const GET_LINK: Option<GetLink> = None;

    /// Finds the entry with the name of `dentry` in `dir`.
    ///
    /// The entry is made known with [`InLookup::d_add`], also if there is none.
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
    /// C may also return another dentry than `dentry`; this layer has no way to say so.
    fn mkdir(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<Self::FileSystem>, rule::mkdir::Dir>,
        dentry: Negative<'_, Self::FileSystem>,
        mode: Mode,
    ) -> Result {
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
