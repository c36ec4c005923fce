// SPDX-License-Identifier: GPL-2.0

//! The file `exact`, and its part of `stats`.

use debugfs::File;
use kernel::{
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
    sync::Arc, //
};
use since_v7_3::code::EOPNOTSUPP;

use crate::tracker::Tracker;

pub(super) struct Exact;

impl File for Exact {
    type Data = Tracker;
    const NAME: &'static CStr = c"exact";
    const WRITE: bool = true;

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack exact 1\n");
        seq_print!(seq, "# followed\tfunction\tby\tmissed\n");
        seq_print!(seq, "# not-followed\tlock\twhy\n");
        let readers = tracker.readers.lock();
        seq_print!(seq, "exact\t{}\n", u8::from(readers.is_some()));
        let Some(readers) = &*readers else {
            return;
        };
        readers.for_each_probe(|symbol, ftrace, missed| {
            let by = if ftrace { "ftrace" } else { "breakpoint" };
            seq_print!(seq, "followed\t{symbol}\t{by}\t{missed}\n");
        });
        seq_print!(
            seq,
            "not-followed\tvma_lock\tits readers come and go without a call\n"
        );
    }

    fn store(tracker: &Arc<Tracker>, text: &str) -> Result {
        let result = match text {
            "0" => tracker.set_exact(false),
            "1" => tracker.set_exact(true),
            _ => {
                pr_err!("exact: write 1 to follow who holds locks shared, 0 to stop that\n");
                return Err(EINVAL);
            }
        };
        result.inspect_err(|&error| {
            if error == EOPNOTSUPP {
                pr_err!("exact: this kernel has lockdep, whose answers are exact\n");
            } else {
                pr_err!("exact: {error:?}\n");
            }
        })
    }
}

/// Prints the lines of `stats`.
pub(super) fn stats(tracker: &Tracker, seq: &SeqFile) {
    let readers = tracker.readers.lock();
    seq_print!(seq, "exact\t{}\n", u8::from(readers.is_some()));
    let Some(counts) = readers.as_ref().and_then(|readers| readers.counts()) else {
        return;
    };
    seq_print!(seq, "exact-taken\t{}\n", counts.taken);
    seq_print!(seq, "exact-held\t{}\n", counts.held);
    seq_print!(seq, "exact-lost\t{}\n", counts.lost);
    seq_print!(seq, "exact-unmatched\t{}\n", counts.unmatched);
    seq_print!(seq, "exact-missed\t{}\n", counts.missed);
    seq_print!(seq, "exact-memory\t{}\n", counts.memory);
}
