// SPDX-License-Identifier: GPL-2.0

//! What `->readahead` is given.

use core::marker::PhantomData;
use kernel::{
    bindings,
    types::NotThreadSafe, //
};
use rules::address_space_operations::readahead as rule;

use super::AddressSpace;
use crate::{
    folio::LockedFolio,
    locked::Locked,
    FileSystem, //
};

/// The folios that `->readahead` is to fill: an iterator of locked folios.
///
/// Each is unlocked when it goes out of scope, filled or not. Those that are not asked for, C takes
/// out of the page cache again.
///
/// # Invariants
///
/// `rac` is valid, and its mapping is that of an inode of `F`, for `'a`.
pub struct Readahead<'a, F: FileSystem> {
    rac: *mut bindings::readahead_control,
    _lifetime: PhantomData<&'a F>,
    _not_send: NotThreadSafe,
}

impl<'a, F: FileSystem> Readahead<'a, F> {
    /// # Safety
    ///
    /// `rac` must be what C passes to a `->readahead` of `F`, and `'a` within that call.
    pub(crate) unsafe fn from_raw(rac: *mut bindings::readahead_control) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            rac,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe::default(),
        }
    }

    /// The mapping, with `invalidate_lock` held.
    pub fn mapping(&self) -> Locked<'_, AddressSpace<F>, rule::Mapping> {
        // SAFETY: By the invariants it is valid.
        let mapping = unsafe { (*self.rac).mapping };
        // SAFETY: By the invariants it is that of an inode of `F`.
        let mapping = unsafe { AddressSpace::from_raw(mapping) };
        // SAFETY: `page_cache_ra_unbounded()`, `page_cache_ra_order()` and `readahead_expand()`,
        // through which all callers come, hold it shared.
        unsafe { Locked::assume(mapping) }
    }

    /// The next folio, if `want` says that it is wanted. If not, it and all after it leave the page
    /// cache again, unless they are asked for later.
    pub fn next_if(
        &mut self,
        want: impl FnOnce(&LockedFolio<'_, F>) -> bool,
    ) -> Option<LockedFolio<'a, F>> {
        // SAFETY: By the invariants `rac` is valid.
        let folio = unsafe { extra_bindings::readahead_peek(self.rac) };
        if folio.is_null() {
            return None;
        }
        // SAFETY: C has locked it and put it into the page cache.
        let folio = unsafe { LockedFolio::borrow(folio) };
        if !want(&folio) {
            // C takes it out without asking whether it has a private value.
            folio.folio_detach_private();
            return None;
        }
        self.next()
    }
}

impl<'a, F: FileSystem> Iterator for Readahead<'a, F> {
    type Item = LockedFolio<'a, F>;

    /// The next folio: `readahead_folio()`.
    fn next(&mut self) -> Option<LockedFolio<'a, F>> {
        // SAFETY: By the invariants `rac` is valid.
        let folio = unsafe { extra_bindings::readahead_folio(self.rac) };
        if folio.is_null() {
            return None;
        }
        // SAFETY: C has locked it and put it into the page cache, where it stays while it is locked;
        // the lock is ours now.
        Some(unsafe { LockedFolio::from_raw(folio) })
    }
}
