// SPDX-License-Identifier: GPL-2.0

//! The program as Kbuild and people run it.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{compile, edit, project, CALLBACKS, SMALL};

fn lockspec(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockspec"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("it runs")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("callbacks.toml"), CALLBACKS).expect("a file");
    fs::write(folder.path().join("right.toml"), SMALL).expect("a file");
    let wrong = edit(SMALL, "\"not promised\"", "\"nothing\"");
    fs::write(folder.path().join("wrong.toml"), wrong).expect("a file");
    folder
}

#[test]
fn generate_writes_the_output() {
    let folder = folder();
    let output = lockspec(
        folder.path(),
        &["generate", "--output", "out.rs", "right.toml"],
    );
    assert_eq!(
        (output.status.code(), &output.stdout[..], &output.stderr[..]),
        (Some(0), &[][..], &[][..])
    );
    let written = fs::read_to_string(folder.path().join("out.rs")).expect("the output");
    assert_eq!(written, compile(&[SMALL]).expect("this is right"));
}

#[test]
fn generate_leaves_the_output_alone_if_the_rules_are_wrong() {
    let folder = folder();
    fs::write(folder.path().join("out.rs"), "before").expect("a file");
    let output = lockspec(
        folder.path(),
        &["generate", "--output", "out.rs", "right.toml", "wrong.toml"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        fs::read_to_string(folder.path().join("out.rs")).expect("the output"),
        "before"
    );
    let files = fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(files, 4, "nothing else is left behind");
}

#[test]
fn generate_says_that_it_cannot_write() {
    let folder = folder();
    let output = lockspec(
        folder.path(),
        &["generate", "--output", "none/out.rs", "right.toml"],
    );
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.starts_with("error: cannot write none/out.rs: "),
        "{error}"
    );
}

#[test]
fn check_says_where_the_error_is() {
    let folder = folder();
    let output = lockspec(folder.path(), &["check", "wrong.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("wrong.toml:49:41"), "{error}");
}

#[test]
fn check_accepts_the_rules_of_this_project() {
    let mut files = Vec::new();
    for entry in fs::read_dir(project().join("rules")).expect("the rules") {
        files.push(entry.expect("an entry").path().display().to_string());
    }
    let mut arguments = vec!["check"];
    arguments.extend(files.iter().map(String::as_str));
    let output = lockspec(&project(), &arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_cannot_be_read_is_told_from_what_is_wrong() {
    let folder = folder();
    fs::write(folder.path().join("binary.toml"), b"\xff\xfe").expect("a file");
    for arguments in [
        &["check", "none.toml"][..],
        &["check", "binary.toml"],
        &["check"],
        &["generate", "right.toml"],
        &["chekc", "right.toml"],
    ] {
        let output = lockspec(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}
