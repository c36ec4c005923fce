// SPDX-License-Identifier: GPL-2.0

//! Inodes that nobody else has seen yet.

use core::{
    marker::PhantomData,
    mem,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*,
    str::CStr,
    sync::aref::ARef,
    types::NotThreadSafe, //
};
use pin_init::PinInit;

use super::{
    alloc,
    Container,
    Inode,
    Ops,
    S_SETTABLE, //
};
use crate::{
    acl,
    address_space,
    file,
    idmap::{
        Idmap,
        Kgid,
        Kuid, //
    },
    mode::{
        Mode,
        S_IFBLK,
        S_IFCHR,
        S_IFDIR,
        S_IFIFO,
        S_IFLNK,
        S_IFMT,
        S_IFREG,
        S_IFSOCK, //
    },
    FileSystem,
    SuperBlock, //
};

/// An inode that is being made: nobody but its maker has seen it.
///
/// One of the finishing methods ([`New::directory`], [`New::regular`], [`New::symlink`],
/// [`New::special`]) makes an [`Inode`] of it, with the tables of operations that its type needs.
/// Dropping it instead gives it back: `->evict_inode` is called for it. One that is made by
/// [`SuperBlock::iget_locked`] is known by its number, but who asks for that waits.
///
/// # Examples
///
/// ```
/// use vfs::{inode, mode::S_IFIFO};
///
/// fn fifo(idmap: &Idmap, dir: &Inode<Fs>) -> Result<ARef<Inode<Fs>>> {
///     let mut new = inode::New::new_inode(dir.sb(), Ok(0), 0)?;
///     new.inode_init_owner(idmap, dir, S_IFIFO | 0o600);
///     new.special(inode::Ops::NONE, 0)
/// }
/// ```
#[must_use = "an inode that is not finished is thrown away"]
pub struct New<F: FileSystem> {
    inode: NonNull<bindings::inode>,
    /// Whether others wait for it (`I_NEW`).
    locked: bool,
    _fs: PhantomData<F>,
    _not_send: NotThreadSafe,
}

impl<F: FileSystem> New<F> {
    /// Allocates an inode with the filesystem's data, numbers it, and sets its times to now.
    ///
    /// Mirrors `new_inode()` of `fs/inode.c`, `get_next_ino()` and `simple_inode_init_ts()`. It has
    /// no owner and no mode yet. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or the error of `info`: then `->evict_inode` is not called for it.
    pub fn new_inode(
        sb: &SuperBlock<F>,
        info: impl PinInit<F::InodeInfo, Error>,
        guarded: F::Guarded,
    ) -> Result<Self> {
        // SAFETY: A `&SuperBlock` is initialised, so its `s_op` makes containers of `F`.
        let inode = NonNull::new(unsafe { bindings::new_inode(sb.as_ptr()) }).ok_or(ENOMEM)?;
        // SAFETY: It is a new one of `F`, and the reference is ours.
        let new = unsafe { Self::from_raw(inode, false) }.init(info, guarded)?;
        // SAFETY: The inode is valid and not seen by others.
        unsafe { (*inode.as_ptr()).i_ino = u64::from(bindings::get_next_ino()) };
        Ok(new)
    }

    /// # Safety
    ///
    /// `inode` must be a new one of `F` without data, with one reference, which is given up. `locked`
    /// must say whether it is `I_NEW`.
    pub(super) unsafe fn from_raw(inode: NonNull<bindings::inode>, locked: bool) -> Self {
        Self {
            inode,
            locked,
            _fs: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// Gives the inode its data, or puts it if `info` fails.
    pub(super) fn init(
        self,
        info: impl PinInit<F::InodeInfo, Error>,
        guarded: F::Guarded,
    ) -> Result<Self> {
        let inode = self.inode;
        let container: *mut Container<F> = inode.as_ptr().cast();

        // SAFETY: The container is alive, and nobody else looks at its data before they are
        // initialised.
        let slot = unsafe { (*container).info.get() };
        // SAFETY: The slot is valid memory that does not move until the inode is freed.
        unsafe { since_v7_3::raw_try_init(slot.cast::<F::InodeInfo>(), info) }?;
        // SAFETY: As above.
        unsafe { (*(*container).guarded.get()).write(guarded) };
        // SAFETY: As above. Now both are initialised.
        unsafe { alloc::set_initialised(inode.as_ptr()) };

        // SAFETY: The inode is valid and not seen by others.
        unsafe { bindings::simple_inode_init_ts(inode.as_ptr()) };
        // SAFETY: As above.
        unsafe { extra_bindings::cache_no_acl(inode.as_ptr()) };
        // SAFETY: As above.
        unsafe { address_space::Ops::<F>::NO_PAGES.set(inode.as_ptr()) };
        Ok(self)
    }

    /// Sets owner, group and mode as they are for a file that the current task creates in `dir`.
    ///
    /// Mirrors `inode_init_owner()` of `fs/inode.c`: a set-group-ID directory hands its group on.
    pub fn inode_init_owner(&mut self, idmap: &Idmap, dir: &Inode<F>, mode: Mode) {
        // SAFETY: All three are valid, and the inode is not seen by others.
        unsafe {
            bindings::inode_init_owner(idmap.as_ptr(), self.inode.as_ptr(), dir.as_ptr(), mode)
        };
    }

    /// Gives the inode the access control lists that files in `dir` get, and takes from its mode
    /// what they, or the umask, forbid.
    ///
    /// Comes after [`New::inode_init_owner`]. A filesystem with [`crate::sb::New::set_sb_posixacl`]
    /// must call it, as C leaves the umask to it then. The lists are kept in the inode:
    /// [`crate::acl`]. Mirrors `simple_acl_create()` of `fs/posix_acl.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `->get_inode_acl`.
    pub fn posix_acl_create(&mut self, dir: &Inode<F>) -> Result {
        // SAFETY: The inode is valid and not seen by others.
        unsafe { acl::inherit(dir.as_ptr(), self.inode.as_ptr()) }
    }

    /// Sets the flags of the inode: those that [`Locked::inode_set_flags`] can set. Others stay as
    /// they are.
    ///
    /// [`Locked::inode_set_flags`]: crate::Locked::inode_set_flags
    pub fn set_i_flags(&mut self, flags: u32) {
        // SAFETY: The inode is valid and not seen by others.
        let i_flags = unsafe { &mut (*self.inode.as_ptr()).i_flags };
        *i_flags = (*i_flags & !S_SETTABLE) | (flags & S_SETTABLE);
    }

    /// Makes path walks ask [`d_automount`](crate::dentry::Operations::d_automount) when they come to
    /// the inode: `S_AUTOMOUNT`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the superblock's entries have no such callback
    /// ([`crate::sb::New::set_default_d_op`]).
    pub fn set_automount(&mut self) -> Result {
        // SAFETY: The inode is valid, and so is its superblock.
        let d_op = unsafe { (*(*self.inode.as_ptr()).i_sb).__s_d_op };
        // C calls it without looking.
        // SAFETY: It is null or a table that lives for ever.
        if d_op.is_null() || unsafe { (*d_op).d_automount }.is_none() {
            return Err(EINVAL);
        }
        // SAFETY: The inode is valid and not seen by others.
        unsafe { (*self.inode.as_ptr()).i_flags |= bindings::S_AUTOMOUNT };
        Ok(())
    }

    /// Sets what tells the inode from others that had its number before to a random number.
    ///
    /// For file handles, as C does it: `inode->i_generation = get_random_u32()`.
    pub fn set_i_generation_random(&mut self) {
        // SAFETY: It may be called in any context.
        let generation = unsafe { extra_bindings::random_u32() };
        // SAFETY: The inode is valid and not seen by others.
        unsafe { (*self.inode.as_ptr()).i_generation = generation };
    }

    /// Sets owner, group and mode to these, as for the root of a filesystem.
    pub fn set_owner(&mut self, uid: Kuid, gid: Kgid, mode: Mode) {
        let inode = self.inode.as_ptr();
        // SAFETY: The inode is valid and not seen by others.
        unsafe { (*inode).i_uid = uid.0 };
        // SAFETY: As above.
        unsafe { (*inode).i_gid = gid.0 };
        // SAFETY: As above.
        unsafe { (*inode).i_mode = mode };
    }

    /// Sets the inode number, `i_ino`, instead of the next one of `get_next_ino()`, which has 32 bits
    /// for all filesystems that use it, and begins again.
    ///
    /// For a filesystem that counts its own, or whose inodes come back with the number that they had, and only once: others
    /// find them by it ([`SuperBlock::iget_locked`]).
    pub fn set_i_ino(&mut self, ino: u64) {
        // SAFETY: The inode is valid and not seen by others.
        unsafe { (*self.inode.as_ptr()).i_ino = ino };
    }

    /// Sets the number of links, `i_nlink`, but for `.` of a directory, which [`New::directory`] adds. 0
    /// counts as 1, which is what it is without this.
    ///
    /// Mirrors `set_nlink()` of `fs/inode.c`.
    pub fn set_nlink(&mut self, nlink: u32) {
        // SAFETY: The inode is valid and not seen by others.
        unsafe { bindings::set_nlink(self.inode.as_ptr(), nlink.max(1)) };
    }

    /// Sets the size in bytes, `i_size`; what is negative counts as 0.
    pub fn set_i_size(&mut self, size: i64) {
        // SAFETY: The inode is valid and not seen by others.
        unsafe { (*self.inode.as_ptr()).i_size = size.max(0) };
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::inode {
        self.inode.as_ptr()
    }

    /// Checks that the mode is of this type.
    fn expect(&self, types: &[Mode]) -> Result {
        // SAFETY: The inode is valid and not seen by others.
        let mode = unsafe { (*self.inode.as_ptr()).i_mode };
        if types.contains(&(mode & S_IFMT)) {
            Ok(())
        } else {
            Err(EINVAL)
        }
    }

    /// Sets the table, if it follows links just when the inode is one.
    fn set_i_op(&mut self, i_op: Ops<F>, symlink: bool) -> Result {
        if i_op.has_get_link() != symlink {
            return Err(EINVAL);
        }
        // SAFETY: The inode is valid and not seen by others; the table lives for ever.
        unsafe { (*self.inode.as_ptr()).i_op = i_op.as_ptr() };
        Ok(())
    }

    fn set_i_fop(&mut self, i_fop: file::Ops<F>) {
        // SAFETY: The inode is valid and not seen by others; the table lives for ever.
        unsafe { (*self.inode.as_ptr()).__bindgen_anon_3.i_fop = i_fop.as_ptr() };
    }

    fn finish(self) -> ARef<Inode<F>> {
        let inode = self.inode.cast();
        if self.locked {
            // SAFETY: The inode is `I_NEW`, and finished.
            unsafe { bindings::unlock_new_inode(self.inode.as_ptr()) };
        }
        mem::forget(self);
        // SAFETY: We own a reference, which `forget` keeps. INVARIANT: The data are initialised.
        unsafe { ARef::from_raw(inode) }
    }

    /// Finishes a directory. It has two links: its name and `.`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the mode is not that of a directory, or if `i_op` follows links.
    pub fn directory(mut self, i_op: Ops<F>, i_fop: file::Ops<F>) -> Result<ARef<Inode<F>>> {
        self.expect(&[S_IFDIR])?;
        self.set_i_op(i_op, false)?;
        self.set_i_fop(i_fop);
        // SAFETY: The inode is valid and not seen by others.
        unsafe { bindings::inc_nlink(self.inode.as_ptr()) };
        Ok(self.finish())
    }

    /// Finishes a regular file.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the mode is not that of a regular file, or if `i_op` follows links.
    pub fn regular(
        mut self,
        i_op: Ops<F>,
        i_fop: file::Ops<F>,
        a_ops: address_space::Ops<F>,
    ) -> Result<ARef<Inode<F>>> {
        self.expect(&[S_IFREG])?;
        self.set_i_op(i_op, false)?;
        self.set_i_fop(i_fop);
        // SAFETY: The inode is valid, of `F`, and not seen by others.
        unsafe { a_ops.set(self.inode.as_ptr()) };
        Ok(self.finish())
    }

    /// Finishes a symbolic link to `target`, of which the inode keeps a copy (`i_link`).
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or `EINVAL` if the mode is not that of a symbolic link or `i_op` has no `->get_link`.
    pub fn symlink(mut self, i_op: Ops<F>, target: &CStr) -> Result<ARef<Inode<F>>> {
        self.expect(&[S_IFLNK])?;
        self.set_i_op(i_op, true)?;
        let target = target.to_bytes_with_nul();
        let mut link = KVec::with_capacity(target.len(), GFP_KERNEL_ACCOUNT)?;
        link.extend_from_slice(target, GFP_KERNEL_ACCOUNT)?;
        let inode = self.inode.as_ptr();
        // SAFETY: The inode is valid and not seen by others.
        unsafe { (*inode).i_size = target.len() as i64 - 1 };
        let (link, _, _): (*mut u8, _, _) = link.into_raw_parts();
        // SAFETY: As above; it is a symbolic link, so `free_inode` frees the string.
        unsafe { extra_bindings::inode_set_link(inode, link.cast()) };
        Ok(self.finish())
    }

    /// Finishes a symbolic link whose target only the method `->get_link` of `i_op` knows.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the mode is not that of a symbolic link or `i_op` has no such method.
    pub fn symlink_by_get_link(mut self, i_op: Ops<F>) -> Result<ARef<Inode<F>>> {
        self.expect(&[S_IFLNK])?;
        if !i_op.finds_target() {
            return Err(EINVAL);
        }
        self.set_i_op(i_op, true)?;
        Ok(self.finish())
    }

    /// Finishes a device, a FIFO or a socket. `rdev` is the device number in the kernel's form.
    ///
    /// Mirrors `init_special_inode()` of `fs/inode.c`, which sets `i_fop`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the mode is of none of these types, or if `i_op` follows links.
    pub fn special(mut self, i_op: Ops<F>, rdev: u32) -> Result<ARef<Inode<F>>> {
        self.expect(&[S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK])?;
        self.set_i_op(i_op, false)?;
        let inode = self.inode.as_ptr();
        // SAFETY: The inode is valid and not seen by others.
        let mode = unsafe { (*inode).i_mode };
        // SAFETY: As above.
        unsafe { bindings::init_special_inode(inode, mode, rdev) };
        Ok(self.finish())
    }
}

impl<F: FileSystem> Drop for New<F> {
    fn drop(&mut self) {
        if self.locked {
            // SAFETY: The inode is `I_NEW`. Who waits for it has a reference, finds it no longer
            // hashed, and does not look at it any more. Ours is given up.
            unsafe { bindings::iget_failed(self.inode.as_ptr()) };
        } else {
            // SAFETY: We own the only reference.
            unsafe { bindings::iput(self.inode.as_ptr()) };
        }
    }
}
