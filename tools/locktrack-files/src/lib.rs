// SPDX-License-Identifier: GPL-2.0

//! The files that locktrack has in debugfs, as `Documentation/locktrack.rst` describes them.
//!
//! Columns are found by the names that the file itself gives them. Columns, kinds of lines and values that are not
//! known here do no harm; what is missing or makes no sense is an [`Error`] that says where.

mod records;
mod rows;
mod text;

pub use records::{parse_attach, parse_edition, parse_stats, parse_violations};
pub use records::{Attach, Attached, Edition, Stats, Violation};
pub use rows::{parse_coverage, parse_observed, parse_rules};
pub use rows::{Coverage, Observed, Rule, RuleLine};
pub use text::Error;
