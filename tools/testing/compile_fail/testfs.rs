// SPDX-License-Identifier: GPL-2.0

//! Two filesystems for the cases, and what a crate with a table of operations needs.

pub use kernel::{
    prelude::*,
    str::CStr,
    sync::aref::ARef, //
};
pub use vfs::{
    dentry::{
        InLookup,
        Negative,
        Positive, //
    },
    folio::{
        LockedFolio,
        WriteBegin,
        WriteFolio, //
    },
    inode::{
        NewDentry,
        NewDir, //
    },
    rules::{
        inode_operations as rule,
        AtLeast,
        Exclusive,
        NotPromised,
        Shared, //
    },
    stat::{
        Iattr,
        Kstat, //
    },
    Dentry,
    File,
    Folio,
    Idmap,
    Inode,
    Locked,
    SuperBlock, //
};

/// The module that tables belong to.
pub struct LocalModule;

impl kernel::ModuleMetadata for LocalModule {
    const NAME: &'static CStr = c"case";
    // SAFETY: Nothing of this runs. As the kernel's own crate has it.
    #[cfg(since_v7_3)]
    const THIS_MODULE: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };
}

macro_rules! filesystem {
    ($fs:ident, $super:ident) => {
        /// A filesystem.
        pub struct $fs;

        /// Its superblock's operations.
        pub struct $super;

        impl vfs::FileSystem for $fs {
            type SbInfo = u32;
            type InodeInfo = u32;
            type Guarded = u32;
            type Super = $super;
        }

        #[vtable]
        impl vfs::sb::Operations for $super {
            type FileSystem = $fs;
        }
    };
}

filesystem!(Fs, Super);
filesystem!(OtherFs, OtherSuper);

/// The exclusive lock of an inode of [`Fs`].
pub type Excl<'a> = Locked<'a, Inode<Fs>, Exclusive>;
/// The shared lock of an inode of [`Fs`].
pub type Shar<'a> = Locked<'a, Inode<Fs>, Shared>;
