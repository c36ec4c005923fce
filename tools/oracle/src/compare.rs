// SPDX-License-Identifier: GPL-2.0

//! The filesystem and the model beside each other.

use std::{collections::BTreeMap, io};

use rustix::io::Errno;

use crate::{
    model::Model,
    ops::{Op, Path, MAX_SIZE, SLOTS, XATTRS},
    outcome::{Outcome, Result},
    system::System,
};

/// How often each operation was tried: successes, and errors by their name.
#[derive(Default)]
pub struct Counts(pub BTreeMap<String, (u64, u64)>);

impl Counts {
    pub fn total(&self) -> u64 {
        self.0.values().map(|(right, wrong)| right + wrong).sum()
    }
}

/// What differs, and after how many operations.
pub struct Differs {
    pub number: usize,
    pub text: String,
}

type Same<T = ()> = std::result::Result<T, Differs>;

fn differs(number: usize, what: &str, found: &Result, right: &Result) -> Differs {
    let text = format!(
        "operation {number}, {what}:\n  is          {}\n  should be   {}",
        short(found),
        short(right)
    );
    Differs { number, text }
}

/// Long runs of bytes as what they are.
fn short(result: &Result) -> String {
    let Ok(Outcome::Bytes(bytes)) = result else {
        return format!("{result:?}");
    };
    let runs = bytes
        .chunk_by(|a, b| a == b)
        .map(|run| format!("{:#x} x {}", run[0], run.len()));
    format!(
        "{} bytes: {}",
        bytes.len(),
        runs.collect::<Vec<_>>().join(", ")
    )
}

/// Which number of the filesystem is which of the model.
#[derive(Default)]
struct Ids(BTreeMap<u64, u64>);

impl Ids {
    /// The model's number in place of the filesystem's, if it is that: or the filesystem's, which then differs.
    fn matched(&mut self, found: u64, right: u64) -> u64 {
        let other = self
            .0
            .iter()
            .any(|(known, model)| *known != found && *model == right);
        match self.0.get(&found) {
            Some(model) => *model,
            None if other => found | (1 << 63),
            None => {
                self.0.insert(found, right);
                right
            }
        }
    }

    fn translate(&mut self, found: Result, right: &Result) -> Result {
        match (found, right) {
            (Ok(Outcome::Stat(mut found)), Ok(Outcome::Stat(right))) => {
                found.id = self.matched(found.id, right.id);
                Ok(Outcome::Stat(found))
            }
            (Ok(Outcome::Entries(mut found)), Ok(Outcome::Entries(right))) => {
                for (name, (_, id)) in &mut found {
                    if let Some((_, right)) = right.get(name) {
                        *id = self.matched(*id, *right);
                    }
                }
                Ok(Outcome::Entries(found))
            }
            (found, _) => found,
        }
    }
}

struct Comparison<'a> {
    system: &'a mut System,
    model: Model,
    ids: Ids,
    number: usize,
}

impl Comparison<'_> {
    fn one(&mut self, op: &Op) -> Same<bool> {
        let right = self.model.apply(op);
        // A number can be given again when what had it has gone.
        let there = self.model.ids();
        self.ids.0.retain(|_, model| there.contains(model));
        let found = self.ids.translate(self.system.apply(op), &right);
        if found != right {
            return Err(differs(self.number, &format!("{op:?}"), &found, &right));
        }
        Ok(right.is_ok())
    }

    /// Every name, what it stands for, and what is in it.
    fn all(&mut self) -> Same {
        self.one(&Op::List {
            path: Path(".".to_owned()),
        })?;
        for path in self.model.paths() {
            self.one(&Op::Stat {
                path: path.clone(),
                follow: false,
            })?;
            self.one(&Op::ListXattr {
                path: path.clone(),
                follow: false,
            })?;
            for name in 0..XATTRS {
                self.one(&Op::GetXattr {
                    path: path.clone(),
                    name,
                    follow: false,
                })?;
            }
            self.one(&Op::List { path: path.clone() })?;
            self.one(&Op::Readlink { path: path.clone() })?;
            if let Some(right) = self.model.data(&path) {
                let found = std::fs::read(&path.0);
                if !found.as_ref().is_ok_and(|found| found == right) {
                    let found = found
                        .map(Outcome::Bytes)
                        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO));
                    let right = Ok(Outcome::Bytes(right.to_vec()));
                    let what = format!("then the content of {path:?}");
                    return Err(differs(self.number, &what, &found, &right));
                }
            }
        }
        for slot in 0..SLOTS {
            self.one(&Op::Fstat { slot })?;
            self.one(&Op::Read {
                slot,
                at: 0,
                len: 2 * MAX_SIZE,
            })?;
        }
        Ok(())
    }
}

fn left(number: usize, error: &io::Error) -> Differs {
    let text = format!("what is left at the end: {error}");
    Differs { number, text }
}

/// Runs a sequence from nothing to nothing; after so many operations each time, all is compared.
pub fn run(system: &mut System, ops: &[Op], all_after: usize, counts: &mut Counts) -> Same {
    system.clear().map_err(|error| left(ops.len(), &error))?;
    let mut comparison = Comparison {
        system,
        model: Model::new(),
        ids: Ids::default(),
        number: 0,
    };
    for op in ops {
        comparison.number += 1;
        let succeeded = comparison.one(op)?;
        let count = counts.0.entry(op.name()).or_default();
        if succeeded {
            count.0 += 1;
        } else {
            count.1 += 1;
        }
        if comparison.number % all_after == 0 {
            comparison.all()?;
        }
    }
    comparison.all()?;
    system.clear().map_err(|error| left(ops.len(), &error))
}
