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
    sync::aref::ARef,
    types::NotThreadSafe, //
};

use super::{
    operations::{
        DDelete,
        Dname,
        DnameBuffer,
        Managed,
        New,
        Operations,
        RenameLock,
        Revalidate,
        UnstableName, //
    },
    qstr_bytes,
    Automount,
    Bare,
    Dentry,
    Mount, //
};
use crate::{
    helper::{
        callback,
        either, //
    },
    walk::{
        RcuWalk,
        Walk, //
    },
    FileSystem,
    Inode,
    Locked, //
};

/// What a table is made of: an [`Operations`], or two, of which the second has the callbacks that the
/// first has not.
pub trait Slots {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The table.
    const TABLE: bindings::dentry_operations;
}

impl<T: Operations> Slots for T {
    type FileSystem = T::FileSystem;

    const TABLE: bindings::dentry_operations = Table::<T>::TABLE;
}

impl<A: Slots, B: Slots<FileSystem = A::FileSystem>> Slots for (A, B) {
    type FileSystem = A::FileSystem;

    const TABLE: bindings::dentry_operations = either!(
        bindings::dentry_operations, A::TABLE, B::TABLE;
        d_revalidate d_weak_revalidate d_hash d_compare d_delete d_init d_release d_prune d_iput
        d_dname d_automount d_manage d_real d_unalias_trylock d_unalias_unlock
    );
}

/// A table of operations for the entries of superblocks of `F`.
pub struct Ops<F: FileSystem>(&'static bindings::dentry_operations, PhantomData<F>);

impl<F: FileSystem> Ops<F> {
    /// Returns the table of `T`: an [`Operations`], or a tuple of two, of which the second has the
    /// callbacks that the first has not.
    pub const fn of<T: Slots<FileSystem = F>>() -> Self {
        Self(&T::TABLE, PhantomData)
    }

    pub(crate) fn as_ptr(&self) -> *const bindings::dentry_operations {
        self.0
    }
}

const LOOKUP_RCU: u32 = extra_bindings::RUST_CONST_HELPER_LOOKUP_RCU;

struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `d_op` of dentries of the filesystem, so for all of them:
// the memory of inodes and dentries is valid for the call, and theirs.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->d_revalidate`.
    unsafe extern "C" fn d_revalidate(
        dir: *mut bindings::inode,
        name: *const bindings::qstr,
        dentry: *mut bindings::dentry,
        flags: c_uint,
    ) -> c_int {
        let what = if flags & LOOKUP_RCU != 0 {
            Revalidate::Rcu(
                // SAFETY: The flag says that this is rcu-walk.
                unsafe { RcuWalk::assume(dir.cast()) },
                // SAFETY: As above.
                unsafe { RcuWalk::assume(dentry.cast()) },
            )
        } else {
            Revalidate::Ref(
                // SAFETY: This is ref-walk: the caller has a reference to it.
                unsafe { Inode::from_raw(dir) },
                // SAFETY: As above.
                unsafe { Dentry::from_raw(dentry) },
            )
        };
        // SAFETY: It is what was looked up, which is the caller's, not the name of the dentry.
        let name = unsafe { qstr_bytes(name) };
        from_result(|| T::d_revalidate(&what, name, flags & !LOOKUP_RCU).map(c_int::from))
    }

    /// # Safety
    ///
    /// As `->d_weak_revalidate`.
    unsafe extern "C" fn d_weak_revalidate(dentry: *mut bindings::dentry, flags: c_uint) -> c_int {
        // SAFETY: `complete_walk()` is in ref-walk, and has a reference to it.
        let dentry = unsafe { Dentry::from_raw(dentry) };
        from_result(|| T::d_weak_revalidate(dentry, flags).map(c_int::from))
    }

    /// # Safety
    ///
    /// As `->d_hash`.
    unsafe extern "C" fn d_hash(
        parent: *const bindings::dentry,
        name: *mut bindings::qstr,
    ) -> c_int {
        // SAFETY: In rcu-walk the caller is in an RCU section; in ref-walk it has a reference, for
        // which the same is true: the memory stays.
        let parent = unsafe { RcuWalk::from_raw(parent.cast()) };
        // SAFETY: It is the caller's, which waits.
        let bytes = unsafe { qstr_bytes(name) };
        from_result(|| {
            let hash = T::d_hash(&parent, bytes)?;
            // SAFETY: As above; this is a field of it.
            unsafe { (*name).__bindgen_anon_1.__bindgen_anon_1.hash = hash };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As `->d_compare`.
    unsafe extern "C" fn d_compare(
        dentry: *const bindings::dentry,
        len: c_uint,
        str: *const c_char,
        name: *const bindings::qstr,
    ) -> c_int {
        // SAFETY: As for `d_hash`.
        let dentry = unsafe { RcuWalk::from_raw(dentry.cast()) };
        // SAFETY: `__d_lookup_rcu_op_compare()` has checked that name and length belong together.
        // The memory of the name is that of the dentry, or freed after an RCU grace period.
        let of_dentry = unsafe { UnstableName::from_raw(str.cast(), len as usize) };
        // SAFETY: It is what is looked up, which is the caller's.
        let name = unsafe { qstr_bytes(name) };
        c_int::from(!T::d_compare(&dentry, &of_dentry, name))
    }

    /// # Safety
    ///
    /// As `->d_delete`.
    unsafe extern "C" fn d_delete(dentry: *const bindings::dentry) -> c_int {
        // SAFETY: `retain_dentry()` passes a dentry that is not freed yet.
        let dentry = unsafe { Bare::from_raw(dentry.cast_mut()) };
        // SAFETY: It calls this only if it holds `d_lock`.
        c_int::from(T::d_delete(&unsafe { Locked::assume(dentry) }))
    }

    /// # Safety
    ///
    /// As `->d_init`.
    unsafe extern "C" fn d_init(dentry: *mut bindings::dentry) -> c_int {
        // SAFETY: `__d_alloc()` passes a new dentry.
        let dentry = unsafe { Bare::from_raw(dentry) };
        from_result(|| T::d_init(New(dentry, NotThreadSafe::default())).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->d_release`.
    unsafe extern "C" fn d_release(dentry: *mut bindings::dentry) {
        // SAFETY: `dentry_kill()` passes a dentry that is not freed yet.
        T::d_release(unsafe { Bare::from_raw(dentry) });
    }

    /// # Safety
    ///
    /// As `->d_prune`.
    unsafe extern "C" fn d_prune(dentry: *mut bindings::dentry) {
        // SAFETY: `dentry_kill()` passes a dentry that is not freed yet.
        let dentry = unsafe { Bare::from_raw(dentry) };
        // SAFETY: It holds `d_lock`.
        T::d_prune(&unsafe { Locked::assume(dentry) });
    }

    /// # Safety
    ///
    /// As `->d_iput`.
    unsafe extern "C" fn d_iput(dentry: *mut bindings::dentry, inode: *mut bindings::inode) {
        // SAFETY: `dentry_unlink_inode()` passes a dentry that is not freed yet.
        let dentry = unsafe { Bare::from_raw(dentry) };
        // SAFETY: It passes the inode that the dentry had.
        let inode = core::ptr::NonNull::from(unsafe { Inode::<T::FileSystem>::from_raw(inode) });
        // SAFETY: It leaves the dentry's reference to the callback.
        T::d_iput(dentry, unsafe { ARef::from_raw(inode) });
    }

    /// # Safety
    ///
    /// As `->d_dname`.
    unsafe extern "C" fn d_dname(
        dentry: *mut bindings::dentry,
        buffer: *mut c_char,
        len: c_int,
    ) -> *mut c_char {
        // SAFETY: `d_path()` passes a dentry to which its caller has a reference.
        let dentry = unsafe { Bare::from_raw(dentry) };
        let buffer = DnameBuffer {
            memory: buffer.cast(),
            len: usize::try_from(len).unwrap_or(0),
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        };
        match T::d_dname(dentry, buffer) {
            Ok(Dname(name, _)) => name.cast(),
            Err(error) => error.to_ptr(),
        }
    }

    /// # Safety
    ///
    /// As `->d_manage`.
    unsafe extern "C" fn d_manage(path: *const bindings::path, rcu_walk: bool) -> c_int {
        // SAFETY: `__traverse_mounts()` and `__follow_mount_rcu()` pass a path.
        let dentry = unsafe { (*path).dentry };
        let dentry = if rcu_walk {
            // SAFETY: The argument says that this is rcu-walk.
            Walk::Rcu(unsafe { RcuWalk::assume(dentry.cast()) })
        } else {
            // SAFETY: This is ref-walk: the caller has a reference to it.
            Walk::Ref(unsafe { Dentry::from_raw(dentry) })
        };
        from_result(|| match T::d_manage(&dentry)? {
            Managed::Transit => Ok(0),
            Managed::Directory => Err(EISDIR),
        })
    }

    /// # Safety
    ///
    /// As `->d_automount`.
    unsafe extern "C" fn d_automount(path: *mut bindings::path) -> *mut bindings::vfsmount {
        // SAFETY: `follow_automount()` is in ref-walk, and has a reference to the path.
        let path = unsafe { Automount::from_raw(path) };
        match T::d_automount(&path) {
            Ok(mount) => mount.map_or(ptr::null_mut(), Mount::into_raw),
            Err(error) => error.to_ptr(),
        }
    }

    /// # Safety
    ///
    /// As `->d_unalias_trylock`.
    unsafe extern "C" fn d_unalias_trylock(alias: *const bindings::dentry) -> bool {
        // SAFETY: `__d_unalias()` passes a dentry to which its caller has a reference.
        let alias = unsafe { Dentry::from_raw(alias.cast_mut()) };
        // SAFETY: Its caller holds `rename_lock`.
        T::d_unalias_trylock(alias, &unsafe { RenameLock::assume() })
    }

    /// # Safety
    ///
    /// As `->d_unalias_unlock`.
    unsafe extern "C" fn d_unalias_unlock(alias: *const bindings::dentry) {
        // SAFETY: `__d_unalias()` passes a dentry to which its caller has a reference.
        let alias = unsafe { Dentry::from_raw(alias.cast_mut()) };
        // SAFETY: Its caller holds `rename_lock`.
        T::d_unalias_unlock(alias, &unsafe { RenameLock::assume() });
    }

    const TABLE: bindings::dentry_operations = bindings::dentry_operations {
        d_revalidate: callback!(T::HAS_D_REVALIDATE, Self::d_revalidate),
        d_weak_revalidate: callback!(T::HAS_D_WEAK_REVALIDATE, Self::d_weak_revalidate),
        d_hash: callback!(T::HAS_D_HASH, Self::d_hash),
        d_compare: callback!(T::HAS_D_COMPARE, Self::d_compare),
        d_delete: callback!(T::HAS_D_DELETE, Self::d_delete, DDelete::get(T::D_DELETE)),
        d_init: callback!(T::HAS_D_INIT, Self::d_init),
        d_release: callback!(T::HAS_D_RELEASE, Self::d_release),
        d_prune: callback!(T::HAS_D_PRUNE, Self::d_prune),
        d_iput: callback!(T::HAS_D_IPUT, Self::d_iput),
        d_dname: callback!(T::HAS_D_DNAME, Self::d_dname),
        d_manage: callback!(T::HAS_D_MANAGE, Self::d_manage),
        d_automount: callback!(T::HAS_D_AUTOMOUNT, Self::d_automount),
        d_unalias_trylock: callback!(T::HAS_D_UNALIAS_TRYLOCK, Self::d_unalias_trylock),
        d_unalias_unlock: callback!(T::HAS_D_UNALIAS_UNLOCK, Self::d_unalias_unlock),
        ..pin_init::zeroed()
    };
}
