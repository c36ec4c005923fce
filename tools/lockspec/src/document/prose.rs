// SPDX-License-Identifier: GPL-2.0

//! What is neither a prototype nor in a table, as sentences.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::line::Line;
use super::Sentence;

/// Words that end in a full stop without being the end of a sentence.
const ABBREVIATIONS: [&str; 4] = ["etc.", "i.e.", "e.g.", "vs."];

/// Returns what a sentence is known by in the data, which has none of the document's text: the
/// first twelve digits of its SHA-256.
pub fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(6).fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Splits a paragraph into its sentences.
pub fn sentences(paragraph: &[Line]) -> Vec<Sentence> {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for line in paragraph {
        let text = line.text.split([' ', '\t']).filter(|word| !word.is_empty());
        words.extend(text.map(|word| (word, line.number)));
    }
    // The mark of a footnote in reStructuredText; the plain text has its number only.
    if words.first().is_some_and(|(word, _)| *word == "..") {
        words.remove(0);
    }

    let mut sentences = Vec::new();
    let mut from = 0;
    for (i, (word, _)) in words.iter().enumerate() {
        if i + 1 == words.len() || ends_sentence(word) {
            let text: Vec<&str> = words[from..=i].iter().map(|(word, _)| *word).collect();
            let text = text.join(" ");
            sentences.push(Sentence {
                digest: digest(&text),
                text,
                line: words[from].1,
            });
            from = i + 1;
        }
    }
    sentences
}

fn ends_sentence(word: &str) -> bool {
    let word = word.trim_end_matches([')', '"', '\'']);
    word.ends_with(['.', '!', '?']) && !ABBREVIATIONS.contains(&word)
}
