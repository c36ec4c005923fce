// SPDX-License-Identifier: GPL-2.0

//! Where in a table of operations a callback stands.

use core::mem::offset_of;
use extra_bindings::inode_operations;
use kprobes::read_nofault;

/// The place of a callback in `struct inode_operations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

macro_rules! slots {
    ($name:expr, $table:ty: $($op:ident),* $(,)?) => {
        match $name {
            $(stringify!($op) => Some(Slot(offset_of!($table, $op))),)*
            _ => None,
        }
    };
}

impl Slot {
    /// Finds a slot by the names of the table and of the callback, which are C's.
    pub fn find(table: &str, op: &str) -> Option<Self> {
        match table {
            "inode_operations" => slots!(op, inode_operations:
                lookup, get_link, permission, get_inode_acl, readlink, create, link, unlink, symlink,
                mkdir, rmdir, mknod, rename, setattr, getattr, listxattr, fiemap, update_time,
                sync_lazytime, atomic_open, tmpfile, get_acl, set_acl, fileattr_set, fileattr_get,
                get_offset_ctx,
            ),
            _ => None,
        }
    }

    /// Returns the address of the callback in the table at this address, if it has one.
    #[inline]
    pub fn callback(self, table: usize) -> Option<usize> {
        read_nofault::<usize>(table.wrapping_add(self.0)).filter(|&callback| callback != 0)
    }
}
