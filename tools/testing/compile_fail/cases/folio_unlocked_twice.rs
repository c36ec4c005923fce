// SPDX-License-Identifier: GPL-2.0

//! A folio is not unlocked twice.

use testfs::*;

pub fn read_folio(folio: LockedFolio<'_, Fs>) -> Result {
    drop(folio);
    drop(folio); //~ wrong, error E0382: use of moved value: `folio`
    Ok(())
}
