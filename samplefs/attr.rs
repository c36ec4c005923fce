// SPDX-License-Identifier: GPL-2.0

//! Attributes, which are the same for all inodes: `struct inode_operations`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    inode::Operations,
    mode::S_IRWXUGO,
    prelude::*,
    xattr::List, //
};

use crate::{
    fileattr,
    holes,
    SampleFs, //
};

/// What the tables of all inodes have.
pub(crate) struct Attributes;

#[vtable]
impl Operations for Attributes {
    type FileSystem = SampleFs;

    /// Sets attributes; the size is one.
    fn setattr(
        idmap: &Idmap,
        dentry: &Dentry<SampleFs>,
        inode: &mut Locked<'_, Inode<SampleFs>, rule::setattr::Inode>,
        attr: &mut Iattr,
    ) -> Result {
        inode.sb().info().stats.setattrs.inc();
        inode.setattr_prepare(idmap, dentry, attr)?;
        // What can fail comes before the attributes change. Who takes set-id bits away, to cut the file or to
        // give it to somebody else, leaves the permissions as they are, and the list with them; only where
        // one request has new permissions and a new owner, whose quota refuses, the new list stays.
        let mode = inode.i_mode();
        let changes = |new: &Mode| (new ^ mode) & S_IRWXUGO != 0;
        if let Some(new) = attr.mode().filter(changes) {
            inode.posix_acl_chmod(idmap, dentry, new)?;
        }
        inode.dquot_transfer(idmap, attr)?;
        if let Some(size) = attr.size() {
            let changes = size != inode.i_size();
            holes::truncate(inode, size);
            if changes {
                // ftruncate(2) asks for it, truncate(2) does not.
                inode.set_mtime_and_ctime_current();
            }
        }
        inode.setattr_copy(idmap, attr);
        Ok(())
    }

    /// Gets attributes. The blocks are those that are charged.
    fn getattr(
        idmap: &Idmap,
        inode: &Inode<SampleFs>,
        stat: &mut Kstat,
        request_mask: u32,
        _query_flags: u32,
    ) -> Result {
        stat.generic_fillattr(idmap, request_mask, inode);
        stat.set_btime(inode.info().btime());
        let (_, attributes) = fileattr::translate(inode.info().flags());
        stat.set_attributes(attributes, fileattr::STATX_ATTRIBUTES);
        Ok(())
    }

    /// Lists the names of the attributes, and those that stand for access control lists.
    fn listxattr(inode: &Inode<SampleFs>, list: &mut List<'_>) -> Result {
        list.posix_acl_listxattr(inode)?;
        inode.info().xattrs.list(list)
    }
}
