// SPDX-License-Identifier: GPL-2.0

//! What the compiler knows of C: the names that the `rules` crate can express.

/// The structs of callbacks that a file may speak of.
pub const TABLES: &[&str] = &["inode_operations"];

/// A lock: a field of a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    pub field: &'static str,
    /// The struct that has it.
    pub owner: &'static str,
    /// Whether it can be held shared.
    pub modes: bool,
    /// The variant of `rules::Lock`.
    pub variant: &'static str,
}

pub const LOCKS: &[Lock] = &[
    Lock {
        field: "i_rwsem",
        owner: "inode",
        modes: true,
        variant: "IRwsem",
    },
    Lock {
        field: "s_vfs_rename_mutex",
        owner: "super_block",
        modes: false,
        variant: "SVfsRenameMutex",
    },
];

/// A way from an argument to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The struct that the argument points to.
    pub from: &'static str,
    /// The fields that are followed.
    pub fields: &'static [&'static str],
    /// The struct that is found.
    pub to: &'static str,
    /// The variant of `rules::Path`.
    pub variant: &'static str,
}

pub const PATHS: &[Path] = &[
    Path {
        from: "inode",
        fields: &[],
        to: "inode",
        variant: "Inode",
    },
    Path {
        from: "dentry",
        fields: &["d_inode"],
        to: "inode",
        variant: "DentryInode",
    },
    Path {
        from: "path",
        fields: &["dentry", "d_inode"],
        to: "inode",
        variant: "PathInode",
    },
    Path {
        from: "file",
        fields: &["f_inode"],
        to: "inode",
        variant: "FileInode",
    },
    Path {
        from: "inode",
        fields: &["i_sb"],
        to: "super_block",
        variant: "InodeSuper",
    },
];

/// The flags that a condition may name: those of the module `flags` in `rules`.
pub const FLAGS: &[&str] = &["O_CREAT", "RENAME_EXCHANGE"];
