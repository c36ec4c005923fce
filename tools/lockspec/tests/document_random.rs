// SPDX-License-Identifier: GPL-2.0

//! What is written in a document is read from it, in both of its forms; and whatever a document
//! is, there is an answer.

#[path = "common/print.rs"]
mod print;

use proptest::prelude::*;

use lockspec::document::{canonical, digest, parse, Document, Prototype, Row, Section, Sentence};
use lockspec::report::Report;

use print::{print, Choices};

const SMALL: [&str; 2] = [
    include_str!("data/small.rst"),
    include_str!("data/small.txt"),
];

fn words(word: &'static str, count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(word, count).prop_map(|words| words.join(" "))
}

fn prototype() -> impl Strategy<Value = (String, Option<String>)> {
    let kind = prop::sample::select(vec!["int", "void", "struct inode *", "const char *"]);
    let argument = prop::sample::select(vec![
        "struct inode *",
        "const struct path *path",
        "int",
        "unsigned long *",
        "void **data",
        "int (*fill)(void *, int)",
    ]);
    let comment = prop::option::of(words("[a-z_/]{1,6}", 1..4));
    (kind, prop::collection::vec(argument, 1..5), comment).prop_map(|(kind, arguments, comment)| {
        (
            canonical(&format!("{kind} ({})", arguments.join(", "))),
            comment,
        )
    })
}

fn sentence() -> impl Strategy<Value = Sentence> {
    (
        words("[A-Z][a-z]{0,8}|->[a-z]{1,8}\\(\\)|etc\\.", 1..9),
        "\\w?[.!?]\\)?|",
    )
        .prop_map(|(text, end)| {
            let text = format!("The {text}{end}");
            Sentence {
                digest: digest(&text),
                text,
                line: 0,
            }
        })
}

fn section() -> impl Strategy<Value = Section> {
    let op = "[a-z][a-zA-Z0-9_]{0,12}";
    let cell = prop_oneof![
        Just(String::new()),
        words("[a-z0-9!,>\\[\\]-]{1,5}", 1..4),
        Just("yes (ref-walk)".to_owned()),
    ];
    let prototypes = prop::collection::btree_map(op, prototype(), 0..5);
    let table =
        prop::collection::vec(words("[->a-z_()]{1,7}", 1..3), 0..4).prop_flat_map(move |columns| {
            let cells = prop::collection::vec(cell.clone(), columns.len());
            let rows = match columns.len() {
                0 => 0..1,
                _ => 1..5,
            };
            (Just(columns), prop::collection::btree_map(op, cells, rows))
        });
    let title = "[a-z_]{4,12}( operations)?";
    let sentences = prop::collection::vec(sentence(), 0..4);
    (title, prototypes, table, sentences).prop_map(
        |(title, prototypes, (columns, rows), sentences)| Section {
            title,
            line: 0,
            prototypes: (prototypes.into_iter())
                .map(|(op, (text, comment))| Prototype {
                    op,
                    text,
                    comment,
                    line: 0,
                })
                .collect(),
            columns,
            header: 0,
            rows: (rows.into_iter())
                .map(|(op, cells)| Row { op, cells, line: 0 })
                .collect(),
            sentences,
        },
    )
}

fn document() -> impl Strategy<Value = Document> {
    (
        any::<bool>(),
        prop::collection::vec(section(), 1..4),
        prop::collection::vec(sentence(), 0..2),
    )
        .prop_map(|(plain, mut sections, outside)| {
            for (i, section) in sections.iter_mut().enumerate() {
                section.title.insert_str(0, ["a", "b", "c", "d"][i]);
            }
            Document {
                plain,
                sections,
                outside,
            }
        })
}

/// Parses a document, and forgets the numbers of the lines.
fn read(bytes: &[u8]) -> Result<Document, String> {
    let mut report = Report::default();
    let Some(mut document) = parse(&mut report, "small.rst", bytes) else {
        return Err(report.render());
    };
    assert!(report.is_empty());
    for section in &mut document.sections {
        section.line = 0;
        section.header = 0;
        section
            .prototypes
            .iter_mut()
            .for_each(|prototype| prototype.line = 0);
        section.rows.iter_mut().for_each(|row| row.line = 0);
        section
            .sentences
            .iter_mut()
            .for_each(|sentence| sentence.line = 0);
    }
    document
        .outside
        .iter_mut()
        .for_each(|sentence| sentence.line = 0);
    Ok(document)
}

/// Whether an error says where and what to do.
fn is_answer(answer: &Result<Document, String>) -> bool {
    match answer {
        Ok(document) => !document.sections.is_empty(),
        Err(errors) => errors.contains("small.rst:") && errors.contains("help: "),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read(document in document(), choices in prop::collection::vec(any::<u8>(), 1..40)) {
        let text = print(&document, &mut Choices::new(&choices));
        match read(text.as_bytes()) {
            Ok(read) => prop_assert_eq!(read, document, "{}", text),
            Err(errors) => prop_assert!(false, "{}\n{}", errors, text),
        }
    }

    #[test]
    fn damaged_documents_have_an_answer(
        which in 0..2_usize,
        at in 0..2000_usize,
        len in 0..80_usize,
        by in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut bytes = SMALL[which].as_bytes().to_vec();
        let at = at % bytes.len();
        let end = (at + len).min(bytes.len());
        bytes.splice(at..end, by);
        let answer = read(&bytes);
        prop_assert!(is_answer(&answer), "{:?}", answer);
        prop_assert_eq!(&answer, &read(&bytes));
    }

    #[test]
    fn anything_has_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let answer = read(&bytes);
        prop_assert!(is_answer(&answer), "{:?}", answer);
    }

    #[test]
    fn lines_in_any_order_have_an_answer(
        which in 0..2_usize,
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let lines: Vec<&str> = SMALL[which].lines().collect();
        let lines: Vec<&str> = order.iter().map(|i| *i.get(&lines)).collect();
        let text = lines.join("\n");
        let answer = read(text.as_bytes());
        prop_assert!(is_answer(&answer), "{:?}", answer);
    }
}

#[test]
fn a_document_that_ends_too_early_has_an_answer() {
    for text in SMALL {
        for end in 0..text.len() {
            let answer = read(&text.as_bytes()[..end]);
            assert!(is_answer(&answer), "{end}: {answer:?}");
        }
    }
}
