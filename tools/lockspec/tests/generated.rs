// SPDX-License-Identifier: GPL-2.0

//! The generated code: what it is, that it compiles, and that both its users see an edit.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{compile, edit, project, rules, SMALL};

#[test]
fn small() {
    insta::assert_snapshot!("generated", compile(&[SMALL]).expect("this is right"));
}

#[test]
fn editions_are_sorted_and_types_are_of_the_newest() {
    let older = edit(SMALL, "v1.0", "v0.12");
    let older = edit(&older, "\"not promised\"", "\"shared\"");
    let oldest = edit(SMALL, "v1.0", "v0.2");
    let text = compile(&[SMALL, &oldest, &older]).expect("this is right");
    assert_eq!(
        text,
        compile(&[&older, SMALL, &oldest]).expect("this is right")
    );
    let editions: Vec<&str> = text
        .lines()
        .filter(|l| l.contains("    edition: "))
        .collect();
    let rules = &editions[..editions.len() / 2];
    assert!(
        rules.starts_with(&["        edition: \"v0.2\","]),
        "{editions:?}"
    );
    assert!(text.contains("`struct inode_operations` are promised in v1.0"));
    assert!(!text.contains("`inode->i_rwsem` is held, at least shared.\n        ///\n        /// Documentation/small.rst v0"));
}

/// Runs a tool of the Rust toolchain, which whoever runs the tests has.
fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

fn rustc(folder: &Path) -> Command {
    let mut command = Command::new("rustc");
    command
        .args([
            "--edition=2021",
            "-Dwarnings",
            "-Dmissing_docs",
            "--out-dir=.",
            "-L.",
        ])
        .current_dir(folder)
        .env("SAMPLEFS_OBJ", folder);
    command
}

/// Stands for the `kernel` crate: `struct inode_operations` as v7.3 has it, by argument counts.
const KERNEL: &str = "
    #![allow(missing_docs, non_camel_case_types)]
    pub mod bindings {
        pub const O_CREAT: u32 = 0o100;
        pub const RENAME_EXCHANGE: u32 = 2;
        pub type F1 = Option<unsafe extern \"C\" fn(*mut u8)>;
        pub type F2 = Option<unsafe extern \"C\" fn(*mut u8, *mut u8) -> i32>;
        pub type F3 = Option<unsafe extern \"C\" fn(*mut u8, *mut u8, i32) -> i32>;
        pub type F4 = Option<unsafe extern \"C\" fn(*mut u8, *mut u8, *mut u8, i32) -> i32>;
        pub type F5 = Option<unsafe extern \"C\" fn(*mut u8, *mut u8, *mut u8, u32, u32) -> i32>;
        pub type F6 =
            Option<unsafe extern \"C\" fn(*mut u8, *mut u8, *mut u8, *mut u8, *mut u8, u32) -> i32>;
        #[repr(C)]
        pub struct inode_operations {
            pub lookup: F3, pub get_link: F3, pub permission: F3, pub get_inode_acl: F3,
            pub readlink: F3, pub create: F4, pub link: F3, pub unlink: F2, pub symlink: F4,
            pub mkdir: F4, pub rmdir: F2, pub mknod: F5, pub rename: F6, pub setattr: F3,
            pub getattr: F5, pub listxattr: F3, pub fiemap: F4, pub update_time: F3,
            pub sync_lazytime: F1, pub atomic_open: F5, pub tmpfile: F4, pub get_acl: F3,
            pub set_acl: F4, pub fileattr_set: F3, pub fileattr_get: F2, pub get_offset_ctx: F1,
        }
    }
";

/// Compiles the `rules` crate in a folder from this data, and says what rustc does.
fn crate_of(folder: &Path, data: &str, kernel: &str) -> Result<(), String> {
    let generated = compile(&[data])?;
    fs::create_dir_all(folder.join("rust/rules")).expect("a folder");
    fs::write(folder.join("rust/rules/generated.rs"), generated).expect("a file");
    fs::write(folder.join("kernel.rs"), kernel).expect("a file");
    let lib = project().join("rust/rules/lib.rs");
    for (name, source) in [("kernel", Path::new("kernel.rs")), ("rules", &lib)] {
        let output = run(rustc(folder)
            .args(["--crate-type=rlib", "--extern=kernel", "--crate-name", name])
            .arg(source));
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    Ok(())
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A filesystem that counts on an exclusive lock, as `vfs` lets it: by type.
const FILESYSTEM: &str = "
    //! A user of the types.
    fn needs<M: rules::AtLeast<rules::Exclusive>>() {}
    fn main() { needs::<rules::inode_operations::unlink::Dir>() }
";

/// A checker, which reads the table as locktrack does.
const CHECKER: &str = "
    //! A user of the table.
    fn main() {
        for (i, rule) in rules::RULES.iter().enumerate() {
            assert_eq!(usize::from(rule.id), i);
        }
        for op in rules::OPS {
            assert!(op.rules().iter().all(|r| r.op == op.op && r.table == op.table));
            assert!(op.rules().iter().all(|r| r.reach.argument < op.arguments));
        }
        assert_eq!(rules::OPS.iter().map(|op| op.rules().len()).sum::<usize>(), rules::RULES.len());
        let unlink = rules::OPS.iter().find(|op| op.op == \"unlink\").unwrap();
        let dir = unlink.rules().iter().find(|r| r.object == \"dir\").unwrap();
        print!(\"{}\", dir.requirement.name());
    }
";

/// Compiles a program that uses the crate in the folder, and runs it.
fn program(folder: &Path, text: &str) -> Result<String, String> {
    fs::write(folder.join("program.rs"), text).expect("a file");
    let output = run(rustc(folder).args(["--extern=rules", "program.rs"]));
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let output = run(&mut Command::new(folder.join("program")));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `unlink` in the data of v7.3 with a weaker promise about the directory.
fn weaker_unlink() -> String {
    let data = rules("v7.3");
    let (before, unlink) = data
        .split_once("[op.inode_operations.unlink]")
        .expect("unlink");
    let unlink = unlink.replacen("requires = \"exclusive\"", "requires = \"shared\"", 1);
    format!("{before}[op.inode_operations.unlink]{unlink}")
}

#[test]
fn an_edit_reaches_types_and_table() {
    let folder = folder();
    crate_of(folder.path(), &rules("v7.3"), KERNEL).expect("it compiles");
    program(folder.path(), FILESYSTEM).expect("it compiles");
    assert_eq!(
        program(folder.path(), CHECKER).expect("it compiles"),
        "exclusive"
    );

    crate_of(folder.path(), &weaker_unlink(), KERNEL).expect("it compiles");
    let error = program(folder.path(), FILESYSTEM).expect_err("the filesystem asks for too much");
    assert!(
        error.contains("`rules::Shared: AtLeast<rules::Exclusive>` is not satisfied"),
        "{error}"
    );
    assert_eq!(
        program(folder.path(), CHECKER).expect("it compiles"),
        "shared"
    );
}

#[test]
fn the_kernels_struct_has_the_last_word() {
    let folder = folder();
    let more = edit(
        KERNEL,
        "pub get_offset_ctx: F1,",
        "pub get_offset_ctx: F1, pub whirl: F1,",
    );
    let error = crate_of(folder.path(), &rules("v7.3"), &more).expect_err("a slot more");
    assert!(
        error.contains("pattern does not mention field `whirl`"),
        "{error}"
    );

    let fewer = edit(KERNEL, "pub fiemap: F4, ", "");
    let error = crate_of(folder.path(), &rules("v7.3"), &fewer).expect_err("a slot less");
    assert!(
        error.contains("does not have a field named `fiemap`"),
        "{error}"
    );

    let other = edit(KERNEL, "pub fiemap: F4", "pub fiemap: F5");
    let error = crate_of(folder.path(), &rules("v7.3"), &other).expect_err("an argument more");
    assert!(
        error.contains("_: &Option") && error.contains("= fiemap;"),
        "{error}"
    );
}

#[test]
fn the_code_is_formatted() {
    let folder = folder();
    for data in [SMALL, &rules("v7.3")] {
        let file = folder.path().join("generated.rs");
        fs::write(&file, compile(&[data]).expect("this is right")).expect("a file");
        let output = run(Command::new("rustfmt")
            .args(["--edition=2021", "--check"])
            .arg(&file));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}
