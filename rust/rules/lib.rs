// SPDX-License-Identifier: GPL-2.0

//! The locks that the VFS promises to its callbacks.
//!
//! The rules are written once, in `rules/*.toml`, and compiled twice by `lockspec`:
//!
//! - into a type alias for each object whose lock a callback always comes with, such as
//!   [`inode_operations::unlink::Victim`], or comes with in a case that the rule names. The `vfs`
//!   crate uses them in the signatures of its traits, so that a filesystem that counts on more
//!   than the rule promises does not compile;
//! - into [`RULES`] and [`OPS`], which locktrack checks at run time.
//!
//! `Documentation/rules.rst` describes the data and what its words mean.

// The kernel's printing macros want this of every crate.
#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"rules\0";

use core::ops::Range;

/// The lock is held, at least shared.
///
/// Has no values: it is a parameter of the types that stand for a held lock.
pub enum Shared {}

/// The lock is held exclusively.
///
/// Has no values: it is a parameter of the types that stand for a held lock.
pub enum Exclusive {}

/// Nothing is promised about the lock.
///
/// Has no values: it is a parameter of the types that stand for a held lock.
pub enum NotPromised {}

/// A mode that serves wherever `M` is asked for.
pub trait AtLeast<M> {}

impl AtLeast<Shared> for Shared {}
impl AtLeast<Shared> for Exclusive {}
impl AtLeast<Exclusive> for Exclusive {}

/// A lock that rules speak of, by the name of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// `inode->i_rwsem`.
    IRwsem,
    /// `super_block->s_vfs_rename_mutex`.
    SVfsRenameMutex,
}

impl Lock {
    /// Returns the name of the field in C.
    #[inline]
    pub const fn name(self) -> &'static str {
        match self {
            Lock::IRwsem => "i_rwsem",
            Lock::SVfsRenameMutex => "s_vfs_rename_mutex",
        }
    }
}

/// What a rule says about its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Held for writing by this task.
    Exclusive,
    /// Held by this task, for reading or for writing.
    Shared,
    /// Held by this task, in any mode that the lock has.
    Held,
    /// Not held by this task.
    NotHeld,
    /// Nothing. What is seen is worth counting, but never wrong.
    NotPromised,
}

impl Requirement {
    /// Returns the word for it in `rules/*.toml`.
    #[inline]
    pub const fn name(self) -> &'static str {
        match self {
            Requirement::Exclusive => "exclusive",
            Requirement::Shared => "shared",
            Requirement::Held => "held",
            Requirement::NotHeld => "not held",
            Requirement::NotPromised => "not promised",
        }
    }
}

/// When a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When the callback is entered.
    Entry,
    /// When the callback returns. Conditions are still those of the entry.
    Return,
}

impl When {
    /// Returns the word for it in `rules/*.toml`.
    #[inline]
    pub const fn name(self) -> &'static str {
        match self {
            When::Entry => "entry",
            When::Return => "return",
        }
    }
}

/// How to get from a callback's arguments to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The index of the argument in the C prototype, from 0.
    pub argument: u8,
    /// The way on from there.
    pub path: Path,
}

/// The way from an argument to an object. Each pointer on it can be null: then there is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The argument is the `struct inode *`.
    Inode,
    /// From a `struct dentry *`, `->d_inode`.
    DentryInode,
    /// From a `struct path *`, `->dentry->d_inode`.
    PathInode,
    /// From a `struct file *`, `->f_inode`.
    FileInode,
    /// From a `struct inode *`, `->i_sb`.
    InodeSuper,
}

/// One of the conditions of a rule, decided from the arguments at entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is such an object.
    Exists(Reach),
    /// There is such an inode, and it is a directory.
    IsDir(Reach),
    /// There is such an inode, and it is not a directory.
    NotDir(Reach),
    /// The two arguments differ.
    Differ(u8, u8),
    /// The two arguments are the same.
    Same(u8, u8),
    /// The argument has a bit of the mask.
    FlagSet {
        /// The index of the argument in the C prototype, from 0.
        argument: u8,
        /// The bits.
        mask: u32,
    },
    /// The argument has no bit of the mask.
    FlagClear {
        /// The index of the argument in the C prototype, from 0.
        argument: u8,
        /// The bits.
        mask: u32,
    },
}

/// One promise about one lock of one object of one callback.
#[derive(Debug)]
pub struct Rule {
    /// The index of this rule in [`RULES`].
    pub id: u16,
    /// The kernel release whose document says so, such as `v7.3`.
    pub edition: &'static str,
    /// The C struct of the callback, such as `inode_operations`.
    pub table: &'static str,
    /// The callback: a field of that struct.
    pub op: &'static str,
    /// The object's name: an argument's or, for what is found through one, its role.
    pub object: &'static str,
    /// How to get to the object. The lock is a field of it.
    pub reach: Reach,
    /// The lock.
    pub lock: Lock,
    /// What is promised.
    pub requirement: Requirement,
    /// The promise is made only if all of these hold.
    pub conditions: &'static [Condition],
    /// The conditions as they stand in the data, joined by ` && `; empty if there are none.
    pub condition: &'static str,
    /// At which end of the callback it holds.
    pub when: When,
    /// Where it is written: the document, its edition, the table, and the row or the sentence.
    pub source: &'static str,
}

/// One callback that an edition of the rules speaks of.
#[derive(Debug)]
pub struct Op {
    /// The kernel release whose document is meant, such as `v7.3`.
    pub edition: &'static str,
    /// The C struct of the callback.
    pub table: &'static str,
    /// The callback: a field of that struct.
    pub op: &'static str,
    /// How many arguments the callback takes.
    pub arguments: u8,
    /// The indexes of its rules in [`RULES`].
    pub rules: Range<usize>,
}

impl Op {
    /// Returns the rules of this callback, of which there may be none.
    #[inline]
    pub fn rules(&self) -> &'static [Rule] {
        RULES.get(self.rules.clone()).unwrap_or_default()
    }
}

/// The flags that conditions name, as this kernel has them: some differ between architectures.
mod flags {
    pub(super) use kernel::bindings::{
        O_CREAT,
        RENAME_EXCHANGE, //
    };
}

include!(concat!(env!("SAMPLEFS_OBJ"), "/rust/rules/generated.rs"));
