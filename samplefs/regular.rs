// SPDX-License-Identifier: GPL-2.0

//! Regular files: `struct inode_operations`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    acl::{
        AclType,
        PosixAcl, //
    },
    fileattr::FileKattr,
    inode::Operations,
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

    fn listxattr(inode: &Inode<SampleFs>, list: &mut List<'_>) -> Result {
        xattr::list(inode, list)
    }

    fn set_acl(
        idmap: &Idmap,
        _dentry: &Dentry<SampleFs>,
        inode: &Inode<SampleFs>,
        acl: Option<&PosixAcl>,
        ty: AclType,
    ) -> Result {
        xattr::set_acl(idmap, inode, acl, ty)
    }

    fn fileattr_set(
        _idmap: &Idmap,
        inode: &mut Locked<'_, Inode<SampleFs>, vfs::rules::inode_operations::fileattr_set::Inode>,
        fa: &mut FileKattr,
    ) -> Result {
        attr::fileattr_set(inode, fa)
    }

    fn fileattr_get(inode: &Inode<SampleFs>, fa: &mut FileKattr) -> Result {
        attr::fileattr_get(inode, fa)
    }
}
