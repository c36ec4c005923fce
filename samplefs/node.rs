// SPDX-License-Identifier: GPL-2.0

//! How an inode is made.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::NSEC_PER_SEC, //
};
use vfs::{
    address_space, file,
    inode::{
        New,
        Ops, //
    },
    prelude::*,
};

use crate::{
    attr::Attributes,
    dir::Dir,
    dir_file::DirFile,
    entries::Entries,
    fileattr::{
        self,
        Flags, //
    },
    limits,
    pages::Pages,
    regular_file::RegularFile,
    store::{
        Memory,
        Store, //
    },
    symlink::Symlink,
    xattr::{
        self,
        Acls,
        Xattrs, //
    },
    SampleFs, //
};

/// A symbolic link that is longer is charged a block.
const SHORT_SYMLINK: usize = 128;

/// The number of the project of what has none.
pub(crate) const NO_PROJECT: u32 = 0;

/// What samplefs keeps with an inode.
#[pin_data]
pub(crate) struct Info {
    /// The flags of chattr(1); those that C goes by are in `i_flags`, too. Set under `i_rwsem`.
    flags: Atomic<u32>,
    /// How many misses in this directory stay in the dcache.
    pub(crate) misses: Atomic<u32>,
    /// The project. Set under `i_rwsem`.
    projid: Atomic<u32>,
    /// When it was made, in seconds since 1970. With four bytes more, a slab has an inode less.
    btime: Atomic<u32>,
    pub(crate) xattrs: Xattrs,
    /// The data of a regular file.
    #[pin]
    store: Memory,
}

impl Info {
    /// The flags of chattr(1), `FS_*_FL`.
    pub(crate) fn flags(&self) -> u32 {
        self.flags.load(Relaxed)
    }

    pub(crate) fn set_flags(&self, flags: u32) {
        self.flags.store(flags, Relaxed);
    }

    /// The number of the project in the initial user namespace.
    pub(crate) fn projid(&self) -> u32 {
        self.projid.load(Relaxed)
    }

    pub(crate) fn set_projid(&self, projid: u32) {
        self.projid.store(projid, Relaxed);
    }

    /// When the inode was made, in nanoseconds since 1970, to the second.
    pub(crate) fn btime(&self) -> i64 {
        i64::from(self.btime.load(Relaxed)) * NSEC_PER_SEC
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

/// Allocates an inode and charges the mount for it; `sb::Super::evict_inode` gives back.
fn allocate(sb: &SuperBlock<SampleFs>, flags: u32, projid: u32) -> Result<New<SampleFs>> {
    let limits = &sb.info().limits;
    limits.take_inode()?;
    let info = try_pin_init!(Info {
        flags: Atomic::new(flags),
        misses: Atomic::new(0),
        projid: Atomic::new(projid),
        btime: Atomic::new(0),
        xattrs: Xattrs::new(),
        store <- Memory::new(),
    });
    let mut new =
        New::new_inode(sb, info, Entries::new()).inspect_err(|_| limits.give_back_inode())?;
    new.set_i_ino(sb.info().next_ino.fetch_add(1, Relaxed));
    new.set_i_generation_random();
    new.set_i_flags(fileattr::translate(flags).0);
    Ok(new)
}

fn finish(new: New<SampleFs>, kind: Kind<'_>) -> Result<ARef<Inode<SampleFs>>> {
    // A slot has the callback of the first that has one.
    let inode = match kind {
        Kind::Directory => new.directory(
            Ops::of::<(Dir, Flags, Acls, Attributes)>(),
            file::Ops::of::<DirFile>(),
        ),
        Kind::Regular => new.regular(
            Ops::of::<(Flags, Acls, Attributes)>(),
            file::Ops::of::<RegularFile>(),
            address_space::Ops::of::<Pages>(),
        ),
        Kind::Symlink(target) => new.symlink(Ops::of::<(Symlink, Attributes)>(), target),
        Kind::Special(rdev) => new.special(Ops::of::<(Acls, Attributes)>(), rdev),
    }?;
    let btime = inode.inode_get_mtime() / NSEC_PER_SEC;
    inode.info().btime.store(btime as u32, Relaxed);
    Ok(inode)
}

/// Makes the inode for a file that is created in `dir`. `mode` comes with its type.
pub(crate) fn create(
    idmap: &Idmap,
    dir: &Inode<SampleFs>,
    mode: Mode,
    kind: Kind<'_>,
) -> Result<ARef<Inode<SampleFs>>> {
    let long = matches!(kind, Kind::Symlink(target) if target.count_bytes() >= SHORT_SYMLINK);
    let (flags, projid) = fileattr::inherited(dir, mode);
    let mut new = allocate(dir.sb(), flags, projid)?;
    new.inode_init_owner(idmap, dir, mode);
    new.dquot_alloc_inode()?;
    new.posix_acl_create(dir)?;
    let inode = finish(new, kind)?;
    xattr::charge_inherited(&inode)?;
    if long {
        limits::take_blocks(&inode, 1)?;
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
    let mut new = allocate(sb, 0, NO_PROJECT)?;
    new.set_owner(uid, gid, mode);
    new.dquot_alloc_inode()?;
    finish(new, Kind::Directory)
}
