// SPDX-License-Identifier: GPL-2.0

//! What an operation comes to: the same for the model and for the filesystem.

use std::collections::BTreeMap;

use rustix::io::Errno;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    Special,
}

/// What stat(2) says; `id` is the number of the inode, which both have their own of.
#[derive(Clone, Debug, PartialEq)]
pub struct Stat {
    pub id: u64,
    pub kind: Kind,
    pub mode: u32,
    pub nlink: u64,
    pub uid: u32,
    pub gid: u32,
    /// None where each filesystem has its own idea of it.
    pub size: Option<u64>,
}

/// What a successful operation tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Done,
    Count(u64),
    Bytes(Vec<u8>),
    Names(Vec<String>),
    Entries(BTreeMap<String, (Kind, u64)>),
    Stat(Stat),
}

pub type Result<T = Outcome> = std::result::Result<T, Errno>;
