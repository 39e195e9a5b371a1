//! The micro-kernels: products of overlapping windows with a packed matrix, in blocks that stay in registers.
//!
//! Each entry of a result is summed over taps in one fixed order, whatever the block it falls into.

use std::ops::Range;

use super::Packed;
use super::lanes::{LANES, Lanes, Plain};
use crate::scalar::Float;
use crate::simd::{InstructionSet, fusing, instruction_set, vectorised_fused};

/// Most windows of a block: with the columns of [`columns_per_block`] they leave registers for weights and inputs.
const MOST_WINDOWS: usize = 8;
/// Columns of a block, on narrow and on wide registers.
const NARROW: usize = LANES;
const WIDE: usize = 2 * LANES;

/// Columns of a block of a packed matrix with `columns`.
pub(super) fn columns_per_block(columns: usize) -> usize {
    if columns > NARROW && instruction_set() == InstructionSet::Avx512 { WIDE } else { NARROW }
}

/// Windows of one stretch: a product takes all blocks of columns over it before it goes on, so that values stay near.
const STRETCH: usize = 8 * MOST_WINDOWS;

/// Windows of maps: each is one run of `len` values for each segment.
pub(super) struct Windows<'a, F> {
    pub values: &'a [F],
    pub places: &'a [Place],
    pub segments: &'a [Segment],
    pub len: usize,
}

/// Where a window begins, and where the row that goes with it does: of the product, or of the gradient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub window: usize,
    pub row: usize,
}

/// One row of a window: where it begins in the window, and its first tap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub start: usize,
    pub tap: usize,
}

/// Rows of out = windows × packed.
pub(super) fn products<F: Float>(windows: &Windows<'_, F>, packed: &Packed<F>, out: &mut [F]) {
    match (packed.width, instruction_set()) {
        (WIDE, _) => vectorised_fused(
            #[inline(always)]
            || blocks::<F, F::Avx512, 2>(windows, packed, out),
        ),
        (_, InstructionSet::Avx512) => vectorised_fused(
            #[inline(always)]
            || blocks::<F, F::Avx512, 1>(windows, packed, out),
        ),
        _ if fusing() => vectorised_fused(
            #[inline(always)]
            || blocks::<F, F::Avx2, 1>(windows, packed, out),
        ),
        _ => blocks::<F, Plain<F>, 1>(windows, packed, out),
    }
}

#[inline(always)]
fn blocks<F: Float, L: Lanes<F>, const V: usize>(windows: &Windows<'_, F>, packed: &Packed<F>, out: &mut [F]) {
    let (matrix, _) = packed.values.as_chunks::<LANES>();
    let (matrix, _) = matrix.as_chunks::<V>();
    for stretch in windows.places.chunks(STRETCH) {
        for (block, matrix) in matrix.chunks_exact(packed.taps).enumerate() {
            let columns = block * packed.width..((block + 1) * packed.width).min(packed.columns);
            let mut left = stretch;
            while !left.is_empty() {
                let (places, rest) = left.split_at(left.len().div_ceil(left.len().div_ceil(MOST_WINDOWS)));
                let columns = columns.clone();
                match places.len() {
                    1 => block_product::<F, L, 1, V>(windows, places, matrix, out, columns),
                    2 => block_product::<F, L, 2, V>(windows, places, matrix, out, columns),
                    3 => block_product::<F, L, 3, V>(windows, places, matrix, out, columns),
                    4 => block_product::<F, L, 4, V>(windows, places, matrix, out, columns),
                    5 => block_product::<F, L, 5, V>(windows, places, matrix, out, columns),
                    6 => block_product::<F, L, 6, V>(windows, places, matrix, out, columns),
                    7 => block_product::<F, L, 7, V>(windows, places, matrix, out, columns),
                    _ => block_product::<F, L, 8, V>(windows, places, matrix, out, columns),
                }
                left = rest;
            }
        }
    }
}

#[inline(always)]
fn block_product<F: Float, L: Lanes<F>, const N: usize, const V: usize>(
    windows: &Windows<'_, F>,
    places: &[Place],
    matrix: &[[[F; LANES]; V]],
    out: &mut [F],
    columns: Range<usize>,
) {
    let mut sums = [[L::splat(F::of(0.0)); V]; N];
    let places: [Place; N] = std::array::from_fn(|i| places[i]);
    for segment in windows.segments {
        let rows: [&[F]; N] = std::array::from_fn(
            #[inline(always)]
            |i| &windows.values[places[i].window + segment.start..][..windows.len],
        );
        let taps = &matrix[segment.tap..][..windows.len];
        for j in 0..windows.len {
            let mut tap = [L::splat(F::of(0.0)); V];
            for v in 0..V {
                tap[v] = L::load(&taps[j][v]);
            }
            for i in 0..N {
                let x = L::splat(rows[i][j]);
                for v in 0..V {
                    sums[i][v] = L::multiply_add(x, tap[v], sums[i][v]);
                }
            }
        }
    }
    for (place, sums) in places.iter().zip(&sums) {
        let out = &mut out[place.row + columns.start..place.row + columns.end];
        if columns.len() == V * LANES {
            let (lanes, _) = out.as_chunks_mut::<LANES>();
            lanes.iter_mut().zip(sums).for_each(|(lanes, sum)| sum.store(lanes));
        } else {
            let mut row = [[F::of(0.0); LANES]; V];
            row.iter_mut().zip(sums).for_each(|(lanes, sum)| sum.store(lanes));
            out.copy_from_slice(&row.as_flattened()[..columns.len()]);
        }
    }
}

/// `into[tap + j, ·] += Σ over windows of window[j] · gradient`, `j` in a segment that begins with `tap`.
pub(super) fn add_outer<F: Float>(windows: &Windows<'_, F>, gradient: &[F], into: &mut Packed<F>) {
    match (into.width, instruction_set()) {
        (WIDE, _) => vectorised_fused(
            #[inline(always)]
            || outer_blocks::<F, F::Avx512, 2>(windows, gradient, into),
        ),
        (_, InstructionSet::Avx512) => vectorised_fused(
            #[inline(always)]
            || outer_blocks::<F, F::Avx512, 1>(windows, gradient, into),
        ),
        _ if fusing() => vectorised_fused(
            #[inline(always)]
            || outer_blocks::<F, F::Avx2, 1>(windows, gradient, into),
        ),
        _ => outer_blocks::<F, Plain<F>, 1>(windows, gradient, into),
    }
}

#[inline(always)]
fn outer_blocks<F: Float, L: Lanes<F>, const V: usize>(windows: &Windows<'_, F>, gradient: &[F], into: &mut Packed<F>) {
    let (taps, width) = (into.taps, into.width);
    let (matrix, _) = into.values.as_chunks_mut::<LANES>();
    let (matrix, _) = matrix.as_chunks_mut::<V>();
    for (block, matrix) in matrix.chunks_exact_mut(taps).enumerate() {
        for segment in windows.segments {
            let mut first = 0;
            while first < windows.len {
                let left = windows.len - first;
                let n = left.div_ceil(left.div_ceil(MOST_WINDOWS));
                let (out, place) = (&mut matrix[segment.tap + first..], (segment.start + first, block * width));
                match n {
                    1 => block_outer::<F, L, 1, V>(windows, gradient, place, out),
                    2 => block_outer::<F, L, 2, V>(windows, gradient, place, out),
                    3 => block_outer::<F, L, 3, V>(windows, gradient, place, out),
                    4 => block_outer::<F, L, 4, V>(windows, gradient, place, out),
                    5 => block_outer::<F, L, 5, V>(windows, gradient, place, out),
                    6 => block_outer::<F, L, 6, V>(windows, gradient, place, out),
                    7 => block_outer::<F, L, 7, V>(windows, gradient, place, out),
                    _ => block_outer::<F, L, 8, V>(windows, gradient, place, out),
                }
                first += n;
            }
        }
    }
}

#[inline(always)]
fn block_outer<F: Float, L: Lanes<F>, const N: usize, const V: usize>(
    windows: &Windows<'_, F>,
    gradient: &[F],
    (start, column): (usize, usize),
    out: &mut [[[F; LANES]; V]],
) {
    let mut sums = [[L::splat(F::of(0.0)); V]; N];
    for place in windows.places {
        let x = &windows.values[place.window + start..][..N];
        let (lanes, _) = gradient[place.row + column..][..V * LANES].as_chunks::<LANES>();
        let mut d = [L::splat(F::of(0.0)); V];
        for v in 0..V {
            d[v] = L::load(&lanes[v]);
        }
        for i in 0..N {
            let x = L::splat(x[i]);
            for v in 0..V {
                sums[i][v] = L::multiply_add(x, d[v], sums[i][v]);
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(&sums) {
        for (out, &sum) in out.iter_mut().zip(sums) {
            L::multiply_add(L::splat(F::of(1.0)), sum, L::load(out)).store(out);
        }
    }
}
