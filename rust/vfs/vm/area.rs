// SPDX-License-Identifier: GPL-2.0

//! Mappings, and faults in them.

use core::marker::PhantomData;
use kernel::{
    bindings,
    ffi::c_ulong,
    mm::virt::{
        vm_flags_t,
        VmaRef, //
    },
    prelude::*,
    types::{
        NotThreadSafe,
        Opaque, //
    },
};
use rules::{
    Exclusive,
    NotPromised,
    Shared, //
};

use super::{
    vmf_fs_error,
    Outcome, //
};
use crate::{
    file::File,
    locked::Lockable,
    FileSystem, //
};

/// A mapping of a file of `F`: `struct vm_area_struct`.
///
/// A `&VmArea` promises that the mapping stays as it is: its lock or `mmap_lock` is held. In a
/// [`crate::Locked`] the lock is `mmap_lock`.
///
/// # Invariants
///
/// The mapping is of a file of `F`, and stable.
#[repr(transparent)]
pub struct VmArea<F: FileSystem> {
    inner: Opaque<bindings::vm_area_struct>,
    _fs: PhantomData<F>,
}

// SAFETY: The helper is lockdep_assert_held_write() of `mmap_lock`.
unsafe impl<F: FileSystem> Lockable<Exclusive> for VmArea<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: The mapping is valid.
        unsafe { extra_bindings::files_assert_mmap_exclusive(self.as_ptr()) };
    }
}

// SAFETY: The helper is lockdep_assert_held() of `mmap_lock`.
unsafe impl<F: FileSystem> Lockable<Shared> for VmArea<F> {
    #[inline]
    fn assert_held(&self) {
        // SAFETY: The mapping is valid.
        unsafe { extra_bindings::files_assert_mmap_shared(self.as_ptr()) };
    }
}

// SAFETY: Nothing is promised about `mmap_lock`, so there is nothing to assert.
unsafe impl<F: FileSystem> Lockable<NotPromised> for VmArea<F> {
    #[inline]
    fn assert_held(&self) {}
}

impl<F: FileSystem> VmArea<F> {
    /// # Safety
    ///
    /// `ptr` must satisfy the invariants for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::vm_area_struct) -> &'a Self {
        // SAFETY: The mapping is valid.
        unsafe { extra_bindings::files_assert_fault_lock(ptr) };
        // SAFETY: The caller promises it. CAST: `Self` is a transparent wrapper.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    fn as_ptr(&self) -> *mut bindings::vm_area_struct {
        self.inner.get()
    }

    fn vma(&self) -> &VmaRef {
        // SAFETY: By the invariants it is stable.
        unsafe { VmaRef::from_raw(self.as_ptr()) }
    }

    /// Its first address.
    #[inline]
    pub fn vm_start(&self) -> usize {
        self.vma().start()
    }

    /// The first address behind it.
    #[inline]
    pub fn vm_end(&self) -> usize {
        self.vma().end()
    }

    /// Flags, of [`kernel::mm::virt::flags`].
    #[inline]
    pub fn vm_flags(&self) -> vm_flags_t {
        self.vma().flags()
    }

    /// The page of the file that is mapped at its first address.
    #[inline]
    pub fn vm_pgoff(&self) -> c_ulong {
        // SAFETY: By the invariants it is stable.
        unsafe { (*self.as_ptr()).vm_pgoff }
    }

    /// The file.
    #[inline]
    pub fn vm_file(&self) -> &File<F> {
        // SAFETY: By the invariants it is stable.
        let file = unsafe { (*self.as_ptr()).vm_file };
        // SAFETY: The mapping has a reference to it; by the invariants it is of `F`.
        unsafe { File::from_raw(file) }
    }
}

/// A fault in a mapping of a file of `F`, in `->fault`: `struct vm_fault`.
///
/// It is proof that one of two locks is held, shared: that of the mapping
/// (`FAULT_FLAG_VMA_LOCK`), or `mmap_lock`. What may release them uses it up.
///
/// # Invariants
///
/// One of the two locks is held for the current task, and the mapping is of a file of `F`.
pub struct VmFault<'a, F: FileSystem> {
    vmf: *mut bindings::vm_fault,
    _fs: PhantomData<&'a F>,
    _not_send: NotThreadSafe,
}

/// Pages around a fault that may be mapped as well, in `->map_pages`.
///
/// It is proof of `rcu_read_lock()`: must not sleep, and nothing that does can be reached from it,
/// neither the file nor its inode.
///
/// # Invariants
///
/// As for [`VmFault`], and the current task is within `rcu_read_lock()`. The pages from `start` to
/// `end` are in the mapping, and in one page table with that of the fault.
pub struct RcuFault<'a, F: FileSystem> {
    vmf: *mut bindings::vm_fault,
    start: c_ulong,
    end: c_ulong,
    _fs: PhantomData<&'a F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> RcuFault<'a, F> {
    /// # Safety
    ///
    /// They must satisfy the invariants, and be used by nobody else for `'a`.
    pub(super) unsafe fn from_raw(
        vmf: *mut bindings::vm_fault,
        start: c_ulong,
        end: c_ulong,
    ) -> Self {
        // SAFETY: It only looks at the current task.
        unsafe { extra_bindings::files_assert_rcu_read_lock() };
        // INVARIANT: The caller promises it.
        Self {
            vmf,
            start,
            end,
            _fs: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The first page of the file that may be mapped.
    #[inline]
    pub fn start_pgoff(&self) -> c_ulong {
        self.start
    }

    /// The last one.
    #[inline]
    pub fn end_pgoff(&self) -> c_ulong {
        self.end
    }

    /// Leaves pages out: only those from `start` to `end` may be mapped.
    #[inline]
    pub fn narrow(&mut self, start: c_ulong, end: c_ulong) {
        // INVARIANT: It does not become larger.
        self.start = self.start.max(start);
        self.end = self.end.min(end);
    }

    /// Maps what the page cache has of the pages, if any were left: `filemap_map_pages()`.
    pub fn filemap_map_pages(self) -> Outcome<'a> {
        if self.start > self.end {
            return Outcome(0, PhantomData);
        }
        // SAFETY: By the invariants it is a fault as C has it.
        let outcome = unsafe { bindings::filemap_map_pages(self.vmf, self.start, self.end) };
        Outcome(outcome, PhantomData)
    }
}

impl<'a, F: FileSystem> VmFault<'a, F> {
    /// # Safety
    ///
    /// `vmf` must satisfy the invariants, and be used by nobody else for `'a`.
    pub(super) unsafe fn from_raw(vmf: *mut bindings::vm_fault) -> Self {
        // INVARIANT: The caller promises it.
        let fault = Self {
            vmf,
            _fs: PhantomData,
            _not_send: NotThreadSafe::default(),
        };
        // It asserts the lock.
        fault.vma();
        fault
    }

    /// The page of the file.
    #[inline]
    pub fn pgoff(&self) -> c_ulong {
        // SAFETY: By the invariants.
        unsafe { (*self.vmf).__bindgen_anon_1.pgoff }
    }

    /// The address, rounded down to a page.
    #[inline]
    pub fn address(&self) -> usize {
        // SAFETY: By the invariants.
        unsafe { (*self.vmf).__bindgen_anon_1.address }
    }

    /// How it came to be, `FAULT_FLAG_*`.
    #[inline]
    pub fn flags(&self) -> u32 {
        // SAFETY: By the invariants.
        unsafe { (*self.vmf).flags }
    }

    /// The mapping.
    #[inline]
    pub fn vma(&self) -> &VmArea<F> {
        // SAFETY: By the invariants.
        let vma = unsafe { (*self.vmf).__bindgen_anon_1.vma };
        // SAFETY: By the invariants it is stable.
        unsafe { VmArea::from_raw(vma) }
    }

    /// Finds the page in the page cache, or lets `->read_folio` fill it: `filemap_fault()`.
    ///
    /// Takes `invalidate_lock` shared where it must; may sleep, and give the lock up to be tried again.
    pub fn filemap_fault(self) -> Outcome<'a> {
        // SAFETY: By the invariants it is a fault as C has it, and it is not used any more.
        Outcome(unsafe { bindings::filemap_fault(self.vmf) }, PhantomData)
    }

    /// Gives up: there is no page, because of an error. Mirrors `vmf_fs_error()` of
    /// `include/linux/mm.h`.
    ///
    /// `ENOMEM` becomes `VM_FAULT_OOM`, which tries again or kills; `EAGAIN` becomes `VM_FAULT_NOPAGE`,
    /// which tries again; all others become `VM_FAULT_SIGBUS`.
    pub fn vmf_fs_error(self, error: Error) -> Outcome<'a> {
        Outcome(vmf_fs_error(error), PhantomData)
    }
}
