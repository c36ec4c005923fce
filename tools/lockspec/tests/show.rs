// SPDX-License-Identifier: GPL-2.0

//! The rules as people read them.

mod common;

use common::{edit, SMALL};
use lockspec::check::check;
use lockspec::report::Report;
use lockspec::show::show;

fn shown(what: Option<&str>) -> Result<String, String> {
    let mut report = Report::default();
    let older = edit(SMALL, "v1.0", "v0.9");
    let older = edit(&older, "\"not promised\"", "\"shared\"");
    let numbers = [
        report.add_file("a.toml", SMALL),
        report.add_file("b.toml", older),
    ];
    let specs = check(&mut report, &numbers);
    assert!(report.is_empty(), "{}", report.render());
    show(&specs, what)
}

#[test]
fn a_table() {
    let text = shown(None).expect("there is one");
    assert_eq!(shown(Some("inode_operations")), Ok(text.clone()));
    insta::assert_snapshot!("show_table", text);
}

#[test]
fn callbacks() {
    for op in ["rename", "open", "getattr", "put", "set_acl"] {
        let text = shown(Some(&format!("inode_operations.{op}"))).expect("there is one");
        insta::assert_snapshot!(format!("show_{op}"), text);
    }
}

#[test]
fn what_is_not_there() {
    assert_eq!(
        shown(Some("inode_operations.renam")),
        Err("inode_operations has no callback `renam`: did you mean `rename`?".to_owned())
    );
    assert_eq!(
        shown(Some("inode_operation.rename")),
        Err("there is no table `inode_operation`: did you mean `inode_operations`?".to_owned())
    );
}
