// SPDX-License-Identifier: GPL-2.0

//! A folio is not used after it was unlocked.

use testfs::*;

pub fn read_folio(folio: LockedFolio<'_, Fs>) -> Result {
    drop(folio); //~ wrong
    folio.folio_mark_uptodate(); //~ error E0382: borrow of moved value: `folio`
    drop(folio); //~ right
    Ok(())
}
