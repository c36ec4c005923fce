// SPDX-License-Identifier: GPL-2.0

//! A folio that was locked is not left behind unnoticed.

use testfs::*;

pub fn write_begin(inode: WriteBegin<'_, Fs>) -> Result {
    inode.write_begin_get_folio(0, 1)?; //~ wrong, error unused_must_use: dropping it unlocks the folio
    let _folio = inode.write_begin_get_folio(0, 1)?; //~ right
    Ok(())
}
