// SPDX-License-Identifier: GPL-2.0

//! Mappings that are being set up.

use core::marker::PhantomData;
use kernel::{
    bindings,
    types::Opaque, //
};

use crate::{
    vm,
    FileSystem, //
};

/// A mapping that is being set up, in `->mmap_prepare`: `struct vm_area_desc`.
///
/// It belongs to C's caller, which waits for the callback and does not look at it meanwhile.
#[repr(transparent)]
pub struct VmAreaDesc<F: FileSystem>(Opaque<bindings::vm_area_desc>, PhantomData<F>);

impl<F: FileSystem> VmAreaDesc<F> {
    /// Sets the operations of the mapping.
    pub fn set_vm_ops(&mut self, vm_ops: vm::Ops<F>) {
        // SAFETY: `self` is valid and ours alone; the table lives for ever, and is for the
        // filesystem of the file.
        unsafe { (*self.0.get()).vm_ops = vm_ops.as_ptr() };
    }

    /// Notes that the file was accessed: `file_accessed()`.
    pub fn file_accessed(&mut self) {
        // SAFETY: `self` is valid.
        let file = unsafe { (*self.0.get()).file };
        // SAFETY: The caller has a reference to the file.
        unsafe { extra_bindings::file_accessed(file) };
    }
}
