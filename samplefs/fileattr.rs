// SPDX-License-Identifier: GPL-2.0

//! The flags that chattr(1) knows, and projects: `struct inode_operations` of files and directories.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    fileattr::{
        FS_APPEND_FL,
        FS_IMMUTABLE_FL,
        FS_NOATIME_FL,
        FS_NODUMP_FL,
        FS_PROJINHERIT_FL, //
    },
    idmap::Kprojid,
    inode::{
        Operations,
        S_APPEND,
        S_IMMUTABLE,
        S_NOATIME, //
    },
    prelude::*,
    stat::{
        STATX_ATTR_APPEND,
        STATX_ATTR_IMMUTABLE,
        STATX_ATTR_NODUMP, //
    },
};

use crate::{
    node::NO_PROJECT,
    SampleFs, //
};

/// A flag of chattr(1), the one that C goes by if there is one, and what statx(2) calls it.
const FLAGS: [(u32, u32, u32); 5] = [
    (FS_IMMUTABLE_FL, S_IMMUTABLE, STATX_ATTR_IMMUTABLE),
    (FS_APPEND_FL, S_APPEND, STATX_ATTR_APPEND),
    (FS_NODUMP_FL, 0, STATX_ATTR_NODUMP),
    (FS_NOATIME_FL, S_NOATIME, 0),
    (FS_PROJINHERIT_FL, 0, 0),
];

/// The flags that can be set.
const SETTABLE: u32 =
    FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_PROJINHERIT_FL;

/// Those that only directories keep: set for another file, they are forgotten, as by ext4 and XFS.
const FOR_DIRECTORIES: u32 = FS_PROJINHERIT_FL;

/// The flags that a new file gets from its directory.
const INHERITED: u32 = FS_NODUMP_FL | FS_NOATIME_FL | FS_PROJINHERIT_FL;

/// The attributes that statx(2) can rely on.
pub(crate) const STATX_ATTRIBUTES: u32 =
    STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP;

/// What the flags of chattr(1) are for C (`i_flags`), and for statx(2).
pub(crate) fn translate(flags: u32) -> (u32, u32) {
    FLAGS
        .iter()
        .filter(|(flag, ..)| flags & flag != 0)
        .fold((0, 0), |sum, known| (sum.0 | known.1, sum.1 | known.2))
}

/// Those of the flags that an inode of this mode keeps.
fn kept(flags: u32, mode: Mode) -> u32 {
    match mode & S_IFMT {
        S_IFDIR => flags,
        _ => flags & !FOR_DIRECTORIES,
    }
}

/// The flags and the project that a new file of this mode gets from its directory.
pub(crate) fn inherited(dir: &Inode<SampleFs>, mode: Mode) -> (u32, u32) {
    let flags = dir.info().flags();
    let projid = match flags & FS_PROJINHERIT_FL {
        0 => NO_PROJECT,
        _ => dir.info().projid(),
    };
    (kept(flags & INHERITED, mode), projid)
}

/// Fails with `EXDEV` if the inode must not get a name in the directory: what is in a directory that
/// hands its project on belongs to that.
pub(crate) fn may_be_in(dir: &Inode<SampleFs>, inode: &Inode<SampleFs>) -> Result {
    let hands_on = dir.info().flags() & FS_PROJINHERIT_FL != 0;
    if hands_on && dir.info().projid() != inode.info().projid() {
        return Err(EXDEV);
    }
    Ok(())
}

/// What the tables of regular files and of directories have.
pub(crate) struct Flags;

#[vtable]
impl Operations for Flags {
    type FileSystem = SampleFs;

    fn fileattr_set(
        _idmap: &Idmap,
        inode: &mut Locked<'_, Inode<SampleFs>, rule::fileattr_set::Inode>,
        fa: &mut FileKattr,
    ) -> Result {
        if fa.has_fsx_but_projid() || fa.flags() & !SETTABLE != 0 {
            return Err(EOPNOTSUPP);
        }
        let projid = fa.fsx_projid();
        if projid != inode.info().projid() {
            inode.dquot_transfer_projid(Kprojid::from_init(projid))?;
            inode.info().set_projid(projid);
        }
        let flags = kept(fa.flags(), inode.i_mode());
        inode.info().set_flags(flags);
        inode.inode_set_flags(translate(flags).0, S_IMMUTABLE | S_APPEND | S_NOATIME);
        inode.inode_set_ctime_current();
        Ok(())
    }

    fn fileattr_get(inode: &Inode<SampleFs>, fa: &mut FileKattr) -> Result {
        fa.fileattr_fill_flags(inode.info().flags());
        fa.set_fsx_projid(inode.info().projid());
        Ok(())
    }
}
