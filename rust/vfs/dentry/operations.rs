// SPDX-License-Identifier: GPL-2.0

//! `struct dentry_operations`.

use core::{
    ffi::c_char,
    marker::PhantomData,
    ops::Deref,
    ptr, //
};
use kernel::{
    bindings,
    error::VTABLE_DEFAULT_ERROR,
    ffi::c_int,
    prelude::*,
    sync::aref::ARef,
    types::NotThreadSafe, //
};
use rules::{
    dentry_operations as rule,
    Held, //
};
use since_v7_3::code::ENAMETOOLONG;

use super::{
    Automount,
    Bare,
    Dentry,
    Mount, //
};
use crate::{
    helper::slot,
    locked::Locked,
    walk::{
        RcuWalk,
        Walk, //
    },
    FileSystem,
    Inode, //
};

slot! {
    /// A function for `->d_delete`.
    pub struct DDelete(unsafe extern "C" fn(*const bindings::dentry) -> c_int) {
        /// Keeps no entry that is not in use.
        ALWAYS_DELETE_DENTRY = bindings::always_delete_dentry;
    }
}

/// What `->d_revalidate` is to look at.
pub enum Revalidate<'a, F: FileSystem> {
    /// In ref-walk: the directory in which the entry was found, and the entry. May sleep.
    Ref(&'a Inode<F>, &'a Dentry<F>),
    /// In rcu-walk: the same.
    Rcu(RcuWalk<'a, Inode<F>>, RcuWalk<'a, Dentry<F>>),
}

impl<'a, F: FileSystem> Revalidate<'a, F> {
    /// Returns directory and entry in ref-walk. In rcu-walk, makes the VFS start again in ref-walk.
    ///
    /// # Errors
    ///
    /// `ECHILD` in rcu-walk.
    #[inline]
    pub fn try_ref(&self) -> Result<(&'a Inode<F>, &'a Dentry<F>)> {
        match self {
            Self::Ref(dir, dentry) => Ok((dir, dentry)),
            Self::Rcu(..) => Err(ECHILD),
        }
    }
}

/// The name of an entry that may be renamed while it is looked at.
///
/// C throws the result of the comparison away if it was. So bytes can be read, one by one, but what
/// they say is only known to be true if they all belong together.
pub struct UnstableName<'a> {
    name: *const u8,
    len: usize,
    _lifetime: PhantomData<&'a [u8]>,
    _not_send: NotThreadSafe,
}

impl UnstableName<'_> {
    /// # Safety
    ///
    /// `name` must stay valid memory of `len` bytes for the lifetime. Others may write to it.
    pub(super) unsafe fn from_raw(name: *const u8, len: usize) -> Self {
        Self {
            name,
            len,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The bytes of the name.
    #[inline]
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        (0..self.len).map(|at| {
            // SAFETY: It lies within the name.
            let byte = unsafe { self.name.add(at) };
            // SAFETY: The memory is valid. Others may write to it, so the read is volatile.
            unsafe { byte.read_volatile() }
        })
    }

    /// How many bytes the name has.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the name has no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// A dentry that is being made, in `->d_init`: nobody else has seen it.
pub struct New<'a, F: FileSystem>(pub(super) &'a Bare<F>, pub(super) NotThreadSafe);

impl<F: FileSystem> Deref for New<'_, F> {
    type Target = Bare<F>;

    #[inline]
    fn deref(&self) -> &Bare<F> {
        self.0
    }
}

impl<F: FileSystem> New<'_, F> {
    /// Makes path walks ask [`Operations::d_manage`] about the entry: `DCACHE_MANAGE_TRANSIT`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the table has no such callback.
    pub fn set_manage_transit(&mut self) -> Result {
        let dentry = self.0.as_ptr();
        // SAFETY: The dentry is valid, and its table, which has `->d_init`, lives for ever.
        let d_manage = unsafe { (*(*dentry).d_op).d_manage };
        // C calls it without looking.
        if d_manage.is_none() {
            return Err(EINVAL);
        }
        // SAFETY: The dentry is valid and not seen by others.
        unsafe { (*dentry).d_flags |= bindings::dentry_flags_DCACHE_MANAGE_TRANSIT };
        Ok(())
    }
}

/// The memory into which `->d_dname` writes a path.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
pub struct DnameBuffer<'a> {
    pub(super) memory: *mut c_char,
    pub(super) len: usize,
    pub(super) _lifetime: PhantomData<&'a mut [u8]>,
    pub(super) _not_send: NotThreadSafe,
}

/// Proof that `->d_dname` has written a path, and where it begins.
pub struct Dname<'a>(pub(super) *mut c_char, pub(super) PhantomData<&'a ()>);

impl<'a> DnameBuffer<'a> {
    /// Writes the path, which is in parts, to the end of the memory: C's callers count from there how long it
    /// is. Mirrors `dynamic_dname()` of `fs/d_path.c`.
    ///
    /// # Errors
    ///
    /// `ENAMETOOLONG` if it does not fit.
    pub fn set(self, parts: &[&[u8]]) -> Result<Dname<'a>> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if len >= self.len {
            return Err(ENAMETOOLONG);
        }
        // SAFETY: There is room for all parts and a NUL, as was checked: it lies within the memory.
        let start = unsafe { self.memory.add(self.len - len - 1) };
        let mut at: *mut u8 = start.cast();
        for part in parts {
            // SAFETY: There is room for all parts, as was checked, and it is ours alone.
            unsafe { ptr::copy_nonoverlapping(part.as_ptr(), at, part.len()) };
            // SAFETY: As above.
            at = unsafe { at.add(part.len()) };
        }
        // SAFETY: There is room for a NUL after them, as was checked.
        unsafe { at.write(0) };
        Ok(Dname(start, PhantomData))
    }
}

/// What path walks are to do with an entry that `->d_manage` was asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Managed {
    /// Go on: mounts and automounts on it count.
    Transit,
    /// Treat it as the directory that it is, without what is mounted on it: `-EISDIR`.
    Directory,
}

/// Proof that `rename_lock` is held: no entry is renamed anywhere.
///
/// # Invariants
///
/// During `'a` the current task holds `rename_lock`.
pub struct RenameLock<'a, M>(PhantomData<(&'a (), M)>, NotThreadSafe);

impl RenameLock<'_, Held> {
    /// # Safety
    ///
    /// The current task must hold `rename_lock` for the lifetime.
    pub(super) unsafe fn assume() -> Self {
        // SAFETY: It only asserts.
        unsafe { extra_bindings::assert_rename_lock() };
        // INVARIANT: The caller promises it.
        Self(PhantomData, NotThreadSafe::default())
    }
}

/// The callbacks of entries: `struct dentry_operations`.
///
/// They are those of all entries of a superblock: [`crate::sb::New::set_default_d_op`]. A slot whose
/// method is not implemented is null. What a [`RcuWalk`] is passed to must not sleep, and cannot reach
/// the filesystem's own data, which may be gone by then.
///
/// `d_real` is not here: `Documentation/vfs.rst` says why.
///
/// # Examples
///
/// ```
/// use vfs::{
///     dentry::{Operations, UnstableName},
///     RcuWalk,
/// };
///
/// /// Names whose case does not matter.
/// struct Entries;
///
/// #[vtable]
/// impl Operations for Entries {
///     type FileSystem = Fs;
///
///     fn d_hash(_parent: &RcuWalk<'_, Dentry<Fs>>, name: &[u8]) -> Result<u32> {
///         let lower = name.iter().map(u8::to_ascii_lowercase);
///         Ok(lower.fold(0, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())))
///     }
///
///     fn d_compare(
///         _dentry: &RcuWalk<'_, Dentry<Fs>>,
///         of_dentry: &UnstableName<'_>,
///         name: &[u8],
///     ) -> bool {
///         let lower = name.iter().map(u8::to_ascii_lowercase);
///         of_dentry.bytes().map(|byte| byte.to_ascii_lowercase()).eq(lower)
///     }
/// }
///
/// let ops: vfs::dentry::Ops<Fs> = vfs::dentry::Ops::of::<Entries>();
/// ```
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The helper for `->d_delete`, unless there is a method.
    const D_DELETE: Option<DDelete> = None;

    /// Says whether an entry that was found in the dcache is still right. `flags` are `LOOKUP_*`.
    ///
    /// `name` is that under which it was looked up, which stays. An entry that is not right any more
    /// is forgotten, also if it is in use, and [`crate::inode::Operations::lookup`] called.
    ///
    /// # Errors
    ///
    /// `ECHILD` in rcu-walk, to be called again in ref-walk.
    fn d_revalidate(
        what: &Revalidate<'_, Self::FileSystem>,
        name: &[u8],
        flags: u32,
    ) -> Result<bool> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Says whether the inode of an entry that was come to without its name (`/proc/self/fd`) is
    /// still right. `flags` are `LOOKUP_*`. May sleep.
    fn d_weak_revalidate(dentry: &Dentry<Self::FileSystem>, flags: u32) -> Result<bool> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Returns the hash of a name in the directory `parent`: names that
    /// [`Operations::d_compare`] calls the same must have the same.
    ///
    /// [`RcuWalk::full_name_hash`] is C's own. Called in either walk, and must not sleep.
    fn d_hash(parent: &RcuWalk<'_, Dentry<Self::FileSystem>>, name: &[u8]) -> Result<u32> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Says whether the name of `dentry`, which is `of_dentry`, and `name` are the same.
    ///
    /// Called in either walk, and must not sleep.
    fn d_compare(
        dentry: &RcuWalk<'_, Dentry<Self::FileSystem>>,
        of_dentry: &UnstableName<'_>,
        name: &[u8],
    ) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Says whether an entry that is no longer used is to be forgotten.
    ///
    /// C asks only about entries that somebody could still look up. One that was kept may be used,
    /// and asked about, again.
    ///
    /// `d_lock`, which is held, is a spinlock: must not sleep.
    fn d_delete(dentry: &Locked<'_, Bare<Self::FileSystem>, rule::d_delete::Dentry>) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Sets up a new entry. May sleep.
    fn d_init(dentry: New<'_, Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Gives back what the entry holds: it is freed afterwards. May sleep.
    fn d_release(dentry: &Bare<Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes note that the entry is about to be forgotten. It is still where it was:
    /// [`Locked::dir`] is its directory.
    ///
    /// `d_lock`, which is held, is a spinlock: must not sleep.
    fn d_prune(dentry: &Locked<'_, Bare<Self::FileSystem>, rule::d_prune::Dentry>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Gives up the reference that an entry had to its inode. May sleep.
    ///
    /// Dropping `inode` does what C does without this method.
    fn d_iput(dentry: &Bare<Self::FileSystem>, inode: ARef<Inode<Self::FileSystem>>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes what `/proc` shows as the path of an entry that has none. Must not sleep.
    fn d_dname<'a>(dentry: &Bare<Self::FileSystem>, buffer: DnameBuffer<'a>) -> Result<Dname<'a>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Lets a path walk wait at the entry, or keeps it from what is mounted there.
    ///
    /// For entries with [`New::set_manage_transit`]. In ref-walk it may sleep.
    ///
    /// # Errors
    ///
    /// `ECHILD` in rcu-walk, to be called again in ref-walk; in ref-walk, what the walk returns.
    fn d_manage(dentry: &Walk<'_, Dentry<Self::FileSystem>>) -> Result<Managed> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Mounts something on the entry, when a path walk comes to it: [`Automount::mount`]. `None` means that
    /// there is something already; the walk looks again.
    ///
    /// For directories with [`crate::inode::New::set_automount`]. Only in ref-walk: may sleep.
    ///
    /// # Errors
    ///
    /// `EISDIR` makes the walk take the directory as it is; others it returns.
    fn d_automount(path: &Automount<'_, Self::FileSystem>) -> Result<Option<Mount>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Tries to take what the filesystem itself wants locked while a directory that was found under
    /// another name is moved there. Must not sleep.
    fn d_unalias_trylock(
        alias: &Dentry<Self::FileSystem>,
        rename_lock: &RenameLock<'_, rule::d_unalias_trylock::RenameLock>,
    ) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Undoes [`Operations::d_unalias_trylock`].
    fn d_unalias_unlock(
        alias: &Dentry<Self::FileSystem>,
        rename_lock: &RenameLock<'_, rule::d_unalias_unlock::RenameLock>,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}
