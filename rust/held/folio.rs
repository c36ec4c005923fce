// SPDX-License-Identifier: GPL-2.0

//! From a page to its folio.

use crate::bindings;
use core::mem::offset_of;
use kprobes::read_nofault;

/// Finds the folio of the page at this address, as C's `page_folio()` does; [`None`] if nothing can be read there.
///
/// A page that is not the first of its folio says where that one is, by its address or by a mask, and has the lowest bit
/// set.
pub fn page_folio(page: usize) -> Option<usize> {
    let info = offset_of!(
        bindings::page,
        __bindgen_anon_1.__bindgen_anon_3.compound_info
    );
    let info = read_nofault::<usize>(page.wrapping_add(info))?;
    if info & 1 == 0 {
        return Some(page);
    }
    // SAFETY: It only tells how this kernel was built.
    Some(if unsafe { bindings::compound_info_has_mask() } {
        page & info
    } else {
        info - 1
    })
}
