// SPDX-License-Identifier: GPL-2.0

//! How an inode is made.

#![forbid(unsafe_code)]

use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    str::CStr,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
    },
};
use vfs::{
    address_space,
    file,
    idmap::{
        Kgid,
        Kuid, //
    },
    inode::{
        New,
        Ops, //
    },
    mode::Mode,
    Idmap,
    Inode,
    SuperBlock, //
};

use crate::{
    attr,
    dir::Dir,
    dir_file::DirFile,
    entries::Entries,
    pages::Pages,
    regular::Regular,
    regular_file::RegularFile,
    special::Special,
    store::{
        Memory,
        Store, //
    },
    symlink::Symlink,
    xattr::{
        self,
        Xattrs, //
    },
    SampleFs, //
};

/// A symbolic link that is longer is charged a block.
const SHORT_SYMLINK: usize = 128;

/// What samplefs keeps with an inode.
#[pin_data]
pub(crate) struct Info {
    /// Blocks that are charged for what is not in the store: a long symbolic link.
    blocks: u32,
    /// The flags of chattr(1); those that C goes by are in `i_flags`, too. Set under `i_rwsem`.
    flags: Atomic<u32>,
    xattrs: Xattrs,
    /// The data of a regular file.
    #[pin]
    store: Memory,
}

impl Info {
    /// Blocks that are charged as long as there is the inode.
    pub(crate) fn blocks(&self) -> u64 {
        u64::from(self.blocks)
    }

    /// The flags of chattr(1), `FS_*_FL`.
    pub(crate) fn flags(&self) -> u32 {
        self.flags.load(Relaxed)
    }

    pub(crate) fn set_flags(&self, flags: u32) {
        self.flags.store(flags, Relaxed);
    }

    pub(crate) fn xattrs(&self) -> &Xattrs {
        &self.xattrs
    }

    /// The data of a regular file.
    pub(crate) fn store(&self) -> &impl Store {
        &self.store
    }
}

/// What an inode is to be, and what only such an inode has.
pub(crate) enum Kind<'a> {
    Directory,
    Regular,
    Symlink(&'a CStr),
    /// A device, a FIFO or a socket, with its device number.
    Special(u32),
}

/// Allocates an inode and charges for it; `sb::Super::evict_inode` gives back.
fn allocate(sb: &SuperBlock<SampleFs>, blocks: u32, flags: u32) -> Result<New<SampleFs>> {
    let limits = sb.info().limits();
    limits.take_inode()?;
    let info = try_pin_init!(Info {
        blocks,
        flags: Atomic::new(flags),
        xattrs: Xattrs::new(),
        store <- Memory::new(),
    });
    let mut new =
        New::new_inode(sb, info, Entries::new()).inspect_err(|_| limits.give_back_inode())?;
    new.set_i_generation_random();
    new.set_i_flags(attr::i_flags(flags));
    Ok(new)
}

fn finish(new: New<SampleFs>, kind: Kind<'_>) -> Result<ARef<Inode<SampleFs>>> {
    match kind {
        Kind::Directory => new.directory(Ops::of::<Dir>(), file::Ops::of::<DirFile>()),
        Kind::Regular => new.regular(
            Ops::of::<Regular>(),
            file::Ops::of::<RegularFile>(),
            address_space::Ops::of::<Pages>(),
        ),
        Kind::Symlink(target) => new.symlink(Ops::of::<Symlink>(), target),
        Kind::Special(rdev) => new.special(Ops::of::<Special>(), rdev),
    }
}

/// Makes the inode for a file that is created in `dir`. `mode` comes with its type.
pub(crate) fn create(
    idmap: &Idmap,
    dir: &Inode<SampleFs>,
    mode: Mode,
    kind: Kind<'_>,
) -> Result<ARef<Inode<SampleFs>>> {
    let sb = dir.sb();
    let long = matches!(kind, Kind::Symlink(target) if target.count_bytes() >= SHORT_SYMLINK);
    let blocks = u32::from(long);
    if long {
        sb.info().limits().take_block()?;
    }
    let flags = dir.info().flags() & attr::INHERITED;
    let mut new = allocate(sb, blocks, flags)
        .inspect_err(|_| sb.info().limits().give_back_blocks(u64::from(blocks)))?;
    new.inode_init_owner(idmap, dir, mode);
    new.posix_acl_create(dir)?;
    let inode = finish(new, kind)?;
    xattr::charge_inherited(&inode)?;
    if long {
        inode.inode_add_bytes(PAGE_SIZE as u64);
    }
    Ok(inode)
}

/// Makes the root. `mode` comes with its type.
pub(crate) fn create_root(
    sb: &SuperBlock<SampleFs>,
    uid: Kuid,
    gid: Kgid,
    mode: Mode,
) -> Result<ARef<Inode<SampleFs>>> {
    let mut new = allocate(sb, 0, 0)?;
    new.set_owner(uid, gid, mode);
    finish(new, Kind::Directory)
}
