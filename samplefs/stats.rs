// SPDX-License-Identifier: GPL-2.0

//! What a mount counts, and shows in `/sys/fs/samplefs/MAJOR:MINOR/`.
//!
//! Counting takes no lock, so that it costs next to nothing; what is read together need not fit
//! together.

#![forbid(unsafe_code)]

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use vfs::sysfs::Counter;

use crate::SampleFs;

/// A number that can be read at any time.
pub(crate) struct Count(Atomic<u64>);

impl Count {
    const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Counts one more.
    pub(crate) fn inc(&self) {
        self.0.add(1u64, Relaxed);
    }

    /// Counts one less.
    pub(crate) fn dec(&self) {
        // Adding wraps around.
        self.0.add(u64::MAX, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What is counted of a mount.
///
/// Operations are counted when C asks for them, also if they fail.
pub(crate) struct Stats {
    /// Entries in the dcache.
    pub(crate) dentries: Count,
    /// Those of them that say that there is no such name, and are kept for that.
    pub(crate) misses: Count,
    /// Names that were not in the dcache.
    pub(crate) lookups: Count,
    /// New files, directories and so on, with a name.
    pub(crate) creates: Count,
    /// New files without a name.
    pub(crate) tmpfiles: Count,
    /// More names of what there is.
    pub(crate) links: Count,
    /// Names that went.
    pub(crate) removes: Count,
    pub(crate) renames: Count,
    /// Changes of attributes, of the size among them.
    pub(crate) setattrs: Count,
    /// Blocks read from the store.
    pub(crate) blocks_read: Count,
    /// Blocks written to the store.
    pub(crate) blocks_written: Count,
}

impl Stats {
    pub(crate) fn new() -> Self {
        Self {
            dentries: Count::new(),
            misses: Count::new(),
            lookups: Count::new(),
            creates: Count::new(),
            tmpfiles: Count::new(),
            links: Count::new(),
            removes: Count::new(),
            renames: Count::new(),
            setattrs: Count::new(),
            blocks_read: Count::new(),
            blocks_written: Count::new(),
        }
    }
}

/// The files.
pub(crate) const COUNTERS: &[Counter<SampleFs>] = &[
    Counter::new(c"blocks", |sb| sb.info().limits().usage().blocks.used()),
    Counter::new(c"inodes", |sb| sb.info().limits().usage().inodes.used()),
    Counter::new(c"dentries", |sb| sb.info().stats().dentries.get()),
    Counter::new(c"misses", |sb| sb.info().stats().misses.get()),
    Counter::new(c"lookups", |sb| sb.info().stats().lookups.get()),
    Counter::new(c"creates", |sb| sb.info().stats().creates.get()),
    Counter::new(c"tmpfiles", |sb| sb.info().stats().tmpfiles.get()),
    Counter::new(c"links", |sb| sb.info().stats().links.get()),
    Counter::new(c"removes", |sb| sb.info().stats().removes.get()),
    Counter::new(c"renames", |sb| sb.info().stats().renames.get()),
    Counter::new(c"setattrs", |sb| sb.info().stats().setattrs.get()),
    Counter::new(c"blocks_read", |sb| sb.info().stats().blocks_read.get()),
    Counter::new(c"blocks_written", |sb| {
        sb.info().stats().blocks_written.get()
    }),
];
