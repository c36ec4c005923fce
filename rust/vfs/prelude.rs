// SPDX-License-Identifier: GPL-2.0

//! What nearly every file of a filesystem names, for a `use` of all of it.
//!
//! Names that are clear only with their module, such as `inode::Operations` and `sb::New`, are left out.

pub use crate::{
    acl::{
        AclType,
        PosixAcl, //
    },
    dentry::{
        Dentry,
        InLookup,
        Negative,
        Positive, //
    },
    file::{
        File,
        DT_REG, //
    },
    file_system_type::{
        FileSystemType,
        Registration, //
    },
    fileattr::FileKattr,
    folio::{
        Folio,
        LockedFolio, //
    },
    fs_context::FsContext,
    idmap::{
        Idmap,
        Kgid,
        Kuid, //
    },
    inode::{
        Host,
        Inode, //
    },
    locked::Locked,
    mode::{
        Mode,
        S_IFDIR,
        S_IFMT,
        S_IFREG, //
    },
    quota::QuotaType,
    sb::SuperBlock,
    stat::{
        Iattr,
        Kstat, //
    },
    FileSystem, //
};
pub use kernel::sync::aref::ARef;
pub use rules::{
    inode_operations as rule,
    AtLeast,
    Exclusive,
    Held,
    Shared, //
};
/// Error codes that `kernel::prelude` does not have in v7.2.
pub use since_v7_3::code::*;
