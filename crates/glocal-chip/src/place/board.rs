//! The machine's routers: one mesh over all chips.

use serde::{Deserialize, Serialize};

use crate::spec::ChipSpec;

/// Where a core and its router lie on the whole machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Column, from the west.
    pub column: u32,
    /// Row, from the north.
    pub row: u32,
}

/// The sizes of a machine: its chips lie row by row, and so do the cores of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    columns: u32,
    rows: u32,
    chip_columns: u32,
    chip_rows: u32,
    crossing: u32,
    host: Position,
}

/// A rectangle of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its first column and row.
    pub origin: Position,
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
}

impl Board {
    /// The machine that `chip` describes.
    pub fn of(chip: &ChipSpec) -> Board {
        let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).max(1);
        let grid = &chip.grid;
        let (chip_columns, chip_rows) = (count(grid.columns.value), count(grid.rows.value));
        let across = count(grid.chips_per_row.value);
        let down = (count(grid.chips.value) / across).max(1);
        let (columns, rows) = (chip_columns.saturating_mul(across), chip_rows.saturating_mul(down));
        let within = |value: u64, most: u32| u32::try_from(value).unwrap_or(u32::MAX).min(most - 1);
        Board {
            columns,
            rows,
            chip_columns,
            chip_rows,
            crossing: count(chip.noc.chip_hop_cost.value),
            host: Position {
                column: within(chip.noc.host_column.value, columns),
                row: within(chip.noc.host_row.value, rows),
            },
        }
    }

    /// Columns of the whole machine.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Rows of the whole machine.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// The router at which the host's packets enter.
    pub fn host(&self) -> Position {
        self.host
    }

    /// Positions of the whole machine.
    pub fn positions(&self) -> u64 {
        u64::from(self.columns) * u64::from(self.rows)
    }

    /// Whether the machine has this position.
    pub fn contains(&self, position: Position) -> bool {
        position.column < self.columns && position.row < self.rows
    }

    /// Chips of the machine.
    pub fn chips(&self) -> u32 {
        (self.columns / self.chip_columns) * (self.rows / self.chip_rows)
    }

    /// Cores of each.
    pub fn cores_per_chip(&self) -> u64 {
        u64::from(self.chip_columns) * u64::from(self.chip_rows)
    }

    /// The chip that a position belongs to, by its number, row by row.
    pub fn chip(&self, position: Position) -> u32 {
        let across = self.columns / self.chip_columns;
        position.row / self.chip_rows * across + position.column / self.chip_columns
    }

    /// The position of this number, chip by chip, and row by row on each.
    pub fn position(&self, number: u64) -> Position {
        let across = u64::from(self.columns / self.chip_columns);
        let (chip, on_chip) = (number / self.cores_per_chip(), number % self.cores_per_chip());
        let of = |chip: u64, size: u32, on_chip: u64| (chip * u64::from(size) + on_chip) as u32;
        Position {
            column: of(chip % across, self.chip_columns, on_chip % u64::from(self.chip_columns)),
            row: of(chip / across, self.chip_rows, on_chip / u64::from(self.chip_columns)),
        }
    }

    /// Hops from one router to another: the Manhattan distance.
    pub fn hops(&self, a: Position, b: Position) -> u32 {
        a.column.abs_diff(b.column) + a.row.abs_diff(b.row)
    }

    /// Of these, hops from chip to chip.
    pub fn crossings(&self, a: Position, b: Position) -> u32 {
        (a.column / self.chip_columns).abs_diff(b.column / self.chip_columns)
            + (a.row / self.chip_rows).abs_diff(b.row / self.chip_rows)
    }

    /// What a packet from one router to another counts for: its hops, those from chip to chip as `noc.chip_hop_cost`.
    pub fn cost(&self, a: Position, b: Position) -> u64 {
        let [(ax, ay), (bx, by)] = [a, b].map(|position| self.stretched(position));
        ax.abs_diff(bx) + ay.abs_diff(by)
    }

    /// Coordinates whose Manhattan distance is [`Board::cost`]: chips lie apart by what it costs to get across.
    pub(crate) fn stretched(&self, Position { column, row }: Position) -> (u64, u64) {
        let gap = u64::from(self.crossing - 1);
        let stretch = |at: u32, size: u32| u64::from(at) + gap * u64::from(at / size);
        (stretch(column, self.chip_columns), stretch(row, self.chip_rows))
    }
}

impl Region {
    /// The smallest that holds all of these; one position if there are none.
    pub fn covering(positions: impl IntoIterator<Item = Position>) -> Region {
        let mut positions = positions.into_iter();
        let first = positions.next().unwrap_or(Position { column: 0, row: 0 });
        let (low, high) = positions.fold((first, first), |(low, high), at| {
            let pick = |by: fn(u32, u32) -> u32, a: Position| Position {
                column: by(a.column, at.column),
                row: by(a.row, at.row),
            };
            (pick(u32::min, low), pick(u32::max, high))
        });
        Region { origin: low, columns: high.column - low.column + 1, rows: high.row - low.row + 1 }
    }

    /// Positions in it.
    pub fn len(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.columns == 0 || self.rows == 0
    }

    /// Whether it holds this one.
    pub fn contains(&self, position: Position) -> bool {
        let Position { column, row } = self.origin;
        position.column.checked_sub(column).is_some_and(|c| c < self.columns)
            && position.row.checked_sub(row).is_some_and(|r| r < self.rows)
    }

    /// The number of a position in it, row by row; `None` outside.
    pub fn index(&self, position: Position) -> Option<usize> {
        let (column, row) =
            (position.column.wrapping_sub(self.origin.column), position.row.wrapping_sub(self.origin.row));
        self.contains(position).then(|| row as usize * self.columns as usize + column as usize)
    }

    /// The position of this number.
    pub fn position(&self, index: usize) -> Position {
        let columns = self.columns.max(1) as usize;
        Position {
            column: self.origin.column + (index % columns) as u32,
            row: self.origin.row + (index / columns) as u32,
        }
    }
}
