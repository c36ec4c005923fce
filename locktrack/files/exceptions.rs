// SPDX-License-Identifier: GPL-2.0

//! The file with the known exceptions.

use debugfs::File;
use kernel::{
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
    sync::Arc, //
};

use crate::{
    exceptions::Exceptions,
    tracker::Tracker, //
};

pub(super) struct ExceptionsFile;

impl File for ExceptionsFile {
    type Data = Tracker;
    const NAME: &'static CStr = c"exceptions";
    const WRITE: bool = true;
    const WRITE_MAX: usize = 64 << 10;
    const WRITE_WHOLE: bool = true;

    fn show(tracker: &Arc<Tracker>, seq: &SeqFile) {
        seq_print!(seq, "locktrack exceptions 1\n");
        seq_print!(
            seq,
            "# callback\tobject\tlock\trequires\tcaller\treason\treference\thits\n"
        );
        // The list stays the same as long as the texts are ours.
        tracker.with_texts(|_| {
            tracker.with_exceptions(|list| {
                for (index, exception) in list.into_iter().flat_map(Exceptions::iter).enumerate() {
                    let records = tracker.violations.records();
                    let hits: u64 = records
                        .filter(|record| record.exception == Some(index))
                        .map(|record| record.count)
                        .sum();
                    seq_print!(seq, "{exception}\t{hits}\n");
                }
            });
        });
    }

    fn store(tracker: &Arc<Tracker>, text: &str) -> Result {
        tracker.set_exceptions(text)
    }
}
