//! The ways of packets, from core to core.
//!
//! Packets go along their row, then along the column. No cycle of waiting packets can form that way (Dally & Seitz, IEEE
//! Transactions on Computers 36:547, 1987). Where a packet is handed on, to another receiver or around a dead link, it leaves the
//! network of routers and enters it again from the memory of the core there: each leg is a way of its own, and no leg holds a buffer
//! while it waits for another. That takes memory that no description of a chip limits; with limited memory for packets handed on,
//! they could block each other.

mod detour;
mod spread;
mod xy;

pub use xy::{Direction, Link, xy};

use crate::error::ChipError;
use crate::place::{Board, Endpoint, Placement, Position, Region};
use crate::spec::{Casting, ChipSpec};
use detour::DeadLinks;
use spread::spread;

/// Packets that the same cores hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Who sends them.
    pub from: Endpoint,
    /// Who hears each, by their numbers; what is named twice hears once.
    pub to: Vec<usize>,
}

/// A part of the way of a cast's packets: along a row, then along a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The cast, by its number.
    pub cast: usize,
    /// From.
    pub from: Position,
    /// To.
    pub to: Position,
    /// The leg that must have arrived; `None`: the sender sends.
    pub after: Option<usize>,
    /// Whether a receiver lies at its end; else it ends there to get around a dead link.
    pub receives: bool,
}

/// The ways of all casts on a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Routes {
    board: Board,
    casts: usize,
    from_host: Vec<bool>,
    legs: Vec<Leg>,
}

/// Legs that are routed at most: their numbers take 29 bits in a packet.
const MOST_LEGS: usize = 1 << 29;

/// Routes `casts` of cores that lie as `placement` says, around dead links.
///
/// # Errors
/// Cores without a place, places outside the machine; a receiver to which dead links leave no way.
pub fn route(
    placement: &Placement,
    casts: &[Cast],
    chip: &ChipSpec,
    casting: Casting,
    dead: &[Link],
) -> Result<Routes, ChipError> {
    let board = Board::of(chip);
    let (columns, rows) = (board.columns(), board.rows());
    if let Some(&at) = placement.at.iter().find(|&&position| !board.contains(position)) {
        return Err(ChipError::Outside { at, columns, rows });
    }
    let dead = DeadLinks::new(dead);
    let mut legs = Vec::new();
    for (number, cast) in casts.iter().enumerate() {
        legs_of(number, cast, (placement, &board, &dead), casting, &mut legs)?;
    }
    if legs.len() > MOST_LEGS {
        return Err(ChipError::TooManyPackets { packets: legs.len() as u64, most: MOST_LEGS as u64, done: "routed" });
    }
    let from_host = casts.iter().map(|cast| cast.from == Endpoint::Host).collect();
    Ok(Routes { board, casts: casts.len(), from_host, legs })
}

fn legs_of(
    number: usize,
    cast: &Cast,
    (placement, board, dead): (&Placement, &Board, &DeadLinks),
    casting: Casting,
    legs: &mut Vec<Leg>,
) -> Result<(), ChipError> {
    let cores = placement.at.len();
    let position = |core: usize| placement.at.get(core).copied().ok_or(ChipError::NoSuchCore { core, cores });
    let sender = match cast.from {
        Endpoint::Host => board.host(),
        Endpoint::Core(core) => position(core)?,
    };
    let mut to = cast.to.clone();
    to.sort_unstable();
    to.dedup();
    let receivers = to.into_iter().map(position).collect::<Result<Vec<_>, _>>()?;
    // The leg by which each holder got the packet.
    let mut got = Vec::with_capacity(receivers.len());
    for hand in spread(board, sender, &receivers, casting) {
        let mut after = hand.after.map(|holder: usize| got[holder]);
        let mut from = after.map_or(sender, |leg: usize| legs[leg].to);
        let end = receivers[hand.to];
        let stops = dead.stops(board, from, end)?;
        for (index, &stop) in stops.iter().enumerate() {
            legs.push(Leg { cast: number, from, to: stop, after, receives: index + 1 == stops.len() });
            (after, from) = (Some(legs.len() - 1), stop);
        }
        got.push(legs.len() - 1);
    }
    Ok(())
}

impl Routes {
    /// All legs, cast by cast; each after the one that it waits for.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// Casts that were routed.
    pub fn casts(&self) -> usize {
        self.casts
    }

    /// The machine.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Whether the host sends this cast.
    pub fn from_host(&self, cast: usize) -> bool {
        self.from_host.get(cast).copied().unwrap_or(false)
    }

    /// The rectangle of all routers that are passed.
    pub fn region(&self) -> Region {
        Region::covering(self.legs.iter().flat_map(|leg| [leg.from, leg.to]))
    }

    /// Hops of all legs if every cast sends one packet.
    pub fn hops(&self) -> u64 {
        self.legs.iter().map(|leg| u64::from(self.board.hops(leg.from, leg.to))).sum()
    }
}
