// SPDX-License-Identifier: GPL-2.0

//! What a directory remembers of its entries, for readdir.
//!
//! The dcache finds an entry by its name, but has no order that lasts. So each name in a directory
//! gets a cookie, larger than all before it, which it keeps as long as it exists: readdir goes up
//! the cookies, and a position in the directory is a cookie. Whatever is created or removed
//! meanwhile, a name that was there all the time is emitted once. Renaming something onto a name,
//! or exchanging two, does not touch the cookies of the names.
//!
//! A dentry has the cookie of its name in `d_fsdata`.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
};
use vfs::{
    mode::fs_umode_to_dtype,
    Inode, //
};

use crate::SampleFs;

/// The cookie of the first entry: the positions before it are those of `.` and `..`.
pub(crate) const FIRST: usize = 2;

/// No entry has this cookie: it, and the one after it, must be a position in a file.
const LAST: usize = isize::MAX as usize;

/// An entry, as readdir shows it.
pub(crate) struct Entry {
    name: KVec<u8>,
    ino: u64,
    dtype: u8,
}

impl Entry {
    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    pub(crate) fn ino(&self) -> u64 {
        self.ino
    }

    pub(crate) fn dtype(&self) -> u8 {
        self.dtype
    }
}

/// All that can fail about a new entry, done before anything is changed.
pub(crate) struct Prepared {
    reservation: RBTreeNodeReservation<usize, Entry>,
    entry: Entry,
}

/// The entries of a directory. For other inodes it stays empty.
///
/// `i_rwsem` protects it: it is the filesystem's [`vfs::FileSystem::Guarded`].
pub(crate) struct Entries {
    by_cookie: RBTree<usize, Entry>,
    next: usize,
}

impl Entries {
    pub(crate) fn new() -> Self {
        Self {
            by_cookie: RBTree::new(),
            next: FIRST,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_cookie.is_empty()
    }

    /// The cookie that the next new name gets. All that there are, are smaller.
    pub(crate) fn next(&self) -> usize {
        self.next
    }

    /// Does all that can fail about adding a name.
    ///
    /// Fails with `ENOSPC` if the directory has run out of cookies, on a machine with small ones.
    pub(crate) fn prepare(&self, name: &[u8], inode: &Inode<SampleFs>) -> Result<Prepared> {
        if self.next >= LAST {
            return Err(ENOSPC);
        }
        let mut copy = KVec::with_capacity(name.len(), GFP_KERNEL)?;
        copy.extend_from_slice(name, GFP_KERNEL)?;
        Ok(Prepared {
            reservation: RBTreeNodeReservation::new(GFP_KERNEL)?,
            entry: Entry {
                name: copy,
                ino: inode.i_ino(),
                dtype: fs_umode_to_dtype(inode.i_mode()),
            },
        })
    }

    /// Adds a name, whose cookie is what [`Entries::next`] was.
    pub(crate) fn insert(&mut self, new: Prepared) {
        let node = new.reservation.into_node(self.next, new.entry);
        self.by_cookie.insert(node);
        self.next = self.next.saturating_add(1);
    }

    /// Removes a name.
    pub(crate) fn remove(&mut self, cookie: usize) {
        self.by_cookie.remove(&cookie);
    }

    /// Says that a name now belongs to another inode.
    pub(crate) fn set_inode(&mut self, cookie: usize, inode: &Inode<SampleFs>) {
        if let Some(entry) = self.by_cookie.get_mut(&cookie) {
            entry.ino = inode.i_ino();
            entry.dtype = fs_umode_to_dtype(inode.i_mode());
        }
    }

    /// The first entry whose cookie is not smaller than this.
    pub(crate) fn from(&self, cookie: usize) -> Option<(usize, &Entry)> {
        let cookie = *self.by_cookie.cursor_lower_bound(&cookie)?.current().0;
        Some((cookie, self.by_cookie.get(&cookie)?))
    }
}
