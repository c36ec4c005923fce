// SPDX-License-Identifier: GPL-2.0

//! A folio that is passed for the call cannot be asked for as one for ever.

use testfs::*;

use vfs::address_space::Operations;

pub struct Pages;

#[vtable]
impl Operations for Pages {
    type FileSystem = Fs;

    fn read_folio(folio: LockedFolio<'static, Fs>) -> Result { //~ wrong, error E0308: method not compatible with trait
    fn read_folio(folio: LockedFolio<'_, Fs>) -> Result { //~ right
        folio.folio_mark_uptodate();
        Ok(())
    }
}
