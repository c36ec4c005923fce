// SPDX-License-Identifier: GPL-2.0

//! The data as it stands in a file: shape only, nothing looked up.
//!
//! `Documentation/rules.rst` says what each key means.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A map that keeps where its keys stand.
pub type Map<T> = BTreeMap<Spanned<String>, T>;

/// One file: what one edition of the kernel's document says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub edition: Spanned<String>,
    pub document: String,
    pub table: Map<Table>,
    #[serde(default)]
    pub op: Map<Map<Op>>,
}

/// A C struct of callbacks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub header: String,
    pub columns: Vec<String>,
    pub slots: Vec<Spanned<String>>,
    #[serde(default)]
    pub sentence: Map<Sentence>,
}

/// A rule that the document has outside of its table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    pub says: String,
    pub document: Option<String>,
    pub unchecked: Option<Spanned<String>>,
}

/// A callback.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Op {
    pub prototype: Spanned<String>,
    pub row: Option<Spanned<Vec<String>>>,
    pub unlisted: Option<Spanned<String>>,
    #[serde(default)]
    pub objects: Map<Spanned<String>>,
    #[serde(default)]
    pub rules: Vec<Spanned<Rule>>,
    #[serde(default)]
    pub unchecked: Vec<String>,
    pub note: Option<String>,
}

/// A promise about a lock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub lock: Spanned<String>,
    pub requires: Spanned<String>,
    #[serde(default, rename = "if")]
    pub conditions: Vec<Spanned<String>>,
    pub when: Option<Spanned<String>>,
    pub name: Option<Spanned<String>>,
    pub source: Spanned<Vec<Spanned<String>>>,
}
