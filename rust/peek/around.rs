// SPDX-License-Identifier: GPL-2.0

//! The tables around an inode that is in memory.

use core::mem::offset_of;
use extra_bindings as bindings;
use extra_bindings::filelock;
use kernel::container_of;

use crate::{
    follow,
    Inode,
    Table, //
};

/// Calls `f` with the tables of an inode, of its dentries and of its file locks.
///
/// Returns whether it is mapped, so that [`mappings`] has something to look at.
///
/// # Safety
///
/// The inode must be alive and initialised. `i_lock` and `flc_lock` must not be held.
pub(crate) unsafe fn inode<F: FnMut(Table, usize)>(inode: *mut bindings::inode, f: &mut F) -> bool {
    if let Some(seen) = Inode::new(inode as usize) {
        let tables = seen.tables().into_iter();
        tables
            .filter(|&(_, address)| address != 0)
            .for_each(|(table, address)| f(table, address));
    }
    // SAFETY: By the safety requirements.
    unsafe { dentries(inode, f) };
    // SAFETY: By the safety requirements.
    unsafe { locks(inode, f) };
    // SAFETY: By the safety requirements the inode is alive, and with it its mapping.
    let mapping = unsafe { (*inode).i_mapping };
    // SAFETY: As above. Others may change it: this is a word.
    let leftmost = unsafe { (&raw const (*mapping).i_mmap.rb_leftmost).read_volatile() };
    !leftmost.is_null()
}

/// # Safety
///
/// The inode must be alive, and `i_lock` not held.
unsafe fn dentries<F: FnMut(Table, usize)>(inode: *mut bindings::inode, f: &mut F) {
    const D_OP: usize = offset_of!(bindings::dentry, d_op);
    // SAFETY: By the safety requirements.
    let lock = unsafe { &raw mut (*inode).i_lock };
    // SAFETY: The lock is initialised, as the inode is alive.
    unsafe { bindings::spin_lock(lock) };
    // SAFETY: The lock protects the list.
    let mut node = unsafe { (*inode).__bindgen_anon_2.i_dentry.first };
    while !node.is_null() {
        // SAFETY: What is in the list is a dentry of this inode, which the lock keeps.
        let dentry = unsafe { container_of!(node, bindings::dentry, __bindgen_anon_2.d_alias) };
        if let Some(table) = follow(dentry as usize, &[D_OP]) {
            f(Table::Dentry, table);
        }
        // SAFETY: The node is in the list, which the lock protects.
        node = unsafe { (*node).next };
    }
    // SAFETY: The lock was taken above.
    unsafe { bindings::spin_unlock(lock) };
}

/// # Safety
///
/// The inode must be alive, and `flc_lock` not held.
unsafe fn locks<F: FnMut(Table, usize)>(inode: *mut bindings::inode, f: &mut F) {
    // SAFETY: By the safety requirements. It changes once, from null.
    let ctx = unsafe { (&raw const (*inode).i_flctx).read_volatile() };
    // CAST: The kernel's bindings know it as an opaque type.
    let ctx = ctx.cast::<filelock::file_lock_context>();
    if ctx.is_null() {
        return;
    }
    // SAFETY: The context lives as long as the inode.
    let lock = unsafe { &raw mut (*ctx).flc_lock };
    // SAFETY: As above.
    let lists = unsafe {
        [
            &raw mut (*ctx).flc_flock,
            &raw mut (*ctx).flc_posix,
            &raw mut (*ctx).flc_lease,
        ]
    };
    // SAFETY: The lock is initialised, as the context is alive.
    unsafe { bindings::spin_lock(lock) };
    for (index, head) in lists.into_iter().enumerate() {
        // SAFETY: The head is valid, and the lock protects the list.
        let mut node = unsafe { (*head).next };
        while !core::ptr::eq(node, head) {
            // SAFETY: All nodes of the lists but the heads are in a `struct file_lock_core`.
            let core = unsafe { container_of!(node, filelock::file_lock_core, flc_list) };
            let (kinds, offset): (&[Table], usize) = match index {
                2 => (&[Table::LeaseManager], offset_of!(filelock::file_lease, c)),
                _ => (
                    &[Table::FileLock, Table::LockManager],
                    offset_of!(filelock::file_lock, c),
                ),
            };
            for kind in kinds {
                for table in kind.tables((core as usize).wrapping_sub(offset)) {
                    f(*kind, table);
                }
            }
            // SAFETY: The node is in the list, which the lock protects.
            node = unsafe { (*node).next };
        }
    }
    // SAFETY: The lock was taken above.
    unsafe { bindings::spin_unlock(lock) };
}

/// Calls `f` with the tables of the VMAs that map the pages of an inode, and of their files. Sleeps.
///
/// # Safety
///
/// The caller must have a reference to the inode. `i_mmap_rwsem` must not be held.
pub(crate) unsafe fn mappings<F: FnMut(Table, usize)>(inode: *mut bindings::inode, f: &mut F) {
    // SAFETY: By the safety requirements the inode is alive, and with it its mapping.
    let mapping = unsafe { (*inode).i_mapping };
    // SAFETY: As above.
    let lock = unsafe { &raw mut (*mapping).i_mmap_rwsem };
    // SAFETY: The lock is initialised, as the mapping is alive.
    unsafe { bindings::down_read(lock) };
    // SAFETY: The lock protects the tree.
    let mut node = unsafe { (*mapping).i_mmap.rb_leftmost };
    while !node.is_null() {
        // SAFETY: All nodes of the tree are in VMAs.
        let vma = unsafe { container_of!(node, bindings::vm_area_struct, shared.rb) };
        for table in Table::VmArea.tables(vma as usize) {
            f(Table::VmArea, table);
        }
        // SAFETY: A VMA that is in the tree has a file.
        let file = unsafe { (*vma).vm_file };
        for table in Table::File.tables(file as usize) {
            f(Table::File, table);
        }
        // SAFETY: The node is in the tree, which the lock protects.
        node = unsafe { bindings::rb_next(node) };
    }
    // SAFETY: The lock was taken above.
    unsafe { bindings::up_read(lock) };
}
