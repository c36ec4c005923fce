// SPDX-License-Identifier: GPL-2.0

//! A command, and the signals that would end the program before it has let go of anything.

use std::ffi::OsString;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use anyhow::{bail, Context as _, Result};
use rustix::process::{kill_process, Pid, Signal};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator;

/// While it lives, signals do not end the program. Those that its parent ignores stay so, as with `nohup`.
pub struct Signals {
    caught: iterator::Signals,
    over: Arc<AtomicBool>,
}

impl Signals {
    /// Catches what would end it.
    pub fn catch() -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let ignored = ignored();
        let mut signals = vec![SIGINT, SIGQUIT, SIGTERM, SIGHUP];
        signals.retain(|signal| ignored & (1 << (signal - 1)) == 0);
        for &signal in &signals {
            // Afterwards they do what they always did.
            signal_hook::flag::register_conditional_default(signal, over.clone())
                .context("cannot set up signals")?;
        }
        signals.push(SIGCHLD);
        let caught = iterator::Signals::new(signals).context("cannot set up signals")?;
        Ok(Self { caught, over })
    }

    /// Fails if one has come.
    pub fn check(&mut self) -> Result<()> {
        match self.caught.pending().find(|signal| *signal != SIGCHLD) {
            Some(signal) => bail!("signal {signal} came before the command was run"),
            None => Ok(()),
        }
    }

    /// Runs a command, and returns how it ended.
    ///
    /// An interrupt comes from the terminal, which sends it to the command, too. What else is meant to end the program
    /// ends the command.
    pub fn run(&mut self, program: &OsString, arguments: &[OsString]) -> Result<ExitStatus> {
        self.check()?;
        let name = program.to_string_lossy();
        let mut child = Command::new(program)
            .args(arguments)
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        loop {
            // A child that ends sends one, too.
            for signal in self.caught.wait() {
                let end = match signal {
                    SIGTERM => Signal::TERM,
                    SIGHUP => Signal::HUP,
                    _ => continue,
                };
                kill_process(Pid::from_child(&child), end)
                    .with_context(|| format!("cannot end {name}"))?;
            }
            if let Some(status) = child.try_wait().context("cannot wait for the command")? {
                return Ok(status);
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Returns the signals that the parent wants to be ignored, as bits.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::time::Duration;

    use rustix::process::getpid;

    use super::*;

    fn run(signals: &mut Signals, words: &[&str]) -> Result<ExitStatus> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        signals.run(&words[0], &words[1..])
    }

    /// One test: signals come to the whole process.
    #[test]
    fn a_command_and_signals() {
        let mut signals = Signals::catch().expect("it can");
        for code in 0..20 {
            let words = ["sh", "-c", &format!("exit {code}")];
            let status = run(&mut signals, &words).expect("it runs");
            assert_eq!(status.code(), Some(code));
        }
        run(&mut signals, &["/no/such/program"]).expect_err("there is none");
        for (signal, words) in [
            (Signal::TERM, &["sleep", "60"][..]),
            (Signal::HUP, &["sleep", "60"]),
            // The command sends it.
            (Signal::INT, &["sh", "-c", "kill -INT $PPID; kill -KILL $$"]),
        ] {
            // Who runs the tests may ignore it, and so does the command then.
            if ignored() & (1 << (signal.as_raw() - 1)) != 0 {
                eprintln!("{signal:?} is ignored here, and not tried");
                continue;
            }
            let sender = (signal != Signal::INT).then(|| {
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(300));
                    kill_process(getpid(), signal)
                })
            });
            let status = run(&mut signals, words).expect("it runs");
            let ended = if sender.is_some() {
                signal
            } else {
                Signal::KILL
            };
            assert_eq!(status.signal(), Some(ended.as_raw()));
        }
        // Before it has begun: what came to the last one is over.
        let _ = signals.check();
        signals.check().expect("none has come");
        signal_hook::low_level::raise(SIGTERM).expect("it can");
        let error = run(&mut signals, &["true"]).expect_err("it came before");
        assert_eq!(
            error.to_string(),
            "signal 15 came before the command was run"
        );
    }
}
