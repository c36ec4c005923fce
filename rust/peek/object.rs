// SPDX-License-Identifier: GPL-2.0

//! VFS objects by address.

use core::mem::offset_of;
use extra_bindings as bindings;
use held::Lock;
use kprobes::read_nofault;

use crate::Slot;

/// Reads a pointer field; null and what is no pointer are [`None`].
#[inline]
pub(crate) fn pointer(object: usize, offset: usize) -> Option<usize> {
    read_nofault::<usize>(object.wrapping_add(offset)).filter(|&value| is_pointer(value))
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

macro_rules! object {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub(crate) usize);

        impl $name {
            /// Takes an address for one, unless it is null or an error code.
            #[inline]
            pub fn new(address: usize) -> Option<Self> {
                is_pointer(address).then_some(Self(address))
            }
        }
    };
}

object! {
    /// What is believed to be a `struct inode`.
    Inode
}

object! {
    /// What is believed to be a `struct super_block`.
    SuperBlock
}

impl Inode {
    /// Returns the address of `i_op`.
    #[inline]
    pub fn i_op(self) -> Option<usize> {
        pointer(self.0, offset_of!(bindings::inode, i_op))
    }

    /// Returns the address of the callback that `i_op` has in this slot.
    #[inline]
    pub fn callback(self, slot: Slot) -> Option<usize> {
        slot.callback(self.i_op()?)
    }

    /// Returns `i_sb`.
    #[inline]
    pub fn super_block(self) -> Option<SuperBlock> {
        pointer(self.0, offset_of!(bindings::inode, i_sb)).map(SuperBlock)
    }

    /// Returns whether it is a directory.
    #[inline]
    pub fn is_dir(self) -> Option<bool> {
        let mode = read_nofault::<u16>(self.0.wrapping_add(offset_of!(bindings::inode, i_mode)))?;
        Some(u32::from(mode) & bindings::S_IFMT == bindings::S_IFDIR)
    }

    /// Returns `i_rwsem`.
    #[inline]
    pub fn i_rwsem(self) -> Lock {
        Lock::RwSemaphore(self.0.wrapping_add(offset_of!(bindings::inode, i_rwsem)))
    }
}

impl SuperBlock {
    /// Returns the address of `s_type`.
    #[inline]
    pub fn s_type(self) -> Option<usize> {
        pointer(self.0, offset_of!(bindings::super_block, s_type))
    }

    /// Returns `s_dev`: the major number, and the minor one in the low 20 bits.
    #[inline]
    pub fn s_dev(self) -> Option<u32> {
        read_nofault(
            self.0
                .wrapping_add(offset_of!(bindings::super_block, s_dev)),
        )
    }

    /// Returns `s_umount`.
    #[inline]
    pub fn s_umount(self) -> Lock {
        Lock::RwSemaphore(
            self.0
                .wrapping_add(offset_of!(bindings::super_block, s_umount)),
        )
    }

    /// Returns `s_vfs_rename_mutex`.
    #[inline]
    pub fn s_vfs_rename_mutex(self) -> Lock {
        Lock::Mutex(
            self.0
                .wrapping_add(offset_of!(bindings::super_block, s_vfs_rename_mutex)),
        )
    }
}
