//! Where cores lie: those that talk much, near each other.

mod anneal;
mod board;
mod greedy;
mod sites;

use serde::{Deserialize, Serialize};

pub use board::{Board, Position, Region};

use crate::error::{ChipError, Obstacle};
use crate::noc::MOST_ROUTERS;
use crate::spec::ChipSpec;
use sites::{Partners, Sites};

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// What encodes the input.
    Host,
    /// A core, by its number.
    Core(usize),
}

/// What a core is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// From.
    pub from: Endpoint,
    /// To, by its number.
    pub to: usize,
    /// Mean packets a step.
    pub packets: f64,
}

/// How places are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// In the order of their numbers, chip by chip and row by row.
    RowMajor,
    /// One after the other, the one that talks most with those placed, at the cheapest free position near them.
    Greedy,
    /// From there on by simulated annealing: so many moves and exchanges are tried.
    Annealing {
        /// Moves tried.
        moves: u64,
        /// Seed of its random numbers.
        seed: u64,
    },
}

/// Where each core lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Core by core.
    pub at: Vec<Position>,
}

/// Moves for each core that [`Method::annealing`] tries.
const MOVES_PER_CORE: u64 = 1000;

impl Method {
    /// Annealing as long as is worth it for so many cores.
    pub fn annealing(cores: usize, seed: u64) -> Method {
        Method::Annealing { moves: MOVES_PER_CORE.saturating_mul(cores as u64), seed }
    }
}

impl Placement {
    /// What all flows cost here, each packet counting [`Board::cost`]; flows of cores that have no place count nothing.
    ///
    /// # Equation
    /// Σ packets · hops, with hops to another chip multiplied.
    pub fn cost(&self, board: &Board, flows: &[Flow]) -> f64 {
        let at = |endpoint| match endpoint {
            Endpoint::Host => Some(board.host()),
            Endpoint::Core(core) => self.at.get(core).copied(),
        };
        let of = |flow: &Flow| Some(flow.packets * board.cost(at(flow.from)?, *self.at.get(flow.to)?) as f64);
        flows.iter().filter_map(of).sum()
    }
}

/// Places `cores` cores with these flows on `chip`, off the `dead` ones, on as few of its chips as have room.
///
/// # Errors
/// More cores than are alive; flows of cores that are not there, or of packets that are no number from 0 on.
pub fn place(
    cores: usize,
    flows: &[Flow],
    chip: &ChipSpec,
    dead: &[Position],
    method: Method,
) -> Result<Placement, ChipError> {
    let board = Board::of(chip);
    if board.positions() > MOST_ROUTERS {
        return Err(ChipError::TooManyRouters { routers: board.positions(), most: MOST_ROUTERS });
    }
    let dead = sorted_within(&board, dead);
    check(cores, flows, chip, board.positions() - dead.len() as u64)?;
    if method == Method::RowMajor {
        return Ok(row_major(cores, &board, &dead));
    }
    let partners = Partners::new(cores, flows);
    let mut sites = Sites::new(cores, &board, &dead);
    greedy::greedy(&partners, &mut sites);
    if let Method::Annealing { moves, seed } = method {
        anneal::anneal(&partners, &mut sites, moves, seed);
    }
    Ok(sites.placement(cores))
}

fn sorted_within(board: &Board, dead: &[Position]) -> Vec<Position> {
    let mut dead: Vec<Position> = dead.iter().copied().filter(|&position| board.contains(position)).collect();
    dead.sort_unstable();
    dead.dedup();
    dead
}

fn check(cores: usize, flows: &[Flow], chip: &ChipSpec, alive: u64) -> Result<(), ChipError> {
    if cores as u64 > alive {
        let obstacle = Obstacle {
            place: "placement".into(),
            what: format!("{cores} cores are to be placed, {alive} are alive"),
            hint: "use smaller layers, or a machine of more chips".into(),
        };
        return Err(ChipError::DoesNotFit { chip: chip.name.clone(), obstacles: vec![obstacle] });
    }
    for flow in flows {
        let from = if let Endpoint::Core(from) = flow.from { from } else { 0 };
        let (named, packets) = (flow.to.max(from), flow.packets);
        if named >= cores {
            return Err(ChipError::NoSuchCore { core: named, cores });
        }
        if !(packets.is_finite() && packets >= 0.0) {
            return Err(ChipError::Packets { to: flow.to, packets });
        }
    }
    Ok(())
}

fn row_major(cores: usize, board: &Board, dead: &[Position]) -> Placement {
    let alive = (0..board.positions()).map(|number| board.position(number));
    let alive = alive.filter(|position| dead.binary_search(position).is_err());
    Placement { at: alive.take(cores).collect() }
}
