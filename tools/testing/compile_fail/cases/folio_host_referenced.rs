// SPDX-License-Identifier: GPL-2.0

//! The inode of a folio may be just being evicted: no reference can be taken to it.

use testfs::*;

pub fn release_folio(folio: &LockedFolio<'_, Fs>) -> u64 {
    drop(ARef::from(folio.host())); //~ wrong, error E0277: AlwaysRefCounted` is not satisfied
    folio.host().i_ino()
}
