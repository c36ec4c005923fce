// SPDX-License-Identifier: GPL-2.0

//! What `filemap_fault()` returns may be that a lock was given up, or that the page is locked: C must hear of it.

use testfs::*;

pub fn fault(fault: vfs::vm::VmFault<'_, Fs>) -> vfs::vm::Outcome<'_> {
    let _ = fault.filemap_fault(); //~ wrong
    fault.vmf_fs_error(EIO) //~ wrong, error E0382: use of moved value: `fault`
    fault.filemap_fault() //~ right
}
