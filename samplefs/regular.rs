// SPDX-License-Identifier: GPL-2.0

//! Regular files: `struct inode_operations`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    inode::Operations,
    stat::{
        Iattr,
        Kstat, //
    },
    Dentry,
    Idmap,
    Inode,
    Locked, //
};

use crate::{
    attr,
    SampleFs, //
};

/// The table.
pub(crate) struct Regular;

#[vtable]
impl Operations for Regular {
    type FileSystem = SampleFs;

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
}
