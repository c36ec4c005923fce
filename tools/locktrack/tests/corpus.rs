// SPDX-License-Identifier: GPL-2.0

//! What fuzzing found is tried each time.

use std::path::Path;

#[path = "../../lockspec/fuzz/reports.rs"]
mod reports;

#[test]
fn reports_can_be_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lockspec/fuzz/corpus/report");
    let mut some = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        some += usize::from(reports::report(&String::from_utf8_lossy(&bytes)).is_some());
    }
    assert!(some > 0, "the corpus has no report");
}
