// SPDX-License-Identifier: GPL-2.0

//! `struct address_space_operations`: the pages of a file.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    num::NonZeroU64, //
};
use kernel::{
    bindings,
    error::VTABLE_DEFAULT_ERROR,
    ffi::c_int,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*, //
};

use crate::{
    folio::{
        Folio,
        LockedFolio,
        WriteBegin,
        WriteFolio, //
    },
    helper::slot,
    inode::Host,
    File,
    FileSystem, //
};

mod mapping;
mod no_pages;
mod readahead;
mod swap;
mod table;
mod writeback;

pub use mapping::AddressSpace;
pub use readahead::Readahead;
pub use swap::SwapActivate;
pub use writeback::{
    FolioToWrite,
    WritebackFolio,
    Writepages, //
};

slot! {
    /// A function for `->dirty_folio`.
    pub struct DirtyFolio(
        unsafe extern "C" fn(*mut bindings::address_space, *mut bindings::folio) -> bool
    ) {
        /// Marks the folio, and the inode as one with something to write back: for filesystems
        /// with `->writepages`.
        FILEMAP_DIRTY_FOLIO = bindings::filemap_dirty_folio;
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

slot! {
    /// A function for `->error_remove_folio`.
    pub struct ErrorRemoveFolio(
        unsafe extern "C" fn(*mut bindings::address_space, *mut bindings::folio) -> c_int
    ) {
        /// Takes the folio, whose memory is broken, out of the page cache.
        GENERIC_ERROR_REMOVE_FOLIO = bindings::generic_error_remove_folio;
    }
}

/// What `->direct_IO` is to do: the two directions of a `struct iov_iter`.
pub enum DirectIo<'a> {
    /// Read from the file, to here.
    Read(&'a mut IovIterDest<'a>),
    /// Write to the file what is here.
    Write(&'a mut IovIterSource<'a>),
}

/// The callbacks of a file's page cache: `struct address_space_operations`.
///
/// A slot whose method or helper is missing is null, except where said otherwise. All may sleep,
/// except [`Operations::DIRTY_FOLIO`] and [`Operations::free_folio`].
///
/// # Examples
///
/// ```
/// use vfs::address_space::{Operations, Ops};
///
/// /// Files that all begin with their number, and else are zeroes.
/// struct Pages;
///
/// #[vtable]
/// impl Operations for Pages {
///     type FileSystem = Fs;
///
///     fn read_folio(folio: LockedFolio<'_, Fs>) -> Result {
///         let ino = folio.host().i_ino().to_le_bytes();
///         let begins = folio.folio_pos() == 0;
///         folio.folio_fill_tail(0, if begins { &ino } else { &[] });
///         folio.folio_mark_uptodate();
///         Ok(())
///     }
/// }
///
/// let ops: Ops<Fs> = Ops::of::<Pages>();
/// // Data that are nowhere but in the page cache need no table.
/// let ram: Ops<Fs> = Ops::RAM_AOPS;
/// ```
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The largest folio that the methods can deal with, as a power of two of pages.
    ///
    /// Mirrors `mapping_set_folio_order_range()`.
    const MAX_FOLIO_ORDER: u32 = 0;

    /// The helper for `->dirty_folio`. It must not be null.
    ///
    /// Whether the folio is locked is not promised: its caller holds the lock, or that of a page
    /// table where the folio is mapped.
    const DIRTY_FOLIO: DirtyFolio = DirtyFolio::NOOP_DIRTY_FOLIO;

    /// The helper for `->migrate_folio`. Both folios are locked, and stay so.
    const MIGRATE_FOLIO: Option<MigrateFolio> = None;

    /// The helper for `->error_remove_folio`. The folio is locked, and stays so.
    const ERROR_REMOVE_FOLIO: Option<ErrorRemoveFolio> = None;

    /// Fills the folio with what is in the file, and says so with
    /// [`LockedFolio::folio_mark_uptodate`]. Gives the folio back unlocked.
    ///
    /// `invalidate_lock` is held shared if the page cache needs the folio for a reader or a fault.
    /// `read_cache_folio()` does not take it, so there is no token of it.
    fn read_folio(folio: LockedFolio<'_, Self::FileSystem>) -> Result;

    /// Writes dirty folios back.
    ///
    /// Nothing is locked. Reclaim from here must not enter a filesystem: the layer sees to it that
    /// allocations are as with `GFP_NOFS`.
    ///
    /// # Errors
    ///
    /// `ENOMEM` makes those who wait for all of the file (fsync(2)) try again.
    fn writepages(folios: Writepages<'_, Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Fills folios of which somebody may want to read, as [`Operations::read_folio`] does.
    ///
    /// What cannot be read, somebody may ask for again with `->read_folio`. `invalidate_lock` is held
    /// shared: [`Readahead::mapping`].
    fn readahead(folios: Readahead<'_, Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Provides the folio for a write of `len` bytes at `pos`, locked and with a reference. It may be
    /// smaller: then only so much is written to it.
    ///
    /// Without this method, nothing can be written (`EIO`).
    ///
    /// `i_rwsem` of the inode is held exclusively, except for a symbolic link that nobody has seen
    /// yet (`page_symlink()`); so there is no token of it.
    fn write_begin<'a>(
        inode: WriteBegin<'a, Self::FileSystem>,
        pos: i64,
        len: usize,
    ) -> Result<WriteFolio<'a, Self::FileSystem>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Takes over what was written: `copied` of the `len` bytes. Goes with `write_begin`. Uses up the folio of
    /// [`Operations::write_begin`], and so gives it back unlocked. Returns how many bytes count; the
    /// caller writes the others again.
    ///
    /// Locks as for [`Operations::write_begin`].
    fn write_end(
        folio: WriteFolio<'_, Self::FileSystem>,
        pos: i64,
        len: usize,
        copied: usize,
    ) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Finds the block of the device where a block of the file is; `None` is a hole.
    ///
    /// For `FIBMAP`, which fails with `EINVAL` without this method.
    fn bmap(inode: &Host<Self::FileSystem>, block: u64) -> Option<NonZeroU64> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A folio with a private value is truncated: its bytes `offset..offset + len` are thrown away.
    ///
    /// If that is the whole folio, it leaves the page cache, and the layer detaches the private value
    /// after this. The folio stays locked. `invalidate_lock` is held exclusively, except when the inode
    /// is evicted; so there is no token of it.
    fn invalidate_folio(folio: &LockedFolio<'_, Self::FileSystem>, offset: usize, len: usize) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Asks whether the private value of a folio can be given up: the folio is to leave the page
    /// cache or, if it is dirty, to be split.
    ///
    /// If so, the layer detaches it after this. The folio stays locked.
    fn release_folio(folio: &LockedFolio<'_, Self::FileSystem>) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The folio has left the page cache, and is locked still. It has no inode any more.
    ///
    /// Must not sleep.
    fn free_folio(folio: &Folio<Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Reads or writes past the page cache. Returns how many bytes.
    ///
    /// C has written back what was in the cache of the range and, for a write, thrown it away, which
    /// it does again afterwards; it lets the file grow. `i_rwsem` is held exclusively by those who
    /// write through `generic_file_write_iter()`; no lock is promised. Where a write begins beyond the
    /// end of the file, the layer has zeroed the rest of the last page.
    // As in C.
    #[allow(non_snake_case)]
    fn direct_IO(file: &File<Self::FileSystem>, pos: i64, io: DirectIo<'_>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes a dirty folio back, for somebody who is about to take it out of the page cache.
    ///
    /// See [`LockedFolio::folio_launder`]. The folio stays locked.
    fn launder_folio(folio: &LockedFolio<'_, Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Whether these bytes of a folio that is not up to date are. The folio stays locked.
    fn is_partially_uptodate(
        folio: &LockedFolio<'_, Self::FileSystem>,
        from: usize,
        count: usize,
    ) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Whether a folio is, as far as reclaim is concerned, dirty, and whether it is under writeback.
    ///
    /// The document says nothing about it. Reclaim has locked the folio. Must not sleep.
    fn is_dirty_writeback(folio: &Folio<Self::FileSystem>) -> (bool, bool) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prepares the file to be swapped to. Without this method, no file can be (`EINVAL`).
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is not a file that can be. `swapon(2)` also fails with it, after
    /// [`Operations::swap_deactivate`], if not all of the area was added.
    fn swap_activate(swap: &mut SwapActivate<'_, Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Undoes [`Operations::swap_activate`].
    fn swap_deactivate(file: &File<Self::FileSystem>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A table of operations for the page cache of inodes of `F`.
pub struct Ops<F: FileSystem> {
    /// Lives for ever.
    table: *const bindings::address_space_operations,
    max_folio_order: u32,
    /// Whether it has `->writepages`.
    writes_back: bool,
    /// Whether nothing else has the data.
    unevictable: bool,
    _fs: PhantomData<F>,
}

impl<F: FileSystem> Ops<F> {
    /// Of inodes without data: C's helpers, which count on some slots, find an error there.
    pub(crate) const NO_PAGES: Self = Self {
        table: &no_pages::NO_PAGES,
        max_folio_order: 0,
        writes_back: false,
        unevictable: false,
        _fs: PhantomData,
    };

    /// C's table for files whose data are in the page cache and nowhere else, as ramfs has them:
    /// `ram_aops` of `fs/libfs.c`, with `simple_write_begin()` and `simple_write_end()`.
    ///
    /// Memory is the only limit, and is not reclaimed before the file goes.
    pub const RAM_AOPS: Self = Self {
        table: &raw const bindings::ram_aops,
        max_folio_order: 0,
        writes_back: false,
        unevictable: true,
        _fs: PhantomData,
    };

    /// Returns the table of `T`.
    pub const fn of<T: Operations<FileSystem = F>>() -> Self {
        Self {
            table: table::Table::<T>::build(),
            max_folio_order: T::MAX_FOLIO_ORDER,
            writes_back: T::HAS_WRITEPAGES,
            unevictable: false,
            _fs: PhantomData,
        }
    }

    /// Gives the mapping of an inode this table.
    ///
    /// # Safety
    ///
    /// `inode` must be a new one of `F`, which nobody else has seen.
    pub(crate) unsafe fn set(&self, inode: *mut bindings::inode) {
        // SAFETY: The caller promises that it is valid.
        let mapping = unsafe { (*inode).i_mapping };
        // SAFETY: Nobody else has seen the inode; the table lives for ever.
        unsafe { (*mapping).a_ops = self.table };
        // SAFETY: As above.
        unsafe { extra_bindings::mapping_set_max_folio_order(mapping, self.max_folio_order) };
        if self.unevictable {
            // SAFETY: As above.
            unsafe { extra_bindings::slots_mapping_set_unevictable(mapping) };
        }
        if self.writes_back {
            // SAFETY: As above. The flusher passes by inodes that are not hashed.
            unsafe { extra_bindings::inode_fake_hash(inode) };
        }
    }
}
