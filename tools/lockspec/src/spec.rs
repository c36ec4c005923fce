// SPDX-License-Identifier: GPL-2.0

//! The rules, checked: every name is resolved and nothing contradicts.

use std::fmt;

use crate::facts;

/// A kernel release, such as `v7.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edition {
    pub major: u16,
    pub minor: u16,
}

impl Edition {
    /// Parses `vMAJOR.MINOR`, in decimal without leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.strip_prefix('v')?.split_once('.')?;
        let edition = Self {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        };
        (edition.to_string() == text).then_some(edition)
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

/// What one file says.
#[derive(Debug)]
pub struct Spec {
    pub edition: Edition,
    pub document: String,
    pub tables: Vec<Table>,
}

/// A C struct of callbacks.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    /// The C header that has the struct.
    pub header: String,
    /// The columns of the document's table.
    pub columns: Vec<String>,
    pub sentences: Vec<Sentence>,
    /// In the order of the struct.
    pub ops: Vec<Op>,
}

/// A rule that the document has outside of its table.
#[derive(Debug)]
pub struct Sentence {
    pub name: String,
    pub says: String,
    /// The document that has it, if it is another one.
    pub document: Option<String>,
    /// Why no rule comes of it.
    pub unchecked: Option<String>,
}

/// A callback.
#[derive(Debug)]
pub struct Op {
    pub name: String,
    /// As it is written: without the name.
    pub prototype: String,
    pub arguments: Vec<Argument>,
    /// What the document's table says, or why it says nothing.
    pub row: Row,
    pub rules: Vec<Rule>,
    /// What of the row is not checked, and why.
    pub unchecked: Vec<String>,
    pub note: Option<String>,
}

/// A row of the document's table.
#[derive(Debug)]
pub enum Row {
    /// A cell for each column.
    Cells(Vec<String>),
    /// There is none, for this reason.
    Unlisted(String),
}

/// An argument of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: String,
    /// The struct that it points to, if it is a pointer to one.
    pub points_to: Option<String>,
}

/// A way from the arguments to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    pub argument: usize,
    pub path: facts::Path,
}

/// The words after `requires`, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    NotPromised,
    NotHeld,
    Held,
    Shared,
    Exclusive,
}

impl Requirement {
    pub const ALL: [(&'static str, Self); 5] = [
        ("exclusive", Self::Exclusive),
        ("shared", Self::Shared),
        ("held", Self::Held),
        ("not held", Self::NotHeld),
        ("not promised", Self::NotPromised),
    ];

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Shared => "shared",
            Self::Held => "held",
            Self::NotHeld => "not held",
            Self::NotPromised => "not promised",
        }
    }
}

/// At which end of the callback a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Entry,
    Return,
}

impl When {
    pub const ALL: [(&'static str, Self); 2] = [("entry", Self::Entry), ("return", Self::Return)];
}

/// What must be so for a rule to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Exists(Reach),
    IsDir(Reach),
    NotDir(Reach),
    Differ(usize, usize),
    Same(usize, usize),
    FlagSet(usize, &'static str),
    FlagClear(usize, &'static str),
}

/// A promise about a lock.
#[derive(Debug)]
pub struct Rule {
    /// The object's name in the op.
    pub object: String,
    /// The name of what the object is in the case of this rule, for the type of this promise.
    pub name: Option<String>,
    pub reach: Reach,
    pub lock: facts::Lock,
    pub requirement: Requirement,
    pub conditions: Vec<Condition>,
    /// The conditions as they are written.
    pub condition: String,
    pub when: When,
    /// The row or the sentences that say so.
    pub sources: Vec<String>,
    /// The same in full, with the document.
    pub source: String,
}
