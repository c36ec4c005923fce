// SPDX-License-Identifier: GPL-2.0

//! The files as a kernel wrote them, with faults, and made up at random.
//!
//! `data` was copied from debugfs after some work on two filesystems and two rules broken on purpose; of `rules`,
//! only the lines of what is checked.

use std::fmt::Debug;

use locktrack_files::{
    parse_attach, parse_coverage, parse_edition, parse_observed, parse_rules, parse_stats,
    parse_violations, Error,
};
use proptest::prelude::*;

const ATTACH: &str = include_str!("data/attach");
const COVERAGE: &str = include_str!("data/coverage");
const EDITION: &str = include_str!("data/edition");
const OBSERVED: &str = include_str!("data/observed");
const RULES: &str = include_str!("data/rules");
const STATS: &str = include_str!("data/stats");
const VIOLATIONS: &str = include_str!("data/violations");

#[test]
fn what_a_kernel_wrote() {
    insta::assert_debug_snapshot!(parse_attach(ATTACH));
    insta::assert_debug_snapshot!(parse_edition(EDITION));
    insta::assert_debug_snapshot!(parse_stats(STATS));
    insta::assert_debug_snapshot!(parse_violations(VIOLATIONS));

    let coverage = parse_coverage(COVERAGE).expect("it is right");
    assert_eq!(coverage.len(), 72);
    insta::assert_debug_snapshot!(coverage.iter().find(|row| row.violation > 0));
    insta::assert_debug_snapshot!(coverage.iter().find(|row| row.excepted > 0));
    for row in &coverage {
        let sum = row.ok + row.someone + row.violation + row.unknown + row.unjudged + row.excepted;
        assert_eq!(row.hits, sum, "{row:?}");
    }
    let observed = parse_observed(OBSERVED).expect("it is right");
    assert_eq!(observed.len(), coverage.len());
    insta::assert_debug_snapshot!(observed.first());
    for (row, counts) in observed.iter().zip(&coverage) {
        assert_eq!((&row.rule, &row.fs), (&counts.rule, &counts.fs));
        assert_eq!(row.answers.values().sum::<u64>(), counts.hits);
    }
    let rules = parse_rules(RULES).expect("it is right");
    assert_eq!(rules.iter().filter(|line| line.checked).count(), 36);
    insta::assert_debug_snapshot!(rules.iter().find(|line| line.condition != "-"));
}

#[test]
fn new_columns_and_lines_do_no_harm() {
    // Another answer, before the first.
    let more: String = (OBSERVED.lines())
        .map(|line| match line.split('\t').collect::<Vec<_>>() {
            mut columns if columns.len() > 5 => {
                columns.insert(5, if line.starts_with('#') { "asleep" } else { "7" });
                columns.join("\t") + "\n"
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let parsed = parse_observed(&more).expect("it can be read");
    assert!(parsed.iter().all(|row| row.answers["asleep"] == 7));

    let more = VIOLATIONS.replace("found\t", "slept\tin\tmutex_lock\nfound\t");
    let parsed = parse_violations(&more).expect("it can be read");
    assert_eq!(
        parsed[0].more,
        [("slept".to_owned(), "in\tmutex_lock".to_owned())]
    );
    let more = ATTACH.to_owned() + RETURNS;
    let parsed = parse_attach(&more).expect("it can be read");
    let tmpfs = parsed.filesystems.last().expect("there is one");
    assert_eq!((tmpfs.followed, tmpfs.return_missed), (2, 7));
    assert_eq!(
        tmpfs.return_refused,
        [["a.d", "three", "EINVAL"].map(str::to_owned)]
    );
    assert_eq!(tmpfs.refused, [[""; 3]; 0]);

    let more = ATTACH.replace("fs\ttmpfs", "mount\t/mnt\ttmpfs\nfs\ttmpfs");
    assert_eq!(parse_attach(&more), parse_attach(ATTACH));
}

/// One of the functions is two callbacks.
const RETURNS: &str = "\
return\ttmpfs\ta.b\tone\tftrace\t3
return\ttmpfs\ta.e\tone\tftrace\t3
return\ttmpfs\ta.c\ttwo\tbreakpoint\t4
return-refused\ttmpfs\ta.d\tthree\tEINVAL
";

fn fault<T: Debug>(result: Result<T, Error>) -> String {
    result.expect_err("it is wrong").to_string()
}

#[test]
fn faults() {
    let faults = [
        fault(parse_stats("")),
        fault(parse_stats("something else\n")),
        fault(parse_coverage(
            &COVERAGE.replace("coverage 2", "coverage 3"),
        )),
        fault(parse_coverage(OBSERVED)),
        fault(parse_coverage("locktrack coverage 2\n1\tx\n")),
        fault(parse_coverage("locktrack coverage 2\n")),
        fault(parse_coverage(&COVERAGE.replace("\thits\t", "\thats\t"))),
        fault(parse_coverage(&COVERAGE.replace("\thits\t", "\tok\t"))),
        fault(parse_coverage(&COVERAGE.replacen("1182\t", "many\t", 1))),
        fault(parse_coverage(&COVERAGE.replacen("1182\t", "1182\t\t", 1))),
        fault(parse_stats("locktrack stats 1\nenabled\n")),
        fault(parse_edition("locktrack edition 2\nedition\tv7.3\n")),
        fault(parse_violations("locktrack violations 1\nrule\t1\n")),
        fault(parse_violations(
            &VIOLATIONS.replacen("caller\t", "coller\t", 1),
        )),
        fault(parse_violations(&VIOLATIONS.replacen(
            "count\t2",
            "count\tmany",
            1,
        ))),
        fault(parse_violations(
            &VIOLATIONS.replacen("sh\t126", "sh\tx", 1),
        )),
        fault(parse_attach("locktrack attach 1\nfs\text4\t1\n")),
        fault(parse_attach("locktrack attach 1\nrefused\text4\ta\tb\tc\n")),
        fault(parse_attach(
            "locktrack attach 1\nreturn\text4\ta\tb\tc\t0\n",
        )),
        fault(parse_attach(
            &(ATTACH.to_owned() + &RETURNS.replace("ftrace\t3", "ftrace")),
        )),
        fault(parse_violations(&VIOLATIONS.replace("when\tentry\n", ""))),
    ];
    insta::assert_snapshot!(faults.join("\n"));
}

/// Parses as each of the files: nothing may panic, and errors say where.
fn parse_all(text: &str) -> Result<(), TestCaseError> {
    let errors = [
        parse_attach(text).err(),
        parse_coverage(text).err(),
        parse_edition(text).err(),
        parse_observed(text).err(),
        parse_rules(text).err(),
        parse_stats(text).err(),
        parse_violations(text).err(),
    ];
    for error in errors.into_iter().flatten() {
        let lines = text.lines().count().max(1);
        prop_assert!(
            (1..=lines).contains(&error.line),
            "{error}, of {lines} lines"
        );
        prop_assert!(!error.what.is_empty());
    }
    Ok(())
}

/// Lines as in the files, in any order and number.
fn lines() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[ -~]{0,6}",
        "[0-9]{1,25}",
        Just("violation".to_owned()),
        Just("rule".to_owned()),
        Just("fs".to_owned()),
        Just("refused".to_owned()),
        Just("return".to_owned()),
        Just("return-refused".to_owned()),
        Just("# id".to_owned()),
        Just("hits".to_owned()),
    ];
    let line = prop::collection::vec(word, 0..9).prop_map(|words| words.join("\t"));
    let first = prop_oneof![
        Just("attach 1"),
        Just("coverage 2"),
        Just("edition 2"),
        Just("observed 2"),
        Just("rules 2"),
        Just("stats 1"),
        Just("violations 1"),
    ];
    (first, prop::collection::vec(line, 0..20))
        .prop_map(|(first, lines)| format!("locktrack {first}\n{}", lines.join("\n")))
}

/// A file with some bytes changed, cut out or doubled.
fn damaged() -> impl Strategy<Value = String> {
    let files = prop_oneof![
        Just(ATTACH),
        Just(COVERAGE),
        Just(EDITION),
        Just(OBSERVED),
        Just(RULES),
        Just(STATS),
        Just(VIOLATIONS),
    ];
    let damage = (any::<prop::sample::Index>(), 0..40_usize, "[ -~\t\n]{0,5}");
    (files, prop::collection::vec(damage, 1..4)).prop_map(|(file, damages)| {
        let mut bytes = file.as_bytes().to_vec();
        for (at, cut, new) in damages {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, new.bytes());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        parse_all(&text)?;
    }

    #[test]
    fn any_lines(text in lines()) {
        parse_all(&text)?;
    }

    #[test]
    fn damaged_files(text in damaged()) {
        parse_all(&text)?;
    }

    #[test]
    fn counts_are_read_as_they_are(hits in any::<u64>(), ok in any::<u64>(), id in any::<u32>(), fs in "[a-z]{1,9}") {
        let text = format!(
            "locktrack coverage 2\n# id\tcallback\tobject\tlock\trequires\thits\tok\tsomeone\tviolation\tunknown\tunjudged\texcepted\tfs\n\
             {id}\ta.b\tc\td\te f\t{hits}\t{ok}\t1\t2\t3\t4\t5\t{fs}\n"
        );
        let rows = parse_coverage(&text).expect("it is right");
        prop_assert_eq!(rows.len(), 1);
        prop_assert_eq!((rows[0].rule.id, rows[0].hits, rows[0].ok, &rows[0].fs), (id, hits, ok, &fs));
        prop_assert_eq!((rows[0].someone, rows[0].excepted, &rows[0].rule.requires[..]), (1, 5, "e f"));
    }
}
