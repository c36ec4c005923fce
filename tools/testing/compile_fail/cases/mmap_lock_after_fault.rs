// SPDX-License-Identifier: GPL-2.0

//! `filemap_fault()` may give the lock of a fault up, so that the mapping is not used after it.

use testfs::*;

pub fn fault(fault: vfs::vm::VmFault<'_, Fs>) -> (usize, vfs::vm::Outcome<'_>) {
    let start = fault.vma().vm_start(); //~ right
    let outcome = fault.filemap_fault();
    let start = fault.vma().vm_start(); //~ wrong, error E0382: borrow of moved value: `fault`
    (start, outcome)
}
