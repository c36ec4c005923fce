// SPDX-License-Identifier: GPL-2.0

//! A folio that was locked is not left behind unnoticed.

use testfs::*;

pub fn write_begin(inode: WriteBegin<'_, Fs>) -> Result {
    inode.simple_write_begin(0, 1)?; //~ wrong, error unused_must_use: dropping it unlocks the folio
    let _folio = inode.simple_write_begin(0, 1)?; //~ right
    Ok(())
}
