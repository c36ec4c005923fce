// SPDX-License-Identifier: GPL-2.0

//! What the compiler knows of C: locks, members and flags, by the names that the `rules` crate and
//! the kernel's bindings have for them.

/// How a lock can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shared or exclusively.
    RwSemaphore,
    Mutex,
    Spinlock,
    /// A bit that is the lock.
    Bit,
    /// The read lock of a single VMA.
    Vma,
    /// Writers hold it, readers hold nothing.
    Seqlock,
    /// No lock, but a place to be in: a section, or a callback.
    Context,
}

impl Kind {
    /// Whether it can be held shared.
    pub fn has_modes(self) -> bool {
        self == Self::RwSemaphore
    }

    /// Whether who holds it must not sleep.
    pub fn is_atomic(self) -> bool {
        matches!(self, Self::Spinlock | Self::Seqlock | Self::Context)
    }

    /// Returns what it is, with its article.
    pub fn name(self) -> &'static str {
        match self {
            Self::RwSemaphore => "a rw_semaphore",
            Self::Mutex => "a mutex",
            Self::Spinlock => "a spinlock",
            Self::Bit => "a bit lock",
            Self::Vma => "a per-VMA lock",
            Self::Seqlock => "a seqlock",
            Self::Context => "a context",
        }
    }
}

/// A lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    pub name: &'static str,
    /// The struct that has it, unless it is one for the whole kernel.
    pub owner: Option<&'static str>,
    pub kind: Kind,
    /// The variant of `rules::Lock`.
    pub variant: &'static str,
}

/// A lock that is found in an object.
const fn field(name: &'static str, owner: &'static str, kind: Kind, variant: &'static str) -> Lock {
    Lock {
        name,
        owner: Some(owner),
        kind,
        variant,
    }
}

/// A lock of which there is one.
const fn global(name: &'static str, kind: Kind, variant: &'static str) -> Lock {
    Lock {
        name,
        owner: None,
        kind,
        variant,
    }
}

pub const LOCKS: &[Lock] = &[
    field("i_rwsem", "inode", Kind::RwSemaphore, "IRwsem"),
    field("i_lock", "inode", Kind::Spinlock, "ILock"),
    field("d_lock", "dentry", Kind::Spinlock, "DLock"),
    field("s_umount", "super_block", Kind::RwSemaphore, "SUmount"),
    field(
        "s_vfs_rename_mutex",
        "super_block",
        Kind::Mutex,
        "SVfsRenameMutex",
    ),
    field(
        "invalidate_lock",
        "address_space",
        Kind::RwSemaphore,
        "InvalidateLock",
    ),
    field("PG_locked", "folio", Kind::Bit, "FolioLocked"),
    // It is the page's folio that is locked.
    field("PG_locked", "page", Kind::Bit, "PageLocked"),
    field("f_pos_lock", "file", Kind::Mutex, "FPosLock"),
    field("mmap_lock", "mm_struct", Kind::RwSemaphore, "MmapLock"),
    field("vma_lock", "vm_area_struct", Kind::Vma, "VmaLock"),
    // No lock of its own, but one of two.
    field(
        "vma_or_mmap_lock",
        "vm_area_struct",
        Kind::Vma,
        "VmaOrMmapLock",
    ),
    field("flc_lock", "file_lock_context", Kind::Spinlock, "FlcLock"),
    field("open_mutex", "gendisk", Kind::Mutex, "OpenMutex"),
    field("BH_Lock", "buffer_head", Kind::Bit, "BhLock"),
    global("rename_lock", Kind::Seqlock, "RenameLock"),
    global("namespace_sem", Kind::RwSemaphore, "NamespaceSem"),
    global("blocked_lock_lock", Kind::Spinlock, "BlockedLockLock"),
    global("swap_lock", Kind::Spinlock, "SwapLock"),
    global("rcu_read_lock", Kind::Context, "RcuReadLock"),
    global("rcu_callback", Kind::Context, "RcuCallback"),
];

/// A member of a struct through which objects are found, or on which conditions depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The struct that has it.
    pub of: &'static str,
    /// As C says it, with the structs in between that are embedded.
    pub name: &'static str,
    /// The struct that it points to, if it is a pointer to one.
    pub to: Option<&'static str>,
    /// As the bindings say it, which give names to anonymous structs.
    pub rust: &'static str,
}

/// A member that points to a struct.
const fn pointer(of: &'static str, name: &'static str, to: &'static str) -> Member {
    Member {
        of,
        name,
        to: Some(to),
        rust: name,
    }
}

pub const MEMBERS: &[Member] = &[
    pointer("address_space", "host", "inode"),
    pointer("bio", "bi_bdev", "block_device"),
    pointer("block_device", "bd_disk", "gendisk"),
    pointer("dentry", "d_inode", "inode"),
    pointer("dentry", "d_parent", "dentry"),
    pointer("dentry", "d_sb", "super_block"),
    pointer("dquot", "dq_sb", "super_block"),
    pointer("file", "f_inode", "inode"),
    pointer("file", "f_mapping", "address_space"),
    pointer("file_lease", "c.flc_file", "file"),
    pointer("file_lock", "c.flc_file", "file"),
    Member {
        of: "folio",
        name: "mapping",
        to: Some("address_space"),
        rust: "__bindgen_anon_1.__bindgen_anon_1.mapping",
    },
    pointer("fs_context", "root", "dentry"),
    pointer("inode", "i_flctx", "file_lock_context"),
    pointer("inode", "i_mapping", "address_space"),
    pointer("inode", "i_sb", "super_block"),
    pointer("kiocb", "ki_filp", "file"),
    pointer("path", "dentry", "dentry"),
    pointer("readahead_control", "mapping", "address_space"),
    pointer("swap_info_struct", "swap_file", "file"),
    pointer("vm_area_desc", "mm", "mm_struct"),
    pointer("vm_area_struct", "vm_file", "file"),
    pointer("vm_area_struct", "vm_mm", "mm_struct"),
    Member {
        of: "vm_fault",
        name: "flags",
        to: None,
        rust: "flags",
    },
    pointer("vm_fault", "page", "page"),
    Member {
        of: "vm_fault",
        name: "vma",
        to: Some("vm_area_struct"),
        rust: "__bindgen_anon_1.vma",
    },
];

/// The flags that a condition may name: those of the module `flags` in `rules`.
pub const FLAGS: &[&str] = &[
    "FAULT_FLAG_VMA_LOCK",
    "LOOKUP_RCU",
    "MAY_NOT_BLOCK",
    "O_CREAT",
    "RENAME_EXCHANGE",
    "VM_FAULT_LOCKED",
    "VM_FAULT_RETRY",
];
