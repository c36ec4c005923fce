// SPDX-License-Identifier: GPL-2.0

//! Attaching, running a command, and what came of it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::AtomicBool;
use std::sync::Arc;

use anyhow::{anyhow, bail, Context as _, Result};

use crate::directory::Directory;
use crate::report::Report;

/// What came of a command.
pub struct Outcome {
    pub report: Report,
    pub status: ExitStatus,
}

/// Filesystems that are let go of at the end, also of a failure.
struct Attachments<'d> {
    directory: &'d Directory,
    names: Vec<String>,
}

impl Attachments<'_> {
    /// Attaches a filesystem, unless it is.
    fn attach(&mut self, name: &str) -> Result<()> {
        match self.directory.write("attach", &format!("{name}\n")) {
            Ok(()) => {
                self.names.push(name.to_owned());
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(anyhow!("{}", attach_advice(name, &error))),
        }
    }
}

impl Drop for Attachments<'_> {
    fn drop(&mut self) {
        for name in &self.names {
            if let Err(error) = self.directory.write("attach", &format!("-{name}\n")) {
                eprintln!("locktrack: cannot detach from {name}: {error}");
            }
        }
    }
}

/// Says why a filesystem cannot be attached, and what to do.
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

/// Attaches to the filesystems, or to that of the current directory; runs a command; and returns what came in between.
pub fn run(
    directory: &Directory,
    filesystems: &[String],
    exceptions: Option<&Path>,
    command: &[OsString],
) -> Result<Outcome> {
    let Some((program, arguments)) = command.split_first() else {
        bail!("there is no command to run");
    };
    if let Some(file) = exceptions {
        load_exceptions(directory, file)?;
    }
    let own;
    let filesystems = match filesystems {
        [] => {
            own = [current_filesystem()?];
            &own
        }
        _ => filesystems,
    };
    let mut attachments = Attachments {
        directory,
        names: Vec::new(),
    };
    for name in filesystems {
        attachments.attach(name)?;
    }
    let before = Report::read(directory)?;
    // Who interrupts the command wants the report all the same.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))
            .context("cannot set up signals")?;
    }
    let status = Command::new(program)
        .args(arguments)
        .status()
        .with_context(|| format!("cannot run {}", program.to_string_lossy()))?;
    let after = Report::read(directory)?;
    let mut report = after.since(&before);
    // Who asked for names wants no others; what else can be asked for is not the name of one filesystem.
    let is_name = |asked: &String| report.attached.iter().any(|fs| fs.name == *asked);
    if filesystems.iter().all(is_name) {
        report = report.only(filesystems);
    }
    report.command = Some(
        (command.iter())
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" "),
    );
    Ok(Outcome { report, status })
}

/// Says how a command that failed has ended.
pub fn failure(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("the command failed with exit status {code}")),
        (None, Some(signal)) => Some(format!("the command was ended by signal {signal}")),
        (None, None) => Some("the command failed".to_owned()),
    }
}

/// Loads a list of known exceptions.
pub fn load_exceptions(directory: &Directory, file: &Path) -> Result<()> {
    let name = file.display();
    let mut text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    directory.write("exceptions", &text).map_err(|error| {
        anyhow!(
            "cannot load the exceptions of {name}: {error}\n  \
             the kernel's log says which lines are bad, and why: dmesg | grep exceptions"
        )
    })
}

/// Returns the filesystem that the current directory is on.
fn current_filesystem() -> Result<String> {
    let here = std::env::current_dir().context("cannot find the current directory")?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")
        .context("cannot read /proc/self/mountinfo")?;
    filesystem_of(&mounts, &here).with_context(|| {
        format!(
            "cannot tell what filesystem {} is on; use --fs NAME",
            here.display()
        )
    })
}

/// Returns the filesystem of a path, of what `/proc/self/mountinfo` says.
fn filesystem_of(mountinfo: &str, path: &Path) -> Option<String> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (mount, fs) = line.split_once(" - ")?;
        let point = unescape(mount.split(' ').nth(4)?);
        Some((point, fs.split(' ').next()?))
    });
    // Of two at one place, the later one is above.
    mounts
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| Path::new(point).components().count())
        .map(|(_, fs)| fs.split('.').next().unwrap_or(fs).to_owned())
}

/// Undoes the octal escapes of spaces and the like.
fn unescape(text: &str) -> String {
    let mut out = text.to_owned();
    for (escape, character) in [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ] {
        out = out.replace(escape, character);
    }
    out
}

/// Writes a word of a command as a shell would read it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 0:21 / / rw - 9p rootfs rw
23 22 0:22 / /tmp rw,nosuid shared:3 - tmpfs tmpfs rw
24 23 7:0 / /tmp/a\\040b rw - ext4 /dev/loop0 rw
25 22 7:1 / /mnt rw - ext4 /dev/loop1 rw
26 25 7:2 / /mnt rw - fuse.sshfs host: rw
";

    #[test]
    fn filesystem_of_a_path() {
        for (path, fs) in [
            ("/", "9p"),
            ("/tmpfile", "9p"),
            ("/tmp/x", "tmpfs"),
            ("/tmp/a b/c", "ext4"),
            ("/mnt/x", "fuse"),
        ] {
            assert_eq!(
                filesystem_of(MOUNTS, Path::new(path)).as_deref(),
                Some(fs),
                "{path}"
            );
        }
        assert_eq!(filesystem_of("", Path::new("/")), None);
        assert_eq!(filesystem_of("nonsense - \n - \n", Path::new("/")), None);
    }

    #[test]
    fn words() {
        for (word, text) in [
            ("ls", "ls"),
            ("a b", "'a b'"),
            ("", "''"),
            ("it's", "'it'\\''s'"),
        ] {
            assert_eq!(quoted(OsStr::new(word)), text);
        }
    }

    #[test]
    fn advice() {
        let advice = |number| attach_advice("nosuchfs", &io::Error::from_raw_os_error(number));
        assert!(advice(19).contains("/proc/filesystems"));
        assert!(advice(28).contains("unload"));
        assert!(advice(22).contains("dmesg"));
    }
}
