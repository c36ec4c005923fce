// SPDX-License-Identifier: GPL-2.0

//! Registered filesystems.

use core::ptr::NonNull;
use extra_bindings as bindings;
use kernel::{
    container_of,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    str::CString,
    types::Opaque, //
};

use crate::{
    Inode,
    Kind, //
};

/// So many inodes are looked at before others may have the lock of their list.
const INODES_AT_ONCE: usize = 512;

/// A registered filesystem, with a reference to its module, which cannot go while this lives.
///
/// # Invariants
///
/// `ptr` points to a registered `struct file_system_type`, to whose module this has a reference.
pub struct FileSystemType {
    ptr: NonNull<bindings::file_system_type>,
}

// SAFETY: A reference to a module belongs to no thread.
unsafe impl Send for FileSystemType {}
// SAFETY: `&self` gives nothing that could not be done from any thread.
unsafe impl Sync for FileSystemType {}

impl FileSystemType {
    /// Finds a filesystem by name. Sleeps. It does not make the kernel load a module of that name.
    ///
    /// # Errors
    ///
    /// - `EINVAL`: the name is empty or has a dot in it, which divides a name from a subtype.
    /// - `ENODEV`: there is no such filesystem, or it is just going.
    /// - `ENOMEM`.
    pub fn find(name: &CStr) -> Result<Self> {
        let bytes = name.to_bytes();
        if bytes.is_empty() || bytes.contains(&b'.') {
            return Err(EINVAL);
        }
        // `get_fs_type()` runs modprobe for a name that it does not know.
        if !is_registered(name)? {
            return Err(ENODEV);
        }
        // SAFETY: The name is a C string.
        let ptr = unsafe { bindings::get_fs_type(name.as_char_ptr()) };
        // INVARIANT: `get_fs_type()` takes a reference to the module, without which the type would
        // not stay.
        NonNull::new(ptr).map(|ptr| Self { ptr }).ok_or(ENODEV)
    }

    /// Returns the address, by which `s_type` of a super block can be compared.
    pub fn address(&self) -> usize {
        self.ptr.as_ptr() as usize
    }

    /// Calls `f` with the table of operations of every inode and every mounted super block. Sleeps.
    ///
    /// `f` is called with a spinlock held. Inodes that come or go meanwhile may be left out.
    pub fn for_each_table<F: FnMut(Kind, usize)>(&self, mut f: F) {
        self.for_each_inode(|inode| inode.tables(&mut f));
    }

    /// Returns the operations of a `struct fs_context` of this filesystem, as a mount gets one. Sleeps.
    ///
    /// # Errors
    ///
    /// Those of the filesystem's `->init_fs_context()`, which may not like who asks.
    pub fn context_operations(&self) -> Result<usize> {
        // SAFETY: The type is registered by the invariant.
        let fc = from_err_ptr(unsafe { bindings::fs_context_for_mount(self.ptr.as_ptr(), 0) })?;
        // SAFETY: The context is this function's own.
        let ops = unsafe { (*fc).ops } as usize;
        // SAFETY: As above; nobody has it any more.
        unsafe { bindings::put_fs_context(fc) };
        Ok(ops)
    }

    /// Calls `f` with the address of `i_op` of every inode of every mounted super block. Sleeps.
    ///
    /// `f` is called with a spinlock held. Inodes that come or go meanwhile may be left out.
    pub fn for_each_i_op<F: FnMut(usize)>(&self, mut f: F) {
        self.for_each_inode(|inode| f(inode.i_op().unwrap_or(0)));
    }

    fn for_each_inode<F: FnMut(Inode)>(&self, mut f: F) {
        // SAFETY: The type is registered by the invariant. `each_super()` gets what it wants: a pointer to
        // an `F` that nobody else uses meanwhile.
        unsafe {
            bindings::iterate_supers_type(
                self.ptr.as_ptr(),
                Some(each_super::<F>),
                (&raw mut f).cast(),
            )
        };
    }
}

impl Drop for FileSystemType {
    fn drop(&mut self) {
        // SAFETY: By the invariant the type is valid.
        let owner = unsafe { (*self.ptr.as_ptr()).owner };
        // SAFETY: By the invariant this has a reference to it. A null pointer is fine.
        unsafe { bindings::module_put(owner) };
    }
}

/// Nobody mounts a name that is only being tried.
///
/// # Safety
///
/// Only for C.
unsafe extern "C" fn refuse(_fc: *mut kernel::bindings::fs_context) -> c_int {
    ENODEV.to_errno()
}

/// Returns whether a filesystem of this name is registered. Sleeps.
///
/// There is no call that only looks. But no name can be registered twice, so this tries to register
/// it, and takes it back at once if that worked.
fn is_registered(name: &CStr) -> Result<bool> {
    let name = CString::try_from(name)?;
    let trial = KBox::pin_init(
        Opaque::ffi_init(|slot: *mut bindings::file_system_type| {
            let trial = bindings::file_system_type {
                name: name.as_char_ptr(),
                init_fs_context: Some(refuse),
                ..pin_init::zeroed()
            };
            // SAFETY: The slot is valid for writes.
            unsafe { slot.write(trial) };
        }),
        GFP_KERNEL,
    )?;
    let trial: &Opaque<bindings::file_system_type> = &trial;
    // SAFETY: It is initialised, and stays until it is unregistered below. As nothing can be mounted with it, no
    // lockdep key in it is ever used, and so it need not be static.
    let ret = unsafe { bindings::register_filesystem(trial.get()) };
    if ret == EBUSY.to_errno() {
        return Ok(true);
    }
    to_result(ret)?;
    // SAFETY: It was just registered. This waits for those who found it in the list.
    unsafe { bindings::unregister_filesystem(trial.get()) };
    Ok(false)
}

/// # Safety
///
/// Only for `iterate_supers_type()`, which holds `s_umount` of `sb`. `f` must point to an `F`.
unsafe extern "C" fn each_super<F: FnMut(Inode)>(sb: *mut bindings::super_block, f: *mut c_void) {
    // SAFETY: By the safety requirements.
    let f = unsafe { &mut *f.cast::<F>() };
    // SAFETY: `s_umount` keeps `sb` alive.
    let lock = unsafe { &raw mut (*sb).s_inode_list_lock };
    // SAFETY: As above.
    let head = unsafe { &raw mut (*sb).s_inodes };

    // The inode that keeps the place in the list while the lock is open.
    let mut place: *mut bindings::inode = core::ptr::null_mut();
    // SAFETY: The lock is initialised, as `sb` is alive.
    unsafe { bindings::spin_lock(lock) };
    // SAFETY: The head is valid, and the lock protects the list.
    let mut node = unsafe { (*head).next };
    let mut count = 0;
    while !core::ptr::eq(node, head) {
        // SAFETY: All nodes of `s_inodes` but the head are in inodes.
        let inode = unsafe { container_of!(node, bindings::inode, i_sb_list) };
        if let Some(inode) = Inode::new(inode as usize) {
            f(inode);
        }
        count += 1;
        if count >= INODES_AT_ONCE {
            // SAFETY: The inode is on the list, and so alive. It may be going: then this gives null.
            let kept = unsafe { bindings::igrab(inode) };
            if !kept.is_null() {
                // SAFETY: The lock was taken here.
                unsafe { bindings::spin_unlock(lock) };
                // SAFETY: The reference is this function's own; null is fine.
                unsafe { bindings::iput(place) };
                place = kept;
                count = 0;
                // SAFETY: The lock is initialised.
                unsafe { bindings::spin_lock(lock) };
            }
        }
        // SAFETY: The inode is on the list: the lock was held all the time, or a reference is.
        node = unsafe { (*inode).i_sb_list.next };
    }
    // SAFETY: The lock was taken here.
    unsafe { bindings::spin_unlock(lock) };
    // SAFETY: The reference is this function's own; null is fine.
    unsafe { bindings::iput(place) };
}
