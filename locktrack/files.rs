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
    Mode, //
};
use kernel::{
    bindings::PATH_MAX,
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
    sync::{
        atomic::Relaxed,
        Arc, //
    },
};
use kprobes::{
    EntryProbes,
    Symbol, //
};
use rules::{
    Edition,
    Rule,
    EDITIONS, //
};

use crate::{
    attach,
    counts::Hits,
    discover::PLACES,
    functions::{
        Function,
        Probed, //
    },
    text::{
        Device,
        Name,
        Time, //
    },
    tracker::Tracker,
    via::Via,
    violations::RECORDS,
    LocalModule, //
};

mod exact;
mod exceptions;
mod rows;

use exact::Exact;
use exceptions::ExceptionsFile;
use rows::{
    Coverage,
    Observed, //
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
    dir.add::<LocalModule, ExceptionsFile>()?;
    dir.add::<LocalModule, Stats>()?;
    dir.add::<LocalModule, Reset>()?;
    dir.add::<LocalModule, Enable>()?;
    dir.add::<LocalModule, Exact>()?;
    Ok(dir)
}

/// Does what the module's parameters say.
///
/// # Errors
///
/// That of the first that cannot be attached, of following shared holders, or of an edition that there is not, about
/// which there is a line in the log.
pub(crate) fn at_load(tracker: &Arc<Tracker>, exact: bool) -> Result {
    if let Some(name) = alarm::edition_at_load() {
        EditionFile::store(tracker, name.to_str().map_err(|_| EINVAL)?)?;
    }
    if exact {
        Exact::store(tracker, "1")?;
    }
    let Some(names) = alarm::attach_at_load() else {
        return Ok(());
    };
    let names = names.to_str().map_err(|_| EINVAL)?;
    let mut names = names.split(',').filter(|name| !name.is_empty());
    names.try_for_each(|name| Attach::store(tracker, name))
}

/// Returns the rules of the active edition.
fn rules_of(tracker: &Tracker) -> &'static [Rule] {
    tracker.edition().map_or(&[], Edition::rules)
}

pub(crate) struct Attach;

impl File for Attach {
    type Data = Tracker;
    const NAME: &'static CStr = c"attach";
    const WRITE: bool = true;
    /// A path, behind a `-` and with a newline.
    const WRITE_MAX: usize = PATH_MAX as usize + 1;

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack attach 1\n");
        seq_print!(seq, "# fs\tname\ttables\tprobes\trefused\tmissed\n");
        seq_print!(seq, "# probe\tname\tcallback\tfunction\tby\tmissed\n");
        seq_print!(seq, "# refused\tname\tcallback\tfunction\twhy\n");
        seq_print!(seq, "# return\tname\tcallback\tfunction\tby\tmissed\n");
        seq_print!(seq, "# return-refused\tname\tcallback\tfunction\twhy\n");
        let registry = tracker.registry.lock();
        for attached in &registry.attached {
            let Some(name) = tracker.fs_name(attached.id) else {
                continue;
            };
            // A function can be several callbacks; it is counted once, at the first.
            let uses = attached.tables.iter().flat_map(|table| table.uses.iter());
            let first = |at: usize, address: usize| {
                !uses.clone().take(at).any(|&(_, other)| other == address)
            };
            let (mut probes, mut refused, mut missed) = (0, 0, 0);
            for (at, &(_, address)) in uses.clone().enumerate() {
                let function = registry.functions.at(address);
                match function.and_then(Function::entry) {
                    Some(Ok(probe)) if first(at, address) => {
                        probes += 1;
                        missed += probe.missed;
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
                    registry.functions.at(address),
                    tracker.plan.callbacks.get(op),
                ) else {
                    continue;
                };
                let (op, symbol) = (callback.slot, Symbol::of_function(address));
                if let (true, Some(probe)) = (callback.is_checked(), function.entry()) {
                    show_probe(seq, ["probe", "refused"], name, op, &symbol, probe);
                }
                if let (true, Some(probe)) = (callback.is_followed(), function.following()) {
                    show_probe(seq, ["return", "return-refused"], name, op, &symbol, probe);
                }
            }
        }
    }

    fn store(tracker: &Arc<Tracker>, text: &str) -> Result {
        let result = match text.strip_prefix('-') {
            Some("all") => attach::detach_all(tracker),
            Some(name) => attach::detach(tracker, name),
            None if text == "all" => attach::attach_all(tracker),
            None => attach::attach(tracker, text),
        };
        result.inspect_err(|&error| {
            let name = text.strip_prefix('-').unwrap_or(text);
            if error == EINVAL {
                pr_err!("attach: '{text}' names nothing: write the NAME of a filesystem, a /PATH in a mount, the MAJOR:MINOR of a superblock or 'all' to attach it, and the same behind a '-' to detach it\n");
            } else if error == ENODEV && name.contains(':') {
                pr_err!("attach: no mounted superblock has the device '{name}': /proc/self/mountinfo has those of all mounts in the third column\n");
            } else if error == ENODEV {
                pr_err!("attach: no filesystem '{name}' is registered (see /proc/filesystems): load its module first\n");
            } else if error == EEXIST {
                pr_err!("attach: '{name}' is attached already, perhaps by another name: read this file to see by which, and write that behind a '-' to detach it\n");
            } else if error == ENOENT {
                pr_err!("attach: '{name}' is not there or not attached: read this file to see what is\n");
            } else if error == ENOSPC {
                pr_err!("attach: '{text}' failed: too many were attached: unload locktrack and load it again\n");
            } else {
                pr_err!("attach: '{text}' failed: {error:?}\n");
            }
        })
    }
}

/// Writes the line of a probe: whether it goes through ftrace and how many hits it lost, or why there is none.
fn show_probe(
    seq: &SeqFile,
    [there, refused]: [&str; 2],
    name: &CStr,
    op: &rules::Slot,
    symbol: &Symbol,
    probe: Result<Probed, &Error>,
) {
    let (table, op) = (op.table, op.op);
    match probe {
        Ok(Probed { by_ftrace, missed }) => {
            let by = if by_ftrace { "ftrace" } else { "breakpoint" };
            seq_print!(
                seq,
                "{there}\t{name}\t{table}.{op}\t{symbol}\t{by}\t{missed}\n"
            );
        }
        Err(error) => seq_print!(
            seq,
            "{refused}\t{name}\t{table}.{op}\t{symbol}\t{error:?}\n"
        ),
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
            pr_err!("edition: there is no '{text}'; there is:\n");
            for edition in EDITIONS {
                pr_err!("edition:   {}\n", edition.name);
            }
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
            "# id\tcallback\tobject\tlock\trequires\twhen\tcondition\tsource\tchecked\twhy\n"
        );
        for rule in rules_of(tracker) {
            let condition = if rule.condition.is_empty() {
                "-"
            } else {
                rule.condition
            };
            let (checked, why) = match tracker.plan.why_not(rule) {
                None => ("yes", "-"),
                Some(why) => ("no", why),
            };
            seq_print!(
                seq,
                "{}\t{}\t{condition}\t{}\t{checked}\t{why}\n",
                Name(rule),
                rule.when.name(),
                rule.source
            );
        }
    }
}

struct ViolationsFile;

impl File for ViolationsFile {
    type Data = Tracker;
    const NAME: &'static CStr = c"violations";

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack violations 1\n");
        tracker.with_texts(|texts| {
            for record in tracker.violations.records() {
                let rule = record.rule;
                let none = c"?";
                let name = tracker.fs_name(record.fs).unwrap_or(none);
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
                seq_print!(seq, "when\t{}\n", rule.when.name());
                seq_print!(seq, "source\t{}\n", rule.source);
                seq_print!(seq, "fs\t{name}\t{}\n", Device(record.s_dev));
                seq_print!(seq, "found\t{}\n", record.found.name());
                seq_print!(seq, "count\t{}\n", record.count);
                tracker.with_exceptions(|list| {
                    if let Some(known) = list.and_then(|list| list.get(record.exception?)) {
                        seq_print!(seq, "exception\t{}\t{}\n", known.reason, known.reference);
                    }
                });
                seq_print!(seq, "first\t{}\n", Time(record.first));
                seq_print!(seq, "last\t{}\n", Time(record.last));
                seq_print!(seq, "task\t{comm}\t{}\n", record.pid);
                match texts.get(&record) {
                    Some(text) => {
                        seq_print!(seq, "caller\t{}\n", &*text.caller);
                        seq_print!(seq, "via\t{}\n", text.via.name());
                        // As a `CStr`, its tabs and newlines would be escaped.
                        seq_print!(seq, "{}", text.stack.to_str().unwrap_or("stack\t?\n"));
                    }
                    // There was no memory for it.
                    None => {
                        seq_print!(seq, "caller\t{}\n", Symbol::of_return(record.caller));
                        let via = Via::of(record.caller, record.function);
                        seq_print!(seq, "via\t{}\n", via.name());
                    }
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
        let entries = || {
            let functions = registry.functions.iter();
            functions.filter_map(Function::entry)
        };
        let probes = || entries().flatten();
        let followed = || {
            let functions = registry.functions.iter();
            functions.filter_map(Function::following)
        };
        let following = || followed().flatten();
        let places = registry.places.iter();
        let places = || places.clone().flat_map(EntryProbes::iter);
        let lost = registry.functions.lost();
        let (mut records, mut violations, mut excepted) = (0, 0, 0);
        for record in tracker.violations.records() {
            records += 1;
            match record.exception {
                Some(_) => excepted += record.count,
                None => violations += record.count,
            }
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
        exact::stats(tracker, seq);
        seq_print!(seq, "attached\t{}\n", registry.attached.len());
        seq_print!(seq, "tables\t{}\n", tables.sum::<usize>());
        seq_print!(seq, "tables-lost\t{}\n", tracker.tables_lost.load(Relaxed));
        seq_print!(seq, "probes\t{}\n", probes().count());
        seq_print!(seq, "refused\t{}\n", entries().count() - probes().count());
        let mut checked = 0;
        for (_, fs) in tracker.filesystems.iter() {
            let usual = tracker.plan.usual().map(|calls| fs.counts.of_calls(calls));
            checked += fs.counts.unusual() + usual.sum::<u64>();
        }
        seq_print!(seq, "checked\t{checked}\n");
        seq_print!(seq, "foreign\t{}\n", tracker.hits.of_hit(Hits::Foreign));
        seq_print!(seq, "missed\t{}\n", lost.entries);
        seq_print!(seq, "return-probes\t{}\n", following().count());
        seq_print!(
            seq,
            "return-refused\t{}\n",
            followed().count() - following().count()
        );
        seq_print!(seq, "followed\t{}\n", tracker.hits.of_hit(Hits::Followed));
        seq_print!(seq, "return-missed\t{}\n", lost.returns);
        let unwatched = tracker.returns.unwatched() + tracker.sleepers.lost();
        seq_print!(seq, "unwatched\t{unwatched}\n");
        seq_print!(seq, "asleep\t{}\n", tracker.sleepers.asleep());
        let witnesses = registry.witnesses.iter();
        for (name, error) in witnesses.flat_map(|witnesses| witnesses.refused()) {
            seq_print!(seq, "return-refused-by\t{name}\t{error:?}\n");
        }
        seq_print!(seq, "discover-probes\t{}\n", places().flatten().count());
        seq_print!(seq, "discover-missed\t{}\n", registry.discover_missed());
        seq_print!(seq, "records\t{records}\n");
        seq_print!(seq, "records-max\t{RECORDS}\n");
        seq_print!(seq, "violations\t{violations}\n");
        seq_print!(seq, "excepted\t{excepted}\n");
        seq_print!(seq, "violations-lost\t{}\n", tracker.violations.lost());
        let (memory, memory_max) = tracker.memory();
        seq_print!(seq, "memory\t{memory}\n");
        seq_print!(seq, "memory-max\t{memory_max}\n");
        for ((symbol, _), probe) in PLACES.iter().zip(places()) {
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
