//! Machines and traffic that tests make.

use glocal_chip::ChipSpec;
use glocal_chip::place::{Endpoint, Placement, Position};
use glocal_chip::route::Cast;
use glocal_core::random::uniform;

pub fn at(column: u32, row: u32) -> Position {
    Position { column, row }
}

pub fn places(at: &[(u32, u32)]) -> Placement {
    Placement { at: at.iter().map(|&(column, row)| Position { column, row }).collect() }
}

pub fn tianjic() -> ChipSpec {
    ChipSpec::preset("tianjic").unwrap()
}

/// One chip of so many columns and rows.
pub fn small(columns: u64, rows: u64) -> ChipSpec {
    let mut chip = tianjic();
    chip.grid.columns.value = columns;
    chip.grid.rows.value = rows;
    chip.grid.chips.value = 1;
    chip.grid.chips_per_row.value = 1;
    chip
}

/// The `index`-th number below `bound` under `seed`.
pub fn below(seed: u64, name: &str, index: usize, bound: usize) -> usize {
    (uniform(seed, name, index as u64) * bound as f64) as usize
}

/// Casts from random senders to some of `cores`, and how many packets each sends, some none.
pub fn traffic(seed: u64, cores: usize, casts: usize) -> (Vec<Cast>, Vec<u64>) {
    let cast = |n: usize| {
        let sender = below(seed, "sender", n, cores + 1);
        let from = if sender == cores { Endpoint::Host } else { Endpoint::Core(sender) };
        let receivers = 1 + below(seed, "receivers", n, 5);
        Cast { from, to: (0..receivers).map(|r| below(seed, "receiver", n * 8 + r, cores)).collect() }
    };
    let packets = (0..casts).map(|n| below(seed, "packets", n, 30) as u64).collect();
    ((0..casts).map(cast).collect(), packets)
}
