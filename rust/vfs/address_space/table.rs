// SPDX-License-Identifier: GPL-2.0

//! What C calls.

use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    bindings,
    error::from_result,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*, //
};

use super::{
    no_pages,
    AddressSpace,
    DirectIo,
    DirtyFolio,
    ErrorRemoveFolio,
    MigrateFolio,
    Operations,
    Readahead,
    SwapActivate,
    Writepages, //
};
use crate::{
    folio::{
        Folio,
        LockedFolio,
        WriteBegin,
        WriteFolio, //
    },
    helper::{
        callback,
        size_or_errno, //
    },
    trace,
    File, //
};

pub(super) struct Table<T: Operations>(PhantomData<T>);

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
        // SAFETY: As below.
        unsafe { trace::read_folio(folio) };
        // SAFETY: `filemap_read_folio()` and the readahead pass a locked folio of the mapping, and
        // want it unlocked.
        let folio = unsafe { LockedFolio::from_raw(folio) };
        from_result(|| T::read_folio(folio).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->writepages`.
    unsafe extern "C" fn writepages(
        mapping: *mut bindings::address_space,
        wbc: *mut bindings::writeback_control,
    ) -> c_int {
        // SAFETY: `do_writepages()` passes both valid.
        let folios = unsafe { Writepages::from_raw(mapping, wbc) };
        // An inode that is being written cannot be evicted: reclaim must not try.
        // SAFETY: It only changes a flag of the current task.
        let flags = unsafe { extra_bindings::memalloc_nofs_save() };
        let result = from_result(|| T::writepages(folios).map(|()| 0));
        // SAFETY: Pairs with the save above.
        unsafe { extra_bindings::memalloc_nofs_restore(flags) };
        // SAFETY: Both are valid for the call.
        unsafe { trace::writepages(mapping, wbc, result) };
        result
    }

    /// # Safety
    ///
    /// As `->readahead`.
    unsafe extern "C" fn readahead(rac: *mut bindings::readahead_control) {
        // SAFETY: As below.
        unsafe { trace::readahead(rac) };
        // SAFETY: `read_pages()` passes it valid.
        T::readahead(unsafe { Readahead::from_raw(rac) });
    }

    /// # Safety
    ///
    /// As `->write_begin`.
    unsafe extern "C" fn write_begin(
        iocb: *const bindings::kiocb,
        mapping: *mut bindings::address_space,
        pos: bindings::loff_t,
        len: c_uint,
        foliop: *mut *mut bindings::folio,
        fsdata: *mut *mut c_void,
    ) -> c_int {
        // SAFETY: The mapping is valid, and its host does not change.
        let inode = unsafe { (*mapping).host };
        // SAFETY: It is an inode of the filesystem. `generic_file_write_iter()` holds its `i_rwsem`;
        // `page_symlink()` does not, but has an inode that nobody else has seen, and no `iocb`.
        let inode = unsafe { WriteBegin::from_raw(inode, iocb) };
        match T::write_begin(inode, pos, len as usize) {
            Ok(folio) => {
                // SAFETY: `generic_perform_write()` passes a place for it.
                unsafe { *fsdata = ptr::without_provenance_mut(folio.fsdata()) };
                // SAFETY: As above.
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
        fsdata: *mut c_void,
    ) -> c_int {
        // SAFETY: It is what `write_begin` returned, so it is not null.
        let folio = unsafe { NonNull::new_unchecked(folio) };
        // SAFETY: `write_begin` returned it locked and with a reference, which are ours now.
        let folio = unsafe { WriteFolio::from_raw(folio, fsdata.addr()) };
        from_result(|| {
            let count = T::write_end(folio, pos, len as usize, copied as usize)?;
            // C goes back to what does not count, which cannot be less than nothing.
            Ok(count.min(copied as usize) as c_int)
        })
    }

    /// # Safety
    ///
    /// As `->bmap`.
    unsafe extern "C" fn bmap(
        mapping: *mut bindings::address_space,
        block: bindings::sector_t,
    ) -> bindings::sector_t {
        // SAFETY: `bmap()` passes the mapping of an inode of the filesystem.
        let mapping = unsafe { AddressSpace::<T::FileSystem>::from_raw(mapping) };
        T::bmap(mapping.host(), block).map_or(0, |block| block.get())
    }

    /// # Safety
    ///
    /// As `->invalidate_folio`.
    unsafe extern "C" fn invalidate_folio(folio: *mut bindings::folio, offset: usize, len: usize) {
        // SAFETY: `folio_invalidate()` passes a locked folio that is still in the mapping.
        let folio = unsafe { LockedFolio::borrow(folio) };
        T::invalidate_folio(&folio, offset, len);
        if offset == 0 && len == folio.folio_size() {
            // C frees the folio, which must not have a private value then.
            folio.folio_detach_private();
        }
    }

    /// # Safety
    ///
    /// As `->release_folio`.
    unsafe extern "C" fn release_folio(folio: *mut bindings::folio, _gfp: bindings::gfp_t) -> bool {
        // SAFETY: `filemap_release_folio()` passes a locked folio that is still in the mapping.
        let folio = unsafe { LockedFolio::borrow(folio) };
        let released = T::release_folio(&folio);
        if released {
            // C counts on it.
            folio.folio_detach_private();
        }
        released
    }

    /// # Safety
    ///
    /// As `->free_folio`.
    unsafe extern "C" fn free_folio(folio: *mut bindings::folio) {
        // SAFETY: The caller has a reference. CAST: `Folio` is a transparent wrapper.
        T::free_folio(unsafe { &*folio.cast::<Folio<T::FileSystem>>() });
    }

    /// # Safety
    ///
    /// As `->direct_IO`.
    // As in C.
    #[allow(non_snake_case)]
    unsafe extern "C" fn direct_IO(
        iocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: The readers and writers of files pass a valid one.
        let pos = unsafe { (*iocb).ki_pos };
        // SAFETY: As above; it is for an open file of the filesystem.
        let file = unsafe { File::<T::FileSystem>::from_raw((*iocb).ki_filp) };
        // SAFETY: They pass a valid one.
        let (len, io) = if unsafe { extra_bindings::iov_iter_is_source(iter) } {
            file.inode().zero_beyond_eof(pos);
            // SAFETY: It is a source, and the caller waits for the callback.
            let from = unsafe { IovIterSource::from_raw(iter) };
            (from.len(), DirectIo::Write(from))
        } else {
            // SAFETY: It is a destination, and the caller waits for the callback.
            let to = unsafe { IovIterDest::from_raw(iter) };
            (to.len(), DirectIo::Read(to))
        };
        size_or_errno(T::direct_IO(file, pos, io), len)
    }

    /// # Safety
    ///
    /// As `->launder_folio`.
    unsafe extern "C" fn launder_folio(folio: *mut bindings::folio) -> c_int {
        // SAFETY: `folio_launder()` passes a locked folio that is still in the mapping.
        let folio = unsafe { LockedFolio::borrow(folio) };
        from_result(|| T::launder_folio(&folio).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->is_partially_uptodate`.
    unsafe extern "C" fn is_partially_uptodate(
        folio: *mut bindings::folio,
        from: usize,
        count: usize,
    ) -> bool {
        // SAFETY: `filemap_range_uptodate()` passes a locked folio that is still in the mapping.
        let folio = unsafe { LockedFolio::borrow(folio) };
        T::is_partially_uptodate(&folio, from, count)
    }

    /// # Safety
    ///
    /// As `->is_dirty_writeback`.
    unsafe extern "C" fn is_dirty_writeback(
        folio: *mut bindings::folio,
        dirty: *mut bool,
        writeback: *mut bool,
    ) {
        // SAFETY: The caller has a reference. CAST: `Folio` is a transparent wrapper.
        let folio = unsafe { &*folio.cast::<Folio<T::FileSystem>>() };
        let answer = T::is_dirty_writeback(folio);
        // SAFETY: `folio_check_dirty_writeback()` passes a place for it.
        unsafe { *dirty = answer.0 };
        // SAFETY: As above.
        unsafe { *writeback = answer.1 };
    }

    /// # Safety
    ///
    /// As `->swap_activate`.
    unsafe extern "C" fn swap_activate(
        sis: *mut bindings::swap_info_struct,
        file: *mut bindings::file,
        span: *mut bindings::sector_t,
    ) -> c_int {
        // SAFETY: `setup_swap_extents()` passes a new area, and an open file of the filesystem.
        let mut swap = unsafe { SwapActivate::from_raw(sis, file) };
        from_result(|| {
            T::swap_activate(&mut swap)?;
            let Some(extents) = swap.extents() else {
                if T::HAS_SWAP_DEACTIVATE {
                    T::swap_deactivate(swap.file());
                }
                return Err(EINVAL);
            };
            // SAFETY: The area is being set up, and `span` is a place for how far it reaches.
            unsafe { *span = u64::from((*sis).pages) };
            Ok(extents)
        })
    }

    /// # Safety
    ///
    /// As `->swap_deactivate`.
    unsafe extern "C" fn swap_deactivate(file: *mut bindings::file) {
        // SAFETY: `destroy_swap_extents()` passes an open file of the filesystem.
        T::swap_deactivate(unsafe { File::from_raw(file) });
    }

    const TABLE: bindings::address_space_operations = bindings::address_space_operations {
        read_folio: Some(Self::read_folio),
        dirty_folio: DirtyFolio::get(Some(T::DIRTY_FOLIO)),
        // C does not look whether it is null.
        write_begin: callback!(
            T::HAS_WRITE_BEGIN,
            Self::write_begin,
            Some(no_pages::no_write_begin) //
        ),
        write_end: callback!(T::HAS_WRITE_BEGIN, Self::write_end),
        migrate_folio: MigrateFolio::get(T::MIGRATE_FOLIO),
        error_remove_folio: ErrorRemoveFolio::get(T::ERROR_REMOVE_FOLIO),
        writepages: callback!(T::HAS_WRITEPAGES, Self::writepages),
        readahead: callback!(T::HAS_READAHEAD, Self::readahead),
        bmap: callback!(T::HAS_BMAP, Self::bmap),
        invalidate_folio: callback!(T::HAS_INVALIDATE_FOLIO, Self::invalidate_folio),
        release_folio: callback!(T::HAS_RELEASE_FOLIO, Self::release_folio),
        free_folio: callback!(T::HAS_FREE_FOLIO, Self::free_folio),
        direct_IO: callback!(T::HAS_DIRECT_IO, Self::direct_IO),
        launder_folio: callback!(T::HAS_LAUNDER_FOLIO, Self::launder_folio),
        is_partially_uptodate: callback!(T::HAS_IS_PARTIALLY_UPTODATE, Self::is_partially_uptodate),
        is_dirty_writeback: callback!(T::HAS_IS_DIRTY_WRITEBACK, Self::is_dirty_writeback),
        // Without it C swaps to where `->bmap` says even if there is no device.
        swap_activate: callback!(
            T::HAS_SWAP_ACTIVATE,
            Self::swap_activate,
            Some(no_pages::no_swap_activate) //
        ),
        swap_deactivate: callback!(T::HAS_SWAP_DEACTIVATE, Self::swap_deactivate),
        #[cfg(not(since_v7_3))]
        swap_rw: None,
    };

    pub(super) const fn build() -> &'static bindings::address_space_operations {
        &Self::TABLE
    }
}
