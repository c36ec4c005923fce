// SPDX-License-Identifier: GPL-2.0

//! The coverage as a matrix: tables of callbacks by filesystems.

use locktrack_files::Coverage;

use crate::report::{sum, Report};

/// What became of the rules of a table in a filesystem, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Broken,
    Unknown,
    Excepted,
    /// Kept, some only if the holder of the lock was the caller.
    Someone,
    Kept,
    Unreached,
}

impl State {
    pub const ALL: [Self; 6] = [
        Self::Broken,
        Self::Unknown,
        Self::Excepted,
        Self::Someone,
        Self::Kept,
        Self::Unreached,
    ];

    /// Returns a word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Unknown => "unknown",
            Self::Excepted => "excepted",
            Self::Someone => "someone",
            Self::Kept => "kept",
            Self::Unreached => "unreached",
        }
    }

    /// Says what it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Broken => "a rule was broken",
            Self::Unknown => "of some calls there is no telling",
            Self::Excepted => "broken by known exceptions only",
            Self::Someone => "kept, if the holder that has no name is the caller",
            Self::Kept => "kept, for certain",
            Self::Unreached => "never reached: nothing is known",
        }
    }

    /// Returns the state of a row of `coverage`.
    pub fn of(row: &Coverage) -> Self {
        match row {
            row if row.violation > 0 => Self::Broken,
            row if row.unknown > 0 => Self::Unknown,
            row if row.excepted > 0 => Self::Excepted,
            row if row.someone > 0 => Self::Someone,
            row if row.hits > 0 => Self::Kept,
            _ => Self::Unreached,
        }
    }
}

/// A table of callbacks in a filesystem.
pub struct Cell<'r> {
    pub table: &'r str,
    pub fs: &'r str,
    pub rows: Vec<&'r Coverage>,
}

impl Cell<'_> {
    pub fn state(&self) -> State {
        let states = self.rows.iter().map(|row| State::of(row));
        states.min().unwrap_or(State::Unreached)
    }

    /// Returns how many rules were reached.
    pub fn reached(&self) -> usize {
        self.rows.iter().filter(|row| row.hits > 0).count()
    }

    pub fn hits(&self) -> u64 {
        sum(self.rows.iter().map(|row| row.hits))
    }

    pub fn violations(&self) -> u64 {
        sum(self.rows.iter().map(|row| row.violation))
    }
}

/// All cells.
pub struct Matrix<'r> {
    /// In the order of the rules.
    pub tables: Vec<&'r str>,
    /// In the order in which they were attached.
    pub filesystems: Vec<&'r str>,
    cells: Vec<Cell<'r>>,
}

impl<'r> Matrix<'r> {
    pub fn new(report: &'r Report) -> Self {
        let mut matrix = Self {
            tables: Vec::new(),
            filesystems: Vec::new(),
            cells: Vec::new(),
        };
        for row in &report.coverage {
            let (table, _) = row.rule.table_and_op();
            if !matrix.tables.contains(&table) {
                matrix.tables.push(table);
            }
            if !matrix.filesystems.contains(&&row.fs[..]) {
                matrix.filesystems.push(&row.fs);
            }
            let cells = &mut matrix.cells;
            match cells
                .iter_mut()
                .find(|c| (c.table, c.fs) == (table, &row.fs))
            {
                Some(cell) => cell.rows.push(row),
                None => cells.push(Cell {
                    table,
                    fs: &row.fs,
                    rows: vec![row],
                }),
            }
        }
        matrix
    }

    pub fn cell(&self, table: &str, fs: &str) -> Option<&Cell<'r>> {
        (self.cells.iter()).find(|cell| (cell.table, cell.fs) == (table, fs))
    }

    pub fn cells(&self) -> &[Cell<'r>] {
        &self.cells
    }
}
