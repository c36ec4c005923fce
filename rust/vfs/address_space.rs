// SPDX-License-Identifier: GPL-2.0

//! `struct address_space_operations`: the pages of a file.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::{
        from_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*, //
};

use crate::{
    folio::{
        LockedFolio,
        WriteBegin,
        WriteFolio, //
    },
    helper::slot,
    FileSystem, //
};

slot! {
    /// A function for `->dirty_folio`.
    pub struct DirtyFolio(
        unsafe extern "C" fn(*mut bindings::address_space, *mut bindings::folio) -> bool
    ) {
        /// Only marks the folio: for filesystems that write nothing back.
        NOOP_DIRTY_FOLIO = bindings::noop_dirty_folio;
    }
}

slot! {
    /// A function for `->migrate_folio`.
    pub struct MigrateFolio(
        unsafe extern "C" fn(
            *mut bindings::address_space,
            *mut bindings::folio,
            *mut bindings::folio,
            bindings::migrate_mode,
        ) -> c_int
    ) {
        /// Takes the content and the private value along.
        FILEMAP_MIGRATE_FOLIO = bindings::filemap_migrate_folio;
    }
}

/// The callbacks of a file's page cache: `struct address_space_operations`.
///
/// A slot whose method or helper is missing is null, except where said otherwise.
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The helper for `->dirty_folio`, which must not be null.
    const DIRTY_FOLIO: DirtyFolio = DirtyFolio::NOOP_DIRTY_FOLIO;

    /// The helper for `->migrate_folio`.
    const MIGRATE_FOLIO: Option<MigrateFolio> = None;

    /// Fills the folio with what is in the file, and says so with
    /// [`LockedFolio::folio_mark_uptodate`]. Gives the folio back unlocked. May sleep.
    fn read_folio(folio: LockedFolio<'_, Self::FileSystem>) -> Result;

    /// Provides the folio for a write of `len` bytes at `pos`, locked and with a reference.
    ///
    /// Without this method, nothing can be written (`EIO`).
    ///
    /// `i_rwsem` of the inode is held exclusively, except for a symbolic link that nobody has seen
    /// yet (`page_symlink()`); so there is no token of it. May sleep. C's `iocb` may be null and is not
    /// passed on.
    fn write_begin<'a>(
        inode: WriteBegin<'a, Self::FileSystem>,
        pos: i64,
        len: usize,
    ) -> Result<WriteFolio<'a, Self::FileSystem>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes over what was written: `copied` of the `len` bytes. Goes with `write_begin`. Uses up the folio of
    /// [`Operations::write_begin`], and so gives it back unlocked. Returns how many bytes count.
    ///
    /// Locks as for [`Operations::write_begin`]. May sleep.
    fn write_end(
        folio: WriteFolio<'_, Self::FileSystem>,
        pos: i64,
        len: usize,
        copied: usize,
    ) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A folio with a private value is truncated: its bytes `offset..offset + len` are thrown away.
    ///
    /// If that is the whole folio, the private value must be detached: the folio leaves the page
    /// cache. The folio stays locked.
    fn invalidate_folio(folio: &LockedFolio<'_, Self::FileSystem>, offset: usize, len: usize) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Asks whether a folio with a private value may leave the page cache: it is clean.
    ///
    /// If so, the private value must be detached. The folio stays locked.
    fn release_folio(folio: &LockedFolio<'_, Self::FileSystem>) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A table of operations for the page cache of inodes of `F`.
pub struct Ops<F: FileSystem>(&'static bindings::address_space_operations, PhantomData<F>);

impl<F: FileSystem> Ops<F> {
    /// Of inodes without data: C's helpers, which count on some slots, find an error there.
    pub(crate) const NO_PAGES: Self = Self(&NO_PAGES, PhantomData);

    /// Returns the table of `T`.
    pub const fn of<T: Operations<FileSystem = F>>() -> Self {
        Self(Table::<T>::build(), PhantomData)
    }

    pub(crate) fn as_ptr(&self) -> *const bindings::address_space_operations {
        self.0
    }
}

struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `a_ops` of mappings of inodes of the filesystem; the
// mapping's inode is alive for the call.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->read_folio`.
    unsafe extern "C" fn read_folio(
        _file: *mut bindings::file,
        folio: *mut bindings::folio,
    ) -> c_int {
        // SAFETY: `filemap_read_folio()` and the readahead pass a locked folio of the mapping, and
        // want it unlocked.
        let folio = unsafe { LockedFolio::from_raw(folio) };
        from_result(|| T::read_folio(folio).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->write_begin`.
    unsafe extern "C" fn write_begin(
        _iocb: *const bindings::kiocb,
        mapping: *mut bindings::address_space,
        pos: bindings::loff_t,
        len: c_uint,
        foliop: *mut *mut bindings::folio,
        _fsdata: *mut *mut c_void,
    ) -> c_int {
        // SAFETY: The mapping is valid, and its host does not change.
        let inode = unsafe { (*mapping).host };
        // SAFETY: It is an inode of the filesystem. `generic_file_write_iter()` holds its `i_rwsem`;
        // `page_symlink()` does not, but has an inode that nobody else has seen.
        let inode = unsafe { WriteBegin::from_raw(inode) };
        match T::write_begin(inode, pos, len as usize) {
            Ok(folio) => {
                // SAFETY: `generic_perform_write()` passes a place for it.
                unsafe { *foliop = folio.into_raw() };
                0
            }
            Err(error) => error.to_errno(),
        }
    }

    /// # Safety
    ///
    /// As `->write_end`.
    unsafe extern "C" fn write_end(
        _iocb: *const bindings::kiocb,
        _mapping: *mut bindings::address_space,
        pos: bindings::loff_t,
        len: c_uint,
        copied: c_uint,
        folio: *mut bindings::folio,
        _fsdata: *mut c_void,
    ) -> c_int {
        // SAFETY: It is what `write_begin` returned, so it is not null.
        let folio = unsafe { NonNull::new_unchecked(folio) };
        // SAFETY: `write_begin` returned it locked and with a reference, which are ours now.
        let folio = unsafe { WriteFolio::from_raw(folio) };
        from_result(|| {
            T::write_end(folio, pos, len as usize, copied as usize).map(|count| count as c_int)
        })
    }

    /// # Safety
    ///
    /// As `->invalidate_folio`.
    unsafe extern "C" fn invalidate_folio(folio: *mut bindings::folio, offset: usize, len: usize) {
        // SAFETY: `folio_invalidate()` passes a locked folio that is still in the mapping.
        let folio = unsafe { LockedFolio::borrow(folio) };
        T::invalidate_folio(&folio, offset, len);
    }

    /// # Safety
    ///
    /// As `->release_folio`.
    unsafe extern "C" fn release_folio(folio: *mut bindings::folio, _gfp: bindings::gfp_t) -> bool {
        // SAFETY: `filemap_release_folio()` passes a locked folio that is still in the mapping.
        let folio = unsafe { LockedFolio::borrow(folio) };
        T::release_folio(&folio)
    }

    const TABLE: bindings::address_space_operations = bindings::address_space_operations {
        read_folio: Some(Self::read_folio),
        dirty_folio: DirtyFolio::get(Some(T::DIRTY_FOLIO)),
        // C does not look whether it is null.
        write_begin: if T::HAS_WRITE_BEGIN {
            Some(Self::write_begin)
        } else {
            Some(no_write_begin)
        },
        write_end: if T::HAS_WRITE_BEGIN {
            Some(Self::write_end)
        } else {
            None
        },
        invalidate_folio: if T::HAS_INVALIDATE_FOLIO {
            Some(Self::invalidate_folio)
        } else {
            None
        },
        release_folio: if T::HAS_RELEASE_FOLIO {
            Some(Self::release_folio)
        } else {
            None
        },
        migrate_folio: MigrateFolio::get(T::MIGRATE_FOLIO),
        ..pin_init::zeroed()
    };

    const fn build() -> &'static bindings::address_space_operations {
        &Self::TABLE
    }
}

/// # Safety
///
/// As `->read_folio`.
unsafe extern "C" fn no_read_folio(_: *mut bindings::file, folio: *mut bindings::folio) -> c_int {
    // SAFETY: C passes a locked folio, and wants it unlocked.
    unsafe { bindings::folio_unlock(folio) };
    EIO.to_errno()
}

/// # Safety
///
/// As `->write_begin`.
unsafe extern "C" fn no_write_begin(
    _: *const bindings::kiocb,
    _: *mut bindings::address_space,
    _: bindings::loff_t,
    _: c_uint,
    _: *mut *mut bindings::folio,
    _: *mut *mut c_void,
) -> c_int {
    EIO.to_errno()
}

static NO_PAGES: bindings::address_space_operations = bindings::address_space_operations {
    read_folio: Some(no_read_folio),
    write_begin: Some(no_write_begin),
    dirty_folio: Some(bindings::noop_dirty_folio),
    ..pin_init::zeroed()
};
