// SPDX-License-Identifier: GPL-2.0

//! What can be seen of VFS objects without taking part in the VFS.
//!
//! - [`Inode`], [`SuperBlock`] and so on are addresses that a probed function was given, or that [`follow`] found. Every
//!   look through them is a copy that survives a fault: a handler cannot know what a foreign caller passed.
//! - [`Table`] is a kind of table of callbacks: it knows where the object whose table it is stands among a callback's
//!   arguments, and to which superblock that belongs.
//! - [`FileSystemType`] is a registered filesystem whose module stays, and finds the tables of operations
//!   of what is mounted.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

mod around;
mod files;
mod fs_type;
mod object;
mod slot;
mod table;

pub use fs_type::{
    registered,
    ActiveSuper,
    FileSystemType, //
};
pub use object::{
    follow,
    number,
    AddressSpace,
    Dentry,
    File,
    FileLockContext,
    Gendisk,
    Inode,
    Mm,
    SuperBlock,
    Way, //
};
pub use slot::Slot;
pub use table::Table;

// The kernel's printing macros want this of every crate.
#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"peek\0";
