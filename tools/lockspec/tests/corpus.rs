// SPDX-License-Identifier: GPL-2.0

//! What fuzzing found is tried each time.

mod common;

use std::path::Path;

use common::checked;
use lockspec::document::parse;
use lockspec::import::Like;
use lockspec::report::Report;
use locktrack_files::{
    parse_attach, parse_coverage, parse_edition, parse_observed, parse_rules, parse_stats,
    parse_violations,
};

/// Returns the files of a corpus, with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a file");
        files.push((path.display().to_string(), bytes));
    }
    assert!(!files.is_empty(), "the corpus is empty");
    files
}

#[test]
fn documents_have_an_answer() {
    for (name, bytes) in corpus("document") {
        let mut report = Report::default();
        let document = parse(&mut report, "document", &bytes);
        assert_eq!(document.is_some(), report.is_empty(), "{name}");
        let errors = report.render();
        let is_answer = errors.contains("document:") && errors.contains("help: ");
        assert!(document.is_some() || is_answer, "{name}: {errors}");
    }
}

#[test]
fn rules_have_an_answer() {
    let callbacks = include_str!("../fuzz/callbacks.toml");
    for (name, bytes) in corpus("rules") {
        let Ok(text) = std::str::from_utf8(&bytes) else {
            continue;
        };
        match checked(callbacks, &[text]) {
            Ok(_) => assert!(Like::parse(text).is_ok(), "{name}"),
            Err(errors) => assert!(errors.contains("help: "), "{name}: {errors}"),
        }
    }
}

#[test]
fn files_have_an_answer() {
    for (name, bytes) in corpus("files") {
        let text = String::from_utf8_lossy(&bytes);
        let errors = [
            parse_attach(&text).err(),
            parse_coverage(&text).err(),
            parse_edition(&text).err(),
            parse_observed(&text).err(),
            parse_rules(&text).err(),
            parse_stats(&text).err(),
            parse_violations(&text).err(),
        ];
        for error in errors.into_iter().flatten() {
            let lines = 1..=text.lines().count().max(1);
            assert!(lines.contains(&error.line), "{name}: {error}");
        }
    }
}
