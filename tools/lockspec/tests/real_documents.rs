// SPDX-License-Identifier: GPL-2.0

//! The documents of Debian's kernels, as `scripts/documents` fetches them: they are read without
//! loss, and say what the rules say.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

use common::project;
use lockspec::check::check;
use lockspec::diff::diff;
use lockspec::document::{parse, Document};
use lockspec::import::{import, Like};
use lockspec::report::Report;

fn text(version: &str) -> String {
    let cache = std::env::var_os("SAMPLEFS_CACHE").map(PathBuf::from);
    let cache = cache.expect("SAMPLEFS_CACHE has to say where scripts/documents left them");
    let path = cache.join("documents").join(version).join("locking.rst");
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run scripts/documents", path.display()))
}

fn read(text: &str) -> Document {
    let mut report = Report::default();
    let document = parse(&mut report, "locking.rst", text.as_bytes());
    document.unwrap_or_else(|| panic!("{}", report.render()))
}

/// Counts words, which are what stands between white space and marks of C.
fn count(text: &str, words: &mut BTreeMap<String, i32>, by: i32) {
    let text = text.replace(['(', ')', '*', ',', ';', ':', '/'], " ");
    for word in text.split_whitespace() {
        *words.entry(word.to_owned()).or_default() += by;
    }
}

/// Checks that each word of the document is somewhere in what was read, and as often.
fn nothing_is_lost(text: &str, document: &Document) {
    let mut words = BTreeMap::new();
    for line in text.lines().filter(|line| line.trim() != "locking rules:") {
        count(line, &mut words, 1);
    }
    for section in &document.sections {
        count(&section.title, &mut words, -1);
        for prototype in &section.prototypes {
            count(&prototype.op, &mut words, -1);
            count(&prototype.text, &mut words, -1);
            count(
                prototype.comment.as_deref().unwrap_or_default(),
                &mut words,
                -1,
            );
        }
        section
            .columns
            .iter()
            .for_each(|name| count(name, &mut words, -1));
        for row in &section.rows {
            count(&row.op, &mut words, -1);
            row.cells
                .iter()
                .for_each(|cell| count(cell, &mut words, -1));
        }
    }
    let sentences = document
        .sections
        .iter()
        .flat_map(|section| &section.sentences);
    for sentence in sentences.chain(&document.outside) {
        count(&sentence.text, &mut words, -1);
    }
    // What is left marks what the rest is; the document's title is in no section.
    let mut left: Vec<(&str, i32)> = words.iter().map(|(word, n)| (&word[..], *n)).collect();
    left.retain(|(word, n)| {
        *n != 0 && !word.trim_matches('=').is_empty() && !word.trim_matches('-').is_empty()
    });
    let tables = |has: fn(&lockspec::document::Section) -> bool| {
        i32::try_from(
            document
                .sections
                .iter()
                .filter(|section| has(section))
                .count(),
        )
        .unwrap_or(-1)
    };
    left.retain(|(word, n)| match *word {
        "Locking" => *n != 1,
        "ops" => *n != tables(|section| !section.columns.is_empty()),
        "prototypes" => *n != tables(|section| !section.prototypes.is_empty()),
        ".." => *n < 1,
        _ => true,
    });
    assert_eq!(left, [], "lost, or made up");
}

fn is_the_document_of(version: &str) {
    let text = text(version);
    let document = read(&text);
    nothing_is_lost(&text, &document);

    let mut report = Report::default();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(project().join("rules")).expect("the rules") {
        let path = entry.expect("an entry").path();
        let rules = std::fs::read_to_string(&path).expect("a file");
        files.push(report.add_file(path.display().to_string(), rules));
    }
    let specification = check(&mut report, &files);
    assert!(report.is_empty(), "{}", report.render());
    let edition = format!("v{version}");
    let spec = specification
        .editions
        .iter()
        .find(|s| s.edition.to_string() == edition);
    let spec = spec.expect("rules of this edition");
    let found = diff(&document, spec);
    assert!(found.is_empty(), "{}", found.print("locking.rst", &edition));

    // Imported again, there is nothing to decide.
    let rules = std::fs::read_to_string(project().join(format!("rules/{edition}.toml")));
    let like = Like::parse(&rules.expect("a file")).expect("rules");
    let again = import(&document, spec.edition, Some(&like));
    assert!(!again.contains("decide = "), "{again}");
}

#[test]
fn v6_1() {
    is_the_document_of("6.1");
}

#[test]
fn v6_12() {
    is_the_document_of("6.12");
}

#[test]
fn v7_2() {
    // There are no rules of it.
    let text = text("7.2");
    nothing_is_lost(&text, &read(&text));
}

#[test]
fn v7_3() {
    is_the_document_of("7.3");
}
