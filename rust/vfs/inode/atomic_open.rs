// SPDX-License-Identifier: GPL-2.0

//! Files that are looked up, made and opened at once: what `->atomic_open` gets.

use core::marker::PhantomData;
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::aref::ARef,
    types::NotThreadSafe, //
};
use rules::{
    inode_operations::atomic_open as rule,
    AtLeast,
    Exclusive, //
};

use super::Inode;
use crate::{
    dentry::{
        self,
        InLookup,
        Negative, //
    },
    idmap::Idmap,
    mode::{
        Mode,
        S_IFMT,
        S_IFREG, //
    },
    FileSystem,
    Locked, //
};

/// What `->atomic_open` is to do, with the lock that the rule promises for it.
///
/// The mode of the directory's lock hangs on `O_CREAT`, which so is no flag to ask for but a case.
///
/// # Examples
///
/// ```
/// use vfs::inode::{AtomicOpen, AtomicOpened};
///
/// /// Where all names are in the dcache: what is not there does not exist.
/// fn atomic_open<'a>(
///     file: AtomicOpen<'_, 'a, Fs>,
///     new: impl FnOnce(&mut Excl<'a>, &Idmap) -> Result<ARef<Inode<Fs>>>,
/// ) -> Result<AtomicOpened<'a>> {
///     match file {
///         AtomicOpen::Lookup(_, file) => Ok(file.finish_no_open()),
///         AtomicOpen::Create(dir, mut file, _mode) => {
///             let inode = new(dir, file.idmap())?;
///             file.negative()?.d_make_persistent(inode)?;
///             file.finish_open()
///         }
///     }
/// }
/// ```
pub enum AtomicOpen<'t, 'a, F: FileSystem> {
    /// Without `O_CREAT`: finds the file, if there is one. The directory is locked at least shared.
    Lookup(
        &'t Locked<'a, Inode<F>, rule::Dir>,
        ToOpen<'a, F, rule::Dir>,
    ),
    /// With `O_CREAT`: makes the file with this mode, if there is none. The directory is locked
    /// exclusively.
    Create(
        &'t mut Locked<'a, Inode<F>, rule::CreatingDir>,
        ToOpen<'a, F, rule::CreatingDir>,
        Mode,
    ),
}

/// A file that is to be opened, and its entry in a directory whose `i_rwsem` is held in mode `M`.
///
/// The entry is one that nobody has looked up yet, or is known not to exist. Valid for the call of
/// `->atomic_open`.
///
/// # Invariants
///
/// `file` is not open yet, and has a mount but no entry. `dentry` is a child of the locked directory;
/// it is in lookup, and then nobody else's, or not, and then nobody makes it positive while the
/// directory is locked exclusively but by `negative`.
#[must_use = "one of its methods makes what the callback is to return"]
pub struct ToOpen<'a, F: FileSystem, M> {
    dentry: *mut bindings::dentry,
    file: *mut bindings::file,
    /// Whether `negative` was called, so that the entry is new if it is positive now.
    lent: bool,
    _fs: PhantomData<(&'a F, M)>,
    _not_send: NotThreadSafe,
}

/// Proof that a [`ToOpen`] was opened, or left to C.
pub struct AtomicOpened<'a>(PhantomData<&'a ()>, NotThreadSafe);

impl<'a, F: FileSystem, M> ToOpen<'a, F, M> {
    /// # Safety
    ///
    /// Both must be what C passes to `->atomic_open` of `F`, with the directory's `i_rwsem` held in
    /// mode `M`, and `'a` within that call. There must be no other `ToOpen` of them.
    pub(super) unsafe fn from_raw(
        dentry: *mut bindings::dentry,
        file: *mut bindings::file,
    ) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            dentry,
            file,
            lent: false,
            _fs: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The mapping of users and groups of the mount, `file_mnt_idmap()`.
    #[inline]
    pub fn idmap(&self) -> &'a Idmap {
        // SAFETY: By the invariants the file has a mount.
        let idmap = unsafe { extra_bindings::slots_file_mnt_idmap(self.file) };
        // SAFETY: The mount stays for the call, and its idmap with it.
        unsafe { Idmap::from_raw(idmap) }
    }

    /// The name of the entry.
    #[inline]
    pub fn name(&self) -> &[u8] {
        // SAFETY: By the invariants the dentry is valid.
        let qstr = unsafe { &raw const (*self.dentry).__bindgen_anon_1.d_name };
        // SAFETY: Nobody renames it: it is in lookup, or negative in a locked directory.
        unsafe { dentry::qstr_bytes(qstr) }
    }

    /// Whether nobody has looked the entry up yet. If not, it is known not to exist.
    #[inline]
    pub fn d_in_lookup(&self) -> bool {
        // SAFETY: By the invariants the dentry is valid.
        unsafe { extra_bindings::slots_d_in_lookup(self.dentry) }
    }

    /// The inode of the entry, if it has one by now.
    #[inline]
    pub fn inode(&self) -> Option<&Inode<F>> {
        // SAFETY: By the invariants the dentry is valid. Once it is positive it stays so, as C's
        // caller has a reference.
        let inode = unsafe { (&raw const (*self.dentry).d_inode).read_volatile() };
        // SAFETY: It is an inode of the filesystem, and the dentry has a reference to it.
        (!inode.is_null()).then(|| unsafe { Inode::from_raw(inode) })
    }

    /// Makes the entry known, as [`InLookup::d_add`] does for `->lookup`: to `inode`, or that there
    /// is none.
    ///
    /// # Errors
    ///
    /// `EEXIST` if it is known already, and those of [`InLookup::d_add`].
    pub fn d_add(&mut self, inode: Option<ARef<Inode<F>>>) -> Result {
        if !self.d_in_lookup() {
            return Err(EEXIST);
        }
        // SAFETY: The dentry is in lookup, as in `->lookup`, and by the invariants nobody else's.
        unsafe { InLookup::from_raw(self.dentry) }.d_add(inode)?;
        Ok(())
    }

    /// Says to C that the file was made, if it was.
    fn note_created(&self) {
        if self.lent && self.inode().is_some() {
            // SAFETY: By the invariants the file is ours until it is open.
            unsafe { extra_bindings::slots_file_set_created(self.file) };
        }
    }

    /// Opens the file: C calls `->open` of its table. May sleep.
    ///
    /// Mirrors `finish_open()` of `fs/open.c`.
    ///
    /// # Errors
    ///
    /// `ENOENT` if the entry has no inode; `EINVAL` if that is no regular file, which is for
    /// [`ToOpen::finish_no_open`]; those of opening.
    pub fn finish_open(self) -> Result<AtomicOpened<'a>> {
        let inode = self.inode().ok_or(ENOENT)?;
        if inode.i_mode() & S_IFMT != S_IFREG {
            return Err(EINVAL);
        }
        self.note_created();
        // SAFETY: By the invariants the file is not open yet, and nobody can call this twice; the
        // dentry is a positive one of the filesystem.
        to_result(unsafe { bindings::finish_open(self.file, self.dentry, None) })?;
        Ok(AtomicOpened(PhantomData, NotThreadSafe::default()))
    }

    /// Leaves the opening to C, which does it as if there were no `->atomic_open`; if the entry has no
    /// inode, it fails with `ENOENT`.
    ///
    /// Mirrors `finish_no_open()` of `fs/open.c`. Does not sleep.
    pub fn finish_no_open(self) -> AtomicOpened<'a> {
        self.note_created();
        // SAFETY: By the invariants the file is not open. No dentry means that C keeps its own; it
        // ends the lookup itself.
        unsafe { bindings::finish_no_open(self.file, core::ptr::null_mut()) };
        AtomicOpened(PhantomData, NotThreadSafe::default())
    }
}

impl<F: FileSystem, M: AtLeast<Exclusive>> ToOpen<'_, F, M> {
    /// The entry as one that does not exist yet, for making it. Says so to the dcache if nobody has
    /// looked it up.
    ///
    /// What is made of it counts as created: C checks no permission for opening it.
    ///
    /// # Errors
    ///
    /// `EEXIST` if the entry has an inode.
    pub fn negative(&mut self) -> Result<Negative<'_, F>> {
        if self.d_in_lookup() {
            self.d_add(None)?;
        }
        if self.inode().is_some() {
            return Err(EEXIST);
        }
        self.lent = true;
        // SAFETY: The dentry is negative, and the `i_rwsem` of its parent held exclusively. It borrows
        // `self` mutably, so there is no other `Negative` of it.
        Ok(unsafe { Negative::from_raw(self.dentry) })
    }
}
