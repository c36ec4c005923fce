// SPDX-License-Identifier: GPL-2.0

//! Mounts that a filesystem makes itself: what `->d_automount` gets and returns.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*,
    types::NotThreadSafe, //
};

use super::Dentry;
use crate::{
    file_system_type::FileSystemType,
    fs_context,
    FileSystem, //
};

/// A mount that nobody sees yet: `struct vfsmount`. Dropping it unmounts it again, which may sleep.
///
/// # Invariants
///
/// It owns a reference.
pub struct Mount(NonNull<bindings::vfsmount>);

impl Mount {
    /// Gives up the reference without dropping it.
    pub(super) fn into_raw(self) -> *mut bindings::vfsmount {
        let raw = self.0.as_ptr();
        core::mem::forget(self);
        raw
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // SAFETY: By the invariants the reference is ours.
        unsafe { bindings::mntput(self.0.as_ptr()) };
    }
}

/// A context for a mount that C makes itself; dropping it gives it back.
///
/// # Invariants
///
/// It is valid and ours alone.
struct Context(NonNull<extra_bindings::fs_context>);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: By the invariants it is ours.
        unsafe { extra_bindings::put_fs_context(self.0.as_ptr()) };
    }
}

/// An entry on which something is to be mounted, in `->d_automount`: `struct path`. Valid for the
/// call.
pub struct Automount<'a, F: FileSystem> {
    dentry: &'a Dentry<F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> Automount<'a, F> {
    /// # Safety
    ///
    /// `path` must be what C passes to `->d_automount` of `F`, and `'a` within that call.
    pub(super) unsafe fn from_raw(path: *const bindings::path) -> Self {
        Self {
            // SAFETY: The caller promises it.
            dentry: unsafe { Dentry::from_raw((*path).dentry) },
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The entry. It is positive, and its inode has
    /// [`set_automount`](crate::inode::New::set_automount).
    #[inline]
    pub fn dentry(&self) -> &'a Dentry<F> {
        self.dentry
    }

    /// Mounts a filesystem of this type, whose options `set` sets: nobody parses any. May sleep.
    ///
    /// Mirrors `fs_context_for_submount()` of `fs/fs_context.c` and `fc_mount()` of
    /// `fs/namespace.c`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of `->init_fs_context`, `set` and `fill_super`.
    pub fn mount<C: fs_context::Operations>(
        &self,
        ty: &'static FileSystemType<C>,
        set: impl FnOnce(&mut C) -> Result,
    ) -> Result<Mount> {
        // SAFETY: The type is static, and the dentry valid.
        let fc =
            unsafe { extra_bindings::fs_context_for_submount(ty.as_ptr(), self.dentry.as_ptr()) };
        let fc = NonNull::new(from_err_ptr(fc)?).ok_or(ENOMEM)?;
        // INVARIANT: It is new.
        let fc = Context(fc);
        // SAFETY: The type's `->init_fs_context` has set it up for `C`, and nobody else uses it.
        set(unsafe { fs_context::context(fc.0.as_ptr()) })?;
        // CAST: The same C type, which is opaque in the kernel's bindings.
        // SAFETY: The context is valid, and is given back afterwards.
        let mount = unsafe { bindings::fc_mount(fc.0.as_ptr().cast()) };
        // INVARIANT: `fc_mount()` returns a reference.
        Ok(Mount(NonNull::new(from_err_ptr(mount)?).ok_or(ENOMEM)?))
    }
}
