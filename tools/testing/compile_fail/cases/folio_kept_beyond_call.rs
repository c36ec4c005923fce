// SPDX-License-Identifier: GPL-2.0

//! A locked folio is not kept beyond the call.

use testfs::*;

pub struct Kept<'a>(pub Option<LockedFolio<'a, Fs>>);

pub fn read_folio<'a>(kept: &mut Kept<'a>, folio: LockedFolio<'_, Fs>) { //~ wrong
pub fn read_folio<'a>(kept: &mut Kept<'a>, folio: LockedFolio<'a, Fs>) { //~ right
    kept.0 = Some(folio); //~ error E0621: explicit lifetime required in the type of `folio`
}
