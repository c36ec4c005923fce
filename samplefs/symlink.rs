// SPDX-License-Identifier: GPL-2.0

//! Symbolic links: `struct inode_operations`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    inode::{
        GetLink,
        Operations, //
    },
    stat::{
        Iattr,
        Kstat, //
    },
    xattr::List,
    Dentry,
    Idmap,
    Inode,
    Locked, //
};

use crate::{
    attr,
    xattr,
    SampleFs, //
};

/// The table.
pub(crate) struct Symlink;

#[vtable]
impl Operations for Symlink {
    type FileSystem = SampleFs;

    const GET_LINK: Option<GetLink> = Some(GetLink::SIMPLE_GET_LINK);

    fn setattr(
        idmap: &Idmap,
        dentry: &Dentry<SampleFs>,
        inode: &mut Locked<'_, Inode<SampleFs>, vfs::rules::inode_operations::setattr::Inode>,
        attr: &mut Iattr,
    ) -> Result {
        attr::setattr(idmap, dentry, inode, attr)
    }

    fn getattr(
        idmap: &Idmap,
        inode: &Inode<SampleFs>,
        stat: &mut Kstat,
        request_mask: u32,
        _query_flags: u32,
    ) -> Result {
        attr::getattr(idmap, inode, stat, request_mask)
    }

    fn listxattr(inode: &Inode<SampleFs>, list: &mut List<'_>) -> Result {
        xattr::list(inode, list)
    }
}
