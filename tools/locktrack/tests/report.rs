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
use locktrack::wording;
use locktrack_files::{Coverage, RuleLine};

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
    let names = [
        "missed",
        "return-missed",
        "unwatched",
        "exact-lost",
        "exact-missed",
        "discover-missed",
        "tables-lost",
        "violations-lost",
    ];
    for name in names {
        report.stats.insert(name.to_owned(), "0".to_owned());
    }
    assert_eq!(report.lost(), [""; 0]);
    let before = report.clone();
    for (name, count) in names.iter().zip(3..) {
        report.stats.insert((*name).to_owned(), count.to_string());
    }
    assert_eq!(report.hits_lost(), 3 + 4 + 7 + 8);
    for (name, functions) in [
        ("return-refused-by", "folio_unlock EINVAL"),
        (
            "discover-refused",
            "d_instantiate EINVAL, fd_install ENOENT",
        ),
    ] {
        report.stats.insert(name.to_owned(), functions.to_owned());
    }
    let fs = &mut report.attached[0];
    fs.refused.push(["a.b", "f", "EINVAL"].map(str::to_owned));
    (fs.return_refused).push(["a.c", "g", "EINVAL"].map(str::to_owned));
    insta::assert_snapshot!(report.lost().join("\n"));
    let text = table::report(&report, false, false);
    let page = html::report(&report);
    for line in report.lost() {
        assert!(text.contains(&format!("\n  {line}\n")), "{text}");
        assert!(page.contains(&format!("<li>{line}</li>")), "{line}");
    }
    // Only what was lost in between is that of a run.
    assert_eq!(report.clone().since(&report).hits_lost(), 0);
    assert_eq!(report.since(&before).hits_lost(), 3 + 4 + 7 + 8);
}

/// A report in which a rule that was kept has a double about the return; where in the coverage the two are.
fn at_both_ends() -> (Report, [usize; 2]) {
    let mut report = sample();
    report.violations.clear();
    let kept = |row: &Coverage| row.hits > 0 && row.hits == row.ok;
    let entry = report.coverage.iter().position(kept).expect("there is one");
    let mut row = report.coverage[entry].clone();
    let same = |line: &&RuleLine| line.rule == row.rule;
    let mut line = report.rules.iter().find(same).expect("one").clone();
    line.rule.id = 9999;
    line.when = "return".to_owned();
    row.rule = line.rule.clone();
    report.rules.push(line);
    report.coverage.push(row);
    let last = report.coverage.len() - 1;
    (report, [entry, last])
}

fn broken_at(kept: &Report, at: usize) -> Report {
    let mut broken = kept.clone();
    let row = &mut broken.coverage[at];
    (row.ok, row.violation) = (row.ok - 1, 1);
    broken
}

/// Rules about the entry and the return of a callback are two, whatever else they share.
#[test]
fn entry_and_return() {
    let (kept, places) = at_both_ends();
    for (at, on_return) in places.into_iter().zip([false, true]) {
        let found = diff(&kept, &broken_at(&kept, at));
        let [(name, State::Kept, State::Broken)] = &found.changed[..] else {
            panic!("{:?}", found.changed);
        };
        assert_eq!(name.contains(" on return"), on_return, "{name}");
        assert!(!found.is_clean());
        assert_eq!(found.only, [0, 0]);
    }
    let subject = kept.subject(&kept.coverage[places[1]].rule);
    assert!(subject.ends_with(" on return"));
    assert!(table::report(&kept, false, false).contains(&subject));
    assert!(html::report(&kept).contains(&subject.replace('>', "&gt;")));
}

/// Of rules with one name, none hides another.
#[test]
fn rules_with_one_name() {
    let (mut kept, places) = at_both_ends();
    kept.rules.last_mut().expect("there is one").when = "entry".to_owned();
    for at in places {
        assert!(!diff(&kept, &broken_at(&kept, at)).is_clean());
    }
}

#[test]
fn in_words() {
    let mut v = sample().violations.remove(0);
    let mut text = String::new();
    for (requires, found) in [
        ("exclusive", "not-held"),
        ("exclusive", "someone-shared"),
        ("shared", "not-held"),
        ("held", "not-held"),
        ("not held", "exclusive"),
        ("allowed", "atomic"),
        ("forbidden", "slept"),
    ] {
        for (object, lock, when) in [("sb", "s_umount", "entry"), ("-", "rename_lock", "return")] {
            (v.rule.requires, v.found, v.when) = (requires.into(), found.into(), when.into());
            (v.rule.object, v.rule.lock) = (object.into(), lock.into());
            text += &format!(
                "{}\n  {}\n",
                wording::violation(&v),
                wording::any_violation(&v)
            );
        }
    }
    insta::assert_snapshot!(text);
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
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("old.json");
    fs::write(&old, "{ \"format\": \"locktrack report 1\" }").expect("it can be written");
    let old = old.to_str().expect("it is text");
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
        (&["report", "--from", old], "is a `locktrack report 1`"),
        (&["run"], "required"),
        (&["top", "--interval", "0"], "more than 0"),
    ] {
        let output = locktrack(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
}
