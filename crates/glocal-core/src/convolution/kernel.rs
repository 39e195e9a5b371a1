//! The micro-kernels: products of overlapping windows with a packed matrix, in blocks that stay in registers.
//!
//! Each entry of a result is summed over taps in one fixed order, whatever the block it falls into.

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

/// Windows of one row of a map: `count` runs of `len` values, `step` apart.
pub(super) struct Windows<'a, F> {
    pub values: &'a [F],
    pub step: usize,
    pub len: usize,
    pub count: usize,
}

/// One row of a window: where it begins in the map, and its first tap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub window: usize,
    pub tap: usize,
}

/// The rows of a spread gradient.
pub(super) struct Gradient<'a, F> {
    pub values: &'a [F],
    pub start: usize,
    pub pitch: usize,
    pub step: usize,
    pub rows: usize,
}

/// Where the products of a row's windows go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// Places of a row of the result.
    pub row: usize,
    /// That of the first window.
    pub first: usize,
    /// From one window's to the next one's.
    pub step: usize,
}

/// Rows of out `[rows, places, columns]` = windows × packed, for the segments that `segments` gives for each row; places
/// that no window goes to stay as they are.
pub(super) fn products<F: Float>(
    windows: &Windows<'_, F>,
    segments: impl Fn(usize, &mut Vec<Segment>),
    packed: &Packed<F>,
    out: &mut [F],
    places: Places,
) {
    let mut of_row = Vec::with_capacity(packed.taps / windows.len.max(1));
    for (row, out) in out.chunks_exact_mut(places.row * packed.columns).enumerate() {
        of_row.clear();
        segments(row, &mut of_row);
        row_products(windows, &of_row, packed, &mut out[places.first * packed.columns..], places.step);
    }
}

fn row_products<F: Float>(
    windows: &Windows<'_, F>,
    segments: &[Segment],
    packed: &Packed<F>,
    out: &mut [F],
    step: usize,
) {
    match (packed.width, instruction_set()) {
        (WIDE, _) => vectorised_fused(
            #[inline(always)]
            || blocks::<F, F::Avx512, 2>(windows, segments, packed, out, step),
        ),
        (_, InstructionSet::Avx512) => vectorised_fused(
            #[inline(always)]
            || blocks::<F, F::Avx512, 1>(windows, segments, packed, out, step),
        ),
        _ if fusing() => vectorised_fused(
            #[inline(always)]
            || blocks::<F, F::Avx2, 1>(windows, segments, packed, out, step),
        ),
        _ => blocks::<F, Plain<F>, 1>(windows, segments, packed, out, step),
    }
}

#[inline(always)]
fn blocks<F: Float, L: Lanes<F>, const V: usize>(
    windows: &Windows<'_, F>,
    segments: &[Segment],
    packed: &Packed<F>,
    out: &mut [F],
    step: usize,
) {
    let pitch = step * packed.columns;
    let (matrix, _) = packed.values.as_chunks::<LANES>();
    let (matrix, _) = matrix.as_chunks::<V>();
    for (block, matrix) in matrix.chunks_exact(packed.taps).enumerate() {
        let columns = block * packed.width..((block + 1) * packed.width).min(packed.columns);
        let mut first = 0;
        while first < windows.count {
            let left = windows.count - first;
            let n = left.div_ceil(left.div_ceil(MOST_WINDOWS));
            let out = &mut out[first * pitch + columns.start..];
            let columns = (columns.len(), pitch);
            match n {
                1 => block_product::<F, L, 1, V>(windows, first, segments, matrix, out, columns),
                2 => block_product::<F, L, 2, V>(windows, first, segments, matrix, out, columns),
                3 => block_product::<F, L, 3, V>(windows, first, segments, matrix, out, columns),
                4 => block_product::<F, L, 4, V>(windows, first, segments, matrix, out, columns),
                5 => block_product::<F, L, 5, V>(windows, first, segments, matrix, out, columns),
                6 => block_product::<F, L, 6, V>(windows, first, segments, matrix, out, columns),
                7 => block_product::<F, L, 7, V>(windows, first, segments, matrix, out, columns),
                _ => block_product::<F, L, 8, V>(windows, first, segments, matrix, out, columns),
            }
            first += n;
        }
    }
}

#[inline(always)]
fn block_product<F: Float, L: Lanes<F>, const N: usize, const V: usize>(
    windows: &Windows<'_, F>,
    first: usize,
    segments: &[Segment],
    matrix: &[[[F; LANES]; V]],
    out: &mut [F],
    (columns, pitch): (usize, usize),
) {
    let mut sums = [[L::splat(F::of(0.0)); V]; N];
    for segment in segments {
        let start = segment.window + first * windows.step;
        let rows: [&[F]; N] = std::array::from_fn(
            #[inline(always)]
            |i| &windows.values[start + i * windows.step..][..windows.len],
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
    for (i, sums) in sums.iter().enumerate() {
        let out = &mut out[i * pitch..][..columns];
        if columns == V * LANES {
            let (lanes, _) = out.as_chunks_mut::<LANES>();
            lanes.iter_mut().zip(sums).for_each(|(lanes, sum)| sum.store(lanes));
        } else {
            let mut row = [[F::of(0.0); LANES]; V];
            row.iter_mut().zip(sums).for_each(|(lanes, sum)| sum.store(lanes));
            out.copy_from_slice(&row.as_flattened()[..columns]);
        }
    }
}

/// `into[tap + j, ·] += Σ over rows and windows of window[j] · gradient`; windows of row `r` begin at `begin + r · pitch`.
pub(super) fn add_outer<F: Float>(
    windows: &Windows<'_, F>,
    (begin, pitch): (usize, usize),
    gradient: &Gradient<'_, F>,
    tap: usize,
    into: &mut Packed<F>,
) {
    let at = (begin, pitch);
    match (into.width, instruction_set()) {
        (WIDE, _) => vectorised_fused(
            #[inline(always)]
            || outer_blocks::<F, F::Avx512, 2>(windows, at, gradient, tap, into),
        ),
        (_, InstructionSet::Avx512) => vectorised_fused(
            #[inline(always)]
            || outer_blocks::<F, F::Avx512, 1>(windows, at, gradient, tap, into),
        ),
        _ if fusing() => vectorised_fused(
            #[inline(always)]
            || outer_blocks::<F, F::Avx2, 1>(windows, at, gradient, tap, into),
        ),
        _ => outer_blocks::<F, Plain<F>, 1>(windows, at, gradient, tap, into),
    }
}

#[inline(always)]
fn outer_blocks<F: Float, L: Lanes<F>, const V: usize>(
    windows: &Windows<'_, F>,
    at: (usize, usize),
    gradient: &Gradient<'_, F>,
    tap: usize,
    into: &mut Packed<F>,
) {
    let (taps, width) = (into.taps, into.width);
    let (matrix, _) = into.values.as_chunks_mut::<LANES>();
    let (matrix, _) = matrix.as_chunks_mut::<V>();
    for (block, matrix) in matrix.chunks_exact_mut(taps).enumerate() {
        let mut first = 0;
        while first < windows.len {
            let left = windows.len - first;
            let n = left.div_ceil(left.div_ceil(MOST_WINDOWS));
            let (out, place) = (&mut matrix[tap + first..], (first, block * width));
            match n {
                1 => block_outer::<F, L, 1, V>(windows, at, gradient, place, out),
                2 => block_outer::<F, L, 2, V>(windows, at, gradient, place, out),
                3 => block_outer::<F, L, 3, V>(windows, at, gradient, place, out),
                4 => block_outer::<F, L, 4, V>(windows, at, gradient, place, out),
                5 => block_outer::<F, L, 5, V>(windows, at, gradient, place, out),
                6 => block_outer::<F, L, 6, V>(windows, at, gradient, place, out),
                7 => block_outer::<F, L, 7, V>(windows, at, gradient, place, out),
                _ => block_outer::<F, L, 8, V>(windows, at, gradient, place, out),
            }
            first += n;
        }
    }
}

#[inline(always)]
fn block_outer<F: Float, L: Lanes<F>, const N: usize, const V: usize>(
    windows: &Windows<'_, F>,
    (begin, pitch): (usize, usize),
    gradient: &Gradient<'_, F>,
    (first, column): (usize, usize),
    out: &mut [[[F; LANES]; V]],
) {
    let mut sums = [[L::splat(F::of(0.0)); V]; N];
    let reach = (windows.count - 1) * windows.step + N;
    let span = (windows.count - 1) * gradient.step + V * LANES;
    for row in 0..gradient.rows {
        let x = &windows.values[begin + row * pitch + first..][..reach];
        let d = &gradient.values[gradient.start + row * gradient.pitch + column..][..span];
        for window in 0..windows.count {
            let x = &x[window * windows.step..][..N];
            let (lanes, _) = d[window * gradient.step..][..V * LANES].as_chunks::<LANES>();
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
    }
    for (out, sums) in out.iter_mut().zip(&sums) {
        for (out, &sum) in out.iter_mut().zip(sums) {
            L::multiply_add(L::splat(F::of(1.0)), sum, L::load(out)).store(out);
        }
    }
}
