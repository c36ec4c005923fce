// SPDX-License-Identifier: GPL-2.0

//! The lock of a folio does not go to another thread.

use testfs::*;

use kernel::workqueue;

pub fn read_folio(folio: LockedFolio<'static, Fs>) -> Result {
    folio.folio_mark_uptodate(); //~ right
    workqueue::system().try_spawn(GFP_KERNEL, move || { //~ wrong, error E0277: cannot be sent between threads safely
    workqueue::system().try_spawn(GFP_KERNEL, move || { //~ right
        folio.folio_mark_uptodate(); //~ wrong
    })?;
    Ok(())
}
