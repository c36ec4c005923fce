// SPDX-License-Identifier: GPL-2.0

//! What the tests share.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::path::PathBuf;

use lockspec::check::check;
use lockspec::generate::generate;
use lockspec::report::Report;
use lockspec::spec::Specification;

/// Callbacks for tests.
pub const CALLBACKS: &str = include_str!("../data/callbacks.toml");

/// An edition for tests, of these callbacks.
pub const SMALL: &str = include_str!("../data/small.toml");

/// The folder of the whole project.
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the rules of a kernel release, as they stand in the project.
pub fn rules(edition: &str) -> String {
    let path = project().join("rules").join(format!("{edition}.toml"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the text with one place changed, which must be there, and only once.
pub fn edit(text: &str, from: &str, to: &str) -> String {
    assert_eq!(
        text.matches(from).count(),
        1,
        "{from:?} is not in the data once"
    );
    text.replace(from, to)
}

/// Checks files, of which the first is called `a.toml`, and the callbacks.
pub fn checked(callbacks: &str, files: &[&str]) -> Result<Specification, String> {
    let mut report = Report::default();
    let mut numbers = vec![report.add_file("callbacks.toml", callbacks)];
    for (name, text) in ('a'..).zip(files) {
        numbers.push(report.add_file(format!("{name}.toml"), *text));
    }
    let specification = check(&mut report, &numbers);
    match report.is_empty() {
        true => Ok(specification),
        false => Err(report.render()),
    }
}

/// Compiles files for [`CALLBACKS`] into Rust, or into errors.
pub fn compile(files: &[&str]) -> Result<String, String> {
    checked(CALLBACKS, files).map(|specification| generate(&specification))
}
