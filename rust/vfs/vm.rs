// SPDX-License-Identifier: GPL-2.0

//! `struct vm_operations_struct`: files that are mapped into memory.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use core::marker::PhantomData;
use kernel::{
    bindings,
    error::VTABLE_DEFAULT_ERROR,
    page::PAGE_SHIFT,
    prelude::*, //
};

use crate::{
    file::File,
    folio::LockedFolio,
    helper::slot,
    FileSystem, //
};

slot! {
    /// A function for `->fault`.
    pub struct Fault(unsafe extern "C" fn(*mut bindings::vm_fault) -> bindings::vm_fault_t) {
        /// Maps the page from the page cache, which `->read_folio` fills.
        FILEMAP_FAULT = bindings::filemap_fault;
    }
}

slot! {
    /// A function for `->map_pages`.
    pub struct MapPages(
        unsafe extern "C" fn(
            *mut bindings::vm_fault,
            kernel::ffi::c_ulong,
            kernel::ffi::c_ulong,
        ) -> bindings::vm_fault_t
    ) {
        /// Maps the pages around that are in the page cache already.
        FILEMAP_MAP_PAGES = bindings::filemap_map_pages;
    }
}

/// The callbacks of a mapping: `struct vm_operations_struct`.
///
/// `mmap_lock` is held for reading, or the lock of the mapping alone (`FAULT_FLAG_VMA_LOCK`).
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The helper for `->fault`. Without it nothing could be mapped.
    const FAULT: Fault;

    /// The helper for `->map_pages`.
    const MAP_PAGES: Option<MapPages> = None;

    /// A page of a shared mapping is about to become writable, and with it all of its folio:
    /// `finish_fault()` maps as much as it can at once.
    ///
    /// What C filesystems write here by the same few lines, the layer does: it protects against a
    /// freeze of the filesystem, updates the times of `file`, locks the folio and checks that it is
    /// still part of the file. The method says whether the folio may be written to; it is then
    /// dirty and stays locked. Mirrors `filemap_page_mkwrite()` of `mm/filemap.c`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` becomes `VM_FAULT_OOM`, which tries again or kills; `EAGAIN` becomes
    /// `VM_FAULT_NOPAGE`, which tries again. With `E2BIG` the folio is written back and leaves the page
    /// cache before: for a filesystem that has no room for all of a large folio, and whose
    /// `->readahead` will not bring it back. All others become `VM_FAULT_SIGBUS`.
    fn page_mkwrite(
        file: &File<Self::FileSystem>,
        folio: &LockedFolio<'_, Self::FileSystem>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A table of operations for mappings of files of `F`.
pub struct Ops<F: FileSystem>(&'static bindings::vm_operations_struct, PhantomData<F>);

impl<F: FileSystem> Ops<F> {
    /// Returns the table of `T`.
    pub const fn of<T: Operations<FileSystem = F>>() -> Self {
        Self(Table::<T>::build(), PhantomData)
    }

    pub(crate) fn as_ptr(&self) -> *const bindings::vm_operations_struct {
        self.0
    }
}

const SIGBUS: bindings::vm_fault_t = bindings::vm_fault_reason_VM_FAULT_SIGBUS;
const OOM: bindings::vm_fault_t = bindings::vm_fault_reason_VM_FAULT_OOM;
const NOPAGE: bindings::vm_fault_t = bindings::vm_fault_reason_VM_FAULT_NOPAGE;
const LOCKED: bindings::vm_fault_t = bindings::vm_fault_reason_VM_FAULT_LOCKED;

/// As `vmf_fs_error()` of `include/linux/mm.h`.
fn vmf_fs_error(error: Error) -> bindings::vm_fault_t {
    if error == ENOMEM {
        OOM
    } else if error == EAGAIN {
        NOPAGE
    } else {
        SIGBUS
    }
}

struct Table<T: Operations>(PhantomData<T>);

impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->page_mkwrite`: `do_page_mkwrite()` passes a fault in a mapping of a file of the
    /// filesystem, and has a reference to the page.
    unsafe extern "C" fn page_mkwrite(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
        // SAFETY: The fault and its mapping are valid for the call.
        let file = unsafe { (*(*vmf).__bindgen_anon_1.vma).vm_file };
        // SAFETY: The mapping holds a reference to its file, which is of the filesystem.
        let file = unsafe { File::<T::FileSystem>::from_raw(file) };
        let inode = file.inode();
        // SAFETY: The fault is valid and has a page, to which the caller has a reference.
        let page = unsafe { (*vmf).page };
        // SAFETY: As above.
        let folio = unsafe { extra_bindings::page_folio(page) };
        let sb = inode.sb().as_ptr();

        // SAFETY: The superblock is alive as long as the file is open.
        unsafe { extra_bindings::sb_start_pagefault(sb) };
        // SAFETY: The file is alive. That the times may not be updated does not stop the write:
        // C ignores it as well.
        unsafe { bindings::file_update_time(file.as_ptr()) };
        // SAFETY: The caller has a reference to the folio.
        unsafe { extra_bindings::folio_lock(folio) };
        let fault = Self::mkwrite_locked(file, folio, page);
        // SAFETY: Pairs with the start above.
        unsafe { extra_bindings::sb_end_pagefault(sb) };
        fault
    }

    /// The part of `page_mkwrite` under the folio lock, which is held when this begins, and when
    /// it returns `VM_FAULT_LOCKED`.
    fn mkwrite_locked(
        file: &File<T::FileSystem>,
        folio: *mut bindings::folio,
        page: *mut bindings::page,
    ) -> bindings::vm_fault_t {
        // SAFETY: The inode is alive while the file is.
        let mapping = unsafe { (*file.inode().as_ptr()).i_mapping };
        // SAFETY: The caller has a reference to the folio and its lock.
        if unsafe { extra_bindings::folio_mapping_field(folio) } != mapping {
            // SAFETY: The lock is ours.
            unsafe { bindings::folio_unlock(folio) };
            return NOPAGE;
        }
        // SAFETY: The folio is locked and in the mapping of the file's inode.
        let folio = unsafe { LockedFolio::from_raw(folio) };
        // SAFETY: The page is one of the folio, which is locked and so cannot be split.
        let offset = unsafe { extra_bindings::folio_page_offset(folio.as_ptr(), page) };
        if folio.folio_pos().saturating_add(offset as i64) >= file.inode().i_size() {
            return NOPAGE;
        }
        match T::page_mkwrite(file, &folio) {
            Ok(()) => {
                folio.folio_mark_dirty();
                // SAFETY: The folio is locked.
                unsafe { bindings::folio_wait_stable(folio.as_ptr()) };
                core::mem::forget(folio);
                LOCKED
            }
            Err(E2BIG) => {
                let start = (folio.folio_pos() >> PAGE_SHIFT) as usize;
                let pages = folio.folio_size() >> PAGE_SHIFT;
                drop(folio);
                // SAFETY: The inode is alive while the file is, and no folio of it is locked here.
                match unsafe {
                    bindings::invalidate_inode_pages2_range(mapping, start, start + pages - 1)
                } {
                    0 => NOPAGE,
                    _ => SIGBUS,
                }
            }
            Err(error) => vmf_fs_error(error),
        }
    }

    const TABLE: bindings::vm_operations_struct = bindings::vm_operations_struct {
        fault: Fault::get(Some(T::FAULT)),
        map_pages: MapPages::get(T::MAP_PAGES),
        page_mkwrite: if T::HAS_PAGE_MKWRITE {
            Some(Self::page_mkwrite)
        } else {
            None
        },
        ..pin_init::zeroed()
    };

    const fn build() -> &'static bindings::vm_operations_struct {
        &Self::TABLE
    }
}
