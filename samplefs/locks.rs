// SPDX-License-Identifier: GPL-2.0

//! File locks: `->lock` and `->flock`, and `struct file_lock_operations`.
//!
//! The kernel keeps the locks. samplefs counts them for each mount, and `/proc/PID/fdinfo` shows how
//! many there are: each lock, and each request for one, holds a reference to the count.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::Arc, //
};
use vfs::{
    filelock::{
        FileLock,
        Operations,
        Outcome,
        F_GETLK,
        F_UNLCK, //
    },
    prelude::*,
    rules::file_lock_operations as rule,
    sysfs::Count, //
};

use crate::SampleFs;

/// One of the locks that are counted.
pub(crate) struct Counted(Arc<Count>);

impl Counted {
    fn new(count: Arc<Count>) -> Self {
        count.inc();
        Self(count)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The table.
pub(crate) struct Locks;

impl Operations for Locks {
    type FileSystem = SampleFs;
    type Private = Counted;

    fn fl_copy_lock(
        _fl: &Locked<'_, FileLock<SampleFs>, rule::fl_copy_lock::Ctx>,
        private: &Counted,
    ) -> Counted {
        Counted::new(private.0.clone())
    }

    fn fl_release_private(
        _fl: &Locked<'_, FileLock<SampleFs>, rule::fl_release_private::Ctx>,
        private: Counted,
    ) {
        drop(private);
    }
}

/// Lets the request, and all locks that come of it, be counted. One that takes locks away may
/// leave two behind of one, which are copies of that.
fn count(file: &File<SampleFs>, fl: &mut FileLock<SampleFs>) {
    if fl.fl_type() != F_UNLCK {
        fl.set_fl_ops::<Locks>(Counted::new(file.inode().sb().info().locks.clone()));
    }
}

/// A POSIX lock.
pub(crate) fn lock(
    file: &File<SampleFs>,
    cmd: i32,
    fl: &mut FileLock<SampleFs>,
) -> Result<Outcome> {
    if cmd == F_GETLK {
        return fl.posix_test_lock().map(|()| Outcome::Granted);
    }
    count(file, fl);
    fl.posix_lock_file()
}

/// A flock lock.
pub(crate) fn flock(file: &File<SampleFs>, fl: &mut FileLock<SampleFs>) -> Result {
    count(file, fl);
    fl.locks_lock_file_wait()
}
