// SPDX-License-Identifier: GPL-2.0

//! samplefs: a filesystem in memory, to copy from.
//!
//! ```text
//! # insmod samplefs.ko
//! # mount -t samplefs -o size=64m,nr_inodes=10k none /mnt
//! # cp -a /usr/share/doc /mnt && df /mnt
//! # umount /mnt && rmmod samplefs
//! ```
//!
//! It does what tmpfs does: names live in the dcache and data in a store in memory, with the page
//! cache before it. There is no `unsafe` in it, except in what `module!` expands to, and no call into
//! C: all it knows of the kernel is the crate `vfs`.
//!
//! Read it in this order; where a table of operations is named, the file is that table:
//!
//! - this file: the type of the filesystem, and the module; `limits.rs`: what is charged for;
//! - `node.rs`: how an inode is made; `entries.rs`: what a directory remembers of its entries;
//! - `fs_context.rs`: mount options (`fs_context_operations`);
//! - `sb.rs`: the superblock (`super_operations`); `stats.rs`: what it counts;
//! - `dentry.rs`: entries in the dcache (`dentry_operations`);
//! - `dir.rs` and `dir_file.rs`: directories (`inode_operations`, `file_operations`);
//! - `regular_file.rs`, `pages.rs` and `vm.rs`: regular files (`file_operations`,
//!   `address_space_operations`, `vm_operations_struct`); `store.rs`: where their data are, below the
//!   page cache;
//! - `holes.rs`: what fallocate(2), lseek(2) and a new size do; `locks.rs`: file locks
//!   (`file_lock_operations`);
//! - `attr.rs`, `fileattr.rs` and `symlink.rs`: attributes of all inodes, what only files and
//!   directories have, and what only symbolic links have (`inode_operations`); `xattr.rs`: extended
//!   attributes (`xattr_handler`);
//! - `export.rs`: file handles (`export_operations`);
//! - `quota.rs`: quotas (`dquot_operations`).

use kernel::prelude::*;
use vfs::file_system_type::{
    FileSystemType,
    Registration,
    FS_ALLOW_IDMAP,
    FS_MGTIME, //
};

mod attr;
mod dentry;
mod dir;
mod dir_file;
mod entries;
mod export;
mod fileattr;
mod fs_context;
mod holes;
mod limits;
mod locks;
mod node;
mod pages;
mod quota;
mod regular_file;
mod sb;
mod stats;
mod store;
mod symlink;
mod vm;
mod xattr;

module! {
    type: Module,
    name: "samplefs",
    authors: ["The samplefs and locktrack authors"],
    description: "A filesystem in memory, in safe Rust",
    license: "GPL",
    alias: ["fs-samplefs"],
}

/// The filesystem: which data hang on which of C's objects.
struct SampleFs;

impl vfs::FileSystem for SampleFs {
    type SbInfo = sb::Info;
    type InodeInfo = node::Info;
    type Guarded = entries::Entries;
    type Super = sb::Super;
}

/// What mount(2) finds under the name.
static SAMPLEFS: FileSystemType<fs_context::Context> =
    FileSystemType::new(c"samplefs", FS_MGTIME | FS_ALLOW_IDMAP);

/// The module: the filesystem can be mounted while it is loaded.
struct Module {
    _registration: Registration<fs_context::Context>,
    /// Goes after it: nothing can be mounted then.
    _format: vfs::quota::Registration<quota::InMemory>,
}

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _format: vfs::quota::Registration::new(&quota::FORMAT, &SAMPLEFS)?,
            _registration: Registration::new(&SAMPLEFS, c"samplefs_inode")?,
        })
    }
}
