// SPDX-License-Identifier: GPL-2.0

//! `->read_folio` gives the folio back unlocked: it cannot only borrow it.

use testfs::*;

use vfs::address_space::DirtyFolio;

pub struct Pages;

#[vtable]
impl vfs::address_space::Operations for Pages {
    type FileSystem = Fs;

    const DIRTY_FOLIO: DirtyFolio = DirtyFolio::NOOP_DIRTY_FOLIO;

    fn read_folio(folio: &LockedFolio<'_, Fs>) -> Result { //~ wrong, error E0053: method `read_folio` has an incompatible type for trait
    fn read_folio(folio: LockedFolio<'_, Fs>) -> Result { //~ right
        folio.folio_mark_uptodate();
        Ok(())
    }

    fn write_begin<'a>(
        inode: WriteBegin<'a, Fs>,
        pos: i64,
        len: usize,
    ) -> Result<WriteFolio<'a, Fs>> {
        inode.write_begin_get_folio(pos, len)
    }

    fn write_end(folio: WriteFolio<'_, Fs>, pos: i64, _len: usize, copied: usize) -> Result<usize> {
        folio.write_end(pos, copied);
        Ok(copied)
    }
}
