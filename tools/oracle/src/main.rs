// SPDX-License-Identifier: GPL-2.0

//! Random operations on a filesystem, each compared with a model of what POSIX says; a sequence that differs is
//! made as short as it can be.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod compare;
mod model;
mod ops;
mod outcome;
mod shrink;
mod system;

use std::{
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{anyhow, bail, Context, Result};
use clap::{Parser, ValueEnum};
use proptest::{
    prelude::Rng,
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    compare::Counts,
    ops::Op,
    system::{Fault, System},
};

/// After so many operations everything that there is is compared.
const ALL_AFTER: usize = 20;
/// After so many it says how far it is.
const PROGRESS: u64 = 20_000;

/// Compares a filesystem with a model of POSIX, as root.
///
/// The exit status is 0 if nothing differs, 1 if something does, and 2 if nothing could be tried.
#[derive(Parser)]
struct Arguments {
    /// An empty directory on the filesystem, or the root of a fresh one
    #[arg(required_unless_present = "list_faults")]
    directory: Option<PathBuf>,
    /// At least so many operations
    #[arg(short = 'n', long, default_value_t = 100_000)]
    operations: u64,
    /// How many operations a sequence has at most
    #[arg(short, long, default_value_t = 400)]
    length: usize,
    /// The same seed makes the same sequences; by default one is made up, and printed
    #[arg(short, long)]
    seed: Option<u64>,
    /// Also drop the kernel's caches, of the whole machine
    #[arg(long)]
    drop_caches: bool,
    /// Do this wrong, which has to be found
    #[arg(long)]
    fault: Option<Fault>,
    /// Print the names of all faults, and do nothing else
    #[arg(long, exclusive = true)]
    list_faults: bool,
}

/// Makes the directory this process's root, as `..` and absolute symbolic links must not lead out of it.
fn enter(directory: &Path) -> Result<()> {
    // Of ext4.
    fs::remove_dir(directory.join("lost+found")).ok();
    let mut entries =
        fs::read_dir(directory).with_context(|| format!("cannot read {directory:?}"))?;
    if entries.next().is_some() {
        bail!("{directory:?} is not empty: what is in it would be lost");
    }
    rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::chroot(directory).context("cannot change the root: only root can")?;
    rustix::process::chdir("/")?;
    Ok(())
}

fn compare(directory: &Path, arguments: &Arguments, seed: u64) -> Result<bool> {
    let drop_caches = match arguments.drop_caches {
        true => Some(
            fs::File::options()
                .write(true)
                .open("/proc/sys/vm/drop_caches")?,
        ),
        false => None,
    };
    enter(directory)?;
    let mut system = System::new(drop_caches, arguments.fault)?;
    let mut counts = Counts::default();
    let started = Instant::now();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let op = ops::op();
    let mut sequences = 0;
    while counts.total() < arguments.operations {
        sequences += 1;
        let length = runner.rng().random_range(1..=arguments.length);
        let trees: Vec<_> = (0..length)
            .map(|_| {
                op.new_tree(&mut runner)
                    .map_err(|reason| anyhow!("{reason}"))
            })
            .collect::<Result<_>>()?;
        let ops: Vec<_> = trees.iter().map(ValueTree::current).collect();
        let before = counts.total();
        let Err(differs) = compare::run(&mut system, &ops, ALL_AFTER, &mut counts) else {
            if before / PROGRESS != counts.total() / PROGRESS {
                eprintln!(
                    "{} operations, {} s",
                    counts.total(),
                    started.elapsed().as_secs()
                );
            }
            continue;
        };
        println!(
            "oracle: FAILED in sequence {sequences} with seed {seed}: {}",
            differs.text
        );
        // In a sequence that is cut where it differs, the end is early enough to compare all.
        let mut run = |ops: &[Op]| compare::run(&mut system, ops, usize::MAX, &mut counts);
        let (ops, differs) = shrink::shrink(trees, differs, &mut run);
        println!(
            "Of {length} operations, {} do it: {}",
            ops.len(),
            differs.text
        );
        for (number, op) in ops.iter().enumerate() {
            println!("{:4}  {op:?}", number + 1);
        }
        // What is left of the last try is of no use to anybody.
        system.clear().ok();
        return Ok(false);
    }
    println!("{:14} {:>9} {:>9}", "operation", "done", "refused");
    for (name, (done, refused)) in &counts.0 {
        println!("{name:14} {done:>9} {refused:>9}");
    }
    println!(
        "oracle: {} operations in {sequences} sequences, nothing differs; {} s",
        counts.total(),
        started.elapsed().as_secs()
    );
    Ok(true)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(directory) = &arguments.directory else {
        let faults = Fault::value_variants().iter();
        for name in faults.filter_map(Fault::to_possible_value) {
            println!("{}", name.get_name());
        }
        return ExitCode::SUCCESS;
    };
    let seed = arguments.seed.unwrap_or_else(some_seed);
    println!("oracle: seed {seed}");
    match compare(directory, &arguments, seed) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("oracle: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Another one each time.
fn some_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 32
}
