// SPDX-License-Identifier: GPL-2.0

//! Symbolic links: `struct inode_operations`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::inode::{
    GetLink,
    Operations, //
};

use crate::SampleFs;

/// What the table of symbolic links has besides attributes.
pub(crate) struct Symlink;

#[vtable]
impl Operations for Symlink {
    type FileSystem = SampleFs;

    const GET_LINK: Option<GetLink> = Some(GetLink::SIMPLE_GET_LINK);
}
