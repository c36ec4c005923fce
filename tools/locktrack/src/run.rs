// SPDX-License-Identifier: GPL-2.0

//! Attaching, running a command, and what came of it.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use anyhow::{anyhow, bail, Context as _, Result};

use crate::attachments::{Attachments, Exact};
use crate::directory::Directory;
use crate::report::Report;
use crate::signals::Signals;

/// What came of a command.
pub struct Outcome {
    pub report: Report,
    pub status: ExitStatus,
}

/// Attaches to the filesystems, or to that of the current directory; runs a command; and returns what came in between.
/// With `exact`, shared holders are followed meanwhile.
pub fn run(
    directory: &Directory,
    filesystems: &[String],
    exceptions: Option<&Path>,
    exact: bool,
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
    // The last to go: who ends the program wants it to let go of everything, and the report all the same.
    let mut signals = Signals::catch()?;
    let _exact = match exact {
        true => Exact::begin(directory)?,
        false => None,
    };
    let mut attachments = Attachments::new(directory);
    for name in filesystems {
        signals.check()?;
        attachments.attach(name)?;
    }
    let before = Report::read(directory)?;
    let status = signals.run(program, arguments)?;
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
}
