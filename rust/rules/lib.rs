// SPDX-License-Identifier: GPL-2.0

//! The locks that the VFS promises to its callbacks.
//!
//! The rules are written once, in `rules/*.toml`, and compiled twice by `lockspec`:
//!
//! - into a type alias for each object whose lock a callback always comes with, such as
//!   [`inode_operations::unlink::Victim`], or comes with in a case that the rule names. The `vfs`
//!   crate uses them in the signatures of its traits, so that a filesystem that counts on more
//!   than the rule promises does not compile;
//! - into [`EDITIONS`], [`OPS`] and [`RULES`], which locktrack checks at run time.
//!
//! [`SLOTS`] are the callbacks of the kernel that this is built for. They are compared with the
//! kernel's structs when this is compiled.
//!
//! `Documentation/rules.rst` describes the data, `Documentation/semantics.rst` what the words of the
//! kernel's document mean as a check.

// The kernel's printing macros want this of every crate.
#[allow(dead_code)]
const __LOG_PREFIX: &[u8] = b"rules\0";

use core::{
    mem::offset_of,
    ops::Range, //
};

/// The kernel's structs, where rules have to look into them.
mod bindings {
    // A name hides what a glob brings: the kernel's bindings know these as opaque types.
    #[allow(unused_imports, reason = "no rule need be about file locks")]
    pub(super) use extra_bindings::filelock::{
        file_lease,
        file_lock,
        *, //
    };
    pub(super) use extra_bindings::*;
}

/// The lock is held, at least shared.
///
/// Has no values: it is a parameter of the types that stand for a held lock.
pub enum Shared {}

/// The lock is held exclusively.
///
/// Has no values: it is a parameter of the types that stand for a held lock.
pub enum Exclusive {}

/// The lock, which has no modes, is held.
///
/// Has no values: it is a parameter of the types that stand for a held lock.
pub enum Held {}

/// Nothing is promised about the lock.
///
/// Has no values: it is a parameter of the types that stand for a held lock.
pub enum NotPromised {}

/// A mode that serves wherever `M` is asked for.
pub trait AtLeast<M> {}

impl AtLeast<Held> for Held {}
impl AtLeast<Shared> for Shared {}
impl AtLeast<Shared> for Exclusive {}
impl AtLeast<Exclusive> for Exclusive {}

macro_rules! locks {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A lock that rules speak of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Lock {
            $($(#[$doc])* $variant,)*
        }

        impl Lock {
            /// Returns the name that it has in C.
            #[inline]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Lock::$variant => $name,)*
                }
            }
        }
    };
}

locks! {
    /// `inode->i_rwsem`.
    IRwsem = "i_rwsem",
    /// `inode->i_lock`.
    ILock = "i_lock",
    /// `dentry->d_lock`.
    DLock = "d_lock",
    /// `super_block->s_umount`.
    SUmount = "s_umount",
    /// `super_block->s_vfs_rename_mutex`.
    SVfsRenameMutex = "s_vfs_rename_mutex",
    /// `address_space->invalidate_lock`.
    InvalidateLock = "invalidate_lock",
    /// The bit of a `struct folio *`.
    FolioLocked = "PG_locked",
    /// The bit of the folio that a `struct page *` is in.
    PageLocked = "PG_locked",
    /// `file->f_pos_lock`.
    FPosLock = "f_pos_lock",
    /// `mm_struct->mmap_lock`.
    MmapLock = "mmap_lock",
    /// The read lock of one `struct vm_area_struct`.
    VmaLock = "vma_lock",
    /// The read lock of one `struct vm_area_struct`, or `mmap_lock` of its `struct mm_struct`: one of the two.
    VmaOrMmapLock = "vma_or_mmap_lock",
    /// `file_lock_context->flc_lock`.
    FlcLock = "flc_lock",
    /// `gendisk->open_mutex`.
    OpenMutex = "open_mutex",
    /// The bit of a `struct buffer_head *`.
    BhLock = "BH_Lock",
    /// The seqlock of renames.
    RenameLock = "rename_lock",
    /// The lock of the mount trees.
    NamespaceSem = "namespace_sem",
    /// The lock of blocked file locks.
    BlockedLockLock = "blocked_lock_lock",
    /// The lock of swap slots.
    SwapLock = "swap_lock",
    /// A section of `rcu_read_lock()`.
    RcuReadLock = "rcu_read_lock",
    /// A callback of RCU.
    RcuCallback = "rcu_callback",
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A lock of an object.
    Object {
        /// The object's name: an argument's or, for what is found through one, its role.
        name: &'static str,
        /// How to get to the object.
        reach: Reach,
        /// The lock.
        lock: Lock,
    },
    /// A lock of which there is one.
    Global(Lock),
    /// Whether the callback may sleep.
    Sleep,
}

/// What a rule says about its subject.
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
    /// The callback is entered where sleeping is allowed.
    Allowed,
    /// The callback must not sleep.
    Forbidden,
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
            Requirement::Allowed => "allowed",
            Requirement::Forbidden => "forbidden",
        }
    }
}

/// When a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When the callback is entered.
    Entry,
    /// When the callback returns. Conditions are still those of the entry, but for what is returned.
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
    /// The index of the argument in the C prototype, from 0. It is a pointer.
    pub argument: u8,
    /// The way on from there: at each step the next pointer is read so many bytes behind the last
    /// one. Each can be null: then there is no object.
    pub path: &'static [usize],
}

/// A number in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// The argument with this index in the C prototype, from 0.
    Argument(u8),
    /// A member of an object.
    Member {
        /// How to get to the object.
        reach: Reach,
        /// Where the member is in it.
        offset: usize,
        /// How many bytes it has.
        size: usize,
    },
    /// What the callback returns.
    Returned,
}

/// What a callback returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// 0.
    Zero,
    /// Anything but 0.
    NotZero,
    /// Less than 0.
    Negative,
    /// 0 or more.
    NotNegative,
}

/// One of the conditions of a rule.
///
/// All but those about what is returned are decided at entry.
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
    /// The number has a bit of the mask.
    FlagSet {
        /// The number.
        value: Value,
        /// The bits.
        mask: u32,
    },
    /// The number has no bit of the mask.
    FlagClear {
        /// The number.
        value: Value,
        /// The bits.
        mask: u32,
    },
    /// The `bool` argument is true.
    True(u8),
    /// The `bool` argument is false.
    False(u8),
    /// The callback returned this.
    Returned(Returned),
}

/// One promise about one lock, or about sleeping, of one callback.
#[derive(Debug)]
pub struct Rule {
    /// The index of this rule in [`RULES`].
    pub id: u16,
    /// The kernel release whose document says so, such as `v7.3`.
    pub edition: &'static str,
    /// The C struct of the callback in that document, such as `inode_operations`.
    pub table: &'static str,
    /// The callback: a field of that struct.
    pub op: &'static str,
    /// What is spoken of.
    pub subject: Subject,
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

impl Rule {
    /// Returns the name of the object whose lock is meant, if there is one.
    #[inline]
    pub const fn object(&self) -> Option<&'static str> {
        match self.subject {
            Subject::Object { name, .. } => Some(name),
            Subject::Global(_) | Subject::Sleep => None,
        }
    }

    /// Returns the name of the lock, or `sleep`.
    #[inline]
    pub const fn subject_name(&self) -> &'static str {
        match self.subject {
            Subject::Object { lock, .. } | Subject::Global(lock) => lock.name(),
            Subject::Sleep => "sleep",
        }
    }
}

/// One callback of this kernel.
#[derive(Debug)]
pub struct Slot {
    /// The C struct that has it.
    pub table: &'static str,
    /// The callback: a field of that struct.
    pub op: &'static str,
    /// How many arguments it takes in the newest kernel; an older one can have more.
    pub arguments: u8,
    /// Where in the struct it is, unless this kernel does not have it.
    pub offset: Option<usize>,
}

/// One callback that an edition of the rules speaks of.
#[derive(Debug)]
pub struct Op {
    /// The kernel release whose document is meant, such as `v7.3`.
    pub edition: &'static str,
    /// The C struct of the callback in that document.
    pub table: &'static str,
    /// The callback: a field of that struct.
    pub op: &'static str,
    /// The index in [`SLOTS`] of what it is in this kernel.
    pub slot: usize,
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

/// One edition of the document.
#[derive(Debug)]
pub struct Edition {
    /// The kernel release, such as `v7.3`.
    pub name: &'static str,
    /// The indexes of its callbacks in [`OPS`].
    pub ops: Range<usize>,
    /// The indexes of its rules in [`RULES`].
    pub rules: Range<usize>,
}

impl Edition {
    /// Returns the callbacks that it speaks of.
    #[inline]
    pub fn ops(&self) -> &'static [Op] {
        OPS.get(self.ops.clone()).unwrap_or_default()
    }

    /// Returns its rules.
    #[inline]
    pub fn rules(&self) -> &'static [Rule] {
        RULES.get(self.rules.clone()).unwrap_or_default()
    }
}

/// Returns the size of the member that the function borrows.
#[allow(dead_code, reason = "no rule need depend on a member")]
const fn size_of_member<S, M>(_: fn(&S) -> &M) -> usize {
    size_of::<M>()
}

/// The flags that conditions name, as this kernel has them: some differ between architectures.
mod flags {
    #[allow(unused_imports, reason = "no rule need depend on a flag")]
    pub(super) use extra_bindings::{
        fault_flag_FAULT_FLAG_VMA_LOCK as FAULT_FLAG_VMA_LOCK,
        vm_fault_reason_VM_FAULT_LOCKED as VM_FAULT_LOCKED,
        vm_fault_reason_VM_FAULT_RETRY as VM_FAULT_RETRY,
        MAY_NOT_BLOCK,
        O_CREAT,
        RENAME_EXCHANGE,
        RUST_CONST_HELPER_LOOKUP_RCU as LOOKUP_RCU, //
    };
}

include!(concat!(env!("SAMPLEFS_OBJ"), "/rust/rules/generated.rs"));
