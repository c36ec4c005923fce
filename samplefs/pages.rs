// SPDX-License-Identifier: GPL-2.0

//! The data of regular files: `struct address_space_operations`.
//!
//! The page cache is the only place where the data are. A page that was written to is dirty, and
//! as nothing writes it back it stays so, and in memory, until it is truncated. It is charged to the
//! limits, which its private value says. A hole has no page, or a clean one full of zeroes that
//! comes and goes as the kernel likes and is not charged.

#![forbid(unsafe_code)]

use core::num::NonZeroUsize;
use kernel::prelude::*;
use vfs::{
    address_space::{
        DirtyFolio,
        MigrateFolio,
        Operations, //
    },
    folio::{
        LockedFolio,
        WriteBegin,
        WriteFolio, //
    }, //
};

use crate::SampleFs;

/// The private value of a folio that is charged.
const CHARGED: NonZeroUsize = NonZeroUsize::MIN;

/// Charges for a folio that is about to hold data, or fails with `ENOSPC`.
///
/// All folios are one page long: samplefs does not ask for larger ones.
pub(crate) fn charge(folio: &LockedFolio<'_, SampleFs>) -> Result {
    if folio.folio_get_private().is_none() {
        let inode = folio.host();
        inode.sb().info().limits().take_block()?;
        inode.inode_add_bytes(folio.folio_size() as u32);
        folio.folio_attach_private(CHARGED);
    }
    Ok(())
}

/// Gives back what was charged for a folio.
fn uncharge(folio: &LockedFolio<'_, SampleFs>) {
    if folio.folio_detach_private().is_some() {
        let inode = folio.host();
        inode.inode_sub_bytes(folio.folio_size() as u32);
        inode.sb().info().limits().give_back_blocks(1);
    }
}

/// The table.
pub(crate) struct Pages;

#[vtable]
impl Operations for Pages {
    type FileSystem = SampleFs;

    const DIRTY_FOLIO: DirtyFolio = DirtyFolio::NOOP_DIRTY_FOLIO;
    const MIGRATE_FOLIO: Option<MigrateFolio> = Some(MigrateFolio::FILEMAP_MIGRATE_FOLIO);

    /// What is not in the page cache is a hole.
    fn read_folio(folio: LockedFolio<'_, SampleFs>) -> Result {
        folio.folio_zero_range(0, folio.folio_size());
        folio.folio_mark_uptodate();
        Ok(())
    }

    fn write_begin<'a>(
        inode: WriteBegin<'a, SampleFs>,
        pos: i64,
        len: usize,
    ) -> Result<WriteFolio<'a, SampleFs>> {
        let folio = inode.simple_write_begin(pos, len)?;
        charge(&folio)?;
        Ok(folio)
    }

    fn write_end(
        folio: WriteFolio<'_, SampleFs>,
        pos: i64,
        len: usize,
        copied: usize,
    ) -> Result<usize> {
        Ok(folio.simple_write_end(pos, len, copied))
    }

    fn invalidate_folio(folio: &LockedFolio<'_, SampleFs>, offset: usize, len: usize) {
        if offset == 0 && len == folio.folio_size() {
            uncharge(folio);
        }
    }

    /// A folio that is charged holds data, and there is no other copy of them.
    fn release_folio(_folio: &LockedFolio<'_, SampleFs>) -> bool {
        false
    }
}
