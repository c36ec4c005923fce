// SPDX-License-Identifier: GPL-2.0

//! Open regular files: `struct file_operations`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use vfs::{
    file::{
        Fsync,
        Llseek,
        Operations,
        ReadIter,
        Setlease,
        SpliceRead,
        SpliceWrite,
        VmAreaDesc,
        WriteIter, //
    },
    vm::Ops, //
};

use crate::{
    vm::Vm,
    SampleFs, //
};

/// The table.
pub(crate) struct RegularFile;

#[vtable]
impl Operations for RegularFile {
    type FileSystem = SampleFs;

    const LLSEEK: Option<Llseek> = Some(Llseek::GENERIC_FILE_LLSEEK);
    const READ_ITER: Option<ReadIter> = Some(ReadIter::GENERIC_FILE_READ_ITER);
    const WRITE_ITER: Option<WriteIter> = Some(WriteIter::GENERIC_FILE_WRITE_ITER);
    const FSYNC: Option<Fsync> = Some(Fsync::SIMPLE_FSYNC_NOFLUSH);
    const SPLICE_READ: Option<SpliceRead> = Some(SpliceRead::FILEMAP_SPLICE_READ);
    const SPLICE_WRITE: Option<SpliceWrite> = Some(SpliceWrite::ITER_FILE_SPLICE_WRITE);
    const SETLEASE: Option<Setlease> = Some(Setlease::GENERIC_SETLEASE);

    fn mmap_prepare(desc: &mut VmAreaDesc<SampleFs>) -> Result {
        desc.file_accessed();
        desc.set_vm_ops(Ops::of::<Vm>());
        Ok(())
    }
}
