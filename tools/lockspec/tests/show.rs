// SPDX-License-Identifier: GPL-2.0

//! The rules as people read them.

mod common;

use common::{checked, edit, CALLBACKS, SMALL};
use lockspec::show::{show, Format};

fn shown(what: Option<&str>, format: Format) -> Result<String, String> {
    let older = edit(SMALL, "v1.0", "v0.9");
    let older = edit(&older, "\"not promised\"", "\"shared\"");
    let older = edit(
        &older,
        "[op.inode_operations.put]",
        "[op.inode_operations.drop]\nslot = \"put\"",
    );
    let oldest = edit(&older, "edition = \"v0.9\"", "edition = \"v0.8\"");
    let specification = checked(CALLBACKS, &[SMALL, &older, &oldest]).expect("this is right");
    show(&specification, what, format)
}

#[test]
fn tables() {
    let all = shown(None, Format::Terminal).expect("there are some");
    insta::assert_snapshot!("show_tables", all);
    let table = shown(Some("inode_operations"), Format::Terminal).expect("there is one");
    assert!(all.starts_with(&table));
    let rst = shown(Some("inode_operations"), Format::Rst).expect("there is one");
    insta::assert_snapshot!("show_table_rst", rst);
    let json = shown(Some("vm_operations_struct"), Format::Json).expect("there is one");
    insta::assert_snapshot!("show_table_json", json);
}

#[test]
fn callbacks() {
    for op in ["rename", "open", "stat", "put", "truncate", "set_acl"] {
        let text = shown(Some(&format!("inode_operations.{op}")), Format::Terminal);
        insta::assert_snapshot!(format!("show_{op}"), text.expect("there is one"));
    }
    let op = Some("inode_operations.stat");
    let rst = shown(op, Format::Rst).expect("there is one");
    insta::assert_snapshot!("show_stat_rst", rst);
    let json = shown(op, Format::Json).expect("there is one");
    insta::assert_snapshot!("show_stat_json", json);
}

#[test]
fn a_callback_has_the_names_of_all_editions() {
    let shown = |op| shown(Some(op), Format::Terminal);
    assert_eq!(
        shown("inode_operations.getattr"),
        shown("inode_operations.stat")
    );
    assert_eq!(
        shown("inode_operations.drop"),
        shown("inode_operations.put")
    );
}

#[test]
fn what_is_not_there() {
    assert_eq!(
        shown(Some("inode_operations.renam"), Format::Json),
        Err("inode_operations has no callback `renam`: did you mean `rename`?".to_owned())
    );
    assert_eq!(
        shown(Some("inode_operation.rename"), Format::Rst),
        Err("there is no table `inode_operation`: did you mean `inode_operations`?".to_owned())
    );
}
