// SPDX-License-Identifier: GPL-2.0

//! VFS objects by address.

use core::mem::offset_of;
use extra_bindings as bindings;
use extra_bindings::filelock;
use held::Lock;
use kprobes::{
    read_nofault,
    read_pointer, //
};

use crate::Table;

/// How many handlers of extended attributes a superblock is looked through for.
pub(crate) const XATTR_HANDLERS: usize = 32;

/// Reads a pointer field; null and what is no pointer are [`None`].
#[inline]
fn pointer(object: usize, offset: usize) -> Option<usize> {
    let value = read_pointer(object.wrapping_add(offset));
    is_pointer(value).then_some(value)
}

/// Returns whether the value can be a pointer to a kernel object: neither null nor an error code.
#[inline]
fn is_pointer(value: usize) -> bool {
    value != 0 && value < usize::MAX - bindings::MAX_ERRNO as usize
}

/// Follows pointers: the first is an address, and the next is read at each of `path` bytes behind the last.
/// Null and what is no pointer lead nowhere.
#[inline]
pub fn follow(first: usize, path: &[usize]) -> Option<usize> {
    let first = is_pointer(first).then_some(first)?;
    path.iter()
        .try_fold(first, |object, &offset| pointer(object, offset))
}

/// A way of a few pointers, as [`follow`] has it, for those who take it at each hit.
#[derive(Clone, Copy)]
pub enum Way {
    /// It is there.
    Here,
    /// The pointer so many bytes behind.
    One(usize),
    /// That, and the one so many bytes behind where it points to.
    Two(usize, usize),
    /// One more.
    Three(usize, usize, usize),
}

impl Way {
    /// Makes one of a path. [`None`] if it is too long.
    pub fn new(path: &[usize]) -> Option<Self> {
        Some(match *path {
            [] => Self::Here,
            [one] => Self::One(one),
            [one, two] => Self::Two(one, two),
            [one, two, three] => Self::Three(one, two, three),
            _ => return None,
        })
    }

    /// Follows the pointers from an address. What is found is not looked at: it can be null or no pointer, and from there
    /// nothing is found but null.
    #[inline(always)]
    pub fn follow(&self, first: usize) -> usize {
        let next = |object: usize, offset: usize| read_pointer(object.wrapping_add(offset));
        match *self {
            Self::Here => first,
            Self::One(one) => next(first, one),
            Self::Two(one, two) => next(next(first, one), two),
            Self::Three(one, two, three) => next(next(next(first, one), two), three),
        }
    }

    /// The same, but null and what is no pointer are [`None`].
    #[inline]
    pub fn find(&self, first: usize) -> Option<usize> {
        let found = self.follow(first);
        is_pointer(found).then_some(found)
    }
}

/// Reads a number of so many bytes; [`None`] if nothing can be read there.
#[inline]
pub fn number(address: usize, size: usize) -> Option<u64> {
    match size {
        1 => read_nofault::<u8>(address).map(u64::from),
        2 => read_nofault::<u16>(address).map(u64::from),
        4 => read_nofault::<u32>(address).map(u64::from),
        8 => read_nofault::<u64>(address),
        _ => None,
    }
}

/// Makes the type of an object: with the locks that are plain members of it.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident $({
        $($(#[$lock_doc:meta])* $lock:ident = $kind:ident($($place:tt)+),)*
    })?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(usize);

        impl $name {
            /// Takes an address for one, unless it is null or an error code.
            #[inline]
            pub fn new(address: usize) -> Option<Self> {
                is_pointer(address).then_some(Self(address))
            }

            $($(
                $(#[$lock_doc])*
                #[inline]
                pub fn $lock(self) -> Lock {
                    Lock::$kind(self.0.wrapping_add(offset_of!($($place)+)))
                }
            )*)?
        }
    };
}

object! {
    /// What is believed to be a `struct inode`.
    Inode {
        /// Returns `i_rwsem`.
        i_rwsem = RwSemaphore(bindings::inode, i_rwsem),
        /// Returns `i_lock`.
        i_lock = Spinlock(bindings::inode, i_lock),
    }
}

object! {
    /// What is believed to be a `struct super_block`.
    SuperBlock {
        /// Returns `s_umount`.
        s_umount = RwSemaphore(bindings::super_block, s_umount),
        /// Returns `s_vfs_rename_mutex`.
        s_vfs_rename_mutex = Mutex(bindings::super_block, s_vfs_rename_mutex),
    }
}

object! {
    /// What is believed to be a `struct dentry`.
    Dentry {
        /// Returns `d_lock`, which is the lock of `d_lockref`.
        d_lock = Spinlock(bindings::dentry, d_lockref),
    }
}

object! {
    /// What is believed to be a `struct address_space`.
    AddressSpace {
        /// Returns `invalidate_lock`.
        invalidate_lock = RwSemaphore(bindings::address_space, invalidate_lock),
    }
}

object! {
    /// What is believed to be a `struct file`.
    File {
        /// Returns `f_pos_lock`.
        f_pos_lock = Mutex(bindings::file, __bindgen_anon_2.f_pos_lock),
    }
}

object! {
    /// What is believed to be a `struct mm_struct`.
    Mm {
        /// Returns `mmap_lock`.
        mmap_lock = RwSemaphore(bindings::mm_struct, __bindgen_anon_1.mmap_lock),
    }
}

object! {
    /// What is believed to be a `struct file_lock_context`.
    FileLockContext {
        /// Returns `flc_lock`.
        flc_lock = Spinlock(filelock::file_lock_context, flc_lock),
    }
}

object! {
    /// What is believed to be a `struct gendisk`.
    Gendisk {
        /// Returns `open_mutex`.
        open_mutex = Mutex(bindings::gendisk, open_mutex),
    }
}

impl Inode {
    /// Returns the superblock.
    #[inline]
    pub fn super_block(self) -> Option<SuperBlock> {
        pointer(self.0, offset_of!(bindings::inode, i_sb)).map(SuperBlock)
    }

    /// Returns the addresses of the tables that the inode itself and its mapping have, 0 where there is none.
    #[inline(always)]
    pub fn tables(self) -> [(Table, usize); 3] {
        let at = |offset| read_pointer(self.0.wrapping_add(offset));
        let mapping = at(offset_of!(bindings::inode, i_mapping));
        let a_ops = mapping.wrapping_add(offset_of!(bindings::address_space, a_ops));
        [
            (Table::Inode, at(offset_of!(bindings::inode, i_op))),
            (
                Table::File,
                at(offset_of!(bindings::inode, __bindgen_anon_3.i_fop)),
            ),
            (Table::AddressSpace, read_pointer(a_ops)),
        ]
    }

    /// Returns whether it is a directory.
    #[inline]
    pub fn is_dir(self) -> Option<bool> {
        let mode = read_nofault::<u16>(self.0.wrapping_add(offset_of!(bindings::inode, i_mode)))?;
        Some(u32::from(mode) & bindings::S_IFMT == bindings::S_IFDIR)
    }
}

impl SuperBlock {
    /// Returns the address.
    #[inline]
    pub fn address(self) -> usize {
        self.0
    }

    /// Returns the one whose `s_dentry_lru` is at this address, if it is one's.
    #[inline]
    pub fn of_dentry_lru(lru: usize) -> Option<Self> {
        Self::new(lru.wrapping_sub(offset_of!(bindings::super_block, s_dentry_lru)))
    }

    /// Returns the address of `s_type`.
    #[inline]
    pub fn s_type(self) -> Option<usize> {
        pointer(self.0, offset_of!(bindings::super_block, s_type))
    }

    /// The same of what may be a superblock at this address, without a look at what is found: 0 if there is nothing.
    #[inline(always)]
    pub fn s_type_at(address: usize) -> usize {
        read_pointer(address.wrapping_add(offset_of!(bindings::super_block, s_type)))
    }

    /// Returns `s_dev`: the major number, and the minor one in the low 20 bits.
    #[inline]
    pub fn s_dev(self) -> Option<u32> {
        read_nofault(
            self.0
                .wrapping_add(offset_of!(bindings::super_block, s_dev)),
        )
    }

    /// Returns the tables that the superblock has: its own, those of its quota, of its handlers of extended
    /// attributes, of the disk that it is on, and the one that its dentries begin with.
    #[inline]
    pub fn tables(self) -> impl Iterator<Item = (Table, usize)> {
        const S_OP: &[usize] = &[offset_of!(bindings::super_block, s_op)];
        const DQ_OP: &[usize] = &[offset_of!(bindings::super_block, dq_op)];
        const D_OP: &[usize] = &[offset_of!(bindings::super_block, __s_d_op)];
        const FOPS: &[usize] = &[
            offset_of!(bindings::super_block, s_bdev),
            offset_of!(bindings::block_device, bd_disk),
            offset_of!(bindings::gendisk, fops),
        ];
        const S_TYPE: &[usize] = &[offset_of!(bindings::super_block, s_type)];
        let ways = [
            (Table::Super, S_OP),
            (Table::Quota, DQ_OP),
            (Table::Dentry, D_OP),
            (Table::BlockDevice, FOPS),
            (Table::FileSystemType, S_TYPE),
        ];
        let single =
            (ways.into_iter()).filter_map(move |(table, way)| Some((table, follow(self.0, way)?)));
        let s_xattr = pointer(self.0, offset_of!(bindings::super_block, s_xattr));
        let handlers = (0..XATTR_HANDLERS).map_while(move |index| {
            let handler = pointer(s_xattr?, index * size_of::<usize>())?;
            Some((Table::Xattr, handler))
        });
        single.chain(handlers)
    }
}
