// SPDX-License-Identifier: GPL-2.0

//! Mapped regular files: `struct vm_operations_struct`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    prelude::*,
    vm::{
        Fault,
        MapPages,
        Operations, //
    },
};

use crate::{
    pages,
    SampleFs, //
};

/// The table.
pub(crate) struct Vm;

#[vtable]
impl Operations for Vm {
    type FileSystem = SampleFs;

    const FAULT: Option<Fault> = Some(Fault::FILEMAP_FAULT);
    const MAP_PAGES: Option<MapPages> = Some(MapPages::FILEMAP_MAP_PAGES);

    /// A write into a hole must be paid for; at the limit it ends in `SIGBUS`.
    fn page_mkwrite(_file: &File<SampleFs>, folio: &LockedFolio<'_, SampleFs>) -> Result {
        pages::reserve_folio(folio)
    }
}
