// SPDX-License-Identifier: GPL-2.0

//! What `lockspec import` left to a person.

use toml::Spanned;

use super::Check;
use crate::data;

impl Check<'_> {
    /// Reports what nobody has decided yet, and returns whether there is such a thing.
    pub(super) fn undecided(&mut self, file: &data::File) -> bool {
        let tables = file.table.values();
        let decide: Vec<&Spanned<String>> = (tables.clone().flat_map(|table| &table.decide))
            .chain((tables.flat_map(|table| table.sentence.values())).flat_map(|said| &said.decide))
            .chain((file.op.values().flat_map(|ops| ops.values())).flat_map(|op| &op.decide))
            .collect();
        for what in &decide {
            self.error(
                what.span(),
                format!("a person has to decide: {}", what.get_ref()),
                "nobody has decided this yet",
                "correct what stands beside it, then remove `decide`",
            );
        }
        !decide.is_empty()
    }
}
