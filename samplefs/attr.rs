// SPDX-License-Identifier: GPL-2.0

//! Attributes, which are the same for all inodes: `->getattr`, `->setattr`, `->fileattr_get` and
//! `->fileattr_set` of all the tables that have them.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    fileattr::{
        FileKattr,
        FS_APPEND_FL,
        FS_IMMUTABLE_FL,
        FS_NOATIME_FL,
        FS_NODUMP_FL, //
    },
    inode::{
        S_APPEND,
        S_IMMUTABLE,
        S_NOATIME, //
    },
    rules::inode_operations as rule,
    stat::{
        Iattr,
        Kstat,
        STATX_ATTR_APPEND,
        STATX_ATTR_IMMUTABLE,
        STATX_ATTR_NODUMP, //
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
        let changes = size != inode.i_size();
        pages::truncate(inode, size);
        if changes {
            // ftruncate(2) asks for it, truncate(2) does not.
            inode.set_mtime_and_ctime_current();
        }
    }
    inode.setattr_copy(idmap, attr);
    if attr.has_mode() {
        inode.posix_acl_chmod(idmap, dentry)?;
    }
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
    let flags = inode.info().flags();
    let mut attributes = 0;
    for (flag, _, attribute) in FLAGS {
        if flags & flag != 0 {
            attributes |= attribute;
        }
    }
    stat.set_attributes(attributes, STATX_ATTRIBUTES);
    Ok(())
}

/// A flag of chattr(1), the one that C goes by if there is one, and what statx(2) calls it.
const FLAGS: [(u32, u32, u32); 4] = [
    (FS_IMMUTABLE_FL, S_IMMUTABLE, STATX_ATTR_IMMUTABLE),
    (FS_APPEND_FL, S_APPEND, STATX_ATTR_APPEND),
    (FS_NODUMP_FL, 0, STATX_ATTR_NODUMP),
    (FS_NOATIME_FL, S_NOATIME, 0),
];

/// The flags that can be set.
const SETTABLE: u32 = FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL;

/// The flags that a new file gets from its directory.
pub(crate) const INHERITED: u32 = FS_NODUMP_FL | FS_NOATIME_FL;

/// The attributes that statx(2) can rely on.
const STATX_ATTRIBUTES: u32 = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP;

/// The flags that C goes by, for those of chattr(1).
pub(crate) fn i_flags(flags: u32) -> u32 {
    FLAGS
        .iter()
        .filter(|(flag, ..)| flags & flag != 0)
        .fold(0, |sum, (_, i_flag, _)| sum | i_flag)
}

/// Sets the flags that chattr(1) knows.
pub(crate) fn fileattr_set(
    inode: &mut Locked<'_, Inode<SampleFs>, rule::fileattr_set::Inode>,
    fa: &FileKattr,
) -> Result {
    if fa.has_fsx() || fa.flags() & !SETTABLE != 0 {
        return Err(EOPNOTSUPP);
    }
    inode.info().set_flags(fa.flags());
    inode.inode_set_flags(i_flags(fa.flags()), S_IMMUTABLE | S_APPEND | S_NOATIME);
    inode.inode_set_ctime_current();
    Ok(())
}

/// Gets the flags that chattr(1) knows.
pub(crate) fn fileattr_get(inode: &Inode<SampleFs>, fa: &mut FileKattr) -> Result {
    fa.fileattr_fill_flags(inode.info().flags());
    Ok(())
}
