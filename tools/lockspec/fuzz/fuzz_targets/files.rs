// SPDX-License-Identifier: GPL-2.0

//! Whatever a file of locktrack is, it is read, or there is an error that says where.

#![no_main]

use libfuzzer_sys::fuzz_target;

use locktrack_files::{
    parse_attach, parse_coverage, parse_edition, parse_observed, parse_rules, parse_stats,
    parse_violations,
};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let errors = [
        parse_attach(&text).err(),
        parse_coverage(&text).err(),
        parse_edition(&text).err(),
        parse_observed(&text).err(),
        parse_rules(&text).err(),
        parse_stats(&text).err(),
        parse_violations(&text).err(),
    ];
    // No text is all of them.
    assert!(errors.iter().any(Option::is_some));
    for error in errors.into_iter().flatten() {
        assert!(
            (1..=text.lines().count().max(1)).contains(&error.line),
            "{error}"
        );
    }
});
