// SPDX-License-Identifier: GPL-2.0

//! samplefs.

use kernel::prelude::*;

module! {
    type: Module,
    name: "samplefs",
    authors: ["The samplefs and locktrack authors"],
    description: "samplefs",
    license: "GPL",
}

struct Module;

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("loaded\n");
        Ok(Self)
    }
}
