// SPDX-License-Identifier: GPL-2.0

//! Directories: `struct inode_operations`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    dentry::NAME_MAX,
    file::{
        Opened,
        Tmpfile, //
    },
    inode::{
        Moved,
        NewDentry,
        NewDir,
        Operations,
        RENAME_EXCHANGE,
        RENAME_NOREPLACE,
        RENAME_WHITEOUT, //
    },
    mode::{
        S_IFCHR,
        S_IFLNK,
        S_IRWXUGO, //
    },
    prelude::*, //
};

use crate::{
    dentry,
    entries::Entries,
    fileattr,
    limits,
    node::{
        self,
        Kind, //
    },
    xattr,
    SampleFs, //
};

/// What whiteouts are: character devices with this number, and no permissions.
const WHITEOUT_DEV: u32 = 0;

/// The table.
pub(crate) struct Dir;

/// Makes `dentry`, in `dir`, a name of `inode`.
fn add<M: AtLeast<Exclusive>>(
    dir: &mut Locked<'_, Inode<SampleFs>, M>,
    dentry: Negative<'_, SampleFs>,
    inode: ARef<Inode<SampleFs>>,
) -> Result {
    let entry = dir.guarded_mut().prepare(dentry.name(), &inode)?;
    let cookie = dir.guarded_mut().next();
    dentry::made(dir, &dentry, cookie);
    dentry.d_make_persistent(inode)?;
    dir.guarded_mut().insert(entry);
    dir.set_mtime_and_ctime_current();
    Ok(())
}

/// Makes a new inode and `dentry`, in `dir`, its name.
fn create<M: AtLeast<Exclusive>>(
    idmap: &Idmap,
    dir: &mut Locked<'_, Inode<SampleFs>, M>,
    dentry: Negative<'_, SampleFs>,
    mode: Mode,
    kind: Kind<'_>,
) -> Result {
    dir.sb().info().stats.creates.inc();
    let inode = node::create(idmap, dir, mode, kind)?;
    dentry.security_inode_init_security(&inode, dir, xattr::init_security(&inode))?;
    add(dir, dentry, inode)
}

/// Removes `dentry`, a name of `victim`, from `dir`.
fn remove<D: AtLeast<Exclusive>, V: AtLeast<Exclusive>>(
    dir: &mut Locked<'_, Inode<SampleFs>, D>,
    dentry: Positive<'_, SampleFs>,
    victim: &mut Locked<'_, Inode<SampleFs>, V>,
) {
    dir.guarded_mut().remove(dentry.d_fsdata());
    dir.set_mtime_and_ctime_current();
    victim.inode_set_ctime_current();
    limits::drop_nlink(victim);
    dentry.d_make_discardable();
}

/// The two directories of a rename, which may be one.
struct Dirs<'t, 'a, 'b> {
    old: &'t mut Locked<'a, Inode<SampleFs>, rule::rename::OldDir>,
    new: NewDir<'t, 'b, SampleFs>,
}

impl Dirs<'_, '_, '_> {
    fn new_dir(&self) -> &Inode<SampleFs> {
        match &self.new {
            NewDir::Same => self.old,
            NewDir::Other(new, _) => new,
        }
    }

    fn new_entries(&mut self) -> &mut Entries {
        match &mut self.new {
            NewDir::Same => self.old.guarded_mut(),
            NewDir::Other(new, _) => new.guarded_mut(),
        }
    }

    /// A directory comes into the new directory, and its `..` with it.
    fn inc_new_nlink(&mut self) {
        match &mut self.new {
            NewDir::Same => self.old.inc_nlink(),
            NewDir::Other(new, _) => new.inc_nlink(),
        }
    }

    fn set_times(&mut self) {
        self.old.set_mtime_and_ctime_current();
        if let NewDir::Other(new, _) = &mut self.new {
            new.set_mtime_and_ctime_current();
        }
    }
}

/// Lets two names change their inodes (`RENAME_EXCHANGE`).
fn exchange(dirs: &mut Dirs<'_, '_, '_>, a: &Positive<'_, SampleFs>, b: &Positive<'_, SampleFs>) {
    let (a_cookie, b_cookie) = (a.d_fsdata(), b.d_fsdata());
    dirs.old.guarded_mut().set_inode(a_cookie, b.inode());
    dirs.new_entries().set_inode(b_cookie, a.inode());
    a.set_d_fsdata(b_cookie);
    b.set_d_fsdata(a_cookie);

    if let NewDir::Other(new, _) = &mut dirs.new {
        match (a.inode().is_dir(), b.inode().is_dir()) {
            (true, false) => {
                dirs.old.drop_nlink();
                new.inc_nlink();
            }
            (false, true) => {
                new.drop_nlink();
                dirs.old.inc_nlink();
            }
            _ => {}
        }
    }
    a.inode().inode_set_ctime_current();
    b.inode().inode_set_ctime_current();
    dirs.set_times();
}

/// Leaves a whiteout under the name of `dentry`, which is about to be renamed.
fn whiteout(
    idmap: &Idmap,
    dir: &mut Locked<'_, Inode<SampleFs>, rule::rename::OldDir>,
    dentry: &Positive<'_, SampleFs>,
) -> Result {
    let inode = node::create(idmap, dir, S_IFCHR, Kind::Special(WHITEOUT_DEV))?;
    let mut twin = dentry.d_alloc_twin()?;
    let twin = twin.negative()?;
    twin.security_inode_init_security(&inode, dir, xattr::init_security(&inode))?;
    // The name stays, so its cookie stays.
    twin.set_d_fsdata(dentry.d_fsdata());
    twin.d_make_persistent(inode.clone())?;
    dir.guarded_mut().set_inode(dentry.d_fsdata(), &inode);
    Ok(())
}

/// The type-less mode of `->create` and `->mkdir`, with a type.
const fn typed(mode: Mode, ty: Mode) -> Mode {
    (mode & !S_IFMT) | ty
}

#[vtable]
impl Operations for Dir {
    type FileSystem = SampleFs;

    /// All names that there are, are in the dcache: what is asked for here does not exist.
    fn lookup(
        dir: &Locked<'_, Inode<SampleFs>, rule::lookup::Dir>,
        dentry: InLookup<'_, SampleFs>,
        flags: u32,
    ) -> Result<Option<ARef<Dentry<SampleFs>>>> {
        dir.sb().info().stats.lookups.inc();
        if dentry.name().len() > NAME_MAX {
            return Err(ENAMETOOLONG);
        }
        dentry::missed(dir, &dentry, flags);
        dentry.d_add(None)
    }

    fn create(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<SampleFs>, rule::create::Dir>,
        dentry: Negative<'_, SampleFs>,
        mode: Mode,
    ) -> Result {
        create(idmap, dir, dentry, typed(mode, S_IFREG), Kind::Regular)
    }

    fn link(
        _old_dentry: &Dentry<SampleFs>,
        inode: &mut Locked<'_, Inode<SampleFs>, rule::link::Inode>,
        dir: &mut Locked<'_, Inode<SampleFs>, rule::link::Dir>,
        dentry: Negative<'_, SampleFs>,
    ) -> Result {
        dir.sb().info().stats.links.inc();
        fileattr::may_be_in(dir, inode)?;
        // What had no name has been charged for its first one.
        let charged = inode.i_nlink() != 0;
        if charged {
            inode.sb().info().limits.take_inode()?;
        }
        let added = add(dir, dentry, ARef::from(&**inode));
        if charged && added.is_err() {
            inode.sb().info().limits.give_back_inode();
        }
        added?;
        inode.inode_set_ctime_current();
        inode.inc_nlink();
        Ok(())
    }

    fn unlink(
        dir: &mut Locked<'_, Inode<SampleFs>, rule::unlink::Dir>,
        dentry: Positive<'_, SampleFs>,
        victim: &mut Locked<'_, Inode<SampleFs>, rule::unlink::Victim>,
    ) -> Result {
        dir.sb().info().stats.removes.inc();
        remove(dir, dentry, victim);
        Ok(())
    }

    fn symlink(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<SampleFs>, rule::symlink::Dir>,
        dentry: Negative<'_, SampleFs>,
        symname: &CStr,
    ) -> Result {
        let kind = Kind::Symlink(symname);
        create(idmap, dir, dentry, S_IFLNK | S_IRWXUGO, kind)
    }

    fn mkdir(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<SampleFs>, rule::mkdir::Dir>,
        dentry: Negative<'_, SampleFs>,
        mode: Mode,
    ) -> Result<Option<ARef<Dentry<SampleFs>>>> {
        create(idmap, dir, dentry, typed(mode, S_IFDIR), Kind::Directory)?;
        dir.inc_nlink();
        Ok(None)
    }

    fn rmdir(
        dir: &mut Locked<'_, Inode<SampleFs>, rule::rmdir::Dir>,
        dentry: Positive<'_, SampleFs>,
        victim: &mut Locked<'_, Inode<SampleFs>, rule::rmdir::Victim>,
    ) -> Result {
        dir.sb().info().stats.removes.inc();
        if !victim.guarded().is_empty() {
            return Err(ENOTEMPTY);
        }
        // Its `.`, and its `..`.
        victim.drop_nlink();
        dir.drop_nlink();
        remove(dir, dentry, victim);
        Ok(())
    }

    fn mknod(
        idmap: &Idmap,
        dir: &mut Locked<'_, Inode<SampleFs>, rule::mknod::Dir>,
        dentry: Negative<'_, SampleFs>,
        mode: Mode,
        rdev: u32,
    ) -> Result {
        let kind = match mode & S_IFMT {
            S_IFREG => Kind::Regular,
            _ => Kind::Special(rdev),
        };
        create(idmap, dir, dentry, mode, kind)
    }

    fn rename(
        idmap: &Idmap,
        old_dir: &mut Locked<'_, Inode<SampleFs>, rule::rename::OldDir>,
        old_dentry: Positive<'_, SampleFs>,
        _moved: Moved<'_, SampleFs>,
        new_dir: NewDir<'_, '_, SampleFs>,
        new_dentry: NewDentry<'_, SampleFs>,
        flags: u32,
    ) -> Result {
        old_dir.sb().info().stats.renames.inc();
        if flags & !(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) != 0 {
            return Err(EINVAL);
        }
        let mut dirs = Dirs {
            old: old_dir,
            new: new_dir,
        };
        let is_dir = old_dentry.inode().is_dir();

        // What can fail comes first.
        fileattr::may_be_in(dirs.new_dir(), old_dentry.inode())?;
        if let NewDentry::Exchange(other, _) = &new_dentry {
            fileattr::may_be_in(dirs.old, other.inode())?;
        }
        let prepared = match &new_dentry {
            NewDentry::Exchange(other, _) => {
                exchange(&mut dirs, &old_dentry, other);
                return Ok(());
            }
            NewDentry::Victim(_, victim) if !victim.guarded().is_empty() => return Err(ENOTEMPTY),
            NewDentry::Victim(..) => None,
            NewDentry::Negative(dentry) => Some(
                dirs.new_entries()
                    .prepare(dentry.name(), old_dentry.inode())?,
            ),
        };
        let old_cookie = old_dentry.d_fsdata();
        if flags & RENAME_WHITEOUT != 0 {
            whiteout(idmap, dirs.old, &old_dentry)?;
        } else {
            dirs.old.guarded_mut().remove(old_cookie);
        }

        // The entry gets the cookie of its new name.
        let entries = dirs.new_entries();
        let new_cookie = match &new_dentry {
            NewDentry::Victim(dentry, _) => dentry.d_fsdata(),
            _ => entries.next(),
        };
        match prepared {
            Some(prepared) => entries.insert(prepared),
            None => entries.set_inode(new_cookie, old_dentry.inode()),
        }
        old_dentry.set_d_fsdata(new_cookie);

        if is_dir {
            // Its `..` goes with it.
            dirs.old.drop_nlink();
        }
        match new_dentry {
            NewDentry::Victim(dentry, mut victim) => {
                if is_dir {
                    victim.drop_nlink();
                }
                limits::drop_nlink(&mut victim);
                victim.inode_set_ctime_current();
                dentry.d_make_discardable();
            }
            _ if is_dir => dirs.inc_new_nlink(),
            _ => {}
        }
        old_dentry.inode().inode_set_ctime_current();
        dirs.set_times();
        Ok(())
    }

    fn tmpfile<'a>(
        idmap: &Idmap,
        dir: &Inode<SampleFs>,
        file: Tmpfile<'a, SampleFs>,
        mode: Mode,
    ) -> Result<Opened<'a>> {
        dir.sb().info().stats.tmpfiles.inc();
        let inode = node::create(idmap, dir, typed(mode, S_IFREG), Kind::Regular)?;
        file.security_inode_init_security(&inode, dir, xattr::init_security(&inode))?;
        file.d_tmpfile(inode)
    }
}
