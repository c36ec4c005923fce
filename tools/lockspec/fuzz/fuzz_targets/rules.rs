// SPDX-License-Identifier: GPL-2.0

//! Whatever a file of rules is, it is compiled, or there are errors that say where.

#![no_main]

use libfuzzer_sys::fuzz_target;

use lockspec::check::check;
use lockspec::generate::generate;
use lockspec::import::Like;
use lockspec::report::Report;
use lockspec::show::{show, Format};

const CALLBACKS: &str = include_str!("../callbacks.toml");

fuzz_target!(|text: &str| {
    let mut report = Report::default();
    let files = [
        report.add_file("callbacks", CALLBACKS),
        report.add_file("rules", text),
    ];
    let specification = check(&mut report, &files);
    if report.is_empty() {
        let _ = generate(&specification);
        for format in [Format::Terminal, Format::Rst, Format::Json] {
            let _ = show(&specification, None, format);
        }
        assert!(
            Like::parse(text).is_ok(),
            "import cannot read what check can"
        );
    } else {
        assert!(report.render().contains("help: "), "no help in an error");
    }
});
