// SPDX-License-Identifier: GPL-2.0

//! Names: removing, linking, renaming, listing.

use rustix::io::Errno;

use super::{Content, Id, Model};
use crate::{
    ops::{Path, Rename},
    outcome::{Outcome, Result},
};

impl Model {
    pub(super) fn rmdir(&mut self, path: &Path) -> Result {
        let (parent, name, id) = self.old_name(path)?;
        match &self.inode(id).content {
            Content::Directory { entries, .. } if entries.is_empty() => {
                self.remove(parent, &name);
                Ok(Outcome::Done)
            }
            Content::Directory { .. } => Err(Errno::NOTEMPTY),
            _ => Err(Errno::NOTDIR),
        }
    }

    pub(super) fn link(&mut self, id: Id, new: &Path) -> Result {
        let (parent, name) = self.new_name(new)?;
        let inode = self.inode_mut(id);
        if matches!(inode.content, Content::Directory { .. }) {
            return Err(Errno::PERM);
        }
        if inode.nlink == 0 && !inode.nameless {
            return Err(Errno::NOENT);
        }
        inode.nameless = false;
        self.add(parent, name, id);
        Ok(Outcome::Done)
    }

    /// Whether `id` is `of`, or above it.
    pub(super) fn is_above(&self, id: Id, of: Id) -> bool {
        let mut at = of;
        loop {
            match &self.inode(at).content {
                _ if at == id => return true,
                Content::Directory { parent, .. } if *parent != at => at = *parent,
                _ => return false,
            }
        }
    }

    pub(super) fn rename(&mut self, old: &Path, new: &Path, how: Rename) -> Result {
        // Both directories are looked for before either name.
        let parent_of = |path: &Path| match path.0.rsplit_once('/') {
            Some((parent, _)) => match self.lookup(&Path(parent.to_owned()), true)? {
                id if self.is_directory(id) => Ok(()),
                _ => Err(Errno::NOTDIR),
            },
            None => Ok(()),
        };
        parent_of(old)?;
        parent_of(new)?;
        let (from, name, id) = self.old_name(old)?;
        let place = self.walk(&new.0, false)?;
        let (to, new_name, target) = (place.parent, place.name.ok_or(Errno::BUSY)?, place.id);
        if how == Rename::Noreplace && target.is_some() {
            return Err(Errno::EXIST);
        }
        if how == Rename::Exchange && target.is_none() {
            return Err(Errno::NOENT);
        }
        if self.is_above(id, to) {
            return Err(Errno::INVAL);
        }
        if target.is_some_and(|target| self.is_above(target, from)) {
            return Err(if how == Rename::Exchange {
                Errno::INVAL
            } else {
                Errno::NOTEMPTY
            });
        }
        if target == Some(id) {
            return Ok(Outcome::Done);
        }
        if let (Some(target), false) = (target, how == Rename::Exchange) {
            match (&self.inode(target).content, self.is_directory(id)) {
                (Content::Directory { .. }, false) => return Err(Errno::ISDIR),
                (Content::Directory { entries, .. }, true) if !entries.is_empty() => {
                    return Err(Errno::NOTEMPTY)
                }
                (Content::Directory { .. }, true) => {}
                (_, true) => return Err(Errno::NOTDIR),
                (_, false) => {}
            }
            self.remove(to, &new_name);
        }
        self.take(from, &name);
        match (how, target) {
            (Rename::Exchange, Some(target)) => {
                self.take(to, &new_name);
                self.add(from, name, target);
            }
            (Rename::Whiteout, _) => {
                let whiteout = self.insert(Content::Special, 0, from);
                self.add(from, name, whiteout);
            }
            _ => {}
        }
        self.add(to, new_name, id);
        Ok(Outcome::Done)
    }

    pub(super) fn list(&self, path: &Path) -> Result {
        let id = self.lookup(path, true)?;
        let Content::Directory { entries, .. } = &self.inode(id).content else {
            return Err(Errno::NOTDIR);
        };
        let entries = entries
            .iter()
            .map(|(name, id)| (name.clone(), (self.stat(*id).kind, *id)));
        Ok(Outcome::Entries(entries.collect()))
    }
}
