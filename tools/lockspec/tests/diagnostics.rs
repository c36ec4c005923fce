// SPDX-License-Identifier: GPL-2.0

//! What a person reads who made a mistake: one snapshot for each kind of error.

mod common;

use common::{compile, edit, SMALL};

/// Makes an edit to the data that is an error, and compares what is said about it.
macro_rules! wrong {
    ($($name:ident: $from:expr => $to:expr;)*) => {$(
        #[test]
        fn $name() {
            let errors = compile(&[&edit(SMALL, $from, $to)]).expect_err("this is an error");
            insta::assert_snapshot!(stringify!($name), errors);
        }
    )*};
}

wrong! {
    no_toml: "edition = \"v1.0\"" => "edition = v1.0";
    edition_missing: "edition = \"v1.0\"\n" => "";
    edition_bad: "v1.0" => "6.1-rc2";
    key_unknown: "row = [\"no\"]\nobjects" => "rows = [\"no\"]\nobjects";
    key_of_rule_unknown: "when = \"return\"" => "wen = \"return\"";
    key_missing: "requires = \"not promised\", " => "";
    value_of_wrong_type: "unlisted = \"nobody wrote it down\"" => "unlisted = true";
    table_unknown: "[table.inode_operations]" => "[table.inode_operation]\nheader = \"x\"\n\
        columns = []\nslots = []\n\n[table.inode_operations]";
    table_of_op_unknown: "[op.inode_operations.put]" => "[op.inode_ops.put]";
    slot_without_op: "\"set_acl\"]" => "\"set_acl\", \"get_acl\"]";
    slot_twice: "\"put\", \"set_acl\"]" => "\"put\", \"put\", \"set_acl\"]";
    op_unknown: "[op.inode_operations.getattr]" => "[op.inode_operations.get_attr]";
    op_twice: "[op.inode_operations.set_acl]" => "[op.inode_operations.put]";
    row_missing: "row = [\"exclusive, some\"]\n" => "";
    row_and_unlisted: "row = [\"exclusive, some\"]" => "row = [\"x\"]\nunlisted = \"y\"";
    row_too_long: "row = [\"exclusive, some\"]" => "row = [\"exclusive\", \"some\"]";
    row_without_effect: "unchecked = [\"it has no arguments\"]\n" => "";
    prototype_without_name: "(struct dentry *dentry, int type)" => "(struct dentry *, int type)";
    prototype_open: "struct dentry *dentry, int type)" => "struct dentry *dentry, int type";
    prototype_with_argument_twice: "int type)" => "int dentry)";
    prototype_with_odd_character: "int type)" => "int type[2])";
    object_name_taken: "objects = { opened =" => "objects = { file =";
    object_not_reached: "\"path->dentry->d_inode\"" => "\"path->dentry->d_sb\"";
    object_through_no_pointer: "\"path->dentry->d_inode\"" => "\"mask->dentry->d_inode\"";
    object_through_unknown_argument: "\"path->dentry->d_inode\"" => "\"pth->dentry->d_inode\"";
    object_not_parsed: "\"path->dentry->d_inode\"" => "\"path.dentry.d_inode\"";
    object_unknown: "\"opened->i_rwsem\"" => "\"open->i_rwsem\"";
    lock_unknown: "\"opened->i_rwsem\"" => "\"opened->i_mutex\"";
    lock_alone: "\"opened->i_rwsem\"" => "\"i_rwsem\"";
    lock_of_other_struct: "\"opened->i_rwsem\"" => "\"opened->s_vfs_rename_mutex\"";
    requirement_unknown: "\"not promised\"" => "\"exclusively\"";
    requirement_of_mutex: "requires = \"held\"" => "requires = \"exclusive\"";
    time_unknown: "when = \"return\"" => "when = \"exit\"";
    name_taken: "name = \"partner\"" => "name = \"source\"";
    name_without_condition: "requires = \"not promised\"" => "requires = \"not promised\", name = \"it\"";
    condition_not_parsed: "\"exists(opened)\"" => "\"opened != NULL && dir\"";
    condition_with_unknown_object: "\"exists(opened)\"" => "\"exists(opend)\"";
    condition_with_unknown_argument: "\"old_dir != new_dir\"" => "\"old_dir != newdir\"";
    condition_with_unknown_flag: "\"open_flag & O_CREAT\"" => "\"open_flag & O_CREATE\"";
    conditions_never: "\"exists(opened)\"" => "\"is_dir(opened)\", \"!is_dir(opened)\"";
    source_missing: "source = [\"row\", \"other\"]" => "source = []";
    source_unknown: "source = [\"row\", \"other\"]" => "source = [\"row\", \"others\"]";
    sentence_without_effect: "[\"row\", \"other\"]" => "[\"row\"]";
    sentence_checked_after_all: "[\"row\", \"other\"]" => "[\"row\", \"other\", \"sleeps\"]";
    contradiction: "if = [\"open_flag & O_CREAT\"]" => "if = [\"exists(opened)\"]";
    rule_twice: "  { lock = \"inode->i_rwsem\", requires = \"not promised\", source = [\"row\"] },\n"
        => "  { lock = \"inode->i_rwsem\", requires = \"not promised\", source = [\"row\"] },\n  \
            { lock = \"inode->i_rwsem\", requires = \"not promised\", source = [\"row\"] },\n";
}

#[test]
fn edition_twice() {
    let errors = compile(&[SMALL, SMALL]).expect_err("this is an error");
    insta::assert_snapshot!("edition_twice", errors);
}

#[test]
fn all_errors_at_once() {
    let text = edit(SMALL, "\"opened->i_rwsem\"", "\"open->i_mutex\"");
    let text = edit(&text, "\"not promised\"", "\"nothing\"");
    let text = edit(&text, "\"set_acl\"]", "\"set_acls\"]");
    insta::assert_snapshot!("all_errors_at_once", compile(&[&text]).expect_err("errors"));
}
