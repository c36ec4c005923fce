// SPDX-License-Identifier: GPL-2.0

//! What can be seen of VFS objects without taking part in the VFS.
//!
//! - [`Inode`] and [`SuperBlock`] are addresses that a probed function was given, or that [`follow`] found. Every look
//!   through them is a copy that survives a fault: a handler cannot know what a foreign caller passed.
//! - [`Owner`] is the table of callbacks that a call came through, and the filesystem that it is of.
//! - [`FileSystemType`] is a registered filesystem whose module stays, and finds the tables of operations
//!   of what is mounted.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

mod fs_type;
mod object;
mod owner;
mod slot;

pub use fs_type::FileSystemType;
pub use object::{
    follow,
    number,
    Inode,
    SuperBlock, //
};
pub use owner::{
    Kind,
    Owner,
    Through, //
};
pub use slot::Slot;

// The kernel's printing macros want this of every crate.
#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"peek\0";
