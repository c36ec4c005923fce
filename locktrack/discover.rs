// SPDX-License-Identifier: GPL-2.0

//! The probes on the places where inodes come into use, which find new tables.

use kernel::{
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
};
use kprobes::{
    Handler,
    Hit, //
};
use peek::Inode;

use crate::tracker::Tracker;

/// The functions through which every inode goes that a path can lead to, with the index of the inode among
/// their arguments. Several see the same inode: that costs little, and no one sees all.
pub(crate) const PLACES: [(&CStr, u8); 9] = [
    (c"d_instantiate", 1),
    (c"d_instantiate_new", 1),
    (c"d_make_persistent", 1),
    (c"d_add", 1),
    (c"d_splice_alias", 0),
    (c"d_make_root", 0),
    (c"d_obtain_alias", 0),
    (c"d_obtain_root", 0),
    (c"unlock_new_inode", 0),
];

/// The handler on one of [`PLACES`].
pub(crate) struct Place {
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) argument: u8,
}

impl Place {
    fn saw(&self, hit: &Hit<'_>) -> Option<()> {
        let inode = Inode::new(hit.argument(self.argument))?;
        let fs = self.tracker.tables.fs(inode.super_block()?.s_type()?)?;
        self.tracker.saw_inode(inode, fs);
        self.tracker.saw_table(inode.i_op()?, fs);
        Some(())
    }
}

impl Handler for Place {
    fn entry(&self, hit: &Hit<'_>) {
        if self.tracker.enabled.load(Relaxed) {
            // No inode, or not one of an attached filesystem.
            let _ = self.saw(hit);
        }
    }
}
