// SPDX-License-Identifier: GPL-2.0

//! Whatever the files of locktrack say together, or a report in JSON, it can be shown and compared, or there is an error.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

use lockspec::check::check;
use lockspec::observed::{self, drift, observe};
use lockspec::spec::Specification;

#[path = "../reports.rs"]
mod reports;

const CALLBACKS: &str = include_str!("../../tests/data/callbacks.toml");
const RULES: &str = include_str!("../../tests/data/small.toml");

/// Rules that what was seen can be of.
static SPECIFICATION: LazyLock<Specification> = LazyLock::new(|| {
    let mut errors = lockspec::report::Report::default();
    let files = [
        errors.add_file("callbacks", CALLBACKS),
        errors.add_file("rules", RULES),
    ];
    check(&mut errors, &files)
});

fuzz_target!(|bytes: &[u8]| {
    let Some(report) = reports::report(&String::from_utf8_lossy(bytes)) else {
        return;
    };
    if let Ok(observation) = observe(&SPECIFICATION, &report.observed, None) {
        let _ = observed::table(&observation);
        let _ = drift(&observation, true).text();
    }
});
