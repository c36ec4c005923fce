// SPDX-License-Identifier: GPL-2.0

//! The oracle: what POSIX, and Linux where POSIX leaves it open, say that each operation does.

mod files;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use rustix::io::Errno;

use crate::{
    ops::{Op, Path, SetXattr, SLOTS},
    outcome::{Kind, Outcome, Result, Stat},
};

type Id = u64;

const ROOT: Id = 1;
const NAME_MAX: usize = 255;
const MAX_SYMLINKS: u32 = 40;
const S_ISUID: u32 = 0o4000;
const S_ISGID: u32 = 0o2000;
const S_IXGRP: u32 = 0o010;

#[derive(Clone, Debug)]
enum Content {
    File(Vec<u8>),
    Directory {
        entries: BTreeMap<String, Id>,
        parent: Id,
    },
    Symlink(String),
    Special,
}

#[derive(Clone, Debug)]
struct Inode {
    content: Content,
    mode: u32,
    uid: u32,
    gid: u32,
    nlink: u64,
    /// Made without a name, and not named since.
    nameless: bool,
    xattrs: BTreeMap<u8, Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
struct File {
    id: Id,
    read: bool,
    write: bool,
    append: bool,
}

/// Where a path ends.
struct Place {
    parent: Id,
    /// None for the root, `.` and `..`, which are there already.
    name: Option<String>,
    id: Option<Id>,
}

/// A filesystem.
pub struct Model {
    inodes: BTreeMap<Id, Inode>,
    files: [Option<File>; SLOTS],
    next: Id,
}

impl Model {
    pub fn new() -> Self {
        let mut model = Model {
            inodes: BTreeMap::new(),
            files: [None; SLOTS],
            next: ROOT,
        };
        let content = Content::Directory {
            entries: BTreeMap::new(),
            parent: ROOT,
        };
        model.insert(content, 0o755, ROOT);
        model.inodes.get_mut(&ROOT).expect("just made").gid = 0;
        model
    }

    /// All inodes that there are, for who compares them.
    pub fn ids(&self) -> BTreeSet<Id> {
        self.inodes.keys().copied().collect()
    }

    /// Each path, directories before what is in them, without following symbolic links.
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = vec![];
        let mut todo = vec![(ROOT, String::new())];
        while let Some((id, prefix)) = todo.pop() {
            let Content::Directory { entries, .. } = &self.inode(id).content else {
                continue;
            };
            for (name, id) in entries {
                paths.push(Path(format!("{prefix}{name}")));
                todo.push((*id, format!("{prefix}{name}/")));
            }
        }
        paths
    }

    pub fn data(&self, path: &Path) -> Option<&[u8]> {
        match &self.inode(self.lookup(path, false).ok()?).content {
            Content::File(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn apply(&mut self, op: &Op) -> Result {
        let outcome = self.call(op);
        self.forget();
        outcome
    }

    fn call(&mut self, op: &Op) -> Result {
        match op {
            Op::Open { slot, path, how } => self.open(*slot, path, *how),
            Op::Tmpfile { slot, path, mode } => self.tmpfile(*slot, path, *mode),
            Op::LinkFile { slot, path } => {
                let id = self.file(*slot)?.id;
                self.link(id, path)
            }
            Op::Close { slot } => {
                self.files[*slot].take().ok_or(Errno::BADF)?;
                Ok(Outcome::Done)
            }
            Op::Fstat { slot } => Ok(Outcome::Stat(self.stat(self.file(*slot)?.id))),
            Op::Write {
                slot,
                at,
                len,
                byte,
            } => self.write(*slot, *at, &vec![*byte; *len as usize]),
            Op::Read { slot, at, len } => Ok(Outcome::Bytes(self.read(*slot, *at, *len)?)),
            Op::Ftruncate { slot, len } => {
                let file = self.file(*slot)?;
                match &mut self.inode_mut(file.id).content {
                    Content::File(bytes) if file.write => bytes.resize(*len as usize, 0),
                    _ => return Err(Errno::INVAL),
                }
                Ok(Outcome::Done)
            }
            Op::Fallocate { slot, how, at, len } => self.fallocate(*slot, *how, *at, *len),
            Op::Copy {
                from,
                at,
                to,
                there,
                len,
            } => self.copy(*from, *at, *to, *there, *len),
            Op::Truncate { path, len } => {
                let id = self.lookup(path, true)?;
                match &mut self.inode_mut(id).content {
                    Content::File(bytes) => bytes.resize(*len as usize, 0),
                    Content::Directory { .. } => return Err(Errno::ISDIR),
                    _ => return Err(Errno::INVAL),
                }
                Ok(Outcome::Done)
            }
            Op::Mkdir { path, mode } => {
                let (parent, name) = self.new_name(path)?;
                let content = Content::Directory {
                    entries: BTreeMap::new(),
                    parent,
                };
                let id = self.insert(content, mode & 0o1777, parent);
                self.add(parent, name, id);
                Ok(Outcome::Done)
            }
            Op::Rmdir { path } => self.rmdir(path),
            Op::Unlink { path } => {
                let (parent, name, id) = self.old_name(path)?;
                if self.is_directory(id) {
                    return Err(Errno::ISDIR);
                }
                self.remove(parent, &name);
                Ok(Outcome::Done)
            }
            Op::Symlink { target, path } => {
                let (parent, name) = self.new_name(path)?;
                let id = self.insert(Content::Symlink(target.clone()), 0o777, parent);
                self.add(parent, name, id);
                Ok(Outcome::Done)
            }
            Op::Readlink { path } => match &self.inode(self.lookup(path, false)?).content {
                Content::Symlink(target) => Ok(Outcome::Bytes(target.clone().into_bytes())),
                _ => Err(Errno::INVAL),
            },
            Op::Mknod { path, mode } => {
                let (parent, name) = self.new_name(path)?;
                let id = self.insert(Content::Special, *mode, parent);
                self.add(parent, name, id);
                Ok(Outcome::Done)
            }
            Op::Link { old, new, follow } => {
                let id = self.lookup(old, *follow)?;
                self.link(id, new)
            }
            Op::Rename { old, new, how } => self.rename(old, new, *how),
            Op::Stat { path, follow } => Ok(Outcome::Stat(self.stat(self.lookup(path, *follow)?))),
            Op::List { path } => self.list(path),
            Op::Chmod { path, mode } => {
                let id = self.lookup(path, true)?;
                self.inode_mut(id).mode = *mode;
                Ok(Outcome::Done)
            }
            Op::Chown {
                path,
                uid,
                gid,
                follow,
            } => {
                let id = self.lookup(path, *follow)?;
                let directory = self.is_directory(id);
                let inode = self.inode_mut(id);
                (inode.uid, inode.gid) = (*uid, *gid);
                if !directory {
                    // Also root's own files lose them; without S_IXGRP it is a mark for locking.
                    inode.mode &= !S_ISUID;
                    if inode.mode & S_IXGRP != 0 {
                        inode.mode &= !S_ISGID;
                    }
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
                let xattrs = self.xattrs(path, *follow, Errno::PERM)?;
                match how {
                    SetXattr::Create if xattrs.contains_key(name) => return Err(Errno::EXIST),
                    SetXattr::Replace if !xattrs.contains_key(name) => return Err(Errno::NODATA),
                    _ => xattrs.insert(*name, value.clone()),
                };
                Ok(Outcome::Done)
            }
            Op::GetXattr { path, name, follow } => {
                let xattrs = self.xattrs(path, *follow, Errno::NODATA)?;
                Ok(Outcome::Bytes(
                    xattrs.get(name).ok_or(Errno::NODATA)?.clone(),
                ))
            }
            Op::RemoveXattr { path, name, follow } => {
                let xattrs = self.xattrs(path, *follow, Errno::PERM)?;
                xattrs.remove(name).ok_or(Errno::NODATA)?;
                Ok(Outcome::Done)
            }
            Op::ListXattr { path, follow } => {
                let inode = self.inode(self.lookup(path, *follow)?);
                let names = inode.xattrs.keys().map(|name| format!("user.{name}"));
                Ok(Outcome::Names(names.collect()))
            }
            Op::Sync | Op::DropCaches => Ok(Outcome::Done),
        }
    }

    // Inodes.

    fn inode(&self, id: Id) -> &Inode {
        &self.inodes[&id]
    }

    fn inode_mut(&mut self, id: Id) -> &mut Inode {
        self.inodes
            .get_mut(&id)
            .expect("it is kept for as long as something refers to it")
    }

    fn is_directory(&self, id: Id) -> bool {
        matches!(self.inode(id).content, Content::Directory { .. })
    }

    fn entries(&mut self, id: Id) -> &mut BTreeMap<String, Id> {
        match &mut self.inode_mut(id).content {
            Content::Directory { entries, .. } => entries,
            _ => unreachable!("callers know it for a directory"),
        }
    }

    /// A new inode for something in that directory; it has no name yet.
    fn insert(&mut self, content: Content, mut mode: u32, parent: Id) -> Id {
        let directory = matches!(content, Content::Directory { .. });
        let mut gid = 0;
        if let Some(parent) = self.inodes.get(&parent) {
            if parent.mode & S_ISGID != 0 {
                gid = parent.gid;
                mode |= if directory { S_ISGID } else { 0 };
            }
        }
        let id = self.next;
        self.next += 1;
        let nlink = if directory { 2 } else { 0 };
        let inode = Inode {
            content,
            mode,
            uid: 0,
            gid,
            nlink,
            nameless: false,
            xattrs: BTreeMap::new(),
        };
        self.inodes.insert(id, inode);
        id
    }

    /// Gives it a name. A directory's own count is of its entry for itself.
    fn add(&mut self, parent: Id, name: String, id: Id) {
        self.entries(parent).insert(name, id);
        if let Content::Directory { parent: up, .. } = &mut self.inode_mut(id).content {
            *up = parent;
            self.inode_mut(parent).nlink += 1;
        } else {
            self.inode_mut(id).nlink += 1;
        }
    }

    /// Takes the name away, and leaves what it stood for as it is otherwise.
    fn take(&mut self, parent: Id, name: &str) -> Id {
        let id = self
            .entries(parent)
            .remove(name)
            .expect("callers have looked it up");
        if self.is_directory(id) {
            self.inode_mut(parent).nlink -= 1;
        } else {
            self.inode_mut(id).nlink -= 1;
        }
        id
    }

    fn remove(&mut self, parent: Id, name: &str) {
        let id = self.take(parent, name);
        if self.is_directory(id) {
            self.inode_mut(id).nlink = 0;
        }
    }

    /// What has neither a name nor is open has gone.
    fn forget(&mut self) {
        let open: Vec<Id> = self.files.iter().flatten().map(|file| file.id).collect();
        self.inodes
            .retain(|id, inode| inode.nlink > 0 || open.contains(id));
    }

    fn stat(&self, id: Id) -> Stat {
        let inode = self.inode(id);
        let (kind, size) = match &inode.content {
            Content::File(bytes) => (Kind::File, Some(bytes.len() as u64)),
            Content::Directory { .. } => (Kind::Directory, None),
            Content::Symlink(target) => (Kind::Symlink, Some(target.len() as u64)),
            Content::Special => (Kind::Special, None),
        };
        Stat {
            id,
            kind,
            mode: inode.mode,
            nlink: inode.nlink,
            uid: inode.uid,
            gid: inode.gid,
            size,
        }
    }

    // Paths.

    /// Walks to the last name of a path, and to what it stands for, if that is there.
    fn walk(&self, path: &str, follow: bool) -> Result<Place> {
        let mut at = ROOT;
        let mut links = 0;
        let mut rest: Vec<String> = vec![];
        let push = |rest: &mut Vec<String>, path: &str| {
            let names = path
                .rsplit('/')
                .filter(|name| !name.is_empty())
                .map(str::to_owned);
            rest.extend(names);
        };
        push(&mut rest, path);
        let mut last = Place {
            parent: ROOT,
            name: None,
            id: Some(ROOT),
        };
        while let Some(name) = rest.pop() {
            let Content::Directory { entries, parent } = &self.inode(at).content else {
                return Err(Errno::NOTDIR);
            };
            let id = match name.as_str() {
                "." => Some(at),
                ".." => Some(*parent),
                _ if name.len() > NAME_MAX => return Err(Errno::NAMETOOLONG),
                _ => entries.get(&name).copied(),
            };
            if let Some(Content::Symlink(target)) = id.map(|id| &self.inode(id).content) {
                if follow || !rest.is_empty() {
                    links += 1;
                    if links > MAX_SYMLINKS {
                        return Err(Errno::LOOP);
                    }
                    if target.starts_with('/') {
                        at = ROOT;
                        last = Place {
                            parent: ROOT,
                            name: None,
                            id: Some(ROOT),
                        };
                    }
                    push(&mut rest, target);
                    continue;
                }
            }
            let dots = name == "." || name == "..";
            last = Place {
                parent: at,
                name: (!dots).then_some(name),
                id,
            };
            match id {
                Some(id) => at = id,
                None if rest.is_empty() => {}
                None => return Err(Errno::NOENT),
            }
        }
        Ok(last)
    }

    fn lookup(&self, path: &Path, follow: bool) -> Result<Id> {
        self.walk(&path.0, follow)?.id.ok_or(Errno::NOENT)
    }

    /// A name that is to be made.
    fn new_name(&self, path: &Path) -> Result<(Id, String)> {
        match self.walk(&path.0, false)? {
            Place {
                parent,
                name: Some(name),
                id: None,
            } => Ok((parent, name)),
            _ => Err(Errno::EXIST),
        }
    }

    /// A name that is there, and is not a directory's own for itself: no path of an operation ends in one.
    fn old_name(&self, path: &Path) -> Result<(Id, String, Id)> {
        let place = self.walk(&path.0, false)?;
        match (place.name, place.id) {
            (Some(name), Some(id)) => Ok((place.parent, name, id)),
            (_, None) => Err(Errno::NOENT),
            (None, _) => Err(Errno::BUSY),
        }
    }

    /// The attributes of a file or a directory; others have none, which is this error.
    fn xattrs(
        &mut self,
        path: &Path,
        follow: bool,
        error: Errno,
    ) -> Result<&mut BTreeMap<u8, Vec<u8>>> {
        let id = self.lookup(path, follow)?;
        let inode = self.inode_mut(id);
        match inode.content {
            Content::File(_) | Content::Directory { .. } => Ok(&mut inode.xattrs),
            _ => Err(error),
        }
    }
}
