// SPDX-License-Identifier: GPL-2.0

//! Whatever is in the data, there is an answer, and the same answer every time.

mod common;

use proptest::prelude::*;

use common::{checked, compile, CALLBACKS, SMALL};
use lockspec::c;
use lockspec::generate::generate;
use lockspec::spec::{ArgumentKind, Edition};

/// A text with a part of it replaced by a part from elsewhere, or by anything.
fn damaged(text: &str) -> impl Strategy<Value = String> {
    let chars: Vec<char> = text.chars().collect();
    let len = chars.len();
    let part = (0..len, 0..60usize).prop_map(move |(at, n)| at..(at + n).min(len));
    let moved = {
        let chars = chars.clone();
        part.clone()
            .prop_map(move |part| chars[part].iter().collect::<String>())
    };
    (part, prop_oneof![moved, any::<String>()]).prop_map(move |(part, by)| {
        let (before, after) = (&chars[..part.start], &chars[part.end..]);
        before
            .iter()
            .copied()
            .chain(by.chars())
            .chain(after.iter().copied())
            .collect()
    })
}

/// Text made of what prototypes, ways and conditions are made of.
fn like_c() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "struct", "inode", "*", "(", ")", ",", " ", "->", "&", "!", "!=", "==", "is_dir", "exists",
        "const", "void", "dir", "O_CREAT", "-", "=", "é", ";", "0", ".", "<", ">=", "ret", "bool",
    ]);
    prop::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

/// The same every time: code, or errors that say where they are and what to do.
fn has_an_answer(
    first: Result<String, String>,
    second: Result<String, String>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(&first, &second);
    if let Err(errors) = first {
        prop_assert!(errors.contains(".toml:"), "no place in: {}", errors);
        prop_assert!(errors.contains("help: "), "no help in: {}", errors);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_editions_have_an_answer(text in damaged(SMALL)) {
        let compiled = || compile(&[&text]);
        has_an_answer(compiled(), compiled())?;
    }

    #[test]
    fn damaged_callbacks_have_an_answer(text in damaged(CALLBACKS)) {
        let compiled = || checked(&text, &[SMALL]).map(|specification| generate(&specification));
        has_an_answer(compiled(), compiled())?;
    }

    #[test]
    fn errors_in_c_are_inside_of_the_text(text in like_c()) {
        let errors = [
            c::prototype(&text).err(),
            c::way(&text).err(),
            c::condition(&text).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(text.get(error.at.clone()).is_some(), "{:?}", error);
        }
    }

    #[test]
    fn prototypes_keep_their_arguments(names in prop::collection::btree_set("[a-z_]{1,8}", 1..9)) {
        let list: Vec<String> = names.iter().map(|n| format!("const struct {n} *{n}")).collect();
        let arguments = c::prototype(&format!("int ({})", list.join(", ")));
        let arguments = arguments.map_err(|e| TestCaseError::fail(e.message))?;
        for (argument, name) in arguments.iter().zip(&names) {
            prop_assert_eq!(&argument.name, name);
            prop_assert_eq!(&argument.kind, &ArgumentKind::Pointer(name.clone()));
        }
        prop_assert_eq!(arguments.len(), names.len());
    }

    #[test]
    fn editions_are_read_as_they_are_written(major: u16, minor: u16, text: String) {
        let edition = Edition { major, minor };
        prop_assert_eq!(Edition::parse(&edition.to_string()), Some(edition));
        if let Some(edition) = Edition::parse(&text) {
            prop_assert_eq!(edition.to_string(), text);
        }
    }
}
