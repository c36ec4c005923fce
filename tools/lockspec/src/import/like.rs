// SPDX-License-Identifier: GPL-2.0

//! What is taken over from an edition that is like the new one.

use toml_edit::{DocumentMut, Item, RawString, Table, TableLike, Value};

use crate::document::{canonical, Section, Sentence};
use crate::spec::Edition;

use super::write::{entry, key, list, quote};

/// A file of rules, as it is written.
#[derive(Debug)]
pub struct Like {
    pub edition: Edition,
    file: Table,
}

impl Like {
    /// Parses a file of rules. Of what need not be right for that, nothing is said.
    ///
    /// # Errors
    ///
    /// If it is none, why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file = text
            .parse::<DocumentMut>()
            .map_err(|error| error.to_string())?;
        let edition = (file.get("edition").and_then(Item::as_str)).and_then(Edition::parse);
        Ok(Self {
            edition: edition.ok_or("it has no edition, such as `v7.3`")?,
            file: file.as_table().clone(),
        })
    }

    /// How many releases lie between an edition and this one: since v4.20 there are twenty
    /// between a new major number and the next.
    pub fn distance(&self, edition: Edition) -> u32 {
        let count = |edition: Edition| u32::from(edition.major) * 20 + u32::from(edition.minor);
        count(edition).abs_diff(count(self.edition))
    }

    /// Finds the table of a section.
    pub fn table(&self, title: &str) -> Option<KnownTable<'_>> {
        let tables = self.file.get("table")?.as_table_like()?;
        let (name, table) = tables.iter().find(|(name, table)| {
            table.get("title").and_then(Item::as_str).unwrap_or(name) == title
        })?;
        Some(KnownTable {
            edition: self.edition,
            name: name.to_owned(),
            table: table.as_table_like()?,
            ops: (self.file.get("op")).and_then(|ops| ops.get(name)?.as_table_like()),
        })
    }
}

/// A table of the edition that is like the new one.
pub struct KnownTable<'a> {
    edition: Edition,
    pub name: String,
    table: &'a dyn TableLike,
    ops: Option<&'a dyn TableLike>,
}

impl KnownTable<'_> {
    /// Returns a value as it is written.
    pub fn value(&self, name: &str) -> Option<String> {
        written(self.table.get(name)?)
    }

    /// Returns the comments above an op.
    pub fn above(&self, op: &str) -> String {
        let table = self.ops.and_then(|ops| ops.get(op)?.as_table());
        comments(table.and_then(|table| table.decor().prefix()))
    }

    fn columns(&self) -> Vec<&str> {
        strings(self.table.get("columns"))
    }

    fn sentences(&self) -> Vec<(&str, &dyn TableLike)> {
        let sentences = self.table.get("sentence").and_then(Item::as_table_like);
        (sentences.into_iter().flat_map(|sentences| sentences.iter()))
            .filter_map(|(name, sentence)| Some((name, sentence.as_table_like()?)))
            .collect()
    }
}

fn written(item: &Item) -> Option<String> {
    Some(item.as_value()?.clone().decorated("", "").to_string())
}

/// Returns the comments in what stands above something.
fn comments(above: Option<&RawString>) -> String {
    let text = above.and_then(RawString::as_str).unwrap_or_default();
    let comments = text.lines().filter(|line| line.starts_with('#'));
    comments.fold(String::new(), |comments, line| comments + line + "\n")
}

fn strings(item: Option<&Item>) -> Vec<&str> {
    let array = item.and_then(Item::as_array);
    array
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The sentences of a table.
pub struct Sentences {
    /// As TOML.
    pub lines: String,
    /// The names of those that the document does not have.
    pub left_out: Vec<String>,
}

/// Takes over what is said about the sentences that both documents have.
pub fn sentences(section: &Section, edition: Edition, known: Option<&KnownTable>) -> Sentences {
    let mut out = Sentences {
        lines: String::new(),
        left_out: Vec::new(),
    };
    let has = |digest: &str| section.sentences.iter().any(|s| s.digest == digest);
    let mut taken: Vec<&str> = Vec::new();
    let mut entries: Vec<(usize, String)> = Vec::new();
    let sentences = known.map(KnownTable::sentences).unwrap_or_default();
    for &(name, sentence) in &sentences {
        let digests = strings(sentence.get("digest"));
        let kept: Vec<&str> = digests
            .iter()
            .copied()
            .filter(|digest| has(digest))
            .collect();
        if kept.is_empty() && !digests.is_empty() {
            out.left_out.push(name.to_owned());
            continue;
        }
        let like = known.map_or(edition, |known| known.edition);
        let decide = match kept.len() {
            0 if like == edition => None,
            0 => Some(format!("this is from {like}: is it so in {edition}?")),
            n if n == digests.len() => None,
            n => Some(format!(
                "{} of the {} sentences of {like} are gone: is what it says still right?",
                digests.len() - n,
                digests.len()
            )),
        };
        let mut line = format!("{} = {{ ", key(name));
        if !kept.is_empty() {
            line += &format!("digest = {}, ", list(&kept));
        }
        for name in ["document", "of", "says", "unchecked"] {
            if let Some(value) = sentence.get(name).and_then(written) {
                line += &format!("{name} = {value}, ");
            }
        }
        if let Some(decide) = decide {
            line += &format!("decide = {}, ", quote(&decide));
        }
        let line = line.trim_end_matches(", ").to_owned() + " }\n";
        let first = section
            .sentences
            .iter()
            .position(|s| kept.contains(&s.digest.as_str()));
        entries.push((first.unwrap_or(usize::MAX), line));
        taken.extend(kept);
    }
    let names: Vec<&str> = sentences.iter().map(|(name, _)| *name).collect();
    for (i, sentence) in section.sentences.iter().enumerate() {
        if !taken.contains(&sentence.digest.as_str()) {
            taken.push(&sentence.digest);
            entries.push((i, new_sentence(section, sentence, &names)));
        }
    }
    entries.sort_by_key(|(i, _)| *i);
    out.lines = entries.into_iter().map(|(_, line)| line).collect();
    out
}

/// Returns an entry for a sentence that nothing was said about yet.
fn new_sentence(section: &Section, sentence: &Sentence, names: &[&str]) -> String {
    let mut name = format!("line-{}", sentence.line);
    let same_line = (section.sentences.iter())
        .filter(|s| s.line == sentence.line)
        .position(|s| s.digest == sentence.digest)
        .unwrap_or_default();
    if same_line > 0 {
        name += &format!("-{}", same_line + 1);
    }
    while names.contains(&name.as_str()) {
        name += "-new";
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut of: Vec<&str> = Vec::new();
    for after in sentence.text.split("->").skip(1) {
        let op = after.split(|c| !is_word(c)).next().unwrap_or_default();
        let known = section.prototypes.iter().any(|p| p.op == op)
            || section.rows.iter().any(|row| row.op == op);
        if known && !of.contains(&op) {
            of.push(op);
        }
    }
    let of = match of[..] {
        [] => String::new(),
        _ => format!("of = {}, ", list(&of)),
    };
    let decide = format!("line {} of the document: what does it say?", sentence.line);
    format!(
        "{name} = {{ digest = {}, {of}says = \"\", decide = {} }}\n",
        list(&[&sentence.digest]),
        quote(&decide)
    )
}

/// Returns the keys of an op.
pub fn op(section: &Section, op: &str, known: Option<&KnownTable>, left_out: &[String]) -> String {
    let mut out = String::new();
    let prototype = section.prototypes.iter().find(|p| p.op == op);
    let row = section.rows.iter().find(|row| row.op == op);
    if let Some(prototype) = prototype {
        entry(&mut out, "prototype", &quote(&prototype.text));
    }
    if let Some(row) = row {
        entry(&mut out, "row", &list(&row.cells));
    }

    let like = known.and_then(|known| Some((known, known.ops?.get(op)?.as_table_like()?)));
    let Some((known, like)) = like else {
        let what = match row {
            Some(_) => "which rules come of its row?",
            None => "which rules are there?",
        };
        let what = match known {
            Some(known) => format!(
                "{} does not have it: which slot is it, or is it gone? {what}",
                known.edition
            ),
            None => format!("which slot is it, or is it gone? {what}"),
        };
        entry(&mut out, "decide", &quote(&what));
        return out;
    };
    let edition = known.edition;
    let mut decide: Vec<String> = Vec::new();
    let cells = like.get("row").map(|cells| strings(Some(cells)));
    match (row, &cells) {
        (Some(row), Some(cells)) if row.cells != *cells => {
            decide.push(format!("its row is {} in {edition}", list(cells)));
        }
        (Some(_), None) => decide.push(format!("it has no row in {edition}")),
        (None, Some(_)) => decide.push(format!("it has a row in {edition}")),
        (Some(_), Some(_)) if section.columns != known.columns() => {
            decide.push(format!(
                "the columns of its table are {} in {edition}",
                list(&known.columns())
            ));
        }
        _ => (),
    }
    let sources = (like
        .get("rules")
        .and_then(Item::as_array)
        .into_iter()
        .flatten())
    .filter_map(|rule| rule.as_inline_table()?.get("source")?.as_array())
    .flat_map(|sources| sources.iter().filter_map(Value::as_str));
    let mut missing: Vec<&str> = sources
        .filter(|source| left_out.iter().any(|s| s == source))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        decide.push(format!(
            "{edition} has other sentences {} about it",
            list(&missing)
        ));
    }
    let was = like.get("prototype").and_then(Item::as_str).map(canonical);
    if let (Some(prototype), Some(was)) = (prototype, was) {
        if !alike(&prototype.text, &was) {
            decide.push(format!(
                "its prototype is `{was}` in {edition}, if it is the same"
            ));
        }
    }
    if !decide.is_empty() {
        let decide = format!("{}: are the rules right?", decide.join(", "));
        entry(&mut out, "decide", &quote(&decide));
    }
    for name in ["slot", "gone", "rules", "unchecked", "note"] {
        if let Some(value) = like.get(name).and_then(written) {
            out += &comments(like.key(name).and_then(|key| key.leaf_decor().prefix()));
            entry(&mut out, name, &value);
        }
    }
    out
}

/// Whether two prototypes can be of the same callback: one has all structs that the other has,
/// except for those that were added to say who asks.
fn alike(a: &str, b: &str) -> bool {
    let structs = |text: &str| -> Vec<String> {
        let words: Vec<&str> = text.split([' ', ',', '(', ')', '*']).collect();
        (words.windows(2).filter(|pair| pair[0] == "struct"))
            .map(|pair| pair[1].to_owned())
            .filter(|name| !["mnt_idmap", "user_namespace"].contains(&name.as_str()))
            .collect()
    };
    let (a, b) = (structs(a), structs(b));
    a.iter().all(|name| b.contains(name)) || b.iter().all(|name| a.contains(name))
}
