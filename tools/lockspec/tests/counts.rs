// SPDX-License-Identifier: GPL-2.0

//! Nothing of the older documents is missing in the data.
//!
//! The documents were counted once, apart from this program. These are the numbers.

mod common;

use common::rules;
use toml::{Table, Value};

/// What a section of a document has: rows of its table, callbacks that have a prototype and no
/// row, and rules in prose.
type Counts = [usize; 3];

const V4_18: [(&str, Counts); 13] = [
    ("dentry_operations", [13, 0, 0]),
    ("inode_operations", [20, 1, 2]),
    ("xattr_handler", [3, 0, 0]),
    ("super_operations", [17, 0, 3]),
    ("file_system_type", [2, 0, 2]),
    ("address_space_operations", [20, 0, 22]),
    ("file_lock_operations", [2, 0, 1]),
    ("lock_manager_operations", [6, 0, 1]),
    ("buffer_head", [0, 0, 1]),
    ("block_device_operations", [10, 0, 2]),
    ("file_operations", [0, 30, 9]),
    ("dquot_operations", [5, 0, 2]),
    ("vm_operations_struct", [7, 0, 5]),
];

const V5_2: [(&str, Counts); 13] = [
    ("dentry_operations", [13, 0, 0]),
    ("inode_operations", [20, 1, 2]),
    ("xattr_handler", [3, 0, 0]),
    ("super_operations", [18, 0, 3]),
    ("file_system_type", [2, 0, 2]),
    ("address_space_operations", [20, 0, 22]),
    ("file_lock_operations", [2, 0, 1]),
    ("lock_manager_operations", [6, 0, 1]),
    ("buffer_head", [0, 0, 1]),
    ("block_device_operations", [10, 0, 2]),
    ("file_operations", [0, 28, 8]),
    ("dquot_operations", [5, 0, 2]),
    ("vm_operations_struct", [7, 0, 5]),
];

const V5_5: [(&str, Counts); 13] = [
    ("dentry_operations", [13, 0, 0]),
    ("inode_operations", [20, 1, 2]),
    ("xattr_handler", [3, 0, 0]),
    ("super_operations", [18, 0, 3]),
    ("file_system_type", [2, 0, 2]),
    ("address_space_operations", [20, 0, 22]),
    ("file_lock_operations", [2, 0, 1]),
    ("lock_manager_operations", [4, 0, 0]),
    ("buffer_head", [0, 0, 1]),
    ("block_device_operations", [10, 0, 2]),
    ("file_operations", [0, 28, 8]),
    ("dquot_operations", [5, 0, 2]),
    ("vm_operations_struct", [7, 0, 5]),
];

/// Sentences that the data accounts for and that were not counted: what is said of all rows was
/// counted with each of them, and what is no rule was not.
const NOT_COUNTED: [(&str, &str); 8] = [
    ("inode_operations", "may-block"),
    ("inode_operations", "directory-locking"),
    ("xattr_handler", "may-block"),
    ("super_operations", "may-block"),
    ("address_space_operations", "may-block"),
    ("dquot_operations", "expected"),
    ("dquot_operations", "more"),
    // Its prototype is not counted either: the section has no table.
    ("buffer_head", "prototype"),
];

/// Returns a part of the data, or nothing, as a table.
fn part<'t>(from: &'t Table, key: &str) -> impl Iterator<Item = (&'t String, &'t Value)> {
    (from.get(key).and_then(Value::as_table))
        .into_iter()
        .flatten()
}

/// Counts what a file has of each table, in the file's order.
fn count(edition: &str) -> Vec<(String, Counts)> {
    let file: Table = rules(edition).parse().expect("it is checked elsewhere");
    let ops = file["op"].as_table().expect("it is checked elsewhere");
    part(&file, "table")
        .map(|(name, table)| {
            let counted = |what: &str| !NOT_COUNTED.contains(&(name, what));
            let (rows, prototypes): (Vec<_>, Vec<_>) =
                part(ops, name).partition(|(_, op)| op.get("row").is_some());
            let table = table.as_table().expect("it is checked elsewhere");
            let sentences = part(table, "sentence").filter(|(sentence, _)| counted(sentence));
            let prototypes = prototypes.iter().filter(|_| counted("prototype"));
            let counts = [rows.len(), prototypes.count(), sentences.count()];
            (name.clone(), counts)
        })
        .collect()
}

/// Compares an edition with its numbers, whatever their order.
fn compare(edition: &str, expected: &[(&str, Counts)]) {
    let mut found = count(edition);
    let mut expected: Vec<(String, Counts)> = (expected.iter())
        .map(|(name, counts)| ((*name).to_owned(), *counts))
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(
        found, expected,
        "{edition}: rows, prototypes and rules in prose of each table"
    );
}

#[test]
fn nothing_of_v4_18_is_missing() {
    compare("v4.18", &V4_18);
}

#[test]
fn nothing_of_v5_2_is_missing() {
    compare("v5.2", &V5_2);
}

#[test]
fn nothing_of_v5_5_is_missing() {
    compare("v5.5", &V5_5);
}

/// How many cells the tables of an edition have, and how many of them are blank, `no` and `yes`.
#[test]
fn the_cells_are_as_they_were() {
    for (edition, expected) in [
        ("v4.18", [207, 44, 74, 38]),
        ("v5.2", [209, 45, 74, 38]),
        ("v5.5", [203, 45, 72, 37]),
    ] {
        let file: Table = rules(edition).parse().expect("it is checked elsewhere");
        let cells: Vec<&str> = part(&file, "op")
            .filter_map(|(_, ops)| ops.as_table())
            .flatten()
            .filter_map(|(_, op)| op.get("row")?.as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let are = |word: &str| cells.iter().filter(|cell| **cell == word).count();
        let found = [cells.len(), are(""), are("no"), are("yes")];
        assert_eq!(found, expected, "{edition}: cells, and blank, no and yes");
    }
}

/// Where a cell is blank, what callers do can be counted all the same, if the lock can be found.
#[test]
fn blank_cells_of_locks_are_observed() {
    // Nothing leads from its folio to the mapping any more.
    const NOT_FOUND: [&str; 2] = ["free_folio", "freepage"];
    // They have no other rule, and so no probe, which each inode would hit.
    const TOO_DEAR: [&str; 4] = ["alloc_inode", "destroy_inode", "dirty_inode", "evict_inode"];
    let mut missing = Vec::new();
    for edition in ["v4.18", "v5.2", "v5.5", "v6.1", "v6.12", "v7.3"] {
        let file: Table = rules(edition).parse().expect("it is checked elsewhere");
        for (table, ops) in part(&file, "op") {
            let columns = file["table"][table].get("columns");
            let columns = columns.and_then(Value::as_array).into_iter().flatten();
            let ops = ops.as_table().expect("it is checked elsewhere");
            let listed = ops.iter().filter(|(_, op)| op.get("gone").is_none());
            let left_out = |name: &&str| NOT_FOUND.contains(name) || TOO_DEAR.contains(name);
            for (name, op) in listed.filter(|(name, _)| !left_out(&&name[..])) {
                let row = op.get("row").and_then(Value::as_array);
                for (lock, cell) in columns.clone().zip(row.into_iter().flatten()) {
                    let lock = lock.as_str().expect("it is checked elsewhere");
                    let one = ["s_umount", "i_rwsem", "invalidate_lock"].contains(&lock);
                    let rules = op.get("rules").and_then(Value::as_array);
                    let seen = rules.into_iter().flatten().any(|rule| {
                        let of = rule.get("lock").and_then(Value::as_str);
                        of.is_some_and(|of| of.ends_with(&format!("->{lock}")))
                    });
                    if one && cell.as_str() == Some("") && !seen {
                        missing.push(format!("{edition} {table}.{name} {lock}"));
                    }
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
