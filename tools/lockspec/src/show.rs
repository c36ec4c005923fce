// SPDX-License-Identifier: GPL-2.0

//! The rules for people to read, and what became of them from edition to edition.

use crate::spec::Specification;
use crate::suggest::one_of;

mod model;
mod rst;
mod terminal;

use model::{OpHistory, TableHistory};

pub use terminal::columns;

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text, for a wide terminal.
    Terminal,
    /// reStructuredText.
    Rst,
    Json,
}

impl Format {
    pub const ALL: [(&'static str, Self); 3] = [
        ("terminal", Self::Terminal),
        ("rst", Self::Rst),
        ("json", Self::Json),
    ];
}

/// Shows what became of all tables, or of a table (`TABLE`), or the rules of a callback (`TABLE.OP`)
/// in every edition. A callback has the name that it has in this kernel or in any edition.
///
/// # Errors
///
/// No edition has it: returns a message that says what there is.
pub fn show(
    specification: &Specification,
    what: Option<&str>,
    format: Format,
) -> Result<String, String> {
    let tables = model::tables(specification);
    let Some(what) = what else {
        let all: Vec<TableHistory> = (tables.iter())
            .map(|table| TableHistory::new(specification, table))
            .collect();
        return Ok(match format {
            Format::Terminal => all
                .iter()
                .map(terminal::table)
                .collect::<Vec<_>>()
                .join("\n"),
            Format::Rst => all.iter().map(rst::table).collect::<Vec<_>>().join("\n"),
            Format::Json => json(&all),
        });
    };
    let (table, op) = match what.split_once('.') {
        Some((table, op)) => (table, Some(op)),
        None => (what, None),
    };
    if !tables.contains(&table) {
        return Err(format!(
            "there is no table `{table}`: {}",
            one_of(table, &tables)
        ));
    }
    let Some(op) = op else {
        let history = TableHistory::new(specification, table);
        return Ok(match format {
            Format::Terminal => terminal::table(&history),
            Format::Rst => rst::table(&history),
            Format::Json => json(&history),
        });
    };
    let Some(history) = OpHistory::new(specification, table, op) else {
        let ops = model::ops(specification, table);
        return Err(format!(
            "{table} has no callback `{op}`: {}",
            one_of(op, &ops)
        ));
    };
    Ok(match format {
        Format::Terminal => terminal::op(&history),
        Format::Rst => rst::op(&history),
        Format::Json => json(&history),
    })
}

fn json(value: &impl serde::Serialize) -> String {
    // Maps with odd keys cannot be written; there is none.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
