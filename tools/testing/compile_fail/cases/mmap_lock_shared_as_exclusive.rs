// SPDX-License-Identifier: GPL-2.0

//! A mapping that goes has `mmap_lock` at least shared, and no more.

use testfs::*;
use vfs::{rules::vm_operations_struct as rule, vm::VmArea};

fn only_one(_vma: &Locked<'_, VmArea<Fs>, Exclusive>) {}

pub fn close(vma: &Locked<'_, VmArea<Fs>, rule::close::Mm>) { //~ wrong
pub fn open(vma: &Locked<'_, VmArea<Fs>, rule::open::Mm>) { //~ right
    only_one(vma); //~ error E0308: mismatched types
}
