// SPDX-License-Identifier: GPL-2.0

//! Whatever a document is, it is read or there are errors that say where; what was read can be
//! compared and imported.

#![no_main]

use libfuzzer_sys::fuzz_target;

use lockspec::check::check;
use lockspec::diff::diff;
use lockspec::document::parse;
use lockspec::import::{import, Like};
use lockspec::report::Report;
use lockspec::spec::Edition;

const CALLBACKS: &str = include_str!("../callbacks.toml");

fuzz_target!(|bytes: &[u8]| {
    let mut report = Report::default();
    let Some(document) = parse(&mut report, "document", bytes) else {
        assert!(!report.is_empty());
        assert!(
            report.render().contains("document:"),
            "no place in an error"
        );
        return;
    };
    assert!(report.is_empty());

    // What is written is TOML of the right shape, and everything of the document is in it.
    let edition = Edition { major: 6, minor: 1 };
    let text = import(&document, edition, None);
    let like = Like::parse(&text).expect("what is imported can be read");
    let text = import(&document, edition, Some(&like));
    // Without the marks, there is nothing left to decide but what rules there are.
    let decided: String = (text.lines())
        .filter(|line| !line.starts_with("decide = "))
        .map(|line| match line.split_once(", decide = ") {
            Some((line, _)) => format!("{line} }}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    let mut report = Report::default();
    let files = [
        report.add_file("callbacks", CALLBACKS),
        report.add_file("rules", decided),
    ];
    let specification = check(&mut report, &files);
    report.render();
    for spec in &specification.editions {
        let _ = diff(&document, spec).print("document", "v6.1");
    }
});
