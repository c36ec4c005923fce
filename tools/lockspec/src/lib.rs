// SPDX-License-Identifier: GPL-2.0

//! The compiler of the locking rules in `rules/*.toml`.
//!
//! [`data`] is the file as it is written, [`check`](mod@check) looks everything up and gives a [`spec`],
//! and [`generate`](mod@generate) makes Rust of it for the kernel modules.

pub mod c;
pub mod check;
pub mod data;
pub mod diff;
pub mod document;
pub mod facts;
pub mod generate;
pub mod import;
pub mod observed;
pub mod report;
mod rust;
pub mod show;
pub mod solve;
pub mod spec;
mod suggest;
