// SPDX-License-Identifier: GPL-2.0

//! The front end of the kernel module locktrack.
//!
//! [`directory`] is where the module's files are, [`report`] is all that they say at one time;
//! [`table`], [`html`] and JSON are how it is written, in the words of [`wording`], and [`diff`] compares two of them.

pub mod attachments;
pub mod diff;
pub mod directory;
pub mod html;
pub mod matrix;
pub mod report;
pub mod run;
pub mod signals;
pub mod table;
pub mod top;
pub mod wording;
