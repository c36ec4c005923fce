// SPDX-License-Identifier: GPL-2.0

//! Open files, and what is in them.

use rustix::io::Errno;

use super::{Content, File, Model};
use crate::{
    ops::{Allocate, Open, Path},
    outcome::{Outcome, Result},
};

impl Model {
    pub(super) fn file(&self, slot: usize) -> Result<File> {
        self.files[slot].ok_or(Errno::BADF)
    }

    pub(super) fn open(&mut self, slot: usize, path: &Path, how: Open) -> Result {
        if how.create && how.directory {
            return Err(Errno::INVAL);
        }
        let follow = !how.nofollow && !how.excl;
        let place = self.walk(&path.0, follow)?;
        let id = match (place.id, place.name) {
            (Some(_), _) if how.excl => return Err(Errno::EXIST),
            (Some(id), _) => id,
            (None, Some(name)) if how.create => {
                let id = self.insert(Content::File(vec![]), how.mode, place.parent);
                self.add(place.parent, name, id);
                id
            }
            _ => return Err(Errno::NOENT),
        };
        match &mut self.inode_mut(id).content {
            Content::Directory { .. } if how.create || how.write => return Err(Errno::ISDIR),
            Content::Directory { .. } => {}
            _ if how.directory => return Err(Errno::NOTDIR),
            Content::Symlink(_) => return Err(Errno::LOOP),
            Content::Special => return Err(Errno::NXIO),
            Content::File(bytes) if how.trunc => bytes.clear(),
            Content::File(_) => {}
        }
        self.files[slot] = Some(File {
            id,
            read: how.read,
            write: how.write,
            append: how.append,
        });
        Ok(Outcome::Done)
    }

    pub(super) fn tmpfile(&mut self, slot: usize, path: &Path, mode: u32) -> Result {
        let parent = self.lookup(path, true)?;
        if !self.is_directory(parent) {
            return Err(Errno::NOTDIR);
        }
        let id = self.insert(Content::File(vec![]), mode, parent);
        self.inode_mut(id).nameless = true;
        self.files[slot] = Some(File {
            id,
            read: true,
            write: true,
            append: false,
        });
        Ok(Outcome::Done)
    }

    pub(super) fn read(&self, slot: usize, at: u64, len: u64) -> Result<Vec<u8>> {
        let file = self.file(slot)?;
        match &self.inode(file.id).content {
            _ if !file.read => Err(Errno::BADF),
            Content::File(bytes) => {
                let end = (at + len).min(bytes.len() as u64);
                Ok(bytes[at.min(end) as usize..end as usize].to_vec())
            }
            _ => Err(Errno::ISDIR),
        }
    }

    pub(super) fn write(&mut self, slot: usize, at: u64, what: &[u8]) -> Result {
        let file = self.file(slot)?;
        match &mut self.inode_mut(file.id).content {
            Content::File(bytes) if file.write => {
                // Whatever the offset: Linux does so, and says so in pwrite(2).
                let at = if file.append {
                    bytes.len()
                } else {
                    at as usize
                };
                if !what.is_empty() {
                    bytes.resize(bytes.len().max(at + what.len()), 0);
                    bytes[at..at + what.len()].copy_from_slice(what);
                }
                Ok(Outcome::Count(what.len() as u64))
            }
            _ => Err(Errno::BADF),
        }
    }

    pub(super) fn fallocate(&mut self, slot: usize, how: Allocate, at: u64, len: u64) -> Result {
        let file = self.file(slot)?;
        if len == 0 {
            return Err(Errno::INVAL);
        }
        match &mut self.inode_mut(file.id).content {
            Content::File(bytes) if file.write => {
                let size = bytes.len() as u64;
                match how {
                    Allocate::Extend => bytes.resize(size.max(at + len) as usize, 0),
                    Allocate::KeepSize => {}
                    Allocate::PunchHole => {
                        bytes[at.min(size) as usize..(at + len).min(size) as usize].fill(0)
                    }
                }
                Ok(Outcome::Done)
            }
            _ => Err(Errno::BADF),
        }
    }

    pub(super) fn copy(&mut self, from: usize, at: u64, to: usize, there: u64, len: u64) -> Result {
        let (source, sink) = (self.file(from)?, self.file(to)?);
        if self.is_directory(source.id) || self.is_directory(sink.id) {
            return Err(Errno::ISDIR);
        }
        if !source.read || !sink.write || sink.append {
            return Err(Errno::BADF);
        }
        let what = self.read(from, at, len)?;
        let count = what.len() as u64;
        if source.id == sink.id && there + count > at && there < at + count {
            return Err(Errno::INVAL);
        }
        self.write(to, there, &what)
    }
}
