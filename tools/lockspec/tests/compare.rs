// SPDX-License-Identifier: GPL-2.0

//! A document beside the rules: `lockspec diff` and `lockspec import`.

mod common;

use std::fs;
use std::process::{Command, Output};

use common::edit;
use lockspec::check::check;
use lockspec::diff::diff;
use lockspec::document::{parse, Document};
use lockspec::import::{import, Like};
use lockspec::report::Report;
use lockspec::spec::{Edition, Specification};

const BORDERED: &str = include_str!("data/small.rst");
const PLAIN: &str = include_str!("data/small.txt");
const RULES: &str = include_str!("data/box.toml");
const CALLBACKS: &str = include_str!("data/boxes.toml");

const V1_0: Edition = Edition { major: 1, minor: 0 };
const V1_1: Edition = Edition { major: 1, minor: 1 };

fn read(text: &str) -> Document {
    let mut report = Report::default();
    let document = parse(&mut report, "small", text.as_bytes());
    document.unwrap_or_else(|| panic!("{}", report.render()))
}

/// Checks a file of rules.
fn rules(text: &str) -> Result<Specification, String> {
    let mut report = Report::default();
    let files = [
        report.add_file("callbacks.toml", CALLBACKS),
        report.add_file("box.toml", text),
    ];
    let specification = check(&mut report, &files);
    match report.is_empty() {
        true => Ok(specification),
        false => Err(report.render()),
    }
}

fn compare(document: &str, text: &str) -> String {
    let specification = rules(text).expect("rules without an error");
    diff(&read(document), &specification.editions[0]).print("small.rst", "v1.0")
}

/// A document that says other things in every way.
fn other() -> String {
    let text = edit(BORDERED, "open:\t exclusive\t", "open:\t shared\t\t");
    let text = edit(&text, "yes (dry)", "no");
    let text = edit(&text, "drop:\n", "toss:\t\t\tno\n");
    let text = edit(&text, "->glue\t", "->gum\t");
    let text = edit(
        &text,
        "void (*drop)(void)",
        "int (*toss)(struct box *, const struct hands *, unsigned long, long)",
    );
    let text = edit(
        &text,
        "(struct box *,const char *,",
        "(struct can *,const char *,",
    );
    let text = edit(&text, "Nobody knows.", "Everybody knows.");
    let text = edit(
        &text,
        "silent_operations\n=================",
        "quiet_operations\n================",
    );
    edit(
        &text,
        "across the whole box",
        "across the whole box, and its lid, and its label, and all that is in it, until it is shut",
    )
}

#[test]
fn what_is_the_same_is_said_to_be() {
    for text in [BORDERED, &BORDERED.replace('\n', "\r\n")] {
        insta::assert_snapshot!("same", compare(text, RULES));
    }
    assert!(compare(PLAIN, RULES).contains("is the document of v1.0"));
}

#[test]
fn what_differs_is_said_row_by_row() {
    insta::assert_snapshot!(compare(&other(), RULES));
}

#[test]
fn columns_are_compared_by_name_if_there_are_more() {
    let text = edit(
        BORDERED,
        "\t========\t===============\nops",
        "\t====\t========\t===============\nops",
    );
    let text = edit(&text, "->glue\t", "new\t->glue\t");
    let text = edit(
        &text,
        "block\n======== ===========\t",
        "block\n======== ===========\t====\t",
    );
    let text = edit(&text, "exclusive\tno", "exclusive\tx\tno");
    let text = edit(&text, "shared\t\tmaybe", "shared\t\t\tmaybe");
    let text = edit(&text, "shake:\t\t\t", "shake:\t\t\t\t");
    let text = edit(
        &text,
        "go\n======== ===========\t",
        "go\n======== ===========\t====\t",
    );
    insta::assert_snapshot!(compare(&text, RULES));
}

#[test]
fn what_is_imported_again_is_the_same() {
    let like = Like::parse(RULES).expect("rules");
    let again = import(&read(BORDERED), V1_0, Some(&like));
    let body = |text: &str| {
        text.split_once("edition = ")
            .expect("the edition")
            .1
            .replace("(*fill)(", "(*fill) (")
    };
    assert_eq!(body(&again), body(RULES));
}

#[test]
fn what_is_not_the_same_is_left_to_a_person() {
    let like = Like::parse(RULES).expect("rules");
    let imported = import(&read(&other()), V1_1, Some(&like));
    insta::assert_snapshot!("import_other", imported);
    insta::assert_snapshot!(
        "import_other_check",
        rules(&imported).expect_err("undecided")
    );
}

#[test]
fn without_anything_like_it_all_is_left_to_a_person() {
    insta::assert_snapshot!(import(&read(PLAIN), V1_0, None));
}

#[test]
fn the_nearest_edition_is_counted_in_releases() {
    let like = |edition| Like::parse(&RULES.replace("v1.0", edition)).expect("rules");
    let v6_1 = Edition { major: 6, minor: 1 };
    assert_eq!(like("v5.19").distance(v6_1), 2);
    assert_eq!(like("v6.12").distance(v6_1), 11);
    assert_eq!(like("v6.1").distance(v6_1), 0);
}

fn lockspec(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("a folder");
    for (name, text) in [
        ("rules/callbacks.toml", CALLBACKS),
        ("rules/v1.0.toml", RULES),
        ("same.rst", BORDERED),
        ("other.rst", &other()),
        (
            "broken.rst",
            BORDERED.split("drop:").next().unwrap_or_default(),
        ),
    ] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let other = fs::File::open(folder.path().join("other.rst")).expect("a file");
    Command::new(env!("CARGO_BIN_EXE_lockspec"))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(other)
        .output()
        .expect("it runs")
}

#[test]
fn a_document_comes_through_the_standard_input() {
    let named = lockspec(&["diff", "other.rst"]);
    let unnamed = lockspec(&["diff", "-"]);
    let text = String::from_utf8_lossy(&named.stdout).replace("other.rst", "standard input");
    assert_eq!(String::from_utf8_lossy(&unnamed.stdout), text);
    assert_eq!(unnamed.status.code(), Some(1));
}

#[test]
fn the_exit_status_tells_what_is_the_matter() {
    for (arguments, status) in [
        (&["diff", "same.rst"][..], 0),
        (&["diff", "same.rst", "--edition", "v1.0"], 0),
        (&["diff", "other.rst"], 1),
        (&["diff", "broken.rst"], 2),
        (&["diff", "none.rst"], 2),
        (&["diff", "same.rst", "--edition", "v9.9"], 2),
        (&["diff", "same.rst", "--edition", "nine"], 2),
        (&["diff", "same.rst", "--rules", "other.rst"], 2),
        (&["import", "other.rst", "--edition", "v1.1"], 0),
        (
            &["import", "other.rst", "--edition", "v1.1", "--like", "v1.0"],
            0,
        ),
        (
            &["import", "other.rst", "--edition", "v1.1", "--like", "v0.9"],
            2,
        ),
        (
            &[
                "import",
                "same.rst",
                "--edition",
                "v1.1",
                "--rules",
                "same.rst",
            ],
            2,
        ),
        (&["import", "broken.rst", "--edition", "v1.1"], 2),
        (&["import", "other.rst"], 2),
    ] {
        let output = lockspec(arguments);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {output:?}"
        );
        // What failed says so on the standard error, and nothing else is there.
        assert_eq!(
            output.stderr.is_empty(),
            status != 2,
            "{arguments:?}: {output:?}"
        );
        assert_eq!(
            output.stdout.is_empty(),
            status == 2,
            "{arguments:?}: {output:?}"
        );
    }
}

#[test]
fn tables_of_sections_with_the_same_word_differ() {
    let text = include_str!("../fuzz/corpus/document/one-word-twice.rst");
    let imported = import(&read(text), V1_0, None);
    assert!(imported.contains("[table.box]\n") && imported.contains("[table.\"box glue\"]\n"));
    assert!(Like::parse(&imported).is_ok());
}
