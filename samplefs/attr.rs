// SPDX-License-Identifier: GPL-2.0

//! Attributes, which are the same for all inodes: `->getattr` and `->setattr` of all the tables.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
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
    pages,
    SampleFs, //
};

/// Sets attributes; the size is one.
pub(crate) fn setattr(
    idmap: &Idmap,
    dentry: &Dentry<SampleFs>,
    inode: &mut Locked<'_, Inode<SampleFs>, vfs::rules::inode_operations::setattr::Inode>,
    attr: &mut Iattr,
) -> Result {
    attr.setattr_prepare(idmap, dentry)?;
    if let Some(size) = attr.size() {
        pages::truncate(inode, size);
    }
    inode.setattr_copy(idmap, attr);
    Ok(())
}

/// Gets attributes. The blocks are those that are charged.
pub(crate) fn getattr(
    idmap: &Idmap,
    inode: &Inode<SampleFs>,
    stat: &mut Kstat,
    request_mask: u32,
) -> Result {
    stat.generic_fillattr(idmap, request_mask, inode);
    Ok(())
}
