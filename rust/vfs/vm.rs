// SPDX-License-Identifier: GPL-2.0

//! `struct vm_operations_struct`: files that are mapped into memory.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    error::{
        from_result,
        VTABLE_DEFAULT_ERROR, //
    },
    ffi::{
        c_char,
        c_int,
        c_ulong,
        c_void, //
    },
    mm::virt::vm_flags_t,
    page::PAGE_SHIFT,
    prelude::*,
    str::CStr, //
};
use rules::{
    vm_operations_struct as rule,
    Held, //
};

use crate::{
    file::File,
    folio::LockedFolio,
    helper::{
        callback,
        slot, //
    },
    FileSystem,
    Locked, //
};

mod area;

pub use area::{
    RcuFault,
    VmArea,
    VmFault, //
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
            c_ulong,
            c_ulong,
        ) -> bindings::vm_fault_t
    ) {
        /// Maps the pages around that are in the page cache already.
        FILEMAP_MAP_PAGES = bindings::filemap_map_pages;
    }
}

/// What became of a fault: `vm_fault_t`.
///
/// It comes only from what uses the fault up. That a page comes locked, or that a lock was released, C's
/// helpers say in it: C must hear of it, and of no page that is not there.
#[must_use = "C must learn what became of the fault"]
pub struct Outcome<'a>(bindings::vm_fault_t, PhantomData<&'a ()>);

/// The callbacks of a mapping: `struct vm_operations_struct`.
///
/// A slot whose method or helper is missing is null; a method goes before a helper. All may sleep
/// but [`Operations::map_pages`]. For a fault `mmap_lock` is held for reading, or the lock of the
/// mapping alone (`FAULT_FLAG_VMA_LOCK`).
///
/// # Examples
///
/// ```
/// use vfs::vm::{Fault, MapPages, Operations, Ops};
///
/// /// Mappings of files of which only the first page can be written to.
/// struct Mapping;
///
/// #[vtable]
/// impl Operations for Mapping {
///     type FileSystem = Fs;
///
///     const FAULT: Option<Fault> = Some(Fault::FILEMAP_FAULT);
///     const MAP_PAGES: Option<MapPages> = Some(MapPages::FILEMAP_MAP_PAGES);
///
///     fn page_mkwrite(_file: &File<Fs>, folio: &LockedFolio<'_, Fs>) -> Result {
///         if folio.folio_pos() == 0 {
///             Ok(())
///         } else {
///             Err(ENOSPC)
///         }
///     }
/// }
///
/// let ops: Ops<Fs> = Ops::of::<Mapping>();
/// ```
// The names of the arguments are for the reader: the bodies of missing methods use none.
#[allow(unused_variables)]
#[vtable]
pub trait Operations: Sized {
    /// The filesystem.
    type FileSystem: FileSystem;

    /// The helper for `->fault`. Where there is neither it nor the method, nothing can be mapped.
    const FAULT: Option<Fault> = None;

    /// The helper for `->map_pages`.
    const MAP_PAGES: Option<MapPages> = None;

    /// There is one mapping more: by a fork, a split or a move. Not called for the first.
    fn open(vma: &Locked<'_, VmArea<Self::FileSystem>, rule::open::Mm>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The mapping goes.
    fn close(vma: &Locked<'_, VmArea<Self::FileSystem>, rule::close::Mm>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// `file` was mapped from address `start` on, and before `end`, beginning with page `pgoff`. Not
    /// called where the mapping became part of another one. What it fails with, mmap(2) does.
    fn mapped(file: &File<Self::FileSystem>, start: usize, end: usize, pgoff: c_ulong) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Asks whether the mapping may be split at `addr`.
    fn may_split(vma: &VmArea<Self::FileSystem>, addr: usize) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// mremap(2) has moved the mapping; `vma` is the new one.
    fn mremap(vma: &VmArea<Self::FileSystem>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Asks whether mprotect(2) may give that part of the mapping these flags.
    fn mprotect(
        vma: &VmArea<Self::FileSystem>,
        start: usize,
        end: usize,
        newflags: vm_flags_t,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Provides the page that is missing: [`VmFault::filemap_fault`], and what the filesystem does
    /// before it. If that fails, [`VmFault::vmf_fs_error`].
    fn fault(fault: VmFault<'_, Self::FileSystem>) -> Outcome<'_> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Maps pages that are at hand. Must not sleep.
    fn map_pages(fault: RcuFault<'_, Self::FileSystem>) -> Outcome<'_> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A page of a shared mapping is about to become writable, and with it all of its folio:
    /// `finish_fault()` maps as much as it can at once.
    ///
    /// What C filesystems write here by the same few lines, the layer does: it protects against a
    /// freeze of the filesystem, updates the times of `file`, takes `invalidate_lock` shared, so that
    /// nobody is just making a hole there, locks the folio and checks that it is still part of the
    /// file. The method says whether the folio may be written to; it is then
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

    /// What `/proc/PID/maps` shows instead of the file's name; nothing for that.
    fn name(vma: &VmArea<Self::FileSystem>) -> Option<&'static CStr> {
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

// That what `->map_pages` may do is what the rule says.
const _: PhantomData<Held> = PhantomData::<rule::map_pages::RcuReadLock>;

struct Table<T: Operations>(PhantomData<T>);

// The callbacks are only called by C through `vm_ops` of mappings of files of the filesystem.
impl<T: Operations> Table<T> {
    /// # Safety
    ///
    /// As `->open`.
    unsafe extern "C" fn open(vma: *mut bindings::vm_area_struct) {
        // SAFETY: C passes a mapping of a file of the filesystem, whose lock it holds.
        let vma = unsafe { VmArea::from_raw(vma) };
        // SAFETY: fork(2), and who splits or moves a mapping, hold `mmap_lock` exclusively.
        let vma = unsafe { Locked::assume(vma) };
        T::open(&vma);
    }

    /// # Safety
    ///
    /// As `->close`.
    unsafe extern "C" fn close(vma: *mut bindings::vm_area_struct) {
        // SAFETY: C passes a mapping of a file of the filesystem, whose lock it holds.
        let vma = unsafe { VmArea::from_raw(vma) };
        // SAFETY: Who removes a mapping holds `mmap_lock` at least shared.
        let vma = unsafe { Locked::assume(vma) };
        T::close(&vma);
    }

    /// # Safety
    ///
    /// As `->mapped`.
    unsafe extern "C" fn mapped(
        start: c_ulong,
        end: c_ulong,
        pgoff: c_ulong,
        file: *const bindings::file,
        _private: *mut *mut c_void,
    ) -> c_int {
        // SAFETY: The new mapping has a reference to its file, which is of the filesystem.
        let file = unsafe { File::from_raw(file.cast_mut()) };
        from_result(|| T::mapped(file, start, end, pgoff).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->may_split`.
    unsafe extern "C" fn may_split(vma: *mut bindings::vm_area_struct, addr: c_ulong) -> c_int {
        // SAFETY: C passes a mapping of a file of the filesystem, whose lock it holds.
        let vma = unsafe { VmArea::from_raw(vma) };
        from_result(|| T::may_split(vma, addr).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->mremap`.
    unsafe extern "C" fn mremap(vma: *mut bindings::vm_area_struct) -> c_int {
        // SAFETY: C passes a mapping of a file of the filesystem, whose lock it holds.
        let vma = unsafe { VmArea::from_raw(vma) };
        from_result(|| T::mremap(vma).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->mprotect`.
    unsafe extern "C" fn mprotect(
        vma: *mut bindings::vm_area_struct,
        start: c_ulong,
        end: c_ulong,
        newflags: c_ulong,
    ) -> c_int {
        // SAFETY: C passes a mapping of a file of the filesystem, whose lock it holds.
        let vma = unsafe { VmArea::from_raw(vma) };
        from_result(|| T::mprotect(vma, start, end, newflags).map(|()| 0))
    }

    /// # Safety
    ///
    /// As `->fault`.
    unsafe extern "C" fn fault(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
        // SAFETY: `__do_fault()` passes a fault in a mapping of a file of the filesystem, under one
        // of the two locks, and does not use it until we return.
        T::fault(unsafe { VmFault::from_raw(vmf) }).0
    }

    /// # Safety
    ///
    /// As `->map_pages`.
    unsafe extern "C" fn map_pages(
        vmf: *mut bindings::vm_fault,
        start: c_ulong,
        end: c_ulong,
    ) -> bindings::vm_fault_t {
        // SAFETY: `do_fault_around()` passes such a fault, and pages of one page table, within
        // rcu_read_lock().
        T::map_pages(unsafe { RcuFault::from_raw(vmf, start, end) }).0
    }

    /// # Safety
    ///
    /// As `->name`.
    unsafe extern "C" fn name(vma: *mut bindings::vm_area_struct) -> *const c_char {
        // SAFETY: C passes a mapping of a file of the filesystem, whose lock it holds.
        let vma = unsafe { VmArea::from_raw(vma) };
        T::name(vma).map_or(ptr::null(), |name| name.as_char_ptr())
    }

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
        // A folio that cannot be split stays in the page cache where a hole is made of a part of it:
        // it must not become writable again before the blocks below have gone, too.
        // SAFETY: The inode is alive while the file is.
        let mapping = unsafe { (*inode.as_ptr()).i_mapping };
        // SAFETY: The mapping is valid.
        unsafe { extra_bindings::filemap_invalidate_lock_shared(mapping) };
        // SAFETY: The caller has a reference to the folio.
        unsafe { extra_bindings::folio_lock(folio) };
        let fault = Self::mkwrite_locked(file, folio, page);
        // SAFETY: Pairs with the lock above.
        unsafe { extra_bindings::filemap_invalidate_unlock_shared(mapping) };
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
        open: callback!(T::HAS_OPEN, Self::open),
        close: callback!(T::HAS_CLOSE, Self::close),
        mapped: callback!(T::HAS_MAPPED, Self::mapped),
        may_split: callback!(T::HAS_MAY_SPLIT, Self::may_split),
        mremap: callback!(T::HAS_MREMAP, Self::mremap),
        mprotect: callback!(T::HAS_MPROTECT, Self::mprotect),
        fault: callback!(T::HAS_FAULT, Self::fault, Fault::get(T::FAULT)),
        map_pages: callback!(
            T::HAS_MAP_PAGES,
            Self::map_pages,
            MapPages::get(T::MAP_PAGES)
        ),
        name: callback!(T::HAS_NAME, Self::name),
        page_mkwrite: callback!(T::HAS_PAGE_MKWRITE, Self::page_mkwrite),
        ..pin_init::zeroed()
    };

    const fn build() -> &'static bindings::vm_operations_struct {
        &Self::TABLE
    }
}
