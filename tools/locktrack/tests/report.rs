// SPDX-License-Identifier: GPL-2.0

//! Reports of what a kernel wrote, in all forms, and the program.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use locktrack::diff::diff;
use locktrack::directory::{Directory, Machine, DEFAULT};
use locktrack::html;
use locktrack::matrix::{Matrix, State};
use locktrack::report::Report;
use locktrack::table;
use locktrack::top::frame;

/// A copy of the module's files.
fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../locktrack-files/tests/data")
}

fn sample() -> Report {
    let directory = Directory::open(&data()).expect("it is there");
    let mut report = Report::read(&directory).expect("it can be read");
    report.kernel = "7.3.0".to_owned();
    report
}

#[test]
fn as_a_table() {
    insta::assert_snapshot!(table::report(&sample(), false, false));
    let all = table::report(&sample(), true, false);
    assert!(all.contains("get_offset_ctx"), "{all}");
    assert!(!all.contains('\u{1b}'));
    assert!(table::report(&sample(), true, true).contains("\u{1b}["));
}

#[test]
fn as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.json");
    fs::write(&file, sample().json()).expect("it can be written");
    assert_eq!(Report::load(&file).expect("it can be read"), sample());
    insta::assert_snapshot!(sample()
        .only(&["none".to_owned()])
        .json()
        .lines()
        .take(6)
        .collect::<Vec<_>>()
        .join("\n"));
}

#[test]
fn as_html() {
    let mut report = sample();
    report.command = Some("rm -r <&>".to_owned());
    let page = html::report(&report);
    assert!(page.contains("rm -r &lt;&amp;&gt;"));
    // Self-contained: nothing is loaded from elsewhere.
    for outside in ["http:", "https:", "<script", "<link", "url(", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Each cell of the matrix has the details that it links to.
    let links: Vec<&str> = page
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(
        links,
        ["inode_operations-samplefs", "inode_operations-tmpfs"]
    );
    for link in links {
        assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
    }
    assert!(page.contains("call_unlink+0x2f/0x60 [locktrack_break]"));
    insta::assert_snapshot!(page.replace("><", ">\n<"));
}

#[test]
fn as_a_matrix() {
    let report = sample();
    let matrix = Matrix::new(&report);
    assert_eq!(matrix.tables, ["inode_operations"]);
    assert_eq!(matrix.filesystems, ["samplefs", "tmpfs"]);
    let cell = |fs| matrix.cell("inode_operations", fs).expect("there is one");
    assert_eq!(cell("samplefs").state(), State::Broken);
    assert_eq!(cell("tmpfs").violations(), 0);
    assert!(cell("tmpfs").reached() > 0 && cell("tmpfs").reached() < cell("tmpfs").rows.len());
}

#[test]
fn nothing_attached() {
    let report = sample().only(&[]);
    assert!(table::report(&report, false, false).contains("nothing was attached"));
    assert!(html::report(&report).contains("Nothing was attached"));
    assert_eq!(report.violations(), 0);
}

#[test]
fn lost_hits_are_said() {
    let mut report = sample();
    report.stats.insert("missed".to_owned(), "3".to_owned());
    report.attached[0]
        .refused
        .push(["a.b", "f", "EINVAL"].map(str::to_owned));
    let text = table::report(&report, false, false);
    assert!(text.contains("3 hits of probes were lost"), "{text}");
    assert!(
        text.contains("a.b is not checked: no probe on f: EINVAL"),
        "{text}"
    );
    assert!(html::report(&report).contains("3 hits of probes were lost"));
}

#[test]
fn what_came_since() {
    let before = sample();
    let none = sample().since(&before);
    assert_eq!((none.violations(), none.excepted()), (0, 0));
    assert!(none.violations.is_empty());
    assert!(none.coverage.iter().all(|row| row.hits == 0));

    let mut later = sample();
    later.violations[0].count += 3;
    for row in &mut later.coverage {
        if row.rule.id == later.violations[0].rule.id && row.fs == later.violations[0].fs {
            row.violation += 3;
            row.hits += 3;
        }
    }
    let new = later.since(&before);
    assert_eq!(new.violations(), 3);
    assert_eq!(
        new.violations.iter().map(|v| v.count).collect::<Vec<_>>(),
        [3]
    );
}

#[test]
fn what_differs() {
    let a = sample();
    let same = diff(&a, &a);
    assert!(same.is_clean());
    insta::assert_snapshot!("diff_same", same.print(false));

    // Of a kernel without the violation, of another build, and with less reached.
    let mut b = sample();
    b.violations.remove(0);
    for row in &mut b.coverage {
        row.rule.id += 100;
        row.ok += row.violation;
        row.violation = 0;
        if row.rule.callback == "inode_operations.link" {
            (row.hits, row.ok) = (0, 0);
        }
    }
    for line in &mut b.rules {
        line.rule.id += 100;
    }
    insta::assert_snapshot!("diff_better", diff(&a, &b).print(false));
    assert!(diff(&a, &b).is_clean());
    let worse = diff(&b, &a);
    assert!(!worse.is_clean());
    insta::assert_snapshot!("diff_worse", worse.print(false));
}

#[test]
fn at_the_moment() {
    let before = sample();
    let mut now = sample();
    for row in &mut now.coverage {
        row.hits *= 3;
    }
    insta::assert_snapshot!(frame(&before, &now, Duration::from_secs(2), false));
}

#[test]
fn advice() {
    let said = |root, debugfs, module, kind: io::ErrorKind, path: &str| {
        Machine {
            root,
            debugfs,
            module,
        }
        .advice(Path::new(path), &kind.into())
    };
    let (gone, denied) = (io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied);
    insta::assert_snapshot!([
        said(false, true, true, denied, DEFAULT),
        said(false, true, false, denied, DEFAULT),
        said(true, true, false, gone, DEFAULT),
        said(true, false, true, gone, DEFAULT),
        said(true, true, true, denied, DEFAULT),
        said(true, true, true, gone, DEFAULT),
        said(true, true, true, gone, "elsewhere"),
    ]
    .join("\n"));
}

fn locktrack(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_locktrack"))
        .args(arguments)
        .env("LOCKTRACK_DIR", data())
        .output()
        .expect("it runs")
}

#[test]
fn the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.json");
    let file = file.to_str().expect("it is text");

    let output = locktrack(&["report"]);
    assert_eq!(output.status.code(), Some(1), "there are violations");
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 violations"));

    let output = locktrack(&["report", "--format", "json", "-o", file]);
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(1), &b""[..])
    );
    let output = locktrack(&["report", "--from", file, "--format", "html"]);
    assert!(output.stdout.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(locktrack(&["diff", file, file]).status.code(), Some(0));

    let output = locktrack(&["top", "--count", "2", "--interval", "0.01"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        text.matches("attached: samplefs, tmpfs").count(),
        2,
        "{text}"
    );
}

#[test]
fn the_program_says_what_is_wrong() {
    for (arguments, message) in [
        (
            &["--dir", "/nowhere", "report"][..],
            "is the directory the right one?",
        ),
        (&["report", "--from", "/nowhere"], "cannot read /nowhere"),
        (&["report", "--from", file!()], "cannot read"),
        (
            &["diff", "/dev/null", "/dev/null"],
            "/dev/null is no report",
        ),
        (&["run"], "required"),
        (&["top", "--interval", "0"], "more than 0"),
    ] {
        let output = locktrack(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
}
