// SPDX-License-Identifier: GPL-2.0

//! The tables of callbacks, and where they are found from the arguments of a callback.

use core::mem::offset_of;
use extra_bindings as bindings;
use extra_bindings::filelock;

use crate::{
    follow,
    object::XATTR_HANDLERS,
    Slot,
    SuperBlock, //
};

macro_rules! tables {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $table:expr, $super:expr;)*) => {
        /// A kind of table of callbacks: a struct of C.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Table {
            $($(#[$doc])* $variant,)*
        }

        impl Table {
            /// All kinds, each at the index that it has as a number.
            pub const ALL: &'static [Table] = &[$(Table::$variant,)*];

            /// Returns the name of the struct.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Table::$variant => $name,)*
                }
            }

            /// The way from the object whose table it is to the table.
            const fn way(self) -> &'static [usize] {
                match self {
                    $(Table::$variant => $table,)*
                }
            }

            /// The way from that object to the `struct super_block`, if there is one.
            const fn way_to_super(self) -> Option<&'static [usize]> {
                match self {
                    $(Table::$variant => $super,)*
                }
            }
        }
    };
}

const I_SB: usize = offset_of!(bindings::inode, i_sb);
const S_TYPE: usize = offset_of!(bindings::super_block, s_type);
const HOST: usize = offset_of!(bindings::address_space, host);
const F_INODE: usize = offset_of!(bindings::file, f_inode);
const VM_FILE: usize = offset_of!(bindings::vm_area_struct, vm_file);
const FLC_FILE: usize = offset_of!(filelock::file_lock, c.flc_file);
const LEASE_FILE: usize = offset_of!(filelock::file_lease, c.flc_file);
const D_INODE: usize = offset_of!(bindings::dentry, d_inode);
const D_SB: usize = offset_of!(bindings::dentry, d_sb);
const PATH_DENTRY: usize = offset_of!(bindings::path, dentry);
const KI_FILP: usize = offset_of!(bindings::kiocb, ki_filp);
const F_MAPPING: usize = offset_of!(bindings::file, f_mapping);
const FOLIO_MAPPING: usize = offset_of!(bindings::folio, __bindgen_anon_1.__bindgen_anon_1.mapping);
const VMF_VMA: usize = offset_of!(bindings::vm_fault, __bindgen_anon_1.vma);
const DQ_SB: usize = offset_of!(bindings::dquot, dq_sb);
const BD_DISK: usize = offset_of!(bindings::block_device, bd_disk);

tables! {
    /// `inode->i_op`.
    Inode = "inode_operations",
        &[offset_of!(bindings::inode, i_op)], Some(&[I_SB]);
    /// `super_block->s_op`.
    Super = "super_operations",
        &[offset_of!(bindings::super_block, s_op)], Some(&[]);
    /// `dentry->d_op`.
    Dentry = "dentry_operations",
        &[offset_of!(bindings::dentry, d_op)], Some(&[D_SB]);
    /// `address_space->a_ops`.
    AddressSpace = "address_space_operations",
        &[offset_of!(bindings::address_space, a_ops)],
        Some(&[HOST, I_SB]);
    /// `file->f_op`.
    File = "file_operations",
        &[offset_of!(bindings::file, f_op)],
        Some(&[F_INODE, I_SB]);
    /// `vm_area_struct->vm_ops`.
    VmArea = "vm_operations_struct",
        &[offset_of!(bindings::vm_area_struct, vm_ops)],
        Some(&[VM_FILE, F_INODE, I_SB]);
    /// One of those that `super_block->s_xattr` points to. The object is an inode.
    Xattr = "xattr_handler",
        &[I_SB, offset_of!(bindings::super_block, s_xattr)],
        Some(&[I_SB]);
    /// `file_lock->fl_ops`.
    FileLock = "file_lock_operations",
        &[offset_of!(filelock::file_lock, fl_ops)],
        Some(&[FLC_FILE, F_INODE, I_SB]);
    /// `file_lock->fl_lmops`.
    LockManager = "lock_manager_operations",
        &[offset_of!(filelock::file_lock, fl_lmops)],
        Some(&[FLC_FILE, F_INODE, I_SB]);
    /// `file_lease->fl_lmops`.
    LeaseManager = "lease_manager_operations",
        &[offset_of!(filelock::file_lease, fl_lmops)],
        Some(&[LEASE_FILE, F_INODE, I_SB]);
    /// `super_block->dq_op`.
    Quota = "dquot_operations",
        &[offset_of!(bindings::super_block, dq_op)], Some(&[]);
    /// The `struct file_system_type` itself. The object is a superblock.
    FileSystemType = "file_system_type",
        &[S_TYPE], Some(&[]);
    /// `fs_context->ops`.
    FsContext = "fs_context_operations",
        &[offset_of!(bindings::fs_context, ops)],
        Some(&[offset_of!(bindings::fs_context, root), D_SB]);
    /// `gendisk->fops`. Nothing leads from a disk to the filesystems on it.
    BlockDevice = "block_device_operations",
        &[offset_of!(bindings::gendisk, fops)], None;
}

impl Table {
    /// Finds a kind by the name of its struct.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|table| table.name() == name)
    }

    /// Returns how far behind the object whose table it is the pointer to the table is, and the way to its superblock, if
    /// there is always just one of each.
    pub const fn ways(self) -> Option<(usize, &'static [usize])> {
        match (self, self.way(), self.way_to_super()) {
            (Table::Xattr | Table::FsContext, ..) => None,
            (_, &[table], Some(way_to_super)) => Some((table, way_to_super)),
            _ => None,
        }
    }

    /// Returns the tables of an object of this kind. More than one has a [`Table::Xattr`] only.
    #[inline]
    pub fn tables(self, object: usize) -> impl Iterator<Item = usize> {
        let found = follow(object, self.way());
        let count = if self == Table::Xattr {
            XATTR_HANDLERS
        } else {
            1
        };
        (0..count).map_while(move |index| match self {
            Table::Xattr => follow(found?, &[index * size_of::<usize>()]),
            _ => found,
        })
    }

    /// Returns the table of an object that has this function in this place.
    #[inline]
    pub fn with(self, object: usize, slot: Slot, function: usize) -> Option<usize> {
        if self != Table::Xattr {
            let table = follow(object, self.way())?;
            return (slot.callback(table) == Some(function)).then_some(table);
        }
        self.tables(object)
            .find(|&table| slot.callback(table) == Some(function))
    }

    /// Returns to what an object belongs: the address of its `struct file_system_type`, and the superblock, which a
    /// [`Table::FsContext`] need not have yet. [`None`] if nothing leads there.
    #[inline]
    pub fn owner(self, object: usize) -> Option<(usize, Option<SuperBlock>)> {
        let sb = (self.way_to_super()).and_then(|way| SuperBlock::new(follow(object, way)?));
        match sb {
            Some(sb) => Some((sb.s_type()?, Some(sb))),
            None if self == Table::FsContext => {
                const FS_TYPE: usize = offset_of!(bindings::fs_context, fs_type);
                Some((follow(object, &[FS_TYPE])?, None))
            }
            None => None,
        }
    }

    /// Returns where the object whose table it is stands among the arguments of a callback: the index of
    /// an argument, and the way from there. [`None`] if no argument leads to it.
    pub fn object(self, op: &str) -> Option<(u8, &'static [usize])> {
        Some(match self {
            Table::Inode => match op {
                "readlink" | "listxattr" | "fileattr_get" => (0, &[D_INODE]),
                "setattr" | "get_acl" | "set_acl" | "fileattr_set" => (1, &[D_INODE]),
                "getattr" => (1, &[PATH_DENTRY, D_INODE]),
                "get_link" | "permission" | "create" | "link" | "symlink" | "mkdir" | "mknod"
                | "rename" | "tmpfile" => (1, &[]),
                _ => (0, &[]),
            },
            Table::Super => match op {
                "destroy_inode"
                | "free_inode"
                | "dirty_inode"
                | "write_inode"
                | "sync_inode_metadata"
                | "drop_inode"
                | "evict_inode"
                | "get_dquots" => (0, &[I_SB]),
                "statfs" => (0, &[D_SB]),
                "show_options" | "show_devname" | "show_path" | "show_stats" => (1, &[D_SB]),
                "report_error" => return None,
                _ => (0, &[]),
            },
            Table::Dentry => match op {
                "d_revalidate" => (2, &[]),
                "d_automount" | "d_manage" => (0, &[PATH_DENTRY]),
                _ => (0, &[]),
            },
            Table::AddressSpace => match op {
                "read_folio" => (1, &[FOLIO_MAPPING]),
                "readahead" => (0, &[offset_of!(bindings::readahead_control, mapping)]),
                "write_begin" | "write_end" => (1, &[]),
                "invalidate_folio"
                | "release_folio"
                | "launder_folio"
                | "is_partially_uptodate"
                | "is_dirty_writeback" => (0, &[FOLIO_MAPPING]),
                "direct_IO" | "swap_rw" => (0, &[KI_FILP, F_MAPPING]),
                "swap_activate" => (1, &[F_MAPPING]),
                "swap_deactivate" => (0, &[F_MAPPING]),
                // The folio is in no mapping any more.
                "free_folio" => return None,
                _ => (0, &[]),
            },
            Table::File => match op {
                "read_iter" | "write_iter" | "iopoll" => (0, &[KI_FILP]),
                "open" | "release" | "fasync" | "splice_write" | "show_fdinfo" => (1, &[]),
                // It is the one of the file that is written.
                "copy_file_range" => (2, &[]),
                "mmap_prepare" => (0, &[offset_of!(bindings::vm_area_desc, file)]),
                "check_flags" | "uring_cmd" | "uring_cmd_iopoll" => return None,
                _ => (0, &[]),
            },
            Table::VmArea => match op {
                "fault" | "huge_fault" | "map_pages" | "page_mkwrite" | "pfn_mkwrite" => {
                    (0, &[VMF_VMA])
                }
                "mapped" => return None,
                _ => (0, &[]),
            },
            Table::Xattr => match op {
                "list" => (0, &[D_INODE]),
                "get" => (2, &[]),
                "set" => (3, &[]),
                _ => return None,
            },
            Table::FileLock => match op {
                "fl_copy_lock" => (1, &[]),
                _ => (0, &[]),
            },
            Table::LockManager => match op {
                "lm_get_owner" | "lm_put_owner" | "lm_expire_lock" => return None,
                _ => (0, &[]),
            },
            Table::LeaseManager => match op {
                // The file is the one that asks; the lease itself is not given.
                "lm_open_conflict" => return None,
                _ => (0, &[]),
            },
            Table::Quota => match op {
                "alloc_dquot" | "write_info" | "get_next_id" => (0, &[]),
                "get_reserved_space" | "get_projid" | "get_inode_usage" => (0, &[I_SB]),
                _ => (0, &[DQ_SB]),
            },
            Table::FileSystemType => match op {
                "kill_sb" => (0, &[]),
                _ => return None,
            },
            Table::FsContext => (0, &[]),
            Table::BlockDevice => match op {
                "ioctl" | "compat_ioctl" | "set_read_only" | "swap_slot_free_notify" => {
                    (0, &[BD_DISK])
                }
                "submit_bio" | "poll_bio" => (0, &[offset_of!(bindings::bio, bi_bdev), BD_DISK]),
                _ => (0, &[]),
            },
        })
    }
}
