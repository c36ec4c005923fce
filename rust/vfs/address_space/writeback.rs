// SPDX-License-Identifier: GPL-2.0

//! What `->writepages` is given.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::NotThreadSafe, //
};

use super::AddressSpace;
use crate::{
    folio::{
        Folio,
        LockedFolio, //
    },
    FileSystem, //
};

/// The folios that `->writepages` is to write back.
///
/// # Invariants
///
/// Both pointers are valid for `'a`, and the mapping is that of an inode of `F`.
pub struct Writepages<'a, F: FileSystem> {
    mapping: *mut bindings::address_space,
    wbc: *mut bindings::writeback_control,
    _lifetime: PhantomData<&'a F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> Writepages<'a, F> {
    /// # Safety
    ///
    /// Both must be what C passes to a `->writepages` of `F`, and `'a` within that call.
    pub(crate) unsafe fn from_raw(
        mapping: *mut bindings::address_space,
        wbc: *mut bindings::writeback_control,
    ) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            mapping,
            wbc,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The mapping. Its inode is not evicted meanwhile.
    pub fn mapping(&self) -> &'a AddressSpace<F> {
        // SAFETY: By the invariants it is that of an inode of `F`, and valid for `'a`.
        unsafe { AddressSpace::from_raw(self.mapping) }
    }

    /// Hands the dirty folios to `write`, one after the other, and returns its first error.
    ///
    /// How many they are, and whether an error ends it, is for C to say. What `write` allocates with
    /// `__GFP_ACCOUNT` is charged to the memory cgroup to which the folio is, whoever writes it back.
    /// Mirrors `writeback_iter()` of `mm/page-writeback.c`. May sleep.
    pub fn for_each(self, mut write: impl FnMut(FolioToWrite<'_, F>) -> Result) -> Result {
        let mut folio = ptr::null_mut();
        let mut error = 0;
        loop {
            // SAFETY: Both are valid by the invariants; `folio` is what the last call returned, and
            // this goes on until there is none.
            folio = unsafe { bindings::writeback_iter(self.mapping, self.wbc, folio, &mut error) };
            if folio.is_null() {
                return to_result(error);
            }
            let mut memcg = ptr::null_mut();
            // SAFETY: The folio is valid, locked, and in the page cache.
            let old = unsafe { extra_bindings::folio_set_active_memcg(folio, &mut memcg) };
            let to_write = FolioToWrite {
                // SAFETY: It comes locked, in the mapping, and the lock is ours now. C keeps a
                // reference until the next call.
                folio: unsafe { LockedFolio::borrow(folio) },
                wbc: self.wbc,
            };
            error = match write(to_write) {
                Ok(()) => 0,
                Err(error) => error.to_errno(),
            };
            // SAFETY: Both come from the call above.
            unsafe { extra_bindings::restore_active_memcg(old, memcg) };
        }
    }
}

/// A folio that is to be written back: locked, and not dirty any more.
///
/// Dropping it makes it dirty again and unlocks it: nothing is lost.
///
/// # Invariants
///
/// As [`LockedFolio`], and it is not under writeback. `wbc` is valid for `'a`.
#[must_use = "dropping it makes the folio dirty again"]
pub struct FolioToWrite<'a, F: FileSystem> {
    folio: ManuallyDrop<LockedFolio<'a, F>>,
    wbc: *mut bindings::writeback_control,
}

impl<'a, F: FileSystem> FolioToWrite<'a, F> {
    /// Begins to write it back: `folio_start_writeback()`. Unlocks the folio, which stays in the
    /// mapping until the writeback is ended.
    pub fn folio_start_writeback(self) -> WritebackFolio<'a, F> {
        let this = ManuallyDrop::new(self);
        // SAFETY: Both are valid.
        unsafe { extra_bindings::wbc_account_folio(this.wbc, this.as_ptr()) };
        // SAFETY: By the invariants it is locked and not under writeback.
        unsafe { bindings::__folio_start_writeback(this.as_ptr(), false) };
        // SAFETY: By the invariants the lock is ours.
        unsafe { bindings::folio_unlock(this.as_ptr()) };
        // INVARIANT: It has been started.
        WritebackFolio {
            // SAFETY: The folio is alive for `'a`. CAST: `Folio` is a transparent wrapper.
            folio: unsafe { &*this.as_ptr().cast() },
            wbc: this.wbc,
            _not_send: NotThreadSafe::default(),
        }
    }
}

impl<'a, F: FileSystem> Deref for FolioToWrite<'a, F> {
    type Target = LockedFolio<'a, F>;

    #[inline]
    fn deref(&self) -> &LockedFolio<'a, F> {
        &self.folio
    }
}

impl<F: FileSystem> Drop for FolioToWrite<'_, F> {
    fn drop(&mut self) {
        // SAFETY: Both are valid, and the folio is locked.
        unsafe { bindings::folio_redirty_for_writepage(self.wbc, self.as_ptr()) };
        // SAFETY: By the invariants the lock is ours.
        unsafe { bindings::folio_unlock(self.as_ptr()) };
    }
}

/// A folio that is being written back. It is not locked, but stays in its mapping.
///
/// Dropping it ends the writeback with `EIO`.
///
/// # Invariants
///
/// Its writeback was started, and is ours to end. `wbc` is valid for `'a`.
#[must_use = "dropping it ends the writeback with an error"]
pub struct WritebackFolio<'a, F: FileSystem> {
    folio: &'a Folio<F>,
    wbc: *mut bindings::writeback_control,
    _not_send: NotThreadSafe,
}

impl<F: FileSystem> WritebackFolio<'_, F> {
    /// Ends the writeback: `folio_end_writeback()`.
    ///
    /// An error is remembered for fsync(2), by `mapping_set_error()`: what was in the folio is lost
    /// as soon as the page cache drops it.
    pub fn folio_end_writeback(self, result: Result) {
        let folio = ManuallyDrop::new(self).folio.as_ptr();
        // SAFETY: It is under writeback, which is ours to end.
        unsafe { end(folio, result) };
    }

    /// Ends the writeback without anything having been written: the folio is dirty again, and will
    /// be tried later. Mirrors `folio_redirty_for_writepage()`.
    pub fn folio_redirty(self) {
        let this = ManuallyDrop::new(self);
        let folio = this.folio.as_ptr();
        // SAFETY: Both are valid; the folio stays in its mapping, as it is under writeback.
        unsafe { bindings::folio_redirty_for_writepage(this.wbc, folio) };
        // SAFETY: It is under writeback, which is ours to end.
        unsafe { end(folio, Ok(())) };
    }
}

/// # Safety
///
/// `folio` must be under writeback, and the caller be the one to end it.
unsafe fn end(folio: *mut bindings::folio, result: Result) {
    if let Err(error) = result {
        // SAFETY: The folio is alive, and under writeback it stays in its mapping.
        let mapping = unsafe { extra_bindings::folio_mapping_field(folio) };
        // SAFETY: The mapping is valid, as the folio is in it.
        unsafe { extra_bindings::mapping_set_error(mapping, error.to_errno()) };
    }
    // SAFETY: The caller promises it.
    unsafe { bindings::folio_end_writeback(folio) };
}

impl<F: FileSystem> Deref for WritebackFolio<'_, F> {
    type Target = Folio<F>;

    #[inline]
    fn deref(&self) -> &Folio<F> {
        self.folio
    }
}

impl<F: FileSystem> Drop for WritebackFolio<'_, F> {
    fn drop(&mut self) {
        // SAFETY: It is under writeback, which is ours to end.
        unsafe { end(self.folio.as_ptr(), Err(EIO)) };
    }
}
