// SPDX-License-Identifier: GPL-2.0

//! Compiles the locking rules of `rules/*.toml` into Rust.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use lockspec::check::check;
use lockspec::generate::generate;
use lockspec::report::Report;
use lockspec::show::show;
use lockspec::spec::Specification;

/// Checks the locking rules of VFS callbacks and compiles them into Rust.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit status: 0 done, 1 the rules have errors, 2 a file cannot \
    be read or written, or wrong usage."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look for errors.
    Check {
        /// The rules, one file for each edition; `callbacks.toml` beside them is found.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show the rules, of all tables, of a table, or of a callback.
    Show {
        /// `TABLE` or `TABLE.OP`, such as `inode_operations.rename`.
        #[arg(value_name = "WHAT")]
        what: Option<String>,
        /// The rules, one file for each edition; by default what is in the folder `rules`.
        #[arg(long, num_args = 1.., value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// Write the Rust code that the kernel modules are built with.
    Generate {
        /// Where to: replaced at once, and only if there are no errors.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
        /// The rules, one file for each edition; `callbacks.toml` beside them is found.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Why there is no result.
enum Failure {
    /// The rules have errors: what they are.
    Invalid(String),
    /// A file could not be used: which, how, and why.
    File(String),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Invalid(errors)) => {
            eprint!("{errors}");
            ExitCode::from(1)
        }
        Err(Failure::File(error)) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Check { files } => {
            for spec in load(&files)?.editions {
                let ops = spec.tables.iter().flat_map(|t| &t.ops);
                let rules: usize = ops.clone().map(|op| op.rules.len()).sum();
                println!("{}: {} callbacks, {rules} rules", spec.edition, ops.count());
            }
            Ok(())
        }
        Command::Show { what, rules } => {
            let files = match rules[..] {
                [] => folder(Path::new("rules"))?,
                _ => rules,
            };
            let text = show(&load(&files)?, what.as_deref()).map_err(Failure::File)?;
            // Whoever reads it may have read enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(())
        }
        Command::Generate { output, files } => {
            let text = generate(&load(&files)?);
            write(&output, &text).map_err(|error| {
                Failure::File(format!("cannot write {}: {error}", output.display()))
            })
        }
    }
}

/// Returns the files with rules in a folder.
fn folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let files = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
        files
            .filter(|f| {
                !f.as_ref()
                    .is_ok_and(|f| f.extension() != Some("toml".as_ref()))
            })
            .collect()
    };
    match read() {
        Ok(files) if files.is_empty() => Err("there is no .toml file in it".to_owned()),
        files => files.map_err(|error| error.to_string()),
    }
    .map_err(|error| {
        let folder = folder.display();
        Failure::File(format!(
            "cannot read the folder {folder}: {error}; give --rules FILE"
        ))
    })
}

/// Adds the file that says what callbacks there are, if it is beside the others and none of them.
fn with_callbacks(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = files.to_vec();
    let beside = files.first().map(|file| file.with_file_name(CALLBACKS));
    let given = files
        .iter()
        .any(|file| file.file_name() == Some(CALLBACKS.as_ref()));
    files.extend(beside.filter(|file| !given && file.exists()));
    files
}

/// The name of the file that says what callbacks there are.
const CALLBACKS: &str = "callbacks.toml";

/// Reads and checks the files.
fn load(files: &[PathBuf]) -> Result<Specification, Failure> {
    let mut report = Report::default();
    let mut numbers = Vec::new();
    for file in &with_callbacks(files) {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::File(format!("cannot read {}: {error}", file.display())))?;
        numbers.push(report.add_file(file.display().to_string(), text));
    }
    let specs = check(&mut report, &numbers);
    match report.len() {
        0 => Ok(specs),
        1 => Err(Failure::Invalid(report.render())),
        n => Err(Failure::Invalid(format!("{}{n} errors\n", report.render()))),
    }
}

/// Replaces a file as a whole, so that nobody sees half of it.
fn write(output: &Path, text: &str) -> std::io::Result<()> {
    let folder = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .permissions(readable())
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(output)?;
    Ok(())
}

/// The permissions of a new file, which the umask then narrows.
fn readable() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}
