// SPDX-License-Identifier: GPL-2.0

//! Checks the locks that filesystem callbacks are promised, by the kernel module locktrack.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand, ValueEnum};

use locktrack::directory::{self, Directory};
use locktrack::report::Report;
use locktrack::{diff, html, run, table, top};

/// Checks the locks that filesystem callbacks are promised, by the kernel module locktrack.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit status: 0 no violation, 1 violations (of diff: new ones, or rules that became broken), 2 it could not be done, \
    3 no violation, but the command of `run` failed."
)]
struct Arguments {
    /// Where the files of the module are.
    #[arg(long, global = true, env = "LOCKTRACK_DIR", default_value = directory::DEFAULT)]
    dir: PathBuf,
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Attach to filesystems, run a command, and report what came of it.
    ///
    /// What was counted before stays as it was, and is not in the report. Filesystems that were not attached before are
    /// let go of at the end, also if the program is interrupted or told to end.
    Run {
        /// What to attach to, as it is written to the file `attach`; by default the filesystem of the current directory.
        #[arg(long = "fs", value_name = "NAME")]
        filesystems: Vec<String>,
        /// Load a list of known exceptions before.
        #[arg(long, value_name = "FILE")]
        exceptions: Option<PathBuf>,
        /// Follow who holds locks shared meanwhile: exact answers also on a kernel without lockdep.
        #[arg(long)]
        exact: bool,
        #[command(flatten)]
        output: Output,
        #[arg(required = true, last = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
    /// Report what the module knows, or what was saved.
    Report {
        /// A report in JSON, instead of the module.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Show which callbacks are called how often, until `q` or an interrupt.
    Top {
        /// The time between two looks, in seconds.
        #[arg(long, default_value = "2", value_parser = seconds, value_name = "SECONDS")]
        interval: Duration,
        /// Look so often, and end.
        #[arg(long, value_name = "N")]
        count: Option<u64>,
    },
    /// Compare two reports in JSON.
    Diff { a: PathBuf, b: PathBuf },
}

#[derive(clap::Args)]
struct Output {
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where to; by default to the standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// In a table, show rules that were never reached, too.
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, in a terminal.
    Table,
    /// For programs, and for `diff` and `report --from`.
    Json,
    /// One page with a coverage matrix, which needs nothing else.
    Html,
}

impl Output {
    fn write(&self, report: &Report) -> Result<()> {
        let colours = self.output.is_none()
            && io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none();
        let text = match self.format {
            Format::Table => table::report(report, self.all, colours),
            Format::Json => report.json(),
            Format::Html => html::report(report),
        };
        match &self.output {
            Some(file) => std::fs::write(file, text)
                .with_context(|| format!("cannot write {}", file.display())),
            None => print(&text),
        }
    }
}

fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Who reads it has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write"),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "this is no number".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it has to be more than 0".to_owned()),
    }
}

fn main() -> ExitCode {
    match act(Arguments::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("locktrack: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn act(arguments: Arguments) -> Result<u8> {
    let dir = arguments.dir;
    match arguments.command {
        Action::Run {
            filesystems,
            exceptions,
            exact,
            output,
            command,
        } => {
            let directory = Directory::open(&dir)?;
            let outcome = run::run(
                &directory,
                &filesystems,
                exceptions.as_deref(),
                exact,
                &command,
            )?;
            output.write(&outcome.report)?;
            let failure = run::failure(outcome.status);
            if let Some(failure) = &failure {
                eprintln!("locktrack: {failure}");
            }
            Ok(match (outcome.report.violations(), failure) {
                (1.., _) => 1,
                (0, Some(_)) => 3,
                (0, None) => 0,
            })
        }
        Action::Report { from, output } => {
            let report = match from {
                Some(file) => Report::load(&file)?,
                None => Report::read(&Directory::open(&dir)?)?,
            };
            output.write(&report)?;
            Ok(u8::from(report.violations() > 0))
        }
        Action::Top { interval, count } => {
            top::top(&Directory::open(&dir)?, interval, count)?;
            Ok(0)
        }
        Action::Diff { a, b } => {
            let found = diff::diff(&Report::load(&a)?, &Report::load(&b)?);
            let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            print(&found.print(colours))?;
            Ok(u8::from(!found.is_clean()))
        }
    }
}
