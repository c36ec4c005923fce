// SPDX-License-Identifier: GPL-2.0

//! The operations, and how they are made up.
//!
//! Names are few, so that operations meet: what is made is also opened, linked, replaced and removed.

use std::fmt;

use proptest::{prelude::*, sample::select};

/// How many files can be open.
pub const SLOTS: usize = 2;
/// How many names there are of attributes.
pub const XATTRS: u8 = 3;
/// No file gets longer.
pub const MAX_SIZE: u64 = 1 << 16;

/// A path from the root.
#[derive(Clone, PartialEq)]
pub struct Path(pub String);

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            0..64 => write!(f, "{:?}", self.0),
            length => write!(f, "{:?}.. ({length} bytes)", &self.0[..8]),
        }
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Open {
    pub read: bool,
    pub write: bool,
    pub create: bool,
    pub excl: bool,
    pub trunc: bool,
    pub append: bool,
    pub directory: bool,
    pub nofollow: bool,
    pub mode: u32,
}

/// What rename(2) is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rename {
    Plain,
    Noreplace,
    Exchange,
    Whiteout,
}

/// What fallocate(2) is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allocate {
    Extend,
    KeepSize,
    PunchHole,
}

/// What setxattr(2) is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SetXattr {
    Any,
    Create,
    Replace,
}

/// A system call, or what disturbs.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    Open {
        slot: usize,
        path: Path,
        how: Open,
    },
    Tmpfile {
        slot: usize,
        path: Path,
        mode: u32,
    },
    LinkFile {
        slot: usize,
        path: Path,
    },
    Close {
        slot: usize,
    },
    Fstat {
        slot: usize,
    },
    Write {
        slot: usize,
        at: u64,
        len: u64,
        byte: u8,
    },
    Read {
        slot: usize,
        at: u64,
        len: u64,
    },
    Ftruncate {
        slot: usize,
        len: u64,
    },
    Fallocate {
        slot: usize,
        how: Allocate,
        at: u64,
        len: u64,
    },
    Copy {
        from: usize,
        at: u64,
        to: usize,
        there: u64,
        len: u64,
    },
    Truncate {
        path: Path,
        len: u64,
    },
    Mkdir {
        path: Path,
        mode: u32,
    },
    Rmdir {
        path: Path,
    },
    Unlink {
        path: Path,
    },
    Symlink {
        target: String,
        path: Path,
    },
    Readlink {
        path: Path,
    },
    Mknod {
        path: Path,
        mode: u32,
    },
    Link {
        old: Path,
        new: Path,
        follow: bool,
    },
    Rename {
        old: Path,
        new: Path,
        how: Rename,
    },
    Stat {
        path: Path,
        follow: bool,
    },
    List {
        path: Path,
    },
    Chmod {
        path: Path,
        mode: u32,
    },
    Chown {
        path: Path,
        uid: u32,
        gid: u32,
        follow: bool,
    },
    SetXattr {
        path: Path,
        name: u8,
        value: Vec<u8>,
        how: SetXattr,
        follow: bool,
    },
    GetXattr {
        path: Path,
        name: u8,
        follow: bool,
    },
    RemoveXattr {
        path: Path,
        name: u8,
        follow: bool,
    },
    ListXattr {
        path: Path,
        follow: bool,
    },
    Sync,
    DropCaches,
}

impl Op {
    /// The name of the operation alone.
    pub fn name(&self) -> String {
        let text = format!("{self:?}");
        let end = text.find(|c: char| !c.is_ascii_alphanumeric());
        text[..end.unwrap_or(text.len())].to_owned()
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        60 => select(vec!["a", "b", "c"]).prop_map(str::to_owned),
        1 => Just("n".repeat(255)),
        1 => Just("n".repeat(256)),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    let deep = prop_oneof![10 => Just(1usize), 4 => Just(2), 1 => Just(3)];
    deep.prop_flat_map(|depth| prop::collection::vec(name(), depth))
        .prop_map(|names| Path(names.join("/")))
}

/// What a symbolic link says: also out of its directory, in a circle, and more than fits in an inode.
fn target() -> impl Strategy<Value = String> {
    let names = prop_oneof![8 => name(), 2 => Just("..".to_owned()), 1 => Just(".".to_owned())];
    (
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
        prop::collection::vec(names, 1..=3),
    )
        .prop_map(|(absolute, long, names)| {
            let text = names.join("/");
            let text = if long {
                format!("{}{text}", "./".repeat(80))
            } else {
                text
            };
            if absolute {
                format!("/{text}")
            } else {
                text
            }
        })
}

fn slot() -> impl Strategy<Value = usize> {
    0..SLOTS
}

fn mode() -> impl Strategy<Value = u32> {
    select(vec![
        0o644, 0o755, 0o600, 0o000, 0o2755, 0o4711, 0o1755, 0o2644,
    ])
}

/// A place in a file: ends of blocks more often than by chance.
fn place() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 0..MAX_SIZE / 2,
        3 => 0u64..300,
        2 => (0u64..8).prop_map(|block| block * 4096),
        1 => (1u64..8).prop_map(|block| block * 4096 - 1),
    ]
}

fn length() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => Just(0u64),
        4 => 1u64..100,
        2 => 1..MAX_SIZE / 4,
        1 => (1u64..4).prop_map(|block| block * 4096),
    ]
}

fn open() -> impl Strategy<Value = Open> {
    let bit = prop::bool::weighted;
    let often = (bit(0.7), bit(0.7), bit(0.7), bit(0.3), bit(0.3));
    let rare = (bit(0.1), bit(0.1), bit(0.3));
    (often, rare, mode()).prop_map(
        |((read, write, create, excl, trunc), (directory, nofollow, append), mode)| {
            let write = write || append;
            Open {
                read: read || !write,
                write,
                create,
                excl: excl && create,
                trunc: trunc && write,
                append,
                directory,
                nofollow,
                mode: if create { mode } else { 0 },
            }
        },
    )
}

/// One operation.
pub fn op() -> impl Strategy<Value = Op> {
    let often = any::<bool>;
    let attribute = || 0..XATTRS;
    let value = || prop::collection::vec(any::<u8>(), 0..40);
    let renames = select(vec![
        Rename::Plain,
        Rename::Plain,
        Rename::Noreplace,
        Rename::Exchange,
        Rename::Whiteout,
    ]);
    let allocates = select(vec![
        Allocate::Extend,
        Allocate::KeepSize,
        Allocate::PunchHole,
    ]);
    let sets = select(vec![SetXattr::Any, SetXattr::Create, SetXattr::Replace]);
    let of_files = prop_oneof![
        8 => (slot(), path(), open()).prop_map(|(slot, path, how)| Op::Open { slot, path, how }),
        1 => (slot(), path(), mode()).prop_map(|(slot, path, mode)| Op::Tmpfile { slot, path, mode }),
        1 => (slot(), path()).prop_map(|(slot, path)| Op::LinkFile { slot, path }),
        2 => slot().prop_map(|slot| Op::Close { slot }),
        1 => slot().prop_map(|slot| Op::Fstat { slot }),
        6 => (slot(), place(), length(), 1u8..).prop_map(|(slot, at, len, byte)| Op::Write { slot, at, len, byte }),
        3 => (slot(), place(), length()).prop_map(|(slot, at, len)| Op::Read { slot, at, len }),
        2 => (slot(), place()).prop_map(|(slot, len)| Op::Ftruncate { slot, len }),
        2 => (slot(), allocates, place(), length())
            .prop_map(|(slot, how, at, len)| Op::Fallocate { slot, how, at, len }),
        2 => (slot(), place(), slot(), place(), length())
            .prop_map(|(from, at, to, there, len)| Op::Copy { from, at, to, there, len }),
        1 => (path(), place()).prop_map(|(path, len)| Op::Truncate { path, len }),
    ];
    let of_names = prop_oneof![
        5 => (path(), mode()).prop_map(|(path, mode)| Op::Mkdir { path, mode }),
        2 => path().prop_map(|path| Op::Rmdir { path }),
        3 => path().prop_map(|path| Op::Unlink { path }),
        2 => (target(), path()).prop_map(|(target, path)| Op::Symlink { target, path }),
        1 => path().prop_map(|path| Op::Readlink { path }),
        1 => (path(), mode()).prop_map(|(path, mode)| Op::Mknod { path, mode }),
        3 => (path(), path(), often()).prop_map(|(old, new, follow)| Op::Link { old, new, follow }),
        6 => (path(), path(), renames).prop_map(|(old, new, how)| Op::Rename { old, new, how }),
        2 => (path(), often()).prop_map(|(path, follow)| Op::Stat { path, follow }),
        1 => path().prop_map(|path| Op::List { path }),
    ];
    let of_attributes = prop_oneof![
        2 => (path(), mode()).prop_map(|(path, mode)| Op::Chmod { path, mode }),
        2 => (path(), 0u32..3, 0u32..3, often())
            .prop_map(|(path, uid, gid, follow)| Op::Chown { path, uid, gid, follow }),
        3 => (path(), attribute(), value(), sets, often())
            .prop_map(|(path, name, value, how, follow)| Op::SetXattr { path, name, value, how, follow }),
        1 => (path(), attribute(), often()).prop_map(|(path, name, follow)| Op::GetXattr { path, name, follow }),
        1 => (path(), attribute(), often()).prop_map(|(path, name, follow)| Op::RemoveXattr { path, name, follow }),
        1 => (path(), often()).prop_map(|(path, follow)| Op::ListXattr { path, follow }),
    ];
    prop_oneof![
        40 => of_files,
        40 => of_names,
        12 => of_attributes,
        1 => prop_oneof![8 => Just(Op::Sync), 1 => Just(Op::DropCaches)],
    ]
}
