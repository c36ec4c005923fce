// SPDX-License-Identifier: GPL-2.0

//! A filesystem cannot declare that one mode serves for another.

use testfs::*;

impl AtLeast<Exclusive> for Shared {} //~ wrong, error E0117: only traits defined in the current crate
