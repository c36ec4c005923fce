// SPDX-License-Identifier: GPL-2.0

//! The files with a row for each rule in each filesystem.

use debugfs::File;
use held::Verdict;
use kernel::{
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
    sync::Arc, //
};
use rules::Rule;

use crate::{
    check::verdict,
    counts::{
        Event,
        ANSWERS, //
    },
    filesystems::Filesystem,
    plan::Number,
    tables::FsId,
    text::Name,
    tracker::Tracker, //
};

/// Returns the rules of the active edition that are checked.
fn checked_of(tracker: &Tracker) -> impl Iterator<Item = (&'static Rule, Number)> + '_ {
    let edition = tracker.edition().into_iter();
    edition.flat_map(|edition| tracker.plan.checked(edition))
}

/// A filesystem of a row, if any was ever attached.
type OfRow<'a> = Option<(FsId, &'a Filesystem)>;

/// Calls `f` for what coverage and observed have a row of: each filesystem that was ever attached, with each rule that
/// is checked. Where none was, each rule has a row all the same.
fn for_each_row(tracker: &Tracker, mut f: impl FnMut(&CStr, OfRow<'_>, &'static Rule, Number)) {
    let mut rows = |name: &CStr, fs: OfRow<'_>| {
        for (rule, number) in checked_of(tracker) {
            f(name, fs, rule, number);
        }
    };
    let mut none = true;
    for (id, fs) in tracker.filesystems.iter() {
        none = false;
        rows(&fs.name, Some((id, fs)));
    }
    if none {
        rows(c"-", None);
    }
}

fn count(fs: OfRow<'_>, number: Number, event: Event) -> u64 {
    fs.map_or(0, |(_, fs)| fs.counts.of_rule(number, event))
}

/// Returns how often a rule was broken in a filesystem by those who are excepted.
fn excepted(tracker: &Tracker, fs: FsId, rule: &Rule) -> u64 {
    let records = tracker.violations.records();
    records
        .filter(|record| record.exception.is_some() && record.fs == fs && record.rule.id == rule.id)
        .map(|record| record.count)
        .sum()
}

pub(super) struct Coverage;

impl File for Coverage {
    type Data = Tracker;
    const NAME: &'static CStr = c"coverage";

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack coverage 2\n");
        seq_print!(
            seq,
            "# id\tcallback\tobject\tlock\trequires\thits\tok\tsomeone\tviolation\tunknown\tunjudged\texcepted\tfs\n"
        );
        for_each_row(tracker, |name, fs, rule, number| {
            let (mut hits, mut ok, mut someone, mut violation, mut unknown, mut unjudged) =
                (0, 0, 0, 0, 0, 0);
            for answer in ANSWERS {
                let count = count(fs, number, Event::Answered(answer));
                hits += count;
                match verdict(rule.requirement, answer) {
                    Some(Verdict::Ok) if answer.is_exact() => ok += count,
                    Some(Verdict::Ok) => someone += count,
                    Some(Verdict::Violation) => violation += count,
                    Some(Verdict::Unknown) => unknown += count,
                    None => unjudged += count,
                }
            }
            // What has no record any more is no exception.
            let excepted = match (violation, fs) {
                (1.., Some((id, _))) => excepted(tracker, id, rule).min(violation),
                _ => 0,
            };
            let violation = violation - excepted;
            seq_print!(
                seq,
                "{}\t{hits}\t{ok}\t{someone}\t{violation}\t{unknown}\t{unjudged}\t{excepted}\t{name}\n",
                Name(rule)
            );
        });
    }
}

pub(super) struct Observed;

impl File for Observed {
    type Data = Tracker;
    const NAME: &'static CStr = c"observed";

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack observed 2\n");
        seq_print!(seq, "# id\tcallback\tobject\tlock\trequires");
        for answer in ANSWERS {
            seq_print!(seq, "\t{}", answer.name());
        }
        seq_print!(seq, "\tnot-applicable\tfs\n");
        for_each_row(tracker, |name, fs, rule, number| {
            seq_print!(seq, "{}", Name(rule));
            for answer in ANSWERS {
                let count = count(fs, number, Event::Answered(answer));
                seq_print!(seq, "\t{count}");
            }
            let count = count(fs, number, Event::NotApplicable);
            seq_print!(seq, "\t{count}\t{name}\n");
        });
    }
}
