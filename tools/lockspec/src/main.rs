// SPDX-License-Identifier: GPL-2.0

//! Compiles the locking rules of `rules/*.toml` into Rust.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use lockspec::check::check;
use lockspec::diff::diff;
use lockspec::document::{self, Document};
use lockspec::generate::generate;
use lockspec::import::{import, Like};
use lockspec::observed::{drift, observe, table, Observation};
use lockspec::report::Report;
use lockspec::show::{show, Format};
use lockspec::spec::{Edition, Specification};

/// Checks the locking rules of VFS callbacks and compiles them into Rust.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit status: 0 done; 1 the rules have errors (check, show, generate), a document \
    differs from them (diff), or they were not kept (drift); 2 a file cannot be read or written (for the \
    other commands, also because the rules have errors), or wrong usage."
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
    /// Show what became of all tables or of a table from edition to edition, or a callback's rules.
    Show {
        /// `TABLE` or `TABLE.OP`, such as `inode_operations.rename`.
        #[arg(value_name = "WHAT")]
        what: Option<String>,
        /// How it is written: terminal, rst or json.
        #[arg(long, default_value = "terminal", value_parser = format)]
        format: Format,
        /// The rules, one file for each edition; by default what is in the folder `rules`.
        #[arg(long, num_args = 1.., value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// Compare a document of the kernel with an edition of the rules.
    ///
    /// Exit status: 0 they are the same, 1 they differ, 2 one of them cannot be read.
    Diff {
        /// The document, Documentation/filesystems/locking.rst or, up to v5.2, Locking; `-` is the
        /// standard input.
        #[arg(value_name = "FILE")]
        document: PathBuf,
        /// The edition, such as `v6.1`; by default the newest.
        #[arg(long, value_name = "EDITION")]
        edition: Option<String>,
        /// The rules, one file for each edition; by default what is in the folder `rules`.
        #[arg(long, num_args = 1.., value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// Write the rules of an edition from the kernel's document, to the standard output.
    ///
    /// What a person has to decide has a key `decide`, which is an error until it is removed.
    Import {
        /// The document, Documentation/filesystems/locking.rst or, up to v5.2, Locking; `-` is the
        /// standard input.
        #[arg(value_name = "FILE")]
        document: PathBuf,
        /// The kernel release that it is of, such as `v6.1`.
        #[arg(long, value_name = "EDITION")]
        edition: String,
        /// The edition to take rules from where the document says the same; by default the nearest.
        #[arg(long, value_name = "EDITION")]
        like: Option<String>,
        /// The rules, one file for each edition; by default what is in the folder `rules`.
        #[arg(long, num_args = 1.., value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// Write locking tables in the document's own form, of what locktrack saw.
    Table {
        #[command(flatten)]
        seen: Seen,
    },
    /// Set the document and what locktrack saw side by side.
    ///
    /// Exit status: 0 what was promised was kept, 1 it was not, 2 one of them cannot be read.
    Drift {
        #[command(flatten)]
        seen: Seen,
        /// Show rules that were never reached, too.
        #[arg(long)]
        all: bool,
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

/// What locktrack saw.
#[derive(clap::Args)]
struct Seen {
    /// The file `observed` of locktrack, or a copy; `-` is the standard input.
    #[arg(value_name = "FILE")]
    observed: PathBuf,
    /// Only what was seen of this filesystem.
    #[arg(long, value_name = "NAME")]
    fs: Option<String>,
    /// The rules that the module was built from, one file for each edition; by default what is in the folder `rules`.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    rules: Vec<PathBuf>,
}

impl Seen {
    /// Reads it, and does something with it.
    fn with<R>(self, f: impl FnOnce(&Observation<'_>) -> R) -> Result<R, Failure> {
        let name = document_name(&self.observed);
        let bytes = read_bytes(&self.observed)?;
        let fault =
            |error: &dyn std::fmt::Display| Failure::File(format!("cannot use {name}: {error}"));
        let rows = locktrack_files::parse_observed(&String::from_utf8_lossy(&bytes));
        let rows = rows.map_err(|error| fault(&error))?;
        let specification = load(&rules_files(self.rules)?).map_err(Failure::into_unreadable)?;
        let seen = observe(&specification, &rows, self.fs.as_deref());
        Ok(f(&seen.map_err(|error| fault(&error))?))
    }
}

/// Why there is no result.
enum Failure {
    /// The rules have errors: what they are.
    Invalid(String),
    /// A document differs from the rules, as has been said.
    Differs,
    /// A document, or the rules to compare it with, cannot be understood: where, and why.
    Document(String),
    /// A file could not be used: which, how, and why.
    File(String),
}

impl Failure {
    /// Makes rules with errors a file that cannot be read.
    fn into_unreadable(self) -> Self {
        match self {
            Self::Invalid(errors) => Self::Document(errors),
            other => other,
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Invalid(errors)) => {
            eprint!("{errors}");
            ExitCode::from(1)
        }
        Err(Failure::Differs) => ExitCode::from(1),
        Err(Failure::Document(errors)) => {
            eprint!("{errors}");
            ExitCode::from(2)
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
        Command::Show {
            what,
            format,
            rules,
        } => {
            let specification = load(&rules_files(rules)?)?;
            let text = show(&specification, what.as_deref(), format).map_err(Failure::File)?;
            // Whoever reads it may have read enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(())
        }
        Command::Diff {
            document,
            edition,
            rules,
        } => {
            let edition = edition.as_deref().map(parse_edition).transpose()?;
            let specification = load(&rules_files(rules)?).map_err(Failure::into_unreadable)?;
            let spec = match edition {
                Some(edition) => specification.editions.iter().find(|s| s.edition == edition),
                None => specification.editions.last(),
            };
            let spec = spec.ok_or_else(|| {
                let editions = specification.editions.iter().map(|s| s.edition.to_string());
                let editions: Vec<String> = editions.collect();
                Failure::File(format!(
                    "there is no such edition; there are: {}",
                    editions.join(", ")
                ))
            })?;
            let found = diff(&read_document(&document)?, spec);
            let text = found.print(&document_name(&document), &spec.edition.to_string());
            let _ = std::io::stdout().write_all(text.as_bytes());
            match found.is_empty() {
                true => Ok(()),
                false => Err(Failure::Differs),
            }
        }
        Command::Import {
            document,
            edition,
            like,
            rules,
        } => {
            let edition = parse_edition(&edition)?;
            let like = like.as_deref().map(parse_edition).transpose()?;
            let mut others: Vec<Like> = Vec::new();
            for file in rules_files(rules)? {
                // What callbacks there are does not matter here.
                if file.file_name() != Some(CALLBACKS.as_ref()) {
                    let other = Like::parse(&read_text(&file)?);
                    others.push(other.map_err(|error| {
                        Failure::File(format!("cannot read {}: {error}", file.display()))
                    })?);
                }
            }
            let other = match like {
                Some(like) => Some(
                    (others.iter().find(|other| other.edition == like)).ok_or_else(|| {
                        Failure::File(format!("there are no rules of {like} to take over"))
                    })?,
                ),
                None => others.iter().min_by_key(|other| other.distance(edition)),
            };
            let text = import(&read_document(&document)?, edition, other);
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(())
        }
        Command::Table { seen } => {
            let text = seen.with(table)?;
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(())
        }
        Command::Drift { seen, all } => {
            let found = seen.with(|seen| drift(seen, all))?;
            let _ = std::io::stdout().write_all(found.text().as_bytes());
            match found.is_broken() {
                true => Err(Failure::Differs),
                false => Ok(()),
            }
        }
        Command::Generate { output, files } => {
            let text = generate(&load(&files)?);
            write(&output, &text).map_err(|error| {
                Failure::File(format!("cannot write {}: {error}", output.display()))
            })
        }
    }
}

fn format(text: &str) -> Result<Format, String> {
    let found = Format::ALL.iter().find(|(name, _)| *name == text);
    found.map(|(_, format)| *format).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        format!("write one of {}", names.join(", "))
    })
}

fn parse_edition(text: &str) -> Result<Edition, Failure> {
    Edition::parse(text)
        .ok_or_else(|| Failure::File(format!("`{text}` is no edition; write it as `v7.3`")))
}

fn read_text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure::File(format!("cannot read {}: {error}", file.display())))
}

/// Returns what messages call a document.
fn document_name(file: &Path) -> String {
    match file.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => file.display().to_string(),
    }
}

/// Reads a file, or the standard input.
fn read_bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let name = document_name(file);
    bytes.map_err(|error| Failure::File(format!("cannot read {name}: {error}")))
}

/// Reads a document of the kernel.
fn read_document(file: &Path) -> Result<Document, Failure> {
    let name = document_name(file);
    let bytes = read_bytes(file)?;
    let mut report = Report::default();
    document::parse(&mut report, &name, &bytes).ok_or_else(|| Failure::Document(report.render()))
}

/// Returns the files of rules that were named, or all.
fn rules_files(named: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    match named[..] {
        [] => folder(Path::new("rules")),
        _ => Ok(named),
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
        numbers.push(report.add_file(file.display().to_string(), read_text(file)?));
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
