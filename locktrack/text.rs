// SPDX-License-Identifier: GPL-2.0

//! How things are written in the files.

use kernel::{
    prelude::*,
    str::CString, //
};
use kprobes::Symbol;
use rules::Rule;

use crate::{
    via::Via,
    violations::{
        Record,
        Violations,
        RECORDS, //
    },
};

/// What the addresses in a record are, looked up soon after it was made.
pub(crate) struct Text {
    pub(crate) caller: CString,
    pub(crate) via: Via,
    /// A line for each frame.
    pub(crate) stack: CString,
}

/// The texts of the records, by their index.
pub(crate) struct Texts(KVVec<Option<Text>>);

impl Texts {
    pub(crate) fn new() -> Result<Self> {
        let mut texts = KVVec::with_capacity(RECORDS, GFP_KERNEL)?;
        for _ in 0..RECORDS {
            texts.push(None, GFP_KERNEL)?;
        }
        Ok(Self(texts))
    }

    /// Returns the text of a record, unless there was no memory for it.
    pub(crate) fn get(&self, record: &Record) -> Option<&Text> {
        self.0.get(record.index)?.as_ref()
    }

    /// Looks up what is missing.
    pub(crate) fn complete(&mut self, violations: &Violations) {
        for record in violations.records() {
            if let Some(text @ None) = self.0.get_mut(record.index) {
                // Without memory, the next one tries again.
                *text = Text::new(&record).ok();
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        for text in &mut self.0 {
            *text = None;
        }
    }
}

impl Text {
    fn new(record: &Record) -> Result<Self> {
        let caller = CString::try_from_fmt(fmt!("{}", Symbol::of_return(record.caller)))?;
        Ok(Self {
            caller,
            via: Via::of(record.caller, record.function),
            stack: CString::try_from_fmt(fmt!("{}", Stack(&record.stack)))?,
        })
    }
}

/// A line for each frame.
struct Stack<'a>(&'a [usize]);

impl kernel::fmt::Display for Stack<'_> {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        for &address in self.0.iter().take_while(|&&address| address != 0) {
            f.write_fmt(fmt!("stack\t{}\n", Symbol::of_return(address)))?;
        }
        Ok(())
    }
}

/// The columns that tell a rule from others.
pub(crate) struct Name(pub(crate) &'static Rule);

impl kernel::fmt::Display for Name {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        let rule = self.0;
        f.write_fmt(fmt!(
            "{}\t{}.{}\t{}\t{}\t{}",
            rule.id,
            rule.table,
            rule.op,
            rule.object().unwrap_or("-"),
            rule.subject_name(),
            rule.requirement.name(),
        ))
    }
}

/// A device number as `major:minor`.
pub(crate) struct Device(pub(crate) u32);

impl kernel::fmt::Display for Device {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        f.write_fmt(fmt!("{}:{}", self.0 >> 20, self.0 & 0xf_ffff))
    }
}

/// Nanoseconds since boot, shown in seconds as the kernel's log does.
pub(crate) struct Time(pub(crate) u64);

impl kernel::fmt::Display for Time {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        let (seconds, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        f.write_fmt(fmt!("{seconds}.{:06}", rest / 1000))
    }
}
