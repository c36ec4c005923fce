// SPDX-License-Identifier: GPL-2.0

//! What nearly every file of a filesystem names, for a `use` of all of it.
//!
//! Names that are clear only with their module, such as `inode::Operations` and `sb::New`, are left out.

pub use crate::{
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
    fs_context::FsContext,
    idmap::{
        Idmap,
        Kgid,
        Kuid, //
    },
    inode::Inode,
    locked::Locked,
    mode::{
        Mode,
        S_IFDIR,
        S_IFREG, //
    },
    sb::SuperBlock,
    FileSystem, //
};
pub use rules::{
    inode_operations as rule,
    Exclusive,
    Shared, //
};
