// SPDX-License-Identifier: GPL-2.0

//! The filesystem under test: each operation as system calls. With a [`Fault`], some of them do something
//! wrong, as a broken filesystem would.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    os::fd::OwnedFd,
};

use clap::ValueEnum;
use rustix::{
    fs::{
        self as sys, AtFlags, Dir, FallocateFlags, FileType, Gid, Mode, OFlags, RenameFlags,
        Stat as SysStat, Uid, XattrFlags, CWD,
    },
    io::Errno,
};

use crate::{
    ops::{Allocate, Op, Open, Rename, SetXattr, SLOTS, XATTRS},
    outcome::{Kind, Outcome, Result, Stat},
};

/// What a broken filesystem does.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Fault {
    /// Bytes come back when a file that was cut gets longer.
    TruncateKeepsData,
    /// Punching a hole also clears the byte behind it.
    PunchTooMuch,
    /// Writing in append mode writes where it is told to.
    AppendIsWrite,
    /// Copying within a file forgets its last byte.
    CopyShort,
    /// The old name stays, if the two are in different directories.
    RenameKeepsOld,
    /// A name that is replaced is not checked.
    RenameIgnoresNoreplace,
    /// Exchanging does nothing if one is a directory.
    ExchangeLosesDirectories,
    /// A removed directory need not be empty.
    RmdirTakesAll,
    /// A second name is another file.
    LinkCopies,
    /// A file in a directory with S_ISGID does not get its group.
    GroupNotInherited,
    /// The owner is changed, and S_ISUID stays.
    ChownKeepsSetuid,
    /// A symbolic link is followed once too often.
    ReadlinkFollows,
    /// XATTR_CREATE replaces.
    XattrCreateReplaces,
    /// An attribute with an empty value is not there.
    EmptyXattrLost,
}

/// The directory that this process has for its root.
pub struct System {
    files: [Option<OwnedFd>; SLOTS],
    root: OwnedFd,
    drop_caches: Option<fs::File>,
    fault: Option<Fault>,
}

impl System {
    /// In a process whose root is the directory; `drop_caches` was opened before it was.
    pub fn new(drop_caches: Option<fs::File>, fault: Option<Fault>) -> io::Result<Self> {
        let root = sys::open(
            "/",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        Ok(System {
            files: Default::default(),
            root,
            drop_caches,
            fault,
        })
    }

    fn file(&self, slot: usize) -> Result<&OwnedFd> {
        self.files[slot].as_ref().ok_or(Errno::BADF)
    }

    fn broken(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Takes everything away, and makes the root what it is in a new model. Fails if something is left.
    pub fn clear(&mut self) -> io::Result<()> {
        self.files = Default::default();
        for entry in fs::read_dir("/")? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        sys::fchmod(&self.root, Mode::from_raw_mode(0o755))?;
        sys::fchown(&self.root, Some(Uid::ROOT), Some(Gid::ROOT))?;
        for name in 0..XATTRS {
            sys::fremovexattr(&self.root, format!("user.{name}")).ok();
        }
        match sys::fstat(&self.root)?.st_nlink {
            2 => Ok(()),
            links => Err(io::Error::other(format!(
                "the empty root has {links} links"
            ))),
        }
    }

    pub fn apply(&mut self, op: &Op) -> Result {
        match op {
            Op::Open { slot, path, how } => {
                let file = self.open(&path.0, how)?;
                self.files[*slot] = Some(file);
                Ok(Outcome::Done)
            }
            Op::Tmpfile { slot, path, mode } => {
                let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
                let file = sys::openat(CWD, &*path.0, flags, Mode::from_raw_mode(*mode))?;
                self.files[*slot] = Some(file);
                Ok(Outcome::Done)
            }
            Op::LinkFile { slot, path } => done(sys::linkat(
                self.file(*slot)?,
                "",
                CWD,
                &*path.0,
                AtFlags::EMPTY_PATH,
            )),
            Op::Close { slot } => {
                self.files[*slot].take().ok_or(Errno::BADF)?;
                Ok(Outcome::Done)
            }
            Op::Fstat { slot } => Ok(Outcome::Stat(stat(&sys::fstat(self.file(*slot)?)?))),
            Op::Write {
                slot,
                at,
                len,
                byte,
            } => {
                let file = self.file(*slot)?;
                let bytes = vec![*byte; *len as usize];
                if self.broken(Fault::AppendIsWrite)
                    && sys::fcntl_getfl(file)?.contains(OFlags::APPEND)
                {
                    sys::fcntl_setfl(file, OFlags::empty())?;
                    let count = rustix::io::pwrite(file, &bytes, *at);
                    sys::fcntl_setfl(file, OFlags::APPEND)?;
                    return Ok(Outcome::Count(count? as u64));
                }
                Ok(Outcome::Count(rustix::io::pwrite(file, &bytes, *at)? as u64))
            }
            Op::Read { slot, at, len } => {
                let mut bytes = vec![0xee; *len as usize];
                let count = rustix::io::pread(self.file(*slot)?, &mut bytes[..], *at)?;
                bytes.truncate(count);
                Ok(Outcome::Bytes(bytes))
            }
            Op::Ftruncate { slot, len } => {
                let file = self.file(*slot)?;
                let longer = *len > 0 && (sys::fstat(file)?.st_size as u64) < *len;
                sys::ftruncate(file, *len)?;
                if self.broken(Fault::TruncateKeepsData) && longer {
                    rustix::io::pwrite(file, b"!", len - 1)?;
                }
                Ok(Outcome::Done)
            }
            Op::Fallocate { slot, how, at, len } => {
                let (flags, len) = match how {
                    Allocate::Extend => (FallocateFlags::empty(), *len),
                    Allocate::KeepSize => (FallocateFlags::KEEP_SIZE, *len),
                    Allocate::PunchHole if self.broken(Fault::PunchTooMuch) => (PUNCH, len + 1),
                    Allocate::PunchHole => (PUNCH, *len),
                };
                done(sys::fallocate(self.file(*slot)?, flags, *at, len))
            }
            Op::Copy {
                from,
                at,
                to,
                there,
                len,
            } => self.copy(*from, *at, *to, *there, *len),
            Op::Truncate { path, len } => truncate(&path.0, *len),
            Op::Mkdir { path, mode } => {
                done(sys::mkdirat(CWD, &*path.0, Mode::from_raw_mode(*mode)))
            }
            Op::Rmdir { path } => {
                let result = sys::unlinkat(CWD, &*path.0, AtFlags::REMOVEDIR);
                if self.broken(Fault::RmdirTakesAll) && result == Err(Errno::NOTEMPTY) {
                    return done(fs::remove_dir_all(&path.0).map_err(|_| Errno::IO));
                }
                done(result)
            }
            Op::Unlink { path } => done(sys::unlinkat(CWD, &*path.0, AtFlags::empty())),
            Op::Symlink { target, path } => done(sys::symlinkat(&**target, CWD, &*path.0)),
            Op::Readlink { path } => {
                let target = sys::readlinkat(CWD, &*path.0, vec![])?.into_bytes();
                if self.broken(Fault::ReadlinkFollows) {
                    if let Ok(next) = sys::readlinkat(CWD, &target[..], vec![]) {
                        return Ok(Outcome::Bytes(next.into_bytes()));
                    }
                }
                Ok(Outcome::Bytes(target))
            }
            Op::Mknod { path, mode } => done(sys::mknodat(
                CWD,
                &*path.0,
                FileType::CharacterDevice,
                Mode::from_raw_mode(*mode),
                0,
            )),
            Op::Link { old, new, follow } => {
                if self.broken(Fault::LinkCopies) && fs::copy(&old.0, &new.0).is_ok() {
                    return Ok(Outcome::Done);
                }
                let flags = if *follow {
                    AtFlags::SYMLINK_FOLLOW
                } else {
                    AtFlags::empty()
                };
                done(sys::linkat(CWD, &*old.0, CWD, &*new.0, flags))
            }
            Op::Rename { old, new, how } => self.rename(&old.0, &new.0, *how),
            Op::Stat { path, follow } => Ok(Outcome::Stat(stat(&sys::statat(
                CWD,
                &*path.0,
                at_flags(*follow),
            )?))),
            Op::List { path } => list(&path.0),
            Op::Chmod { path, mode } => done(sys::chmodat(
                CWD,
                &*path.0,
                Mode::from_raw_mode(*mode),
                AtFlags::empty(),
            )),
            Op::Chown {
                path,
                uid,
                gid,
                follow,
            } => {
                let mode = sys::statat(CWD, &*path.0, at_flags(*follow)).map(|stat| stat.st_mode);
                let (uid, gid) = (Uid::from_raw(*uid), Gid::from_raw(*gid));
                sys::chownat(CWD, &*path.0, Some(uid), Some(gid), at_flags(*follow))?;
                if self.broken(Fault::ChownKeepsSetuid) && *follow {
                    sys::chmodat(CWD, &*path.0, Mode::from_raw_mode(mode?), AtFlags::empty())?;
                }
                Ok(Outcome::Done)
            }
            Op::SetXattr {
                path,
                name,
                value,
                how,
                follow,
            } => {
                let name = format!("user.{name}");
                let flags = match how {
                    SetXattr::Create if !self.broken(Fault::XattrCreateReplaces) => {
                        XattrFlags::CREATE
                    }
                    SetXattr::Replace => XattrFlags::REPLACE,
                    _ => XattrFlags::empty(),
                };
                match follow {
                    true => done(sys::setxattr(&*path.0, &*name, value, flags)),
                    false => done(sys::lsetxattr(&*path.0, &*name, value, flags)),
                }
            }
            Op::GetXattr { path, name, follow } => {
                let name = format!("user.{name}");
                let mut value = [0; 256];
                let length = match follow {
                    true => sys::getxattr(&*path.0, &*name, &mut value)?,
                    false => sys::lgetxattr(&*path.0, &*name, &mut value)?,
                };
                if length == 0 && self.broken(Fault::EmptyXattrLost) {
                    return Err(Errno::NODATA);
                }
                Ok(Outcome::Bytes(value[..length].to_vec()))
            }
            Op::RemoveXattr { path, name, follow } => {
                let name = format!("user.{name}");
                match follow {
                    true => done(sys::removexattr(&*path.0, &*name)),
                    false => done(sys::lremovexattr(&*path.0, &*name)),
                }
            }
            Op::ListXattr { path, follow } => {
                let mut names = [0; 256];
                let length = match follow {
                    true => sys::listxattr(&*path.0, &mut names)?,
                    false => sys::llistxattr(&*path.0, &mut names)?,
                };
                let names = names[..length]
                    .split(|byte| *byte == 0)
                    .filter(|name| !name.is_empty());
                let mut names: Vec<_> = names
                    .map(|name| String::from_utf8_lossy(name).into_owned())
                    .collect();
                names.sort();
                Ok(Outcome::Names(names))
            }
            Op::Sync => done(sys::syncfs(&self.root)),
            Op::DropCaches => {
                if let Some(file) = &mut self.drop_caches {
                    file.write_all(b"3").map_err(|_| Errno::IO)?;
                }
                Ok(Outcome::Done)
            }
        }
    }

    fn open(&self, path: &str, how: &Open) -> Result<OwnedFd> {
        let mut flags = match (how.read, how.write) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            _ => OFlags::RDONLY,
        };
        flags |= OFlags::CLOEXEC;
        flags.set(OFlags::CREATE, how.create);
        flags.set(OFlags::EXCL, how.excl);
        flags.set(OFlags::TRUNC, how.trunc);
        flags.set(OFlags::APPEND, how.append);
        flags.set(OFlags::DIRECTORY, how.directory);
        flags.set(OFlags::NOFOLLOW, how.nofollow);
        let was_there = sys::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        let file = sys::openat(CWD, path, flags, Mode::from_raw_mode(how.mode))?;
        if self.broken(Fault::GroupNotInherited) && !was_there {
            sys::fchown(&file, None, Some(Gid::from_raw(0)))?;
        }
        Ok(file)
    }

    fn copy(&self, from: usize, mut at: u64, to: usize, mut there: u64, len: u64) -> Result {
        let (source, sink) = (self.file(from)?, self.file(to)?);
        let mut done = 0;
        let len = if self.broken(Fault::CopyShort) && len > 1 {
            len - 1
        } else {
            len
        };
        // As much as there is now: a copy within a file may make it longer.
        let there_is = (sys::fstat(source)?.st_size as u64).saturating_sub(at);
        loop {
            let part = sys::copy_file_range(
                source,
                Some(&mut at),
                sink,
                Some(&mut there),
                (len - done) as usize,
            )?;
            done += part as u64;
            if part == 0 || done >= len.min(there_is) {
                return Ok(Outcome::Count(done));
            }
        }
    }

    fn rename(&self, old: &str, new: &str, how: Rename) -> Result {
        let is_directory =
            |path: &str| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        let flags = match how {
            Rename::Noreplace if !self.broken(Fault::RenameIgnoresNoreplace) => {
                RenameFlags::NOREPLACE
            }
            Rename::Plain | Rename::Noreplace => RenameFlags::empty(),
            Rename::Exchange => RenameFlags::EXCHANGE,
            Rename::Whiteout => RenameFlags::WHITEOUT,
        };
        if self.broken(Fault::ExchangeLosesDirectories)
            && how == Rename::Exchange
            && is_directory(old)
        {
            return done(sys::statat(CWD, new, AtFlags::SYMLINK_NOFOLLOW).map(|_| ()));
        }
        if self.broken(Fault::RenameKeepsOld)
            && old.contains('/')
            && sys::linkat(CWD, old, CWD, new, AtFlags::empty()).is_ok()
        {
            return Ok(Outcome::Done);
        }
        done(sys::renameat_with(CWD, old, CWD, new, flags))
    }
}

const PUNCH: FallocateFlags = FallocateFlags::PUNCH_HOLE.union(FallocateFlags::KEEP_SIZE);

fn done(result: Result<()>) -> Result {
    result.map(|()| Outcome::Done)
}

fn at_flags(follow: bool) -> AtFlags {
    if follow {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    }
}

/// truncate(2), which rustix does not have.
fn truncate(path: &str, len: u64) -> Result {
    // One that only opens it has other errors, which are put right here.
    match sys::statat(CWD, path, AtFlags::empty()).map(|found| kind(&found))? {
        Kind::Directory => Err(Errno::ISDIR),
        Kind::File => {
            let file = sys::openat(CWD, path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
            done(sys::ftruncate(file, len))
        }
        _ => Err(Errno::INVAL),
    }
}

fn kind(found: &SysStat) -> Kind {
    match FileType::from_raw_mode(found.st_mode) {
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::RegularFile => Kind::File,
        _ => Kind::Special,
    }
}

fn stat(found: &SysStat) -> Stat {
    let kind = kind(found);
    Stat {
        id: found.st_ino,
        kind,
        mode: found.st_mode & 0o7777,
        nlink: found.st_nlink,
        uid: found.st_uid,
        gid: found.st_gid,
        size: matches!(kind, Kind::File | Kind::Symlink).then_some(found.st_size as u64),
    }
}

/// All entries, each of which must be shown once, as what it is.
fn list(path: &str) -> Result {
    let directory = sys::openat(
        CWD,
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut entries = BTreeMap::new();
    let mut dots = 0;
    for entry in Dir::new(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "." || name == ".." {
            dots += 1;
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Symlink,
            FileType::RegularFile => Kind::File,
            _ => Kind::Special,
        };
        if entries.insert(name, (kind, entry.ino())).is_some() {
            return Err(Errno::NOTUNIQ);
        }
    }
    if dots == 2 {
        Ok(Outcome::Entries(entries))
    } else {
        Err(Errno::NOTUNIQ)
    }
}
