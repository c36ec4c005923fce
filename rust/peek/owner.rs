// SPDX-License-Identifier: GPL-2.0

//! The table that a call came through, by its arguments.

use core::mem::offset_of;
use extra_bindings as bindings;

use crate::{
    object::pointer,
    Inode,
    Slot,
    SuperBlock, //
};

/// A struct of callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `struct inode_operations`.
    Inode,
    /// `struct address_space_operations`.
    AddressSpace,
    /// `struct dentry_operations`.
    Dentry,
    /// `struct super_operations`.
    Super,
    /// `struct vm_operations_struct`.
    Vm,
    /// `struct fs_context_operations`.
    FsContext,
    /// `struct file_system_type`.
    FileSystemType,
}

/// How the table of a call is found through one of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// `inode->i_op`.
    Inode,
    /// `inode->i_sb->s_op`.
    InodeToSuper,
    /// `mapping->a_ops`.
    Mapping,
    /// `folio->mapping->a_ops`.
    Folio,
    /// `dentry->d_op`.
    Dentry,
    /// `path->dentry->d_op`.
    Path,
    /// `vmf->vma->vm_ops`.
    VmFault,
    /// `fc->ops`.
    FsContext,
    /// `sb->s_type`.
    SuperBlock,
}

/// The table of a call, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The address of the table.
    pub table: usize,
    /// The address of the `struct file_system_type`.
    pub s_type: usize,
    /// The device number of the superblock as [`SuperBlock::s_dev`] has it; 0 where there is none yet.
    pub s_dev: u32,
}

impl Owner {
    fn new(table: usize, sb: SuperBlock) -> Option<Self> {
        Some(Self {
            table,
            s_type: sb.s_type()?,
            s_dev: sb.s_dev().unwrap_or(0),
        })
    }

    /// Finds the table of a call with this argument.
    pub fn find(through: Through, argument: usize) -> Option<Self> {
        match through {
            Through::Inode => {
                let inode = Inode::new(argument)?;
                Self::new(inode.i_op()?, inode.super_block()?)
            }
            Through::InodeToSuper => {
                let sb = Inode::new(argument)?.super_block()?;
                Self::new(sb.s_op()?, sb)
            }
            Through::Mapping => Self::of_mapping(argument),
            Through::Folio => Self::of_mapping(pointer(
                argument,
                offset_of!(bindings::folio, __bindgen_anon_1.__bindgen_anon_1.mapping),
            )?),
            Through::Dentry => Self::of_dentry(argument),
            Through::Path => {
                Self::of_dentry(pointer(argument, offset_of!(bindings::path, dentry))?)
            }
            Through::VmFault => Self::of_vma(pointer(
                argument,
                offset_of!(bindings::vm_fault, __bindgen_anon_1.vma),
            )?),
            Through::FsContext => Some(Self {
                table: pointer(argument, offset_of!(bindings::fs_context, ops))?,
                s_type: pointer(argument, offset_of!(bindings::fs_context, fs_type))?,
                s_dev: 0,
            }),
            Through::SuperBlock => {
                let sb = SuperBlock::new(argument)?;
                Self::new(sb.s_type()?, sb)
            }
        }
    }

    fn of_mapping(mapping: usize) -> Option<Self> {
        let host = pointer(mapping, offset_of!(bindings::address_space, host))?;
        let table = pointer(mapping, offset_of!(bindings::address_space, a_ops))?;
        Self::new(table, Inode::new(host)?.super_block()?)
    }

    fn of_dentry(dentry: usize) -> Option<Self> {
        let table = pointer(dentry, offset_of!(bindings::dentry, d_op))?;
        let sb = pointer(dentry, offset_of!(bindings::dentry, d_sb))?;
        Self::new(table, SuperBlock::new(sb)?)
    }

    /// Finds the table of a VMA of a file.
    pub fn of_vma(vma: usize) -> Option<Self> {
        let table = pointer(vma, offset_of!(bindings::vm_area_struct, vm_ops))?;
        let file = pointer(vma, offset_of!(bindings::vm_area_struct, vm_file))?;
        let inode = pointer(file, offset_of!(bindings::file, f_inode))?;
        Self::new(table, Inode::new(inode)?.super_block()?)
    }

    /// Returns the address of the callback that the table has in this slot.
    #[inline]
    pub fn callback(&self, slot: Slot) -> Option<usize> {
        slot.callback(self.table)
    }
}

impl Inode {
    /// Calls `f` with each table that an inode leads to.
    pub fn tables(self, mut f: impl FnMut(Kind, usize)) {
        if let Some(table) = self.i_op() {
            f(Kind::Inode, table);
        }
        if let Some(table) = self.a_ops() {
            f(Kind::AddressSpace, table);
        }
        if let Some(sb) = self.super_block() {
            sb.tables(f);
        }
    }

    /// Returns the address of `i_mapping->a_ops`.
    fn a_ops(self) -> Option<usize> {
        let mapping = pointer(self.0, offset_of!(bindings::inode, i_mapping))?;
        pointer(mapping, offset_of!(bindings::address_space, a_ops))
    }
}

impl SuperBlock {
    /// Calls `f` with each table that a superblock has itself.
    pub fn tables(self, mut f: impl FnMut(Kind, usize)) {
        if let Some(table) = self.s_op() {
            f(Kind::Super, table);
        }
        if let Some(table) = pointer(self.0, offset_of!(bindings::super_block, __s_d_op)) {
            f(Kind::Dentry, table);
        }
    }

    /// Returns the address of `s_op`.
    fn s_op(self) -> Option<usize> {
        pointer(self.0, offset_of!(bindings::super_block, s_op))
    }
}
