// SPDX-License-Identifier: GPL-2.0

//! What a mount counts, and shows in `/sys/fs/samplefs/MAJOR:MINOR/`.
//!
//! Counting takes no lock, so that it costs next to nothing; what is read together need not fit
//! together.

#![forbid(unsafe_code)]

use vfs::sysfs::{
    Count,
    Counter, //
};

use crate::SampleFs;

/// What is counted of a mount.
///
/// Operations are counted when C asks for them, also if they fail.
#[derive(Default)]
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

/// The files.
pub(crate) const COUNTERS: &[Counter<SampleFs>] = &[
    Counter::new(c"blocks", |sb| sb.info().limits.usage().blocks.used()),
    Counter::new(c"inodes", |sb| sb.info().limits.usage().inodes.used()),
    Counter::new(c"dentries", |sb| sb.info().stats.dentries.get()),
    Counter::new(c"misses", |sb| sb.info().stats.misses.get()),
    Counter::new(c"lookups", |sb| sb.info().stats.lookups.get()),
    Counter::new(c"creates", |sb| sb.info().stats.creates.get()),
    Counter::new(c"tmpfiles", |sb| sb.info().stats.tmpfiles.get()),
    Counter::new(c"links", |sb| sb.info().stats.links.get()),
    Counter::new(c"removes", |sb| sb.info().stats.removes.get()),
    Counter::new(c"renames", |sb| sb.info().stats.renames.get()),
    Counter::new(c"setattrs", |sb| sb.info().stats.setattrs.get()),
    Counter::new(c"blocks_read", |sb| sb.info().stats.blocks_read.get()),
    Counter::new(c"blocks_written", |sb| sb.info().stats.blocks_written.get()),
];
