// SPDX-License-Identifier: GPL-2.0

//! A helper of C does not fit another slot.

use testfs::*;

use vfs::file::{ReadIter, WriteIter};

pub struct RegularFile;

#[vtable]
impl vfs::file::Operations for RegularFile {
    type FileSystem = Fs;
    type Private = ();

    const READ_ITER: Option<ReadIter> = Some(WriteIter::GENERIC_FILE_WRITE_ITER); //~ wrong, error E0308: expected `ReadIter`, found `WriteIter`
    const READ_ITER: Option<ReadIter> = Some(ReadIter::GENERIC_FILE_READ_ITER); //~ right
    const WRITE_ITER: Option<WriteIter> = Some(WriteIter::GENERIC_FILE_WRITE_ITER);
}
