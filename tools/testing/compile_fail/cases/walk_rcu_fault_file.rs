// SPDX-License-Identifier: GPL-2.0

//! `->map_pages` is called under `rcu_read_lock()`: the file cannot be reached from there.

use testfs::*;

pub fn map_pages(fault: vfs::vm::RcuFault<'_, Fs>) -> vfs::vm::Outcome<'_> {
    let _ = fault.vma().vm_file(); //~ wrong, error E0599: no method named `vma`
    fault.filemap_map_pages()
}
