// SPDX-License-Identifier: GPL-2.0

//! locktrack.

use kernel::prelude::*;

module! {
    type: Module,
    name: "locktrack",
    authors: ["The samplefs and locktrack authors"],
    description: "locktrack",
    license: "GPL",
}

struct Module;

impl kernel::Module for Module {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("loaded\n");
        Ok(Self)
    }
}
