use std::collections::BTreeMap;
use std::fmt;

use crate::edge::Kind;
use crate::progress::say;

/// What is measured, in the table's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    Start,
    Memory,
    PerCertificate,
    Rotation,
    RotationCpu,
    Rest,
    Burst,
    BurstCpu,
    Peak,
    Growth,
    Undisturbed,
    Rotating,
    Ratio,
    FloodRate,
    FloodMemory,
    FloodMetrics,
    FloodQuiet,
    FloodHandshakes,
}

impl Row {
    fn title(self) -> &'static str {
        match self {
            Self::Start => "start until first accept",
            Self::Memory => "memory after start",
            Self::PerCertificate => "memory per certificate with its domain",
            Self::Rotation => "one rotation until served, median / p99",
            Self::RotationCpu => "CPU of one rotation",
            Self::Rest => "CPU at rest, of a core",
            Self::Burst => "rotations at once until the last is served",
            Self::BurstCpu => "CPU of rotations at once",
            Self::Peak => "most memory while rotating",
            Self::Growth => "growth of memory by reloads",
            Self::Undisturbed => "handshake p99 without rotations",
            Self::Rotating => "handshake p99 with 20 rotations a second",
            Self::Ratio => "ratio of these two",
            Self::FloodRate => "handshakes with unknown names",
            Self::FloodMemory => "memory before and after them",
            Self::FloodMetrics => "lines of metrics before and after them",
            Self::FloodQuiet => "handshake p99 of known names without them",
            Self::FloodHandshakes => "handshake p99 of known names with them",
        }
    }
}

/// What was measured with one proxy.
#[derive(Debug)]
pub(crate) struct Column {
    kind: Kind,
    cells: BTreeMap<Row, String>,
    failed: bool,
}

impl Column {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            cells: BTreeMap::new(),
            failed: false,
        }
    }

    /// Says it at once as well: a long run may be interrupted before the table is whole.
    pub(crate) fn set(&mut self, row: Row, text: impl Into<String>) {
        let text = text.into();
        say(&format!("{}: {}: {text}", self.kind.name(), row.title()));
        self.cells.insert(row, text);
    }

    /// Whatever is missing is so because something went wrong.
    pub(crate) fn fail(&mut self) {
        self.failed = true;
    }

    fn cell(&self, row: Row) -> &str {
        let expected = row <= Row::Peak || self.kind == Kind::Lockgate;
        let missing = if self.failed && expected {
            "failed"
        } else {
            ""
        };
        self.cells.get(&row).map_or(missing, String::as_str)
    }
}

/// All columns; displayed in Markdown that can also be read as it is.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Column>);

impl Table {
    pub(crate) fn push(&mut self, column: Column) {
        self.0.push(column);
    }

    fn lines(&self) -> Vec<Vec<&str>> {
        let mut rows: Vec<Row> = self
            .0
            .iter()
            .flat_map(|it| it.cells.keys().copied())
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let head = self.0.iter().map(|column| column.kind.name());
        let mut lines = vec![[""].into_iter().chain(head).collect()];
        for row in rows {
            let cells = self.0.iter().map(|column| column.cell(row));
            lines.push([row.title()].into_iter().chain(cells).collect());
        }
        lines
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let width = |cell: usize| {
            let cells = lines.iter().map(|line| line[cell].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..=self.0.len()).map(width).collect();
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(&widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                for (cell, width) in widths.iter().enumerate() {
                    let colon = if cell == 0 { "-" } else { ":" };
                    write!(f, "| {:-<width$}{colon}", "", width = width)?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}
