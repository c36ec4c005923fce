// SPDX-License-Identifier: GPL-2.0

//! `->write_begin` returns the folio locked.

use testfs::*;

pub fn write_begin<'a>(inode: WriteBegin<'a, Fs>) -> Result<WriteFolio<'a, Fs>> {
    let folio = inode.write_begin_get_folio(0, 1)?;
    folio.folio_mark_uptodate();
    drop(folio); //~ wrong
    Ok(folio) //~ error E0382: use of moved value: `folio`
}
