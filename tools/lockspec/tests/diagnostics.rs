// SPDX-License-Identifier: GPL-2.0

//! What a person reads who made a mistake: one snapshot for each kind of error.

mod common;

use common::{checked, compile, edit, CALLBACKS, SMALL};

/// Makes an edit to a file that is an error, and compares what is said about it.
macro_rules! wrong {
    ($of:ident: $($name:ident: $from:expr => $to:expr;)*) => {$(
        #[test]
        fn $name() {
            let errors = $of($from, $to).expect_err("this is an error");
            insta::assert_snapshot!(stringify!($name), errors);
        }
    )*};
}

/// Edits what the document says.
fn edition(from: &str, to: &str) -> Result<String, String> {
    compile(&[&edit(SMALL, from, to)])
}

/// Edits what the kernel has.
fn callbacks(from: &str, to: &str) -> Result<(), String> {
    checked(&edit(CALLBACKS, from, to), &[SMALL]).map(|_| ())
}

wrong! {
    edition:
    no_toml: "edition = \"v1.0\"" => "edition = v1.0";
    edition_missing: "edition = \"v1.0\"\n" => "";
    edition_bad: "v1.0" => "6.1-rc2";
    key_unknown: "row = [\"no\"]\nslot" => "rows = [\"no\"]\nslot";
    key_of_rule_unknown: "when = \"return\", if = [\"exists" => "wen = \"return\", if = [\"exists";
    value_of_wrong_type: "title = \"Memory\"" => "title = true";
    table_of_op_unknown: "[op.inode_operations.put]" => "[op.inode_ops.put]";
    op_unknown: "[op.inode_operations.link]" => "[op.inode_operations.lnk]";
    op_twice: "[op.inode_operations.link]" => "[op.inode_operations.put]";
    op_without_rules: "{ lock = \"folio->PG_locked\", requires = \"held\", when = \"return\", \
        if = [\"ret == 0\"], source = [\"mmap\"] },\n" => "";
    slot_unknown: "slot = \"getattr\"" => "slot = \"get_attr\"";
    slot_of_unknown_struct: "slot = \"getattr\"" => "slot = \"inode_operation.getattr\"";
    slot_twice: "slot = \"getattr\"" => "slot = \"link\"";
    slot_without_op: "slots = [\"set_acl\"]" => "slots = []";
    slot_unlisted_and_listed: "slots = [\"set_acl\"]" => "slots = [\"set_acl\", \"put\"]";
    gone_with_slot: "gone = \"v0.9" => "slot = \"set_acl\"\ngone = \"v0.9";
    row_too_long: "row = [\"exclusive, some\"]" => "row = [\"exclusive\", \"some\"]";
    row_without_columns: "slot = \"begin\"" => "slot = \"begin\"\nrow = [\"no\"]";
    row_without_effect: "{ lock = \"inode->i_rwsem\", requires = \"not promised\" },\n" => "";
    every_with_object: "{ sleep = \"allowed\", source = [\"sleeps\"], except"
        => "{ lock = \"dir->i_rwsem\", requires = \"held\", except";
    every_with_condition: "except = [\"acl\"]" => "if = [\"ret == 0\"], except = [\"acl\"]";
    every_except_unknown: "except = [\"acl\"]" => "except = [\"acls\"]";
    except_in_rule: "requires = \"not promised\" }" => "requires = \"not promised\", except = [\"put\"] }";
    object_unknown: "\"opened->i_rwsem\"" => "\"open->i_rwsem\"";
    lock_unknown: "\"opened->i_rwsem\"" => "\"opened->i_mutex\"";
    lock_alone: "\"opened->i_rwsem\"" => "\"i_rwsem\"";
    lock_not_parsed: "\"opened->i_rwsem\"" => "\"file->f_inode->i_rwsem\"";
    lock_of_other_struct: "\"opened->i_rwsem\"" => "\"opened->s_vfs_rename_mutex\"";
    lock_of_no_object: "\"rename_lock\"" => "\"mm->rename_lock\"";
    requirement_unknown: "\"not promised\"" => "\"exclusively\"";
    requirement_of_mutex: "requires = \"held\", if = [\"old_dir" => "requires = \"exclusive\", if = [\"old_dir";
    requirement_of_seqlock: "\"rename_lock\", requires = \"held\"" => "\"rename_lock\", requires = \"shared\"";
    rule_about_nothing: "lock = \"inode->i_rwsem\", requires = \"not promised\"" => "source = [\"row\"]";
    rule_about_both: "{ sleep = \"forbidden\"," => "{ lock = \"inode->i_lock\", sleep = \"forbidden\",";
    sleep_unknown: "sleep = \"forbidden\"" => "sleep = \"exclusive\"";
    sleep_at_return: "sleep = \"forbidden\"," => "sleep = \"forbidden\", when = \"return\",";
    time_unknown: "when = \"return\", if = [\"exists" => "when = \"exit\", if = [\"exists";
    name_taken: "name = \"partner\"" => "name = \"source\"";
    name_without_condition: "requires = \"not promised\"" => "requires = \"not promised\", name = \"it\"";
    condition_not_parsed: "\"exists(opened)\"" => "\"opened != NULL && dir\"";
    condition_with_unknown_object: "\"exists(opened)\"" => "\"exists(opend)\"";
    condition_with_unknown_argument: "\"old_dir != new_dir\"" => "\"old_dir != newdir\"";
    condition_with_unknown_flag: "\"open_flag & O_CREAT\"" => "\"open_flag & O_CREATE\"";
    condition_with_unknown_member: "vmf->flags" => "vmf->gfp_mask";
    condition_no_bool: "sleep = \"forbidden\", if = [\"rcu\"]" => "sleep = \"forbidden\", if = [\"inode\"]";
    condition_before_return: "if = [\"exists(opened)\"" => "if = [\"ret < 0\"";
    conditions_never: "\"exists(opened)\"" => "\"is_dir(opened)\", \"!is_dir(opened)\"";
    source_missing: "source = [\"row\", \"other\"]" => "source = []";
    source_unknown: "source = [\"row\", \"other\"]" => "source = [\"row\", \"others\"]";
    source_of_other_op: "source = [\"row\", \"other\"]" => "source = [\"row\", \"rename-lock\"]";
    sentence_without_effect: "[\"row\", \"other\"]" => "[\"row\"]";
    sentence_checked_after_all: "[\"row\", \"other\"]" => "[\"row\", \"other\", \"hope\"]";
    sentence_without_digest: "digest = [\"00000000000c\"], " => "";
    sentence_of_two_documents: "other = {" => "other = { digest = [\"00000000000e\"],";
    sentence_of_unknown_op: "of = [\"rename\"]" => "of = [\"rename\", \"remove\"]";
    digest_bad: "00000000000c" => "00000000000X";
    digest_twice: "00000000000c" => "00000000000b";
    contradiction: "if = [\"open_flag & O_CREAT\"]" => "if = [\"exists(opened)\"]";
    contradiction_about_sleep: "if = [\"!rcu\"]" => "if = [\"exists(inode)\"]";
    contradiction_of_lock_and_sleep: "requires = \"held\", if = [\"rcu\"]" => "requires = \"held\", if = [\"!rcu\"]";
    rule_twice: "  { lock = \"inode->i_rwsem\", requires = \"not promised\" },\n"
        => "  { lock = \"inode->i_rwsem\", requires = \"not promised\" },\n  \
            { lock = \"inode->i_rwsem\", requires = \"not promised\" },\n";
}

wrong! {
    callbacks:
    callbacks_without_header: "header = \"include/linux/small.h\"\nfields" => "fields";
    callbacks_bad_kernel: "v1.0" => "1.0";
    slot_no_name: "put = {" => "\"get-put\" = {";
    field_is_slot: "[\"owner\"," => "[\"link\",";
    config_bad: "\"!CONFIG_SIMPLE\"" => "\"SIMPLE\"";
    since_bad: "before = \"v0.8\"" => "since = \"1\"";
    since_and_before: "before = \"v0.8\"" => "before = \"v0.8\", since = \"v0.9\"";
    earlier_bad: "int type, bool all)" => "int type, bool)";
    earlier_moved: "int type, bool all)" => "bool all, int type)";
    prototype_without_name: "(struct dentry *dentry, int type)" => "(struct dentry *, int type)";
    prototype_open: "struct dentry *dentry, int type)" => "struct dentry *dentry, int type";
    prototype_with_argument_twice: "int type)" => "int dentry)";
    prototype_with_argument_ret: "int type)" => "int ret)";
    prototype_with_odd_character: "int type)" => "int type[2])";
    object_name_taken: "objects = { opened =" => "objects = { file =";
    object_not_reached: "\"path->dentry->d_inode\"" => "\"path->dentry->d_alias\"";
    object_through_no_pointer: "\"path->dentry->d_inode\"" => "\"mask->dentry->d_inode\"";
    object_through_unknown_argument: "\"path->dentry->d_inode\"" => "\"pth->dentry->d_inode\"";
    object_not_parsed: "\"path->dentry->d_inode\"" => "\"path.dentry.d_inode\"";
    object_not_indirect: "\"*foliop\"" => "\"foliop\"";
    object_too_indirect: "\"path->dentry->d_inode\"" => "\"*path\"";
    nothing_said: "put = {" => "get = { prototype = \"void (void)\" }\nput = {";
}

#[test]
fn edition_twice() {
    let errors = compile(&[SMALL, SMALL]).expect_err("this is an error");
    insta::assert_snapshot!("edition_twice", errors);
}

#[test]
fn callbacks_twice() {
    let errors = compile(&[CALLBACKS, SMALL]).expect_err("this is an error");
    insta::assert_snapshot!("callbacks_twice", errors);
}

#[test]
fn callbacks_missing() {
    let errors = checked(SMALL, &[]).expect_err("this is an error");
    insta::assert_snapshot!("callbacks_missing", errors);
}

#[test]
fn all_errors_at_once() {
    let text = edit(SMALL, "\"opened->i_rwsem\"", "\"open->i_mutex\"");
    let text = edit(&text, "\"not promised\"", "\"nothing\"");
    let text = edit(&text, "slots = [\"set_acl\"]", "slots = [\"set_acls\"]");
    insta::assert_snapshot!("all_errors_at_once", compile(&[&text]).expect_err("errors"));
}
