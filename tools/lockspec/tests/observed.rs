// SPDX-License-Identifier: GPL-2.0

//! What locktrack saw, as a document and beside it.

mod common;

use std::fmt::Write as _;

use common::{checked, CALLBACKS, SMALL};
use lockspec::document;
use lockspec::observed::{drift, observe, table, Drift};
use lockspec::report::Report;
use locktrack_files::parse_observed;

const ANSWERS: [&str; 6] = [
    "not-held",
    "shared",
    "exclusive",
    "someone-shared",
    "someone-exclusive",
    "unknown",
];

/// A file of what was seen: the names of rules, counts of each answer, and the filesystem.
fn file(rows: &[(&str, [u64; 6], &str)]) -> String {
    let mut text = format!(
        "locktrack observed 2\n# id\tcallback\tobject\tlock\trequires\t{}\tnot-applicable\tfs\n",
        ANSWERS.join("\t")
    );
    for (rule, counts, fs) in rows {
        let counts = counts.map(|count| count.to_string()).join("\t");
        let _ = writeln!(text, "{}\t{counts}\t0\t{fs}", rule.replace(' ', "\t"));
    }
    text
}

const RENAME_LOCK: &str = "0 inode_operations.rename sb s_vfs_rename_mutex held";
const RENAME_FILE: &str = "2 inode_operations.rename source i_rwsem exclusive";
const RENAME_DIR: &str = "3 inode_operations.rename source i_rwsem exclusive";
const LINK_DIR: &str = "5 inode_operations.link dir i_rwsem exclusive";
const LINK_INODE: &str = "6 inode_operations.link inode i_rwsem shared";
const OPEN: &str = "8 inode_operations.open dir i_rwsem shared";
const OPEN_CREATE: &str = "9 inode_operations.open dir i_rwsem exclusive";

fn seen() -> String {
    file(&[
        (RENAME_LOCK, [0, 0, 5, 0, 0, 0], "ext4"),
        (RENAME_FILE, [1, 0, 4, 0, 0, 0], "ext4"),
        (RENAME_DIR, [0, 0, 0, 0, 0, 0], "ext4"),
        (LINK_DIR, [0, 0, 3, 0, 0, 0], "ext4"),
        (LINK_INODE, [0, 0, 3, 0, 0, 0], "ext4"),
        (OPEN, [0, 2, 0, 7, 0, 0], "ext4"),
        (OPEN_CREATE, [0, 0, 9, 0, 0, 1], "ext4"),
        (LINK_DIR, [0, 0, 1, 0, 0, 0], "tmpfs"),
        (LINK_INODE, [1, 0, 0, 0, 0, 0], "tmpfs"),
    ])
}

fn with<R>(
    text: &str,
    fs: Option<&str>,
    f: impl FnOnce(&lockspec::observed::Observation<'_>) -> R,
) -> Result<R, String> {
    let specification = checked(CALLBACKS, &[SMALL]).expect("this is right");
    let rows = parse_observed(text).expect("this is right");
    observe(&specification, &rows, fs).map(|seen| f(&seen))
}

#[test]
fn a_table() {
    let text = with(&seen(), None, table).expect("it is right");
    insta::assert_snapshot!("observed_table", text);
    insta::assert_snapshot!(
        "observed_table_fs",
        with(&seen(), Some("tmpfs"), table).expect("it is right")
    );
}

/// It is the document's own form: lockspec reads it.
#[test]
fn a_table_is_a_document() {
    let text = with(&seen(), None, table).expect("it is right");
    let mut report = Report::default();
    let document = document::parse(&mut report, "observed", text.as_bytes());
    let document = document.unwrap_or_else(|| panic!("{}\n{text}", report.render()));
    let [section] = &document.sections[..] else {
        panic!("not one section: {:?}", document.sections);
    };
    assert_eq!(section.title, "inode_operations");
    assert_eq!(section.columns, ["s_vfs_rename_mutex", "i_rwsem"]);
    let rows: Vec<_> = section
        .rows
        .iter()
        .map(|row| (&row.op[..], &row.cells[1][..]))
        .collect();
    assert_eq!(rows[0], ("rename", "no or exclusive"));
    assert_eq!(rows[2].0, "open");
}

#[test]
fn side_by_side() {
    let broken = with(&seen(), None, |seen| drift(seen, true)).expect("it is right");
    assert!(broken.is_broken());
    insta::assert_snapshot!("observed_drift", broken.text());
    let kept = file(&[
        (LINK_DIR, [0, 0, 3, 0, 0, 0], "ext4"),
        (RENAME_DIR, [0; 6], "ext4"),
    ]);
    let kept = with(&kept, None, |seen| drift(seen, false)).expect("it is right");
    assert!(!kept.is_broken());
    assert!(!kept.text().contains("rename"), "it was not reached");
}

/// What a rule about sleeping says is a promise, too.
#[test]
fn about_sleeping() {
    for ([may_sleep, atomic, unknown], broken, word) in [
        ([5, 0, 0], false, "may-sleep 5\n"),
        ([5, 1, 0], true, "NOT KEPT, 1 of 6"),
        ([5, 0, 1], false, "no telling"),
    ] {
        let text = format!(
            "locktrack observed 2\n# id\tcallback\tobject\tlock\trequires\tmay-sleep\tatomic\tunknown\tnot-applicable\tfs\n\
             7\tinode_operations.link\t-\tsleep\tallowed\t{may_sleep}\t{atomic}\t{unknown}\t0\text4\n"
        );
        let found = with(&text, None, |seen| drift(seen, false)).expect("it is right");
        assert_eq!(found.is_broken(), broken, "{}", found.text());
        assert!(found.text().contains(word), "{}", found.text());
    }
}

#[test]
fn what_does_not_fit() {
    let error =
        |text: &str, fs| with::<Drift>(text, fs, |seen| drift(seen, false)).expect_err("wrong");
    let faults = [
        error(
            &file(&[("5 inode_operations.link dir i_rwsem shared", [0; 6], "ext4")]),
            None,
        ),
        error(
            &file(&[(
                "4000 inode_operations.link dir i_rwsem exclusive",
                [0; 6],
                "ext4",
            )]),
            None,
        ),
        error(&seen(), Some("xfs")),
        error(&file(&[]), None),
    ];
    insta::assert_snapshot!("observed_faults", faults.join("\n"));
}
