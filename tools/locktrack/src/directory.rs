// SPDX-License-Identifier: GPL-2.0

//! The directory with the files of the module.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, Context as _, Result};

/// Where it is unless somebody says otherwise.
pub const DEFAULT: &str = "/sys/kernel/debug/locktrack";

/// The files of the module.
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Opens it. If it is not there or cannot be used, the error says what to do.
    pub fn open(path: &Path) -> Result<Self> {
        let attach = path.join("attach");
        match fs::File::open(&attach) {
            Ok(_) => Ok(Self {
                path: path.to_owned(),
            }),
            Err(error) => Err(anyhow!(Machine::look().advice(path, &error))),
        }
    }

    /// Reads a file. What is no UTF-8, as names of tasks can be, is replaced.
    pub fn read(&self, name: &str) -> Result<String> {
        let path = self.path.join(name);
        let bytes = fs::read(&path).with_context(|| {
            format!(
                "cannot read {}; is the module older than this program, or gone meanwhile?",
                path.display()
            )
        })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes a text at once, as the module wants it.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .open(self.path.join(name))?;
        match file.write(text.as_bytes())? {
            written if written == text.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }
}

/// What has to do with the directory being there.
pub struct Machine {
    pub root: bool,
    pub debugfs: bool,
    pub module: bool,
}

impl Machine {
    /// Looks at this machine.
    pub fn look() -> Self {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        Self {
            root: rustix::process::geteuid().is_root(),
            debugfs: mounts
                .lines()
                .any(|line| line.split(' ').nth(2) == Some("debugfs")),
            module: Path::new("/sys/module/locktrack").exists(),
        }
    }

    /// Says why the directory cannot be used, and what to do.
    pub fn advice(&self, path: &Path, error: &io::Error) -> String {
        let mut text = format!("cannot use {}: {error}", path.display());
        let mut add = |line: &str| {
            text.push_str("\n  ");
            text.push_str(line);
        };
        if path != Path::new(DEFAULT) {
            add("the files of locktrack are not there: is the directory the right one?");
            return text;
        }
        if !self.root {
            add("only root may use locktrack: run this with sudo, or as root");
        }
        if !self.module {
            add("the module is not loaded: modprobe locktrack (or insmod locktrack.ko)");
        }
        if !self.debugfs {
            add("debugfs is not mounted: mount -t debugfs debugfs /sys/kernel/debug");
        }
        if self.root && self.module && self.debugfs {
            add(match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    "root may not either: is the kernel locked down? see /sys/kernel/security/lockdown"
                }
                _ => "the module is loaded and debugfs is mounted: is it mounted elsewhere? use --dir",
            });
        }
        text
    }
}
