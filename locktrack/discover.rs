// SPDX-License-Identifier: GPL-2.0

//! The probes on the places where objects come into use, which find new tables.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use kprobes::{
    EntryProbes,
    Handler,
    Hit,
    Target, //
};
use peek::{
    follow,
    Inode,
    SuperBlock,
    Table,
    Way, //
};

use crate::{
    tables::FsId,
    tracker::Tracker, //
};

/// What a function is given.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    /// A `struct inode *`.
    Inode(u8),
    /// A `struct inode *`, the root of a superblock that is new, too.
    Root(u8),
    /// A `struct dentry *` and a `struct inode *`.
    Dentry(u8, u8),
    /// An object with tables of this kind.
    Object(Table, u8),
    /// A `struct file_lock *`.
    FileLock(u8),
    /// A `struct file_lease **`.
    Lease(u8),
    /// The `s_dentry_lru` of a superblock whose `->kill_sb()` has returned, or another list of that kind.
    GoneDentries(u8),
}

/// The functions through which everything goes that has a table, and what they are given. Several see the same
/// inode: that costs little, and no one sees all. The last is where superblocks go, each, before its memory does.
pub(crate) const PLACES: [(&CStr, Seen); 17] = [
    (c"d_instantiate", Seen::Dentry(0, 1)),
    (c"d_instantiate_new", Seen::Dentry(0, 1)),
    (c"d_make_persistent", Seen::Dentry(0, 1)),
    (c"d_add", Seen::Dentry(0, 1)),
    (c"d_splice_alias", Seen::Dentry(1, 0)),
    (c"d_make_root", Seen::Root(0)),
    (c"d_obtain_alias", Seen::Inode(0)),
    (c"d_obtain_root", Seen::Root(0)),
    (c"unlock_new_inode", Seen::Inode(0)),
    (c"fd_install", Seen::Object(Table::File, 1)),
    (c"vma_set_page_prot", Seen::Object(Table::VmArea, 0)),
    (c"vfs_get_tree", Seen::Object(Table::FsContext, 0)),
    (c"reconfigure_super", Seen::Object(Table::FsContext, 0)),
    (c"posix_lock_file", Seen::FileLock(1)),
    (c"locks_lock_inode_wait", Seen::FileLock(1)),
    (c"generic_setlease", Seen::Lease(2)),
    (c"list_lru_destroy", Seen::GoneDentries(0)),
];

/// The handler on one of [`PLACES`].
pub(crate) struct Place {
    tracker: Arc<Tracker>,
    seen: Seen,
    /// The ways from what is seen to its table and its superblock, if those are all there is to it.
    ways: Option<(usize, Way)>,
}

impl Place {
    fn inode(&self, address: usize, root: bool) -> Option<FsId> {
        let inode = Inode::new(address)?;
        let sb = inode.super_block()?;
        let fs = self.tracker.tables.fs(sb.s_type()?, Some(sb))?;
        for (table, address) in inode.tables() {
            if address != 0 {
                self.tracker.saw_table(table, address, fs);
            }
        }
        if root {
            for (table, address) in sb.tables() {
                self.tracker.saw_table(table, address, fs);
            }
        }
        Some(fs)
    }

    /// Looks at an object by the ways that are the same for all of its kind.
    fn object_by(&self, (table, way): &(usize, Way), kind: Table, object: usize) -> Option<()> {
        let sb = SuperBlock::new(way.find(object)?)?;
        let fs = self.tracker.tables.fs(sb.s_type()?, Some(sb))?;
        if let Some(table) = Way::One(*table).find(object) {
            self.tracker.saw_table(kind, table, fs);
        }
        Some(())
    }

    #[inline(never)]
    fn object(&self, kind: Table, object: usize) -> Option<()> {
        let (s_type, sb) = kind.owner(object)?;
        let fs = self.tracker.tables.fs(s_type, sb)?;
        for table in kind.tables(object) {
            self.tracker.saw_table(kind, table, fs);
        }
        Some(())
    }

    /// Looks at what the function was given: there may be nothing, or nothing of an attached filesystem.
    fn saw(&self, hit: &Hit<'_>) -> Option<()> {
        match self.seen {
            Seen::Inode(inode) => self.inode(hit.argument(inode), false).map(drop),
            Seen::Root(inode) => self.inode(hit.argument(inode), true).map(drop),
            Seen::Dentry(dentry, inode) => {
                // Both are of one superblock.
                let fs = self.inode(hit.argument(inode), false)?;
                let (table, _) = const { Table::Dentry.ways() }?;
                if let Some(table) = Way::One(table).find(hit.argument(dentry)) {
                    self.tracker.saw_table(Table::Dentry, table, fs);
                }
                Some(())
            }
            Seen::Object(kind, object) => match &self.ways {
                Some(ways) => self.object_by(ways, kind, hit.argument(object)),
                None => self.object(kind, hit.argument(object)),
            },
            Seen::FileLock(lock) => {
                let lock = hit.argument(lock);
                let _ = self.object(Table::FileLock, lock);
                self.object(Table::LockManager, lock)
            }
            Seen::Lease(lease) => {
                let lease = follow(hit.argument(lease), &[0])?;
                self.object(Table::LeaseManager, lease)
            }
            Seen::GoneDentries(lru) => {
                let sb = SuperBlock::of_dentry_lru(hit.argument(lru))?;
                self.tracker.tables.forget(sb);
                Some(())
            }
        }
    }
}

/// Probes [`PLACES`]. Sleeps.
///
/// # Errors
///
/// Those of [`EntryProbes::new`].
pub(crate) fn probe_places(tracker: &Arc<Tracker>) -> Result<EntryProbes<Place>> {
    EntryProbes::new(PLACES.into_iter().map(|(symbol, seen)| {
        let place = Place {
            tracker: tracker.clone(),
            seen,
            ways: match seen {
                Seen::Object(kind, _) => kind.ways().and_then(|(table, way)| {
                    let way = Way::new(way)?;
                    Some((table, way))
                }),
                _ => None,
            },
        };
        (Target::Symbol(symbol), place)
    }))
}

impl Handler for Place {
    fn entry(&self, hit: &Hit<'_>) {
        // Also while calls pass unchecked: what is seen now is not seen again.
        let _ = self.saw(hit);
    }
}
