//! A router: what waits at its inputs, and which of its outputs it wants.

use crate::place::{Board, Region};
use crate::route::{Direction, Link};

/// Inputs and outputs towards neighbours have the numbers of directions.
pub(super) const CORE: usize = 4;
/// The host's input.
pub(super) const HOST: usize = 5;
const INPUTS: usize = 6;

/// Where no packet is.
pub(super) const NOBODY: Slot = Slot { ready: u32::MAX, packet: 0 };

/// A packet in a buffer: when it may go on, its leg and the output that it wants. From a sender's memory: the leg alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    pub(super) ready: u32,
    pub(super) packet: u32,
}

/// Where a leg ends, in the region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) column: u32,
    pub(super) row: u32,
}

/// A router, and what is at the heads of its inputs.
#[derive(Clone, Debug)]
pub(super) struct Router {
    /// The first packet of each input.
    pub(super) head: [Slot; 8],
    /// From when on each output may take a packet.
    pub(super) free_at: [u32; 8],
    /// Packets for which each neighbour has room.
    pub(super) room: [u16; 4],
    /// Of each input from a neighbour: packets, and where in the buffer the one behind the first lies.
    pub(super) length: [u16; 4],
    pub(super) second: [u16; 4],
    /// The input that each output looks at first.
    pub(super) turn: [u8; 8],
    /// Outputs that lead to another chip, as bits.
    pub(super) crossing: u8,
    pub(super) column: u32,
    pub(super) row: u32,
    /// Packets that waited when the router was last looked at, and the clock of that.
    pub(super) waiting: u32,
    pub(super) seen: u32,
    pub(super) stalls: u64,
    pub(super) delivered: u64,
}

/// Inputs that ask for outputs: eight bits for each output, one of them for each input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) left: u64,
    pub(super) heads: u32,
}

impl Router {
    /// Whose first packet wants which output; packets still under way set `wake`. Without branches: nobody could predict them.
    #[inline]
    pub(super) fn asking(&self, now: u32, wake: &mut u32) -> Asking {
        let mut asking = Asking { left: 0, heads: 0 };
        for (input, &Slot { ready, packet }) in self.head[..INPUTS].iter().enumerate() {
            let is_ready = ready <= now;
            asking.left |= u64::from(is_ready) << ((packet & 7) * 8 + input as u32);
            asking.heads += u32::from(is_ready);
            *wake = (*wake).min(if is_ready { u32::MAX } else { ready });
        }
        asking
    }

    /// The first of the inputs that ask, from the output's turn on; the turn goes to the one after it.
    #[inline]
    pub(super) fn choose(&mut self, output: usize, asking: u8) -> usize {
        let from_turn = asking & (u8::MAX << self.turn[output]);
        let input = if from_turn != 0 { from_turn } else { asking }.trailing_zeros() as u8 & 7;
        self.turn[output] = (input + 1) % 6;
        usize::from(input)
    }

    /// A packet of `leg`, with the output towards its end: along the row first.
    #[inline]
    pub(super) fn slot(&self, leg: u32, ready: u32, target: Target) -> Slot {
        let output = if target.column != self.column {
            u32::from(target.column < self.column)
        } else if target.row != self.row {
            2 + u32::from(target.row < self.row)
        } else {
            CORE as u32
        };
        Slot { ready, packet: leg << 3 | output }
    }
}

pub(super) fn router(number: usize, region: &Region, board: &Board, depth: u16) -> Router {
    let from = region.position(number);
    let crosses = |toward| Link { from, toward }.to().is_some_and(|to| board.crossings(from, to) > 0);
    let crossing = Direction::ALL.iter().filter(|&&toward| crosses(toward)).map(|&toward| 1 << toward as u8).sum();
    Router { crossing, column: number as u32 % region.columns, row: number as u32 / region.columns, ..empty(depth) }
}

/// An empty router with room for `depth` packets at each neighbour.
pub(super) fn empty(depth: u16) -> Router {
    Router {
        head: [NOBODY; 8],
        free_at: [0; 8],
        room: [depth; 4],
        length: [0; 4],
        second: [0; 4],
        turn: [0; 8],
        crossing: 0,
        column: 0,
        row: 0,
        waiting: 0,
        seen: 0,
        stalls: 0,
        delivered: 0,
    }
}
