// SPDX-License-Identifier: GPL-2.0

//! A filesystem cannot claim that a folio is locked.

use testfs::*;

pub fn get(folio: &Folio<Fs>) -> LockedFolio<'_, Fs> { //~ wrong
    unsafe { LockedFolio::from_raw(core::ptr::from_ref(folio).cast_mut().cast()) } //~ wrong, error E0624: associated function `from_raw` is private
pub fn get(folio: LockedFolio<'_, Fs>) -> LockedFolio<'_, Fs> { //~ right
    folio //~ right
}
