// SPDX-License-Identifier: GPL-2.0

//! Open regular files: `struct file_operations`.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print, //
};
use vfs::{
    file::{
        CopyFileRange,
        Fadvise,
        Fsync,
        OpenFile,
        Operations,
        ReadIter,
        Setlease,
        SpliceRead,
        SpliceWrite,
        VmAreaDesc,
        WriteIter,
        SEEK_DATA,
        SEEK_HOLE, //
    },
    filelock::{
        FileLock,
        Outcome, //
    },
    prelude::*,
    vm::Ops, //
};

use crate::{
    holes,
    locks,
    vm::Vm,
    SampleFs, //
};

/// The table.
pub(crate) struct RegularFile;

#[vtable]
impl Operations for RegularFile {
    type FileSystem = SampleFs;
    type Private = ();

    const READ_ITER: Option<ReadIter> = Some(ReadIter::GENERIC_FILE_READ_ITER);
    const WRITE_ITER: Option<WriteIter> = Some(WriteIter::GENERIC_FILE_WRITE_ITER);
    const FSYNC: Option<Fsync> = Some(Fsync::SIMPLE_FSYNC_NOFLUSH);
    const SPLICE_READ: Option<SpliceRead> = Some(SpliceRead::FILEMAP_SPLICE_READ);
    const SPLICE_WRITE: Option<SpliceWrite> = Some(SpliceWrite::ITER_FILE_SPLICE_WRITE);
    const SETLEASE: Option<Setlease> = Some(Setlease::GENERIC_SETLEASE);
    const FADVISE: Option<Fadvise> = Some(Fadvise::GENERIC_FADVISE);

    fn open(_inode: &Inode<SampleFs>, file: &File<SampleFs>) -> Result {
        file.generic_file_open()
    }

    fn llseek(file: &OpenFile<Self>, offset: i64, whence: i32) -> Result<i64> {
        match whence {
            SEEK_DATA | SEEK_HOLE => holes::seek(file, offset, whence),
            _ => file.generic_file_llseek(offset, whence),
        }
    }

    fn fallocate(file: &OpenFile<Self>, mode: i32, offset: i64, len: i64) -> Result {
        holes::fallocate(file, mode, offset, len)
    }

    fn copy_file_range(range: CopyFileRange<'_, Self>) -> Result<usize> {
        range.splice_copy_file_range()
    }

    fn lock(file: &OpenFile<Self>, cmd: i32, fl: &mut FileLock<SampleFs>) -> Result<Outcome> {
        locks::lock(file, cmd, fl)
    }

    fn flock(file: &OpenFile<Self>, _cmd: i32, fl: &mut FileLock<SampleFs>) -> Result {
        locks::flock(file, fl)
    }

    /// How many locks there are on the whole mount.
    fn show_fdinfo(seq: &SeqFile, file: &OpenFile<Self>) {
        let locks = &file.inode().sb().info().locks;
        seq_print!(seq, "samplefs-locks:\t{}\n", locks.get());
    }

    fn mmap_prepare(desc: &mut VmAreaDesc<SampleFs>) -> Result {
        desc.file_accessed();
        desc.set_vm_ops(Ops::of::<Vm>());
        Ok(())
    }
}
