// SPDX-License-Identifier: GPL-2.0

//! The lock of a folio, which is a bit: it has no owner, and lockdep does not know it.

use crate::{
    bindings,
    Answer,
    Mode, //
};
use core::mem::offset_of;
use kprobes::read_nofault;

/// Returns whether the folio at this address is locked: by nobody, for certain, or by someone.
#[inline]
pub fn folio_lock(folio: usize) -> Answer {
    let flags = offset_of!(bindings::folio, __bindgen_anon_1.__bindgen_anon_1.flags);
    match read_nofault::<usize>(folio.wrapping_add(flags)) {
        Some(flags) if flags & 1 << bindings::pageflags_PG_locked != 0 => {
            Answer::Someone(Mode::Exclusive)
        }
        Some(_) => Answer::Exact(Mode::NotHeld),
        None => Answer::Unknown,
    }
}

/// Returns whether the folio is locked that has the page at this address.
#[inline]
pub fn page_lock(page: usize) -> Answer {
    match folio_of(page) {
        Some(folio) => folio_lock(folio),
        None => Answer::Unknown,
    }
}

/// Finds the folio of a page as `page_folio()` does. A page that is not the first of its folio says where that one is,
/// by its address or by a mask, and has the lowest bit set.
fn folio_of(page: usize) -> Option<usize> {
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
