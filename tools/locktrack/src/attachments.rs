// SPDX-License-Identifier: GPL-2.0

//! What the module is told for the time of a run, and told back afterwards.

use std::collections::BTreeSet;
use std::io;

use anyhow::{anyhow, Result};
use locktrack_files::{parse_attach, parse_stats};

use crate::directory::Directory;

/// What is let go of at the end, also of a failure.
pub struct Attachments<'d> {
    directory: &'d Directory,
    names: Vec<String>,
}

impl<'d> Attachments<'d> {
    pub fn new(directory: &'d Directory) -> Self {
        Self {
            directory,
            names: Vec::new(),
        }
    }

    /// Attaches what a text names, unless it is.
    pub fn attach(&mut self, name: &str) -> Result<()> {
        let before = attached(self.directory)?;
        let result = self.directory.write("attach", &format!("{name}\n"));
        // `all` names many, of which some can be attached when another one fails.
        let mut now = attached(self.directory)?;
        now.retain(|name| !before.contains(name));
        self.names.extend(now);
        match result {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(anyhow!("{}", attach_advice(name, &error)))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Attachments<'_> {
    fn drop(&mut self) {
        for name in &self.names {
            match self.directory.write("attach", &format!("-{name}\n")) {
                // Somebody else has let go of it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => (),
                Err(error) => eprintln!("locktrack: cannot detach from {name}: {error}"),
                Ok(()) => (),
            }
        }
    }
}

/// Returns the names of what is attached.
fn attached(directory: &Directory) -> Result<BTreeSet<String>> {
    let attach = parse_attach(&directory.read("attach")?)?;
    Ok(attach.filesystems.into_iter().map(|fs| fs.name).collect())
}

/// Says why something cannot be attached, and what to do.
fn attach_advice(name: &str, error: &io::Error) -> String {
    const ENODEV: i32 = 19;
    const ENOSPC: i32 = 28;
    let advice = match error.raw_os_error() {
        Some(ENODEV) => {
            "no such filesystem is registered: see /proc/filesystems, and load its module first"
        }
        Some(ENOSPC) => "too many were attached: unload locktrack and load it again",
        _ => "the kernel's log says more: dmesg | grep locktrack",
    };
    format!("cannot attach to {name}: {error}\n  {advice}")
}

/// That shared holders are followed, until the end.
pub struct Exact<'d>(&'d Directory);

impl<'d> Exact<'d> {
    /// Begins to follow them, unless that is so already or the kernel knows them by itself.
    pub fn begin(directory: &'d Directory) -> Result<Option<Self>> {
        let stats = parse_stats(&directory.read("stats")?)?;
        let is = |name: &str, value: &str| stats.get(name).is_some_and(|v| v == value);
        if is("query", "lockdep") || is("exact", "1") {
            return Ok(None);
        }
        match directory.write("exact", "1\n") {
            Ok(()) => Ok(Some(Self(directory))),
            Err(error) => Err(anyhow!(
                "cannot follow who holds locks shared: {error}\n  \
                 the kernel's log says more: dmesg | grep exact"
            )),
        }
    }
}

impl Drop for Exact<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.write("exact", "0\n") {
            eprintln!("locktrack: cannot stop following who holds locks shared: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice() {
        let advice = |number| attach_advice("nosuchfs", &io::Error::from_raw_os_error(number));
        assert!(advice(19).contains("/proc/filesystems"));
        assert!(advice(28).contains("unload"));
        assert!(advice(22).contains("dmesg"));
    }
}
