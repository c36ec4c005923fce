// SPDX-License-Identifier: GPL-2.0

//! The data as it stands in the files: shape only, nothing looked up.
//!
//! `Documentation/rules.rst` says what each key means.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::Deserialize;
use toml::Spanned;

/// A map that keeps where its keys stand.
pub type Map<T> = BTreeMap<Spanned<String>, T>;

/// Returns the entries in the order of the file.
pub fn in_order<T>(map: &Map<T>) -> Vec<(&Spanned<String>, &T)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// What tells the two kinds of files apart.
#[derive(Deserialize)]
pub struct Kind {
    pub kernel: Option<IgnoredAny>,
}

/// The callbacks that the kernel has: `callbacks.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callbacks {
    pub kernel: Spanned<String>,
    #[serde(rename = "struct")]
    pub structs: Map<Struct>,
}

/// A C struct of callbacks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Struct {
    pub header: String,
    #[serde(default)]
    pub fields: Vec<Spanned<Field>>,
    pub slot: Map<Slot>,
}

/// A field of a struct of callbacks that is none.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Field {
    Always(String),
    Configured(ConfiguredField),
}

/// A field that some kernels have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguredField {
    pub name: String,
    pub config: String,
}

/// A callback, as C has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    pub prototype: Spanned<String>,
    #[serde(default)]
    pub objects: Map<Spanned<String>>,
    pub config: Option<Spanned<String>>,
    pub since: Option<Spanned<String>>,
    pub before: Option<Spanned<String>>,
    pub earlier: Option<Earlier>,
}

/// What a callback was before a release of the kernel.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    pub before: Spanned<String>,
    pub prototype: Spanned<String>,
}

/// One file: what one edition of the kernel's document says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub edition: Spanned<String>,
    pub document: String,
    #[serde(default)]
    pub table: Map<Table>,
    #[serde(default)]
    pub op: Map<Map<Op>>,
}

/// A section of the document, which is about a C struct of callbacks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub title: Option<String>,
    pub columns: Option<Vec<String>>,
    #[serde(default)]
    pub every: Vec<Spanned<Rule>>,
    #[serde(default)]
    pub unlisted: Vec<Unlisted>,
    #[serde(default)]
    pub sentence: Map<Sentence>,
    pub note: Option<String>,
    pub decide: Option<Spanned<String>>,
}

/// Slots that the document does not speak of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlisted {
    pub slots: Vec<Spanned<String>>,
    pub why: String,
}

/// What the document has in prose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    #[serde(default)]
    pub digest: Vec<Spanned<String>>,
    #[serde(default)]
    pub of: Vec<Spanned<String>>,
    pub says: String,
    pub document: Option<String>,
    pub unchecked: Option<Spanned<String>>,
    pub decide: Option<Spanned<String>>,
}

/// A callback, as the document has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Op {
    pub prototype: Option<String>,
    pub row: Option<Spanned<Vec<String>>>,
    pub slot: Option<Spanned<String>>,
    pub gone: Option<Spanned<String>>,
    #[serde(default)]
    pub rules: Vec<Spanned<Rule>>,
    #[serde(default)]
    pub unchecked: Vec<String>,
    pub note: Option<String>,
    pub decide: Option<Spanned<String>>,
}

/// A promise about a lock, or about sleeping.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub lock: Option<Spanned<String>>,
    pub requires: Option<Spanned<String>>,
    pub sleep: Option<Spanned<String>>,
    #[serde(default, rename = "if")]
    pub conditions: Vec<Spanned<String>>,
    pub when: Option<Spanned<String>>,
    pub name: Option<Spanned<String>>,
    pub source: Option<Spanned<Vec<Spanned<String>>>>,
    /// Only for `every`: the ops that it does not speak of.
    #[serde(default)]
    pub except: Vec<Spanned<String>>,
}
