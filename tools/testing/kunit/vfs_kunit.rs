// SPDX-License-Identifier: GPL-2.0

//! The examples in the documentation of the crate `vfs`, as tests of KUnit, and filesystems for tests.
//!
//! Loading the module runs them, on a kernel with `CONFIG_KUNIT` that was booted with
//! `kunit.enable=1` and `kunit.autorun=1`. Those that need a lock, which only a callback comes with, are only compiled.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    reason = "an example shows one thing"
)]

use kernel::prelude::*;

#[path = "../compile_fail/testfs.rs"]
mod testfs;

mod slotfs;

module! {
    type: Module,
    name: "vfs_kunit",
    description: "The examples of the crate vfs",
    license: "GPL",
}

/// The module: besides its tests there are the filesystems for slots.sh.
pub struct Module(slotfs::Registrations);

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self(slotfs::Registrations::new()?))
    }
}

include!(concat!(
    env!("SAMPLEFS_OBJ"),
    "/tools/testing/kunit/examples.rs"
));
