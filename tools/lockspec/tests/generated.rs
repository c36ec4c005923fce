// SPDX-License-Identifier: GPL-2.0

//! The generated code: what it is, that it compiles, and that both its users see an edit.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{checked, compile, edit, project, CALLBACKS, SMALL};
use lockspec::check::check;
use lockspec::facts;
use lockspec::generate::generate;
use lockspec::report::Report;
use lockspec::spec::{Config, Specification};

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

/// What a struct has: a field, and its type or the struct that it is.
#[derive(Default)]
struct Fake(BTreeMap<String, Fake>);

impl Fake {
    /// Adds the member at the end of a path.
    fn add(&mut self, path: &str) {
        let mut at = self;
        for name in path.split('.') {
            at = at.0.entry(name.to_owned()).or_default();
        }
    }

    /// Writes the struct, and those in it.
    fn write(&self, name: &str, out: &mut String) {
        let mut fields = String::new();
        for (field, inner) in &self.0 {
            let of = match inner.0.is_empty() {
                true => "*mut u8".to_owned(),
                false => format!("{name}_{field}"),
            };
            fields += &format!("pub {field}: {of}, ");
            if !inner.0.is_empty() {
                inner.write(&of, out);
            }
        }
        *out += &format!("#[repr(C)] pub struct {name} {{ {fields}}}\n");
    }
}

/// Stands for the crate `extra_bindings`: as the callbacks say that C has it, so that an edit of this
/// is another kernel.
fn bindings(specification: &Specification) -> String {
    let mut members: BTreeMap<&str, Fake> = BTreeMap::new();
    for member in facts::MEMBERS {
        members.entry(member.of).or_default().add(member.rust);
    }
    let (mut of_locks, mut others) = (String::new(), String::new());
    for (name, fake) in members {
        match name {
            "file_lock" | "file_lease" => fake.write(name, &mut of_locks),
            _ => fake.write(name, &mut others),
        }
    }
    for s in &specification.callbacks.structs {
        // As a kernel is that was configured without any option, and is older than all that is told of.
        let there = |config: &Option<Config>| config.as_ref().is_none_or(|config| !config.set);
        let mut text = format!("#[repr(C)] pub struct {} {{\n", s.name);
        for field in s.fields.iter().filter(|f| there(&f.config)) {
            text += &format!("    pub {}: u8,\n", field.name);
        }
        for slot in s.slots.iter().filter(|slot| there(&slot.config)) {
            let earlier = (slot.earlier.as_ref()).filter(|earlier| !earlier.config.set);
            let count = earlier.map_or(slot.arguments.len(), |earlier| earlier.arguments);
            let arguments = vec!["*mut u8"; count].join(", ");
            text += &format!(
                "    pub {}: Option<unsafe extern \"C\" fn({arguments})>,\n",
                slot.name
            );
        }
        match &s.name[..] {
            "file_lock_operations" | "lease_manager_operations" | "lock_manager_operations" => {
                of_locks += &(text + "}\n");
            }
            _ => others += &(text + "}\n"),
        }
    }
    format!(
        "#![allow(missing_docs, non_camel_case_types, non_upper_case_globals, non_snake_case)]\n\
         pub const O_CREAT: u32 = 0o100;\n\
         pub const RENAME_EXCHANGE: u32 = 2;\n\
         pub const MAY_NOT_BLOCK: u32 = 0x80;\n\
         pub const RUST_CONST_HELPER_LOOKUP_RCU: u32 = 1 << 8;\n\
         pub const fault_flag_FAULT_FLAG_VMA_LOCK: u32 = 1 << 12;\n\
         pub const vm_fault_reason_VM_FAULT_LOCKED: u32 = 0x200;\n\
         pub const vm_fault_reason_VM_FAULT_RETRY: u32 = 0x400;\n\
         {others}pub mod filelock {{\n{of_locks}}}\n"
    )
}

/// Compiles the `rules` crate in a folder, and says what rustc does.
fn crate_of(folder: &Path, specification: &Specification, bindings: &str) -> Result<(), String> {
    fs::create_dir_all(folder.join("rust/rules")).expect("a folder");
    let generated = generate(specification);
    fs::write(folder.join("rust/rules/generated.rs"), generated).expect("a file");
    fs::write(folder.join("bindings.rs"), bindings).expect("a file");
    let lib = project().join("rust/rules/lib.rs");
    for (name, source) in [
        ("extra_bindings", Path::new("bindings.rs")),
        ("rules", &lib),
    ] {
        let output = run(rustc(folder)
            .args([
                "--crate-type=rlib",
                "--extern=extra_bindings",
                "--crate-name",
                name,
            ])
            .arg(source));
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    Ok(())
}

/// The callbacks and all editions of this project, the newest with an edit.
fn project_rules(edit: impl Fn(String) -> String) -> Specification {
    let mut report = Report::default();
    let mut numbers = Vec::new();
    for entry in fs::read_dir(project().join("rules")).expect("the rules") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a file");
        let text = match path.ends_with("v7.3.toml") {
            true => edit(text),
            false => text,
        };
        numbers.push(report.add_file(path.display().to_string(), text));
    }
    let specification = check(&mut report, &numbers);
    assert!(report.is_empty(), "{}", report.render());
    specification
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
            let slot = &rules::SLOTS[op.slot];
            for rule in op.rules() {
                assert_eq!((rule.op, rule.table), (op.op, op.table));
                if let rules::Subject::Object { reach, .. } = rule.subject {
                    assert!(reach.argument < slot.arguments);
                }
            }
        }
        assert_eq!(rules::OPS.iter().map(|op| op.rules().len()).sum::<usize>(), rules::RULES.len());
        assert_eq!(rules::EDITIONS.iter().map(|e| e.rules().len()).sum::<usize>(), rules::RULES.len());
        assert_eq!(rules::EDITIONS.iter().map(|e| e.ops().len()).sum::<usize>(), rules::OPS.len());
        let newest = rules::EDITIONS.last().unwrap();
        assert!(newest.rules().iter().all(|rule| rule.edition == newest.name));
        let unlink = newest.ops().iter().find(|op| op.op == \"unlink\").unwrap();
        let dir = unlink.rules().iter().find(|r| r.object() == Some(\"dir\")).unwrap();
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

/// Weakens what v7.3 promises about the directory of `unlink`.
fn weaker_unlink(data: String) -> String {
    let (before, unlink) = data
        .split_once("[op.inode_operations.unlink]")
        .expect("unlink");
    let unlink = unlink.replacen("requires = \"exclusive\"", "requires = \"shared\"", 1);
    format!("{before}[op.inode_operations.unlink]{unlink}")
}

#[test]
fn an_edit_reaches_types_and_table() {
    let folder = folder();
    let right = project_rules(|data| data);
    crate_of(folder.path(), &right, &bindings(&right)).expect("it compiles");
    program(folder.path(), FILESYSTEM).expect("it compiles");
    assert_eq!(
        program(folder.path(), CHECKER).expect("it compiles"),
        "exclusive"
    );

    let weaker = project_rules(weaker_unlink);
    crate_of(folder.path(), &weaker, &bindings(&weaker)).expect("it compiles");
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
fn the_kernels_structs_have_the_last_word() {
    let folder = folder();
    let small = checked(CALLBACKS, &[SMALL]).expect("this is right");
    let kernel = bindings(&small);
    crate_of(folder.path(), &small, &kernel).expect("it compiles");

    let put = "    pub put: Option<unsafe extern \"C\" fn()>,\n";
    for (from, to, error) in [
        (
            put,
            format!("{put}    pub whirl: u8,\n"),
            "pattern does not mention field `whirl`",
        ),
        (put, String::new(), "does not have a field named `put`"),
        (put, put.replace("fn()", "fn(u8)"), "= put;"),
        // It takes one more in a kernel of that age.
        (
            "pub set_acl: Option<unsafe extern \"C\" fn(*mut u8, *mut u8, *mut u8)>",
            "pub set_acl: Option<unsafe extern \"C\" fn(*mut u8, *mut u8)>".to_owned(),
            "= set_acl;",
        ),
        (
            "pub d_inode: ",
            "pub d_nodes: ".to_owned(),
            "no field `d_inode` on type",
        ),
        (
            "    pub owner: u8,\n",
            String::new(),
            "does not have a field named `owner`",
        ),
    ] {
        let errors = crate_of(folder.path(), &small, &edit(&kernel, from, &to));
        let errors = errors.expect_err("another kernel");
        assert!(errors.contains(error), "{errors}");
    }
}

#[test]
fn options_of_the_kernel_count() {
    let folder = folder();
    let small = checked(CALLBACKS, &[SMALL]).expect("this is right");
    crate_of(folder.path(), &small, &bindings(&small)).expect("it compiles");
    let text = "
        //! A user of the table.
        fn main() {
            for slot in rules::SLOTS.iter().filter(|slot| slot.offset.is_none()) {
                print!(\"{} \", slot.op);
            }
        }
    ";
    assert_eq!(program(folder.path(), text).expect("it compiles"), "");
    let without = edit(CALLBACKS, "\"!CONFIG_SIMPLE\"", "\"CONFIG_NUMA\"");
    let small = checked(&without, &[SMALL]).expect("this is right");
    crate_of(folder.path(), &small, &bindings(&small)).expect("it compiles");
    assert_eq!(program(folder.path(), text).expect("it compiles"), "acl ");
    // The kernel that is made up is older.
    let later = edit(CALLBACKS, "before = \"v0.8\"", "since = \"v0.8\"");
    let small = checked(&later, &[SMALL]).expect("this is right");
    crate_of(folder.path(), &small, &bindings(&small)).expect("it compiles");
    assert_eq!(program(folder.path(), text).expect("it compiles"), "flush ");
}

#[test]
fn the_code_is_formatted() {
    let folder = folder();
    let small = checked(CALLBACKS, &[SMALL]).expect("this is right");
    for specification in [small, project_rules(|data| data)] {
        let file = folder.path().join("generated.rs");
        fs::write(&file, generate(&specification)).expect("a file");
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
