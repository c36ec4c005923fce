// SPDX-License-Identifier: GPL-2.0

//! A token cannot be put where another task finds it.

use testfs::*;

pub struct Place(pub Option<Excl<'static>>); //~ wrong
pub struct Place(pub Option<u64>); //~ right

pub static PLACE: Place = Place(None); //~ error E0277: cannot be shared between threads safely
