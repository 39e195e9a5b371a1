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
        if board.len() > MOST_ROUTERS {
            return Err(ChipError::TooManyRouters { routers: board.len(), most: MOST_ROUTERS });
        }
        let path = self.shortest(board, from, to).ok_or(ChipError::Unreachable { from, to, link })?;
        Ok(turns(&path, to))
    }

    /// The links of a shortest path of live ones, with few turns.
    fn shortest(&self, board: &Board, from: Position, to: Position) -> Option<Vec<Link>> {
        let whole = Region { origin: Position { column: 0, row: 0 }, columns: board.columns(), rows: board.rows() };
        let hops = self.hops_from(&whole, from)?;
        let hops_to = |position| whole.index(position).map(|index| hops[index]);
        let (mut at, mut path) = (to, Vec::new());
        while at != from {
            let left = hops_to(at)?.checked_sub(1)?;
            let straight = path.last().map(|link: &Link| link.toward);
            let candidates = straight.into_iter().chain(Direction::ALL);
            let back = candidates.filter_map(|toward| link_into(at, toward));
            let link = { back }.find(|link| hops_to(link.from) == Some(left) && !self.has(*link))?;
            path.push(link);
            at = link.from;
        }
        path.reverse();
        Some(path)
    }

    /// Hops of the shortest way from `from` to each router; `u32::MAX` where none leads.
    fn hops_from(&self, whole: &Region, from: Position) -> Option<Vec<u32>> {
        let mut hops = vec![u32::MAX; whole.len()];
        hops[whole.index(from)?] = 0;
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            let next = hops[whole.index(at)?] + 1;
            let links = Direction::ALL.map(|toward| Link { from: at, toward });
            for position in links.into_iter().filter(|&link| !self.has(link)).filter_map(Link::to) {
                if let Some(index) = whole.index(position).filter(|&index| hops[index] == u32::MAX) {
                    hops[index] = next;
                    queue.push_back(position);
                }
            }
        }
        Some(hops)
    }
}

/// The link that leads `toward` into `at`.
fn link_into(at: Position, toward: Direction) -> Option<Link> {
    let back = match toward {
        Direction::East => Direction::West,
        Direction::West => Direction::East,
        Direction::South => Direction::North,
        Direction::North => Direction::South,
    };
    Some(Link { from: Link { from: at, toward: back }.to()?, toward })
}

/// Routers at which the path turns from a column into a row, which no packet does on its own; and the end.
fn turns(path: &[Link], to: Position) -> Vec<Position> {
    let vertical = |link: &Link| matches!(link.toward, Direction::South | Direction::North);
    let pairs = path.windows(2).filter(|pair| vertical(&pair[0]) && !vertical(&pair[1]));
    pairs.map(|pair| pair[1].from).chain([to]).collect()
}
