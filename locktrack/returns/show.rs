// SPDX-License-Identifier: GPL-2.0

//! What the files say about calls that are followed.

use kernel::{
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
};
use kprobes::Symbol;

use super::registry::Registry;
use crate::{
    counts::Hits,
    tables::FsId,
    tracker::Tracker, //
};

impl Registry {
    /// Writes a line for each callback of a filesystem that is followed to its return.
    pub(crate) fn show(&self, tracker: &Tracker, id: FsId, name: &CStr, seq: &SeqFile) {
        let tables = self.tables.iter().filter(|table| table.fs == id);
        let uses = tables.flat_map(|table| table.uses.iter());
        for (at, &(op, address)) in uses.clone().enumerate() {
            let again = uses.clone().take(at).any(|&other| other == (op, address));
            let (false, Some(function), Some(followed)) =
                (again, self.function(address), tracker.plan.followed.get(op))
            else {
                continue;
            };
            let (op, symbol) = (followed.slot, Symbol::of_function(address));
            match &function.probe {
                Ok(probe) => seq_print!(
                    seq,
                    "return\t{name}\t{}.{}\t{symbol}\t{}\t{}\n",
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
                    "return-refused\t{name}\t{}.{}\t{symbol}\t{error:?}\n",
                    op.table,
                    op.op
                ),
            }
        }
    }

    /// Writes the lines of `stats`.
    pub(crate) fn show_stats(&self, tracker: &Tracker, seq: &SeqFile) {
        let probes = || {
            let functions = self.functions.iter();
            functions.filter_map(|function| function.probe.as_ref().ok())
        };
        let missed = probes().map(|probe| probe.nmissed()).sum::<u64>();
        seq_print!(seq, "return-probes\t{}\n", probes().count());
        seq_print!(
            seq,
            "return-refused\t{}\n",
            self.functions.len() - probes().count()
        );
        seq_print!(seq, "followed\t{}\n", tracker.counts.of_hit(Hits::Followed));
        seq_print!(seq, "return-missed\t{missed}\n");
        seq_print!(seq, "unwatched\t{}\n", tracker.returns.unwatched());
        seq_print!(seq, "asleep\t{}\n", tracker.returns.asleep());
        for (name, error) in self.refused() {
            seq_print!(seq, "return-refused-by\t{name}\t{error:?}\n");
        }
    }
}
