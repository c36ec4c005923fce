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
    prelude::*, //
};

use crate::SampleFs;

/// The cookie of the first entry: the positions before it are those of `.` and `..`.
pub(crate) const FIRST: usize = 2;

/// No entry has this cookie: it, and the one after it, must be a position in a file.
const LAST: usize = isize::MAX as usize;

/// How many bytes are kept in an entry itself.
const SHORT: usize = 15;

/// Some bytes; if there are few of them, without memory of their own.
enum Bytes {
    /// So many, at the beginning.
    Short(u8, [u8; SHORT]),
    Long(KVec<u8>),
}

impl Bytes {
    fn new(parts: &[&[u8]]) -> Result<Self> {
        let len = parts.iter().map(|part| part.len()).sum();
        if len <= SHORT {
            let mut bytes = [0; SHORT];
            for (to, from) in bytes.iter_mut().zip(parts.iter().copied().flatten()) {
                *to = *from;
            }
            return Ok(Self::Short(len as u8, bytes));
        }
        let mut bytes = KVec::with_capacity(len, GFP_KERNEL_ACCOUNT)?;
        for part in parts {
            bytes.extend_from_slice(part, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Self::Long(bytes))
    }

    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short(len, bytes) => bytes.get(..usize::from(*len)).unwrap_or(bytes),
            Self::Long(bytes) => bytes,
        }
    }

    fn first_mut(&mut self) -> Option<&mut u8> {
        match self {
            Self::Short(_, bytes) => bytes.first_mut(),
            Self::Long(bytes) => bytes.first_mut(),
        }
    }
}

/// An entry, as readdir shows it.
pub(crate) struct Entry {
    /// The type, and then the name: so both fit into what a short name leaves.
    type_and_name: Bytes,
    ino: u64,
}

// There is one for each name, and with what the tree adds it fills its piece of memory.
const _: () = assert!(size_of::<Entry>() <= 32);

impl Entry {
    fn new(name: &[u8], inode: &Inode<SampleFs>) -> Result<Self> {
        let dtype = fs_umode_to_dtype(inode.i_mode());
        Ok(Self {
            type_and_name: Bytes::new(&[&[dtype], name])?,
            ino: inode.i_ino(),
        })
    }

    pub(crate) fn name(&self) -> &[u8] {
        self.type_and_name.as_slice().get(1..).unwrap_or(&[])
    }

    pub(crate) fn ino(&self) -> u64 {
        self.ino
    }

    pub(crate) fn dtype(&self) -> u8 {
        self.type_and_name.as_slice().first().copied().unwrap_or(0)
    }
}

/// All that can fail about a new entry, done before anything is changed.
pub(crate) struct Prepared {
    reservation: RBTreeNodeReservation<usize, Entry>,
    entry: Entry,
}

/// The entries of a directory. For other inodes it stays empty, and takes a word.
///
/// `i_rwsem` protects it: it is the filesystem's [`vfs::FileSystem::Guarded`].
pub(crate) struct Entries(Option<KBox<Table>>);

struct Table {
    by_cookie: RBTree<usize, Entry>,
    next: usize,
}

impl Entries {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn is_empty(&self) -> bool {
        let table = self.0.as_ref();
        table.is_none_or(|table| table.by_cookie.is_empty())
    }

    /// The cookie that the next new name gets. All that there are, are smaller.
    pub(crate) fn next(&self) -> usize {
        self.0.as_ref().map_or(FIRST, |table| table.next)
    }

    /// Does all that can fail about adding a name.
    ///
    /// Fails with `ENOSPC` if the directory has run out of cookies, on a machine with small ones.
    pub(crate) fn prepare(&mut self, name: &[u8], inode: &Inode<SampleFs>) -> Result<Prepared> {
        if self.next() >= LAST {
            return Err(ENOSPC);
        }
        if self.0.is_none() {
            let table = Table {
                by_cookie: RBTree::new(),
                next: FIRST,
            };
            self.0 = Some(KBox::new(table, GFP_KERNEL_ACCOUNT)?);
        }
        Ok(Prepared {
            reservation: RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?,
            entry: Entry::new(name, inode)?,
        })
    }

    /// Adds a name, whose cookie is what [`Entries::next`] was.
    pub(crate) fn insert(&mut self, new: Prepared) {
        if let Some(table) = &mut self.0 {
            let node = new.reservation.into_node(table.next, new.entry);
            table.by_cookie.insert(node);
            table.next = table.next.saturating_add(1);
        }
    }

    /// Removes a name.
    pub(crate) fn remove(&mut self, cookie: usize) {
        if let Some(table) = &mut self.0 {
            table.by_cookie.remove(&cookie);
        }
    }

    /// Says that a name now belongs to another inode.
    pub(crate) fn set_inode(&mut self, cookie: usize, inode: &Inode<SampleFs>) {
        let table = self.0.as_mut();
        if let Some(entry) = table.and_then(|table| table.by_cookie.get_mut(&cookie)) {
            entry.ino = inode.i_ino();
            if let Some(dtype) = entry.type_and_name.first_mut() {
                *dtype = fs_umode_to_dtype(inode.i_mode());
            }
        }
    }

    /// Goes through the entries, from this cookie on, as long as `each` returns true.
    pub(crate) fn walk(&self, mut cookie: usize, mut each: impl FnMut(usize, &Entry) -> bool) {
        let Some(table) = &self.0 else {
            return;
        };
        while let Some(cursor) = table.by_cookie.cursor_lower_bound(&cookie) {
            let (&found, entry) = cursor.current();
            if !each(found, entry) {
                break;
            }
            // The tree's cursor cannot be moved, but sees the next one: half as many searches.
            let Some((&next, entry)) = cursor.peek_next() else {
                break;
            };
            if !each(next, entry) {
                break;
            }
            cookie = next + 1;
        }
    }
}
