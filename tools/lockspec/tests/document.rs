// SPDX-License-Identifier: GPL-2.0

//! Documents as they are read, and what a person reads who gives a damaged one.

mod common;

use common::edit;
use lockspec::document::{parse, Document};
use lockspec::report::Report;

const BORDERED: &str = include_str!("data/small.rst");
const PLAIN: &str = include_str!("data/small.txt");

fn read(name: &str, bytes: &[u8]) -> Result<Document, String> {
    let mut report = Report::default();
    parse(&mut report, name, bytes).ok_or_else(|| report.render())
}

#[test]
fn both_forms_say_the_same() {
    let said = |name, text: &str| {
        let document = read(name, text.as_bytes()).expect("a document");
        let mut out = String::new();
        for section in &document.sections {
            out += &format!("\n{}: {}\n", section.title, section.columns.join(" | "));
            for prototype in &section.prototypes {
                out += &format!("prototype {}: {}", prototype.op, prototype.text);
                out += &match &prototype.comment {
                    Some(comment) => format!(" ({comment})\n"),
                    None => "\n".to_owned(),
                };
            }
            for row in &section.rows {
                out += &format!("row {}: {}\n", row.op, row.cells.join(" | "));
            }
            for sentence in &section.sentences {
                out += &format!("{} {}\n", sentence.digest, sentence.text);
            }
        }
        out
    };
    let bordered = said("small.rst", BORDERED);
    assert_eq!(bordered, said("small.txt", PLAIN));
    insta::assert_snapshot!(bordered);
}

#[test]
fn what_is_outside_of_sections_is_kept() {
    for text in [BORDERED, PLAIN] {
        let document = read("small", text.as_bytes()).expect("a document");
        let outside: Vec<&str> = document.outside.iter().map(|s| &s.text[..]).collect();
        assert!(outside.contains(&"No kernel has such callbacks."));
        assert!(outside.contains(&"The end"));
        assert!(outside.contains(&"(of what there is to say)"));
    }
}

#[test]
fn lines_are_counted_from_one() {
    let document = read("small.txt", PLAIN.as_bytes()).expect("a document");
    let section = &document.sections[0];
    let line = |text: &str| {
        1 + PLAIN
            .lines()
            .position(|line| line.contains(text))
            .expect("a line")
    };
    assert_eq!(section.line, line("box_operations"));
    assert_eq!(section.prototypes[1].line, line("(*pack)"));
    assert_eq!(section.rows[3].line, line("shake:"));
    assert_eq!(section.sentences[3].line, line("Nobody knows"));
}

#[test]
fn all_comments_of_a_prototype_are_kept() {
    let text = edit(
        PLAIN,
        "(*drop)(void)",
        "(*drop)(/* really */ void) /* nothing\n\t * at all */",
    );
    let document = read("small.txt", text.as_bytes()).expect("a document");
    let drop = &document.sections[0].prototypes[2];
    assert_eq!(drop.text, "void (void)");
    assert_eq!(drop.comment.as_deref(), Some("really nothing * at all"));
}

#[test]
fn a_column_may_have_no_name_in_plain_text() {
    let text = edit(PLAIN, "->glue\t\tmay block", "->glue");
    let text = edit(
        &text,
        "\tmaybe\t\tno\t(see below)",
        "\tmaybe\t\t(see below)",
    );
    let text = edit(&text, "\tno\t\tyes (dry)", "\tno");
    let text = edit(&text, "shake:\t\t\t\tyes, go", "shake:\t\t\t\t\t\tyes, go");
    let document = read("small.txt", text.as_bytes()).expect("a document");
    let section = &document.sections[0];
    assert_eq!(section.columns, ["lid", "->glue", ""]);
    assert_eq!(section.rows[0].cells, ["exclusive", "no", ""]);
    assert_eq!(section.rows[1].cells, ["shared", "maybe", "(see below)"]);
    assert_eq!(section.rows[3].cells, ["", "", "yes, go"]);
}

#[test]
fn a_header_may_have_two_lines_in_plain_text() {
    let header = "\t\tlid\t\t->glue\t\tmay block\n";
    let two = "\t\t\t\t\t\tmay\n\t\tlid\t\t->glue\t\tblock\n";
    let text = edit(PLAIN, header, two);
    let document = read("small.txt", text.as_bytes()).expect("a document");
    assert_eq!(document.sections[0].columns, ["lid", "->glue", "may block"]);
}

#[test]
fn a_row_may_have_two_lines_between_borders() {
    let text = edit(BORDERED, "drop:\n", "drop:\t\t\tnot\n\t\t\tat all\n");
    let document = read("small.rst", text.as_bytes()).expect("a document");
    assert_eq!(document.sections[0].rows[2].cells, ["", "not at all", ""]);
}

/// Damages a document, and compares what is said about it.
macro_rules! damaged {
    ($($name:ident: $text:ident, $from:expr => $to:expr;)*) => {$(
        #[test]
        fn $name() {
            let text = edit($text, $from, $to);
            let name = if $text == PLAIN { "small.txt" } else { "small.rst" };
            let errors = read(name, text.as_bytes()).expect_err("this is an error");
            insta::assert_snapshot!(stringify!($name), errors);
        }
    )*};
}

damaged! {
    nul: BORDERED, "has its lid" => "has \0 lid";
    table_without_lower_border: BORDERED, "shake:\t\t\tyes, go\n======== ===========\t========\t===============\n" => "shake:\n";
    table_without_header_border: BORDERED, "\tmay block\n======== ===========\t========\t===============\n" => "\tmay block\n";
    table_without_upper_border: BORDERED, "block\n\n======== ===========\t========\t===============\n" => "block\n\n";
    table_without_ops: BORDERED, "ops\t lid\t" => "\t lid\t";
    table_without_rows: BORDERED, "get:\t\tno\n=" => "=";
    border_damaged: BORDERED, "=====\t\t=========\nops\t\tlid[1]_" => "=====\t\t====#====\nops\t\tlid[1]_";
    border_of_other_columns: BORDERED, "yes, go\n======== =====" => "yes, go\n====== =======";
    column_without_name: BORDERED, "ops\t lid\t\t->glue" => "ops\t lid\t\t";
    columns_torn: BORDERED, "open:\t exclusive\tno" => "open: exclusive\tno";
    cell_too_long: BORDERED, "open:\t exclusive\tno" => "open:\t exclusive, most of the time";
    cells_too_many: BORDERED, "yes (dry)" => "yes\tno";
    row_without_name: BORDERED, "pack\t shared" => "?\t shared";
    row_twice: BORDERED, "drop:\n" => "open:\n";
    row_alone: BORDERED, "Nobody knows." => "peel:\t\tyes";
    two_tables: BORDERED, "Nobody knows.\n" => "\n===\t===\nops\tlid\n===\t===\na:\tno\n===\t===\n";
    table_outside: BORDERED, "This document was made up for tests." => "\n===\t===\nops\tlid\n===\t===\na:\tno\n===\t===\n";
    heading_without_title: BORDERED, "\nsilent_operations\n====" => "\n====";
    section_twice: BORDERED, "xbox operations\n===============" => "box_operations\n==============";
    prototypes_twice: BORDERED, "All may block.\n" => "\nprototypes::\n\n\tint (*shout)(void);\n";
    prototypes_missing: BORDERED, "\tint (*hush)(struct box *);\n" => "";
    prototype_twice: BORDERED, "(*drop)" => "(*pack)";
    prototype_without_name: BORDERED, "(*hush)" => "(hush)";
    prototype_without_arguments: BORDERED, "(*hush)(struct box *)" => "(*hush)";
    prototype_open: BORDERED, "(*hush)(struct box *)" => "(*hush)((((struct box *)";
    comment_open: BORDERED, "a comment */" => "a comment";
    plain_heading_damaged: PLAIN, "----------------------- xbox operations" => "xbox operations";
    plain_heading_open: PLAIN, "xbox operations -----------------------------" => "xbox operations";
    plain_header_missing: PLAIN, "\t\tlid[1]_\n" => "";
    plain_header_torn: PLAIN, "\t\tlid\t\t->glue" => "\t  one\n\t\tlid\t\t->glue";
    plain_columns_torn: PLAIN, "open:\t\texclusive\tno\t\tyes" => "open: exclusive\tno";
    plain_cell_too_long: PLAIN, "exclusive\tno\t\tyes (dry)" => "exclusive, most of the time";
    plain_cells_too_many: PLAIN, "yes (dry)" => "yes\tno";
    plain_row_torn: PLAIN, "drop:\n" => "drop it\n";
    plain_blank_line_missing: PLAIN, "yes, go\n\n" => "yes, go\n";
}

#[test]
fn not_utf8() {
    let (before, after) = BORDERED.split_at(BORDERED.find("has its lid").expect("the lid"));
    let bytes = [before.as_bytes(), &[0xff, 0xfe], after.as_bytes()].concat();
    insta::assert_snapshot!(read("small.rst", &bytes).expect_err("an error"));
}

#[test]
fn no_document() {
    insta::assert_snapshot!("empty", read("empty.rst", b"").expect_err("an error"));
    let other = read("other.rst", b"A text\nabout something else.\n").expect_err("an error");
    insta::assert_snapshot!("other", other);
}

#[test]
fn there_is_an_end_to_errors() {
    let text = edit(BORDERED, "Nobody knows.\n", &"peel:\tyes\n".repeat(100_000));
    let errors = read("small.rst", text.as_bytes()).expect_err("errors");
    assert_eq!(errors.matches("error: ").count(), 51);
    assert!(errors.contains("there is too much in this document"));
}

#[test]
fn a_large_document_is_read_in_no_time() {
    let many = |line: fn(usize) -> String| (0..50_000).map(line).collect::<Vec<_>>().concat();
    let headers = edit(
        PLAIN,
        "Nobody knows.\n",
        &many(|_| "\t\t\tknows\n".to_owned()),
    );
    let rows = edit(PLAIN, "drop:\n", &many(|i| format!("drop{i}:\n")));
    let prototypes = edit(
        BORDERED,
        "\tint (*hush)(struct box *);\n",
        &many(|i| format!("\tint (*hush{i})(int);\n")),
    );
    for text in [headers, rows, prototypes] {
        let start = std::time::Instant::now();
        read("large", text.as_bytes()).expect("a document");
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}
