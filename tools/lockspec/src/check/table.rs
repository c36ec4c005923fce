// SPDX-License-Identifier: GPL-2.0

//! One edition of the document.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::op::OpCheck;
use super::Check;
use crate::data;
use crate::spec::{Callbacks, Op, Sentence, SlotId, Spec, Table, Unlisted};
use crate::suggest::one_of;

impl Check<'_> {
    /// Checks an edition. Returns what it says and where its number stands.
    pub(super) fn edition(mut self, callbacks: &Callbacks) -> Option<(Spec, Range<usize>)> {
        let file: data::File = self.read()?;
        // Errors that come of what is undecided are not worth a message.
        if self.undecided(&file) {
            return None;
        }
        let mut tables = Vec::new();
        let mut slots = Vec::new();
        for (name, table) in data::in_order(&file.table) {
            tables.push(self.table(callbacks, &file, name.get_ref(), table, &mut slots));
        }
        for name in file.op.keys() {
            if !file.table.contains_key(name) {
                let names: Vec<&str> = file.table.keys().map(|k| k.get_ref().as_str()).collect();
                self.error(
                    name.span(),
                    format!("unknown table `{}`", name.get_ref()),
                    format!("there is no [table.{}]", name.get_ref()),
                    one_of(name.get_ref(), &names),
                );
            }
        }
        let spec = Spec {
            edition: self.release(&file.edition, "edition")?,
            document: file.document,
            tables,
        };
        Some((spec, file.edition.span()))
    }

    fn table(
        &mut self,
        callbacks: &Callbacks,
        file: &data::File,
        name: &str,
        table: &data::Table,
        slots: &mut Vec<(SlotId, Range<usize>)>,
    ) -> Table {
        let empty = data::Map::new();
        let written = file.op.get(&Spanned::new(0..0, name.to_owned()));
        let written = written.unwrap_or(&empty);
        let mut cited = BTreeSet::new();
        let errors = self.report.len();

        let names: Vec<&str> = written.keys().map(|k| k.get_ref().as_str()).collect();
        let excepted = table.every.iter().flat_map(|rule| &rule.get_ref().except);
        let spoken_of = table.sentence.values().flat_map(|said| &said.of);
        for op in excepted.chain(spoken_of) {
            if !names.contains(&op.get_ref().as_str()) {
                self.error(
                    op.span(),
                    format!("unknown op `{}`", op.get_ref()),
                    format!("there is no [op.{name}.{}]", op.get_ref()),
                    one_of(op.get_ref(), &names),
                );
            }
        }

        let mut ops: Vec<Op> = Vec::new();
        for (op_name, op) in data::in_order(written) {
            let slot = self.op_slot(callbacks, name, op_name, op);
            if let Some((slot, at)) = slot.clone() {
                self.claim(callbacks, slots, slot, at);
            }
            let op = OpCheck {
                slot: slot.as_ref().map(|(id, _)| callbacks.slot(*id).1),
                check: self,
                file,
                table: (name, table),
                name: op_name,
                op,
            }
            .check(slot.map(|(id, _)| id), &mut cited);
            ops.push(op);
        }
        let unlisted = (table.unlisted.iter())
            .map(|unlisted| {
                let mut known = Vec::new();
                for slot in &unlisted.slots {
                    if let Some(id) = self.find_slot(callbacks, name, slot, slot.get_ref()) {
                        self.claim(callbacks, slots, id, slot.span());
                        known.push(id);
                    }
                }
                Unlisted {
                    slots: known,
                    why: unlisted.why.clone(),
                }
            })
            .collect();

        // What comes of other errors is not worth a message.
        let usable = self.report.len() == errors;
        let mut digests: Vec<&str> = Vec::new();
        let sentences = data::in_order(&table.sentence)
            .into_iter()
            .map(|(name, said)| {
                self.digests(name, said, &mut digests);
                if usable {
                    self.has_effect(name, said, cited.contains(name.get_ref()));
                }
                Sentence {
                    name: name.get_ref().clone(),
                    digests: said.digest.iter().map(|d| d.get_ref().clone()).collect(),
                    of: said.of.iter().map(|op| op.get_ref().clone()).collect(),
                    says: said.says.clone(),
                    document: said.document.clone(),
                    unchecked: said.unchecked.as_ref().map(|u| u.get_ref().clone()),
                }
            })
            .collect();
        Table {
            name: name.to_owned(),
            title: table.title.clone().unwrap_or_else(|| name.to_owned()),
            columns: table.columns.clone(),
            sentences,
            ops,
            unlisted,
            note: table.note.clone(),
        }
    }

    /// Looks up what an op is in the kernel that is checked, and says where that is written.
    fn op_slot(
        &mut self,
        callbacks: &Callbacks,
        table: &str,
        name: &Spanned<String>,
        op: &data::Op,
    ) -> Option<(SlotId, Range<usize>)> {
        match (&op.slot, &op.gone) {
            (None, None) => {
                let id = callbacks.find(table, name.get_ref());
                if id.is_none() {
                    let of = callbacks.structs.iter().find(|s| s.name == table);
                    let slots = of.map_or(Vec::new(), |s| {
                        s.slots.iter().map(|slot| slot.name.as_str()).collect()
                    });
                    self.error(
                        name.span(),
                        format!("unknown op `{}`", name.get_ref()),
                        format!("{} has no {table}.{}", callbacks.kernel, name.get_ref()),
                        format!(
                            "say what it is now in `slot`, or why it is gone in `gone`; \
                             or {}",
                            one_of(name.get_ref(), &slots)
                        ),
                    );
                }
                Some((id?, name.span()))
            }
            (Some(slot), None) => Some((
                self.find_slot(callbacks, table, slot, slot.get_ref())?,
                slot.span(),
            )),
            (slot, Some(gone)) => {
                if slot.is_some() || !op.rules.is_empty() {
                    self.error(
                        gone.span(),
                        format!("`{}` is gone and has a slot or rules", name.get_ref()),
                        "what is gone cannot be checked",
                        "remove `gone`, or `slot` and `rules`",
                    );
                }
                None
            }
        }
    }

    /// Looks up `SLOT` of the table's struct, or `STRUCT.SLOT`.
    fn find_slot(
        &mut self,
        callbacks: &Callbacks,
        table: &str,
        at: &Spanned<String>,
        text: &str,
    ) -> Option<SlotId> {
        let (of, slot) = text.split_once('.').unwrap_or((table, text));
        let found = callbacks.find(of, slot);
        if found.is_none() {
            let help = match callbacks.structs.iter().find(|s| s.name == of) {
                Some(s) => {
                    let slots: Vec<&str> = s.slots.iter().map(|slot| slot.name.as_str()).collect();
                    one_of(slot, &slots)
                }
                None => {
                    let structs = callbacks.structs.iter();
                    one_of(of, &structs.map(|s| s.name.as_str()).collect::<Vec<_>>())
                }
            };
            self.error(
                at.span(),
                format!("unknown slot `{text}`"),
                format!("{} has no {of}.{slot}", callbacks.kernel),
                help,
            );
        }
        found
    }

    /// Notes that an edition has told what there is to tell of a slot, which is done once.
    fn claim(
        &mut self,
        callbacks: &Callbacks,
        slots: &mut Vec<(SlotId, Range<usize>)>,
        id: SlotId,
        at: Range<usize>,
    ) {
        let (of, slot) = callbacks.slot(id);
        if let Some((_, first)) = slots.iter().find(|(other, _)| *other == id) {
            let error = crate::report::Report::at(
                self.file,
                at.clone(),
                format!("`{}.{}` is spoken of twice", of.name, slot.name),
                "here again",
                "of two ops that became one, one can have rules: say `gone` of the other",
            );
            self.report.push(error.and(first.clone(), "first here"));
        }
        slots.push((id, at));
    }

    /// Checks that a sentence can be found again in the document.
    fn digests<'d>(
        &mut self,
        name: &Spanned<String>,
        said: &'d data::Sentence,
        digests: &mut Vec<&'d str>,
    ) {
        if said.digest.is_empty() == said.document.is_none() {
            let (wrong, label) = match said.document {
                None => ("without a digest", "which sentences of the document is it?"),
                Some(_) => (
                    "with a digest of another document",
                    "the digest is of this one",
                ),
            };
            self.error(
                name.span(),
                format!("a sentence {wrong}: `{}`", name.get_ref()),
                label,
                "give the `digest` of each sentence that it stands for, or the other `document` \
                 that has it",
            );
        }
        for digest in &said.digest {
            let text = digest.get_ref().as_str();
            let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            if text.len() != 12 || !text.chars().all(hex) || digests.contains(&text) {
                self.error(
                    digest.span(),
                    format!("bad digest `{text}`"),
                    "another sentence has it, or it is not 12 hexadecimal digits",
                    "`lockspec diff` prints the digests of a document's sentences",
                );
            }
            digests.push(text);
        }
    }

    /// Checks that a sentence is the source of a rule, or that it is said why not.
    fn has_effect(&mut self, name: &Spanned<String>, said: &data::Sentence, used: bool) {
        match &said.unchecked {
            None if !used => self.error(
                name.span(),
                format!("sentence `{}` has no effect", name.get_ref()),
                "no rule has it as its source",
                "name it in the `source` of a rule, or say in `unchecked` why there is none",
            ),
            Some(reason) if used => self.error(
                reason.span(),
                format!("sentence `{}` is checked after all", name.get_ref()),
                "a rule has this sentence as its source",
                "remove `unchecked`, or the source",
            ),
            _ => {}
        }
    }
}
