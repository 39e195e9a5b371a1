//! Ways around dead links.

use std::collections::VecDeque;

use super::xy::{Direction, Link, xy};
use crate::error::ChipError;
use crate::noc::MOST_ROUTERS;
use crate::place::{Board, Position, Region};

/// Links that carry nothing.
#[derive(Debug)]
pub(super) struct DeadLinks(Vec<Link>);

impl DeadLinks {
    pub(super) fn new(links: &[Link]) -> DeadLinks {
        let mut links = links.to_vec();
        links.sort_unstable();
        DeadLinks(links)
    }

    fn has(&self, link: Link) -> bool {
        self.0.binary_search(&link).is_ok()
    }

    /// Where a packet stops on its way from `from` to `to`, the last stop being `to`: from stop to stop its links, along the row and
    /// then along the column, are alive. One stop where nothing is in the way, else those of a shortest detour.
    pub(super) fn stops(&self, board: &Board, from: Position, to: Position) -> Result<Vec<Position>, ChipError> {
        let Some(link) = xy(from, to).find(|&link| self.has(link)) else { return Ok(vec![to]) };
        if board.positions() > MOST_ROUTERS {
            return Err(ChipError::TooManyRouters { routers: board.positions(), most: MOST_ROUTERS });
        }
        let path = self.shortest(board, from, to).ok_or(ChipError::Unreachable { from, to, link })?;
        Ok(turns(&path, to))
    }

    /// The links of a shortest path of live ones, with the fewest stops.
    fn shortest(&self, board: &Board, from: Position, to: Position) -> Option<Vec<Link>> {
        let whole = Region { origin: Position { column: 0, row: 0 }, columns: board.columns(), rows: board.rows() };
        let reached = self.reach(&whole, from)?;
        let (mut at, mut path) = (to, Vec::new());
        let mut vertically = {
            let [along_row, along_column] = reached[whole.index(to)?].by;
            along_column.is_some_and(|column| along_row.is_none_or(|row| column.stops < row.stops))
        };
        while at != from {
            let arrival = reached[whole.index(at)?].by[usize::from(vertically)]?;
            path.push(arrival.link);
            (at, vertically) = (arrival.link.from, arrival.vertically_before);
        }
        path.reverse();
        Some(path)
    }

    /// How each router is reached from `from` in the fewest hops.
    fn reach(&self, whole: &Region, from: Position) -> Option<Vec<Reached>> {
        let mut reached = vec![Reached { hops: u32::MAX, by: [None; 2] }; whole.len()];
        reached[whole.index(from)?].hops = 0;
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            let here = reached[whole.index(at)?];
            for link in Direction::ALL.map(|toward| Link { from: at, toward }) {
                let Some(to) = link.to().filter(|_| !self.has(link)) else { continue };
                let Some(next) = whole.index(to).map(|index| &mut reached[index]) else { continue };
                if next.hops == u32::MAX {
                    next.hops = here.hops + 1;
                    queue.push_back(to);
                }
                if next.hops == here.hops + 1 {
                    next.take(here.leave(link));
                }
            }
        }
        Some(reached)
    }
}

/// How a router is reached in the fewest hops.
#[derive(Clone, Copy, Debug)]
struct Reached {
    hops: u32,
    /// Along a row, and along a column; neither at the start.
    by: [Option<Arrival>; 2],
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    link: Link,
    /// Stops before.
    stops: u32,
    /// Whether the link before it was one along a column.
    vertically_before: bool,
}

impl Reached {
    /// The arrival at the end of `link`, with the fewest stops: one more if it leads from a column into a row.
    fn leave(&self, link: Link) -> Arrival {
        let [along_row, along_column] = self.by;
        let turn = u32::from(!vertical(link));
        let straight = Arrival { link, stops: along_row.map_or(0, |by| by.stops), vertically_before: false };
        match along_column {
            Some(by) if along_row.is_none_or(|row| by.stops + turn < row.stops) => {
                Arrival { link, stops: by.stops + turn, vertically_before: true }
            }
            _ => straight,
        }
    }

    fn take(&mut self, arrival: Arrival) {
        let known = &mut self.by[usize::from(vertical(arrival.link))];
        if known.is_none_or(|known| arrival.stops < known.stops) {
            *known = Some(arrival);
        }
    }
}

fn vertical(link: Link) -> bool {
    matches!(link.toward, Direction::South | Direction::North)
}

/// Routers at which the path turns from a column into a row, which no packet does on its own; and the end.
fn turns(path: &[Link], to: Position) -> Vec<Position> {
    let pairs = path.windows(2).filter(|pair| vertical(pair[0]) && !vertical(pair[1]));
    pairs.map(|pair| pair[1].from).chain([to]).collect()
}
