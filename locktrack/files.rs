// SPDX-License-Identifier: GPL-2.0

//! The files in debugfs.
//!
//! Each begins with a line `locktrack NAME VERSION`. Columns are divided by tabs; a line with `#` names them.

use debugfs::{
    Dir,
    File, //
};
use held::{
    Answer,
    Mode,
    Verdict, //
};
use kernel::{
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
    str::CString,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
};
use kprobes::Symbol;
use rules::{
    Edition,
    Rule,
    EDITIONS, //
};

use crate::{
    check::verdict,
    counts::{
        Event,
        Hits,
        ANSWERS, //
    },
    discover::PLACES,
    plan::Number,
    text::{
        Device,
        Name,
        Time, //
    },
    tracker::Tracker,
    violations::RECORDS,
    LocalModule, //
};

/// Makes all files.
pub(crate) fn create(tracker: &Arc<Tracker>) -> Result<Dir<Tracker>> {
    let dir = Dir::new(c"locktrack", tracker.clone())?;
    dir.add::<LocalModule, Attach>()?;
    dir.add::<LocalModule, EditionFile>()?;
    dir.add::<LocalModule, Rules>()?;
    dir.add::<LocalModule, Coverage>()?;
    dir.add::<LocalModule, Observed>()?;
    dir.add::<LocalModule, ViolationsFile>()?;
    dir.add::<LocalModule, Stats>()?;
    dir.add::<LocalModule, Reset>()?;
    dir.add::<LocalModule, Enable>()?;
    Ok(dir)
}

/// Returns the rules of the active edition.
fn rules_of(tracker: &Tracker) -> &'static [Rule] {
    tracker.edition().map_or(&[], Edition::rules)
}

/// Returns those of them that are checked.
fn checked_of(tracker: &Tracker) -> impl Iterator<Item = (&'static Rule, Number)> + '_ {
    let edition = tracker.edition().into_iter();
    edition.flat_map(|edition| tracker.plan.checked(edition))
}

struct Attach;

impl File for Attach {
    type Data = Tracker;
    const NAME: &'static CStr = c"attach";
    const WRITE: bool = true;

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack attach 1\n");
        seq_print!(seq, "# fs\tname\ttables\tprobes\trefused\tmissed\n");
        seq_print!(seq, "# probe\tname\tcallback\tfunction\tby\tmissed\n");
        seq_print!(seq, "# refused\tname\tcallback\tfunction\twhy\n");
        seq_print!(seq, "# return\tname\tcallback\tfunction\tby\tmissed\n");
        seq_print!(seq, "# return-refused\tname\tcallback\tfunction\twhy\n");
        let registry = tracker.registry.lock();
        for attached in &registry.attached {
            let Some(name) = registry.name(attached.id) else {
                continue;
            };
            // A function can be several callbacks; it is counted once, at the first.
            let uses = attached.tables.iter().flat_map(|table| table.uses.iter());
            let first = |at: usize, address: usize| {
                !uses.clone().take(at).any(|&(_, other)| other == address)
            };
            let (mut probes, mut refused, mut missed) = (0, 0, 0);
            for (at, &(_, address)) in uses.clone().enumerate() {
                match registry.function(address).map(|function| &function.probe) {
                    Some(Ok(probe)) if first(at, address) => {
                        probes += 1;
                        missed += probe.nmissed();
                    }
                    Some(Err(_)) if first(at, address) => refused += 1,
                    _ => (),
                }
            }
            seq_print!(
                seq,
                "fs\t{name}\t{}\t{probes}\t{refused}\t{missed}\n",
                attached.tables.len()
            );
            for (at, &(op, address)) in uses.clone().enumerate() {
                let again = uses.clone().take(at).any(|&other| other == (op, address));
                let (false, Some(function), Some(callback)) = (
                    again,
                    registry.function(address),
                    tracker.plan.callbacks.get(op),
                ) else {
                    continue;
                };
                let (op, symbol) = (callback.slot, Symbol::of_function(address));
                match &function.probe {
                    Ok(probe) => seq_print!(
                        seq,
                        "probe\t{name}\t{}.{}\t{symbol}\t{}\t{}\n",
                        op.table,
                        op.op,
                        if probe.is_ftrace() {
                            "ftrace"
                        } else {
                            "breakpoint"
                        },
                        probe.nmissed()
                    ),
                    Err(error) => seq_print!(
                        seq,
                        "refused\t{name}\t{}.{}\t{symbol}\t{error:?}\n",
                        op.table,
                        op.op
                    ),
                }
            }
            registry.returns.show(tracker, attached.id, name, seq);
        }
    }

    fn store(tracker: &Arc<Tracker>, text: &str) -> Result {
        let (name, detach) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let valid = |c: char| c.is_ascii_graphic() && c != '.' && c != '/';
        if name.is_empty() || !name.chars().all(valid) {
            pr_err!("attach: '{text}' is no name of a filesystem: write NAME to attach it, -NAME to detach it\n");
            return Err(EINVAL);
        }
        let c_name = CString::try_from_fmt(fmt!("{name}"))?;
        let mut registry = tracker.registry.lock();
        let result = if detach {
            registry.detach(tracker, &c_name)
        } else {
            registry.attach(tracker, &c_name)
        };
        drop(registry);
        result.inspect_err(|&error| {
            if error == ENODEV {
                pr_err!("attach: no filesystem '{name}' is registered (see /proc/filesystems): load its module first\n");
            } else if error == EEXIST {
                pr_err!("attach: '{name}' is attached already: write -{name} to detach it\n");
            } else if error == ENOENT {
                pr_err!("attach: '{name}' is not attached: read this file to see what is\n");
            } else {
                pr_err!("attach: '{text}' failed: {error:?}\n");
            }
        })
    }
}

struct EditionFile;

impl File for EditionFile {
    type Data = Tracker;
    const NAME: &'static CStr = c"edition";
    const WRITE: bool = true;

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack edition 2\n");
        if let Some(edition) = tracker.edition() {
            seq_print!(seq, "active\t{}\n", edition.name);
        }
        for edition in EDITIONS {
            seq_print!(seq, "edition\t{}\n", edition.name);
        }
    }

    fn store(tracker: &Arc<Tracker>, text: &str) -> Result {
        tracker.set_edition(text).inspect_err(|_| {
            pr_err!("edition: there is no '{text}': read this file to see what there is\n");
        })
    }
}

struct Rules;

impl File for Rules {
    type Data = Tracker;
    const NAME: &'static CStr = c"rules";

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack rules 2\n");
        seq_print!(
            seq,
            "# id\tcallback\tobject\tlock\trequires\twhen\tcondition\tsource\tchecked\n"
        );
        for rule in rules_of(tracker) {
            let condition = if rule.condition.is_empty() {
                "-"
            } else {
                rule.condition
            };
            seq_print!(
                seq,
                "{}\t{}\t{condition}\t{}\t{}\n",
                Name(rule),
                rule.when.name(),
                rule.source,
                if tracker.plan.number(rule).is_some() {
                    "yes"
                } else {
                    "no"
                }
            );
        }
    }
}

struct Coverage;

impl File for Coverage {
    type Data = Tracker;
    const NAME: &'static CStr = c"coverage";

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack coverage 1\n");
        seq_print!(
            seq,
            "# id\tcallback\tobject\tlock\trequires\thits\tok\tsomeone\tviolation\tunknown\tunjudged\n"
        );
        for (rule, number) in checked_of(tracker) {
            let (mut hits, mut ok, mut someone, mut violation, mut unknown, mut unjudged) =
                (0, 0, 0, 0, 0, 0);
            for answer in ANSWERS {
                let count = tracker.counts.of_rule(number, Event::Answered(answer));
                hits += count;
                match verdict(rule.requirement, answer) {
                    Some(Verdict::Ok) if answer.is_exact() => ok += count,
                    Some(Verdict::Ok) => someone += count,
                    Some(Verdict::Violation) => violation += count,
                    Some(Verdict::Unknown) => unknown += count,
                    None => unjudged += count,
                }
            }
            seq_print!(
                seq,
                "{}\t{hits}\t{ok}\t{someone}\t{violation}\t{unknown}\t{unjudged}\n",
                Name(rule)
            );
        }
    }
}

struct Observed;

impl File for Observed {
    type Data = Tracker;
    const NAME: &'static CStr = c"observed";

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack observed 1\n");
        seq_print!(seq, "# id\tcallback\tobject\tlock\trequires");
        for answer in ANSWERS {
            seq_print!(seq, "\t{}", answer.name());
        }
        seq_print!(seq, "\tnot-applicable\n");
        for (rule, number) in checked_of(tracker) {
            seq_print!(seq, "{}", Name(rule));
            for answer in ANSWERS {
                let count = tracker.counts.of_rule(number, Event::Answered(answer));
                seq_print!(seq, "\t{count}");
            }
            let count = tracker.counts.of_rule(number, Event::NotApplicable);
            seq_print!(seq, "\t{count}\n");
        }
    }
}

struct ViolationsFile;

impl File for ViolationsFile {
    type Data = Tracker;
    const NAME: &'static CStr = c"violations";

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack violations 1\n");
        let registry = tracker.registry.lock();
        tracker.with_texts(|texts| {
            for record in tracker.violations.records() {
                let rule = record.rule;
                let none = c"?";
                let name = registry.name(record.fs).unwrap_or(none);
                let comm = CStr::from_bytes_until_nul(&record.comm).unwrap_or(none);
                seq_print!(seq, "\nviolation\t{}\n", record.index);
                seq_print!(
                    seq,
                    "rule\t{}\t{}\n",
                    Name(rule),
                    if rule.condition.is_empty() {
                        "-"
                    } else {
                        rule.condition
                    }
                );
                seq_print!(seq, "source\t{}\n", rule.source);
                seq_print!(seq, "fs\t{name}\t{}\n", Device(record.s_dev));
                seq_print!(seq, "found\t{}\n", record.found.name());
                seq_print!(seq, "count\t{}\n", record.count);
                seq_print!(seq, "first\t{}\n", Time(record.first));
                seq_print!(seq, "last\t{}\n", Time(record.last));
                seq_print!(seq, "task\t{comm}\t{}\n", record.pid);
                match texts.get(&record) {
                    Some(text) => {
                        seq_print!(seq, "caller\t{}\n", &*text.caller);
                        // As a `CStr`, its tabs and newlines would be escaped.
                        seq_print!(seq, "{}", text.stack.to_str().unwrap_or("stack\t?\n"));
                    }
                    // There was no memory for it.
                    None => seq_print!(seq, "caller\t{}\n", Symbol::of_return(record.caller)),
                }
            }
        });
    }
}

struct Stats;

impl File for Stats {
    type Data = Tracker;
    const NAME: &'static CStr = c"stats";

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack stats 1\n");
        let registry = tracker.registry.lock();
        let probes = || {
            let functions = registry.functions.iter();
            functions.filter_map(|function| function.probe.as_ref().ok())
        };
        let places = || {
            registry
                .places
                .iter()
                .filter_map(|probe| probe.as_ref().ok())
        };
        let missed = probes().map(|probe| probe.nmissed()).sum::<u64>();
        let missed_places = places().map(|probe| probe.nmissed()).sum::<u64>();
        let (mut records, mut violations) = (0, 0);
        for record in tracker.violations.records() {
            records += 1;
            violations += record.count;
        }
        let query = if Answer::Exact(Mode::Shared) == held::best_shared() {
            "lockdep"
        } else {
            "owner"
        };
        let tables = registry.attached.iter().map(|fs| fs.tables.len());
        seq_print!(
            seq,
            "enabled\t{}\n",
            u8::from(tracker.enabled.load(Relaxed))
        );
        seq_print!(seq, "query\t{query}\n");
        seq_print!(seq, "attached\t{}\n", registry.attached.len());
        seq_print!(seq, "tables\t{}\n", tables.sum::<usize>());
        seq_print!(seq, "tables-lost\t{}\n", tracker.tables_lost.load(Relaxed));
        seq_print!(seq, "probes\t{}\n", probes().count());
        seq_print!(
            seq,
            "refused\t{}\n",
            registry.functions.len() - probes().count()
        );
        seq_print!(seq, "checked\t{}\n", tracker.counts.of_hit(Hits::Checked));
        seq_print!(seq, "foreign\t{}\n", tracker.counts.of_hit(Hits::Foreign));
        seq_print!(seq, "missed\t{missed}\n");
        registry.returns.show_stats(tracker, seq);
        seq_print!(seq, "discover-probes\t{}\n", places().count());
        seq_print!(seq, "discover-missed\t{missed_places}\n");
        seq_print!(seq, "records\t{records}\n");
        seq_print!(seq, "records-max\t{RECORDS}\n");
        seq_print!(seq, "violations\t{violations}\n");
        seq_print!(seq, "violations-lost\t{}\n", tracker.violations.lost());
        for ((symbol, _), probe) in PLACES.iter().zip(&registry.places) {
            if let Err(error) = probe {
                seq_print!(seq, "discover-refused\t{symbol}\t{error:?}\n");
            }
        }
    }
}

struct Reset;

impl File for Reset {
    type Data = Tracker;
    const NAME: &'static CStr = c"reset";
    const READ: bool = false;
    const WRITE: bool = true;

    fn store(tracker: &Arc<Tracker>, text: &str) -> Result {
        if text != "1" {
            pr_err!("reset: write 1 to forget all counts and violations\n");
            return Err(EINVAL);
        }
        tracker.reset();
        Ok(())
    }
}

struct Enable;

impl File for Enable {
    type Data = Tracker;
    const NAME: &'static CStr = c"enable";
    const WRITE: bool = true;

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack enable 1\n");
        seq_print!(seq, "{}\n", u8::from(tracker.enabled.load(Relaxed)));
    }

    fn store(tracker: &Arc<Tracker>, text: &str) -> Result {
        match text {
            "0" => tracker.enable(false),
            "1" => tracker.enable(true),
            _ => {
                pr_err!("enable: write 1 to check calls, 0 to let them pass\n");
                return Err(EINVAL);
            }
        }
        Ok(())
    }
}
