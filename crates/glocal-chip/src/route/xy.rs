//! The way of a packet: along its row, then along the column.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::place::Position;

/// Where a link leads, in the order of a router's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To the next column.
    East,
    /// To the column before.
    West,
    /// To the next row.
    South,
    /// To the row before.
    North,
}

/// A link from a router to one beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// The router that sends.
    pub from: Position,
    /// Where to.
    pub toward: Direction,
}

impl Direction {
    /// All, in the order of a router's outputs.
    pub const ALL: [Direction; 4] = [Direction::East, Direction::West, Direction::South, Direction::North];
}

impl Link {
    /// The router that receives; `None` past the first or the last number.
    pub fn to(self) -> Option<Position> {
        let Position { column, row } = self.from;
        let (column, row) = match self.toward {
            Direction::East => (column.checked_add(1), Some(row)),
            Direction::West => (column.checked_sub(1), Some(row)),
            Direction::South => (Some(column), row.checked_add(1)),
            Direction::North => (Some(column), row.checked_sub(1)),
        };
        Some(Position { column: column?, row: row? })
    }
}

/// The links from `from` to `to`: along the row, then along the column, as many as their Manhattan distance.
pub fn xy(from: Position, to: Position) -> impl Iterator<Item = Link> {
    let mut at = from;
    std::iter::from_fn(move || {
        let toward = toward(at, to)?;
        let link = Link { from: at, toward };
        at = link.to()?;
        Some(link)
    })
}

/// Where a packet at `at` goes next; `None` at its end.
fn toward(at: Position, to: Position) -> Option<Direction> {
    if at.column != to.column {
        return Some(if at.column < to.column { Direction::East } else { Direction::West });
    }
    let vertical = if at.row < to.row { Direction::South } else { Direction::North };
    (at.row != to.row).then_some(vertical)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} row {}", self.column, self.row)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let toward = match self.toward {
            Direction::East => "east",
            Direction::West => "west",
            Direction::South => "south",
            Direction::North => "north",
        };
        write!(f, "the link from {} to the {toward}", self.from)
    }
}
