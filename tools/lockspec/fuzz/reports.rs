// SPDX-License-Identifier: GPL-2.0

//! Reports of made-up files: what the fuzz target `report` and the tests of its corpus try.

use std::time::Duration;

use locktrack::diff::diff;
use locktrack::html;
use locktrack::report::Report;
use locktrack::table;
use locktrack::top;

/// Files that are not in the input have nothing to say.
const EMPTY: [(&str, &str); 7] = [
    ("attach", "locktrack attach 1\n"),
    ("coverage", "locktrack coverage 2\n# id\n"),
    ("edition", "locktrack edition 2\nactive\tv7.3\n"),
    ("observed", "locktrack observed 2\n# id\n"),
    ("rules", "locktrack rules 2\n# id\n"),
    ("stats", "locktrack stats 1\n"),
    ("violations", "locktrack violations 1\n"),
];

/// Returns the file `name` of an input that has one behind the other.
fn file(text: &str, name: &str) -> String {
    let first = format!("locktrack {name} ");
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with(&first))
        .peekable();
    if lines.peek().is_none() {
        let empty = EMPTY.iter().find(|(other, _)| *other == name);
        return empty.map_or_else(String::new, |(_, text)| (*text).to_owned());
    }
    let mut file = format!("{}\n", lines.next().unwrap_or_default());
    for line in lines.take_while(|line| !line.starts_with("locktrack ")) {
        file.push_str(line);
        file.push('\n');
    }
    file
}

/// Shows it in each way that there is.
fn show(report: &Report) {
    for (all, colours) in [(false, false), (true, true)] {
        let _ = table::report(report, all, colours);
    }
    let _ = html::report(report);
    let _ = report.hits_lost();
}

/// Makes a report of a report in JSON, or of the files of locktrack one behind the other, and shows and compares it.
/// There can be two of each file: those of an earlier report, and then those of a later one.
pub fn report(text: &str) -> Option<Report> {
    let report = match text.starts_with('{') {
        true => Report::parse(text, "report"),
        false => Report::of(|name| Ok(file(text, name))),
    };
    let report = report.ok()?;
    show(&report);
    assert!(diff(&report, &report).is_clean());
    let again = Report::parse(&report.json(), "report").expect("what it writes, it reads");
    assert_eq!(again, report);

    let later = text.rfind("locktrack edition ").unwrap_or(0);
    if let Ok(later) = Report::of(|name| Ok(file(&text[later..], name))) {
        let difference = diff(&report, &later);
        let _ = (difference.is_clean(), difference.print(false));
        let _ = top::frame(&report, &later, Duration::from_secs(1), false);
        show(&later.since(&report));
    }
    let names = report.attached.iter().map(|fs| fs.name.clone());
    let names: Vec<String> = names.take(1).collect();
    show(&report.clone().only(&names));
    Some(report)
}
