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

/// All rules, and the callbacks that they are about.
#[derive(Debug)]
pub struct Specification {
    pub callbacks: Callbacks,
    /// Oldest first.
    pub editions: Vec<Spec>,
}

/// The callbacks of the kernel that is checked.
#[derive(Clone, Debug)]
pub struct Callbacks {
    pub kernel: Edition,
    pub structs: Vec<Struct>,
}

impl Callbacks {
    /// Finds a slot by the names of its struct and of itself.
    pub fn find(&self, table: &str, name: &str) -> Option<SlotId> {
        let table = self.structs.iter().position(|s| s.name == table)?;
        let slot = (self.structs[table].slots.iter()).position(|s| s.name == name)?;
        Some(SlotId { table, slot })
    }

    /// Returns the struct of a slot, and the slot.
    pub fn slot(&self, id: SlotId) -> (&Struct, &Slot) {
        let table = &self.structs[id.table];
        (table, &table.slots[id.slot])
    }
}

/// A C struct of callbacks.
#[derive(Clone, Debug)]
pub struct Struct {
    pub name: String,
    /// The C header that has it.
    pub header: String,
    /// What in it is no callback.
    pub fields: Vec<Field>,
    /// In its order.
    pub slots: Vec<Slot>,
}

/// A field that is no callback.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub config: Option<Config>,
}

/// A callback as C has it.
#[derive(Clone, Debug)]
pub struct Slot {
    pub name: String,
    /// As it is written: without the name.
    pub prototype: String,
    pub arguments: Vec<Argument>,
    /// What rules can speak of: the arguments that point to a struct, and what is found through
    /// arguments.
    pub objects: Vec<Object>,
    pub config: Option<Config>,
    pub earlier: Option<Earlier>,
}

/// Another number of arguments that a callback has in some kernels.
#[derive(Clone, Debug)]
pub struct Earlier {
    pub config: Config,
    pub arguments: usize,
}

/// What a kernel must have, or lack, for a field to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// An option of its configuration; or that it is of some release or a later one, as Kbuild says it: `since_v7_3`.
    pub option: String,
    pub set: bool,
}

/// Which slot of which struct of [`Callbacks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotId {
    pub table: usize,
    pub slot: usize,
}

/// An argument of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: String,
    pub kind: ArgumentKind,
}

/// What an argument is, as far as rules can use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A pointer to this struct.
    Pointer(String),
    /// A pointer to a pointer to this struct.
    PointerToPointer(String),
    Bool,
    Other,
}

/// An object that rules may name.
#[derive(Clone, Debug)]
pub struct Object {
    pub name: String,
    /// The way to it, as it is written.
    pub way: String,
    /// The struct that it is.
    pub of: String,
    pub reach: Reach,
}

/// A way from an argument to an object: at each step a pointer is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub argument: usize,
    pub path: Vec<Step>,
}

/// Where the next pointer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// What is pointed to is the pointer.
    Here,
    /// It is this member.
    Member(facts::Member),
}

/// What one file says: an edition of the document.
#[derive(Debug)]
pub struct Spec {
    pub edition: Edition,
    pub document: String,
    /// In the order of the file, which is the document's.
    pub tables: Vec<Table>,
}

/// A section of the document.
#[derive(Debug)]
pub struct Table {
    /// The C struct that it is about.
    pub name: String,
    /// The section's title.
    pub title: String,
    /// The columns of its table, if it has one.
    pub columns: Option<Vec<String>>,
    pub sentences: Vec<Sentence>,
    /// In the order of the document.
    pub ops: Vec<Op>,
    /// What the section does not speak of.
    pub unlisted: Vec<Unlisted>,
    pub note: Option<String>,
}

/// Slots that are not in the document.
#[derive(Debug)]
pub struct Unlisted {
    pub slots: Vec<SlotId>,
    pub why: String,
}

/// What the document has in prose.
#[derive(Debug)]
pub struct Sentence {
    pub name: String,
    /// Of the document's sentences that this stands for; empty if another document has it.
    pub digests: Vec<String>,
    /// The ops that it speaks of; empty if it is about all.
    pub of: Vec<String>,
    pub says: String,
    /// The document that has it, if it is another one.
    pub document: Option<String>,
    /// Why no rule comes of it.
    pub unchecked: Option<String>,
}

/// A callback as the document has it.
#[derive(Debug)]
pub struct Op {
    pub name: String,
    /// The document's prototype, with single spaces.
    pub prototype: Option<String>,
    /// The cells of its row, one for each column.
    pub row: Option<Vec<String>>,
    /// What it is in the kernel that is checked, unless it has gone.
    pub slot: Option<SlotId>,
    /// Since when it is gone, and why nothing is checked instead.
    pub gone: Option<String>,
    /// Its own, and after them those of every op of the table.
    pub rules: Vec<Rule>,
    /// What of the row is not checked, and why.
    pub unchecked: Vec<String>,
    pub note: Option<String>,
}

/// The words after `requires` and `sleep`; of those about a lock, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    NotPromised,
    NotHeld,
    Held,
    Shared,
    Exclusive,
    /// It may sleep.
    Allowed,
    /// It must not sleep.
    Forbidden,
}

impl Requirement {
    /// What may be said of a lock.
    pub const OF_LOCK: [(&'static str, Self); 5] = [
        ("exclusive", Self::Exclusive),
        ("shared", Self::Shared),
        ("held", Self::Held),
        ("not held", Self::NotHeld),
        ("not promised", Self::NotPromised),
    ];

    /// What may be said of sleeping.
    pub const OF_SLEEP: [(&'static str, Self); 3] = [
        ("allowed", Self::Allowed),
        ("forbidden", Self::Forbidden),
        ("not promised", Self::NotPromised),
    ];

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        (Self::OF_LOCK.iter().chain(&Self::OF_SLEEP))
            .find(|(_, requirement)| *requirement == self)
            .map_or("", |(word, _)| word)
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

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A lock in an object.
    Lock {
        /// The object's name.
        object: String,
        reach: Reach,
        lock: facts::Lock,
    },
    /// A lock of which there is one.
    Global(facts::Lock),
    /// Whether the callback may sleep.
    Sleep,
}

impl Subject {
    /// Returns the lock, if it is about one.
    pub fn lock(&self) -> Option<facts::Lock> {
        match self {
            Self::Lock { lock, .. } | Self::Global(lock) => Some(*lock),
            Self::Sleep => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock { object, lock, .. } => write!(f, "{object}->{}", lock.name),
            Self::Global(lock) => f.write_str(lock.name),
            Self::Sleep => f.write_str("sleep"),
        }
    }
}

/// A number that a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Argument(usize),
    /// A member of an object.
    Member(Reach, facts::Member),
    /// What the callback returns.
    Returned,
}

/// What a callback returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    Zero,
    NotZero,
    Negative,
    NotNegative,
}

/// What must be so for a rule to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Exists(Reach),
    IsDir(Reach),
    NotDir(Reach),
    Differ(usize, usize),
    Same(usize, usize),
    FlagSet(Value, &'static str),
    FlagClear(Value, &'static str),
    /// A `bool` argument.
    True(usize),
    False(usize),
    Returned(Returned),
}

/// A promise about a lock or about sleeping.
#[derive(Debug)]
pub struct Rule {
    pub subject: Subject,
    pub requirement: Requirement,
    /// The name of what the object is in the case of this rule, for the type of this promise.
    pub name: Option<String>,
    pub conditions: Vec<Condition>,
    /// The conditions as they are written.
    pub condition: String,
    pub when: When,
    /// The row or the sentences that say so.
    pub sources: Vec<String>,
    /// The same in full, with the document.
    pub source: String,
}
