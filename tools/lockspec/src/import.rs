// SPDX-License-Identifier: GPL-2.0

//! Writes an edition's data from a document.
//!
//! What the document says is taken from it. What we say about it is taken over from another
//! edition where the two documents say the same, and is left to a person elsewhere: there is a
//! key `decide`, which is an error as long as it stands.

use crate::document::{Document, Section};
use crate::spec::Edition;

mod like;
mod write;

use like::KnownTable;
pub use like::Like;
use write::{entry, key, list, quote};

/// Returns the text of a file of rules.
pub fn import(document: &Document, edition: Edition, like: Option<&Like>) -> String {
    let path = match document.plain {
        true => "Documentation/filesystems/Locking",
        false => "Documentation/filesystems/locking.rst",
    };
    let mut out = format!(
        "# SPDX-License-Identifier: GPL-2.0\n#\n\
        # The locks that Linux {edition} promises to the callbacks of a filesystem.\n#\n\
        # Documentation/rules.rst describes the format; `lockspec check` checks it.\n\n\
        edition = {}\ndocument = {}\n",
        quote(&edition.to_string()),
        quote(path)
    );
    let mut names: Vec<String> = Vec::new();
    for section in &document.sections {
        let known = like.and_then(|like| like.table(&section.title));
        // Sections are mostly called as the struct that they are about.
        let mut name = match &known {
            Some(table) => table.name.clone(),
            None => section
                .title
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        if names.contains(&name) {
            name = section.title.clone();
        }
        while names.contains(&name) {
            name += " again";
        }
        out += &table(section, &name, edition, like, known.as_ref());
        names.push(name);
    }
    out
}

/// Returns a table with its sentences and ops.
fn table(
    section: &Section,
    name: &str,
    edition: Edition,
    like: Option<&Like>,
    known: Option<&KnownTable>,
) -> String {
    let rule = "-".repeat(75);
    let mut out = format!("\n# {}\n# {rule}\n\n[table.{}]\n", section.title, key(name));
    if section.title != name {
        entry(&mut out, "title", &quote(&section.title));
    }
    if !section.columns.is_empty() {
        entry(&mut out, "columns", &list(&section.columns));
    }
    if let Some(table) = known {
        for name in ["note", "every"] {
            if let Some(value) = table.value(name) {
                entry(&mut out, name, &value);
            }
        }
        // The newest edition says of every slot whether it is there.
        let newest = like.is_some_and(|like| like.edition <= edition);
        if let Some(value) = table.value("unlisted").filter(|_| newest) {
            entry(&mut out, "unlisted", &value);
        }
    } else {
        let why = match like {
            Some(like) => format!(
                "{} has no such section: which struct is it about?",
                like.edition
            ),
            None => "which struct is it about?".to_owned(),
        };
        entry(&mut out, "decide", &quote(&why));
    }

    let name = key(name);
    let sentences = like::sentences(section, edition, known);
    if !sentences.lines.is_empty() {
        out += &format!("\n[table.{name}.sentence]\n{}", sentences.lines);
    }
    for op in ops(section) {
        let above = known.map_or_else(String::new, |known| known.above(op));
        out += &format!("\n{above}[op.{name}.{}]\n", key(op));
        out += &like::op(section, op, known, &sentences.left_out);
    }
    out
}

/// Returns the callbacks of a section: in the order of the table, and one that has no row behind
/// the one that is declared before it.
fn ops(section: &Section) -> Vec<&str> {
    let mut ops: Vec<&str> = section.rows.iter().map(|row| row.op.as_str()).collect();
    let mut before = None;
    for prototype in &section.prototypes {
        let op = prototype.op.as_str();
        if !ops.contains(&op) {
            let at = before.and_then(|before| ops.iter().position(|op| *op == before));
            ops.insert(at.map_or(0, |at| at + 1), op);
        }
        before = Some(op);
    }
    ops
}
