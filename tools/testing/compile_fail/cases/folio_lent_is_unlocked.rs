// SPDX-License-Identifier: GPL-2.0

//! A folio that is lent stays locked.

use testfs::*;

pub fn release_folio(folio: &LockedFolio<'_, Fs>) -> bool {
    drop(*folio); //~ wrong, error E0507: cannot move out of `*folio`
    folio.folio_detach_private().is_some()
}
