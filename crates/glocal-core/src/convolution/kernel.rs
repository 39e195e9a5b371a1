//! The micro-kernels: products of overlapping windows with a packed matrix, in blocks that stay in registers.
//!
//! Each entry of a result is summed over taps in one fixed order, whatever the block it falls into.

use super::Packed;
use crate::scalar::Float;
use crate::simd::{InstructionSet, fusing, instruction_set, vectorised, vectorised_fused};

/// Most windows of a block: with the columns of [`columns_per_block`] they leave registers for weights and inputs.
const MOST_WINDOWS: usize = 8;
/// Columns of a block, on narrow and on wide registers.
const NARROW: usize = 16;
const WIDE: usize = 32;

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

/// Rows of out `[rows, count, columns]` = windows × packed, for the segments that `segments` gives for each row.
pub(super) fn products<F: Float>(
    windows: &Windows<'_, F>,
    rows: usize,
    segments: impl Fn(usize, &mut Vec<Segment>),
    packed: &Packed<F>,
    out: &mut [F],
    columns: usize,
) {
    let mut of_row = Vec::with_capacity(packed.taps / windows.len.max(1));
    for (row, out) in out.chunks_exact_mut(windows.count * columns).take(rows).enumerate() {
        of_row.clear();
        segments(row, &mut of_row);
        row_products(windows, &of_row, packed, out);
    }
}

fn row_products<F: Float>(windows: &Windows<'_, F>, segments: &[Segment], packed: &Packed<F>, out: &mut [F]) {
    match (packed.width, fusing()) {
        (WIDE, _) => vectorised(
            #[inline(always)]
            || blocks::<F, WIDE, true>(windows, segments, packed, out),
        ),
        (_, true) => vectorised_fused(
            #[inline(always)]
            || blocks::<F, NARROW, true>(windows, segments, packed, out),
        ),
        (_, false) => vectorised(
            #[inline(always)]
            || blocks::<F, NARROW, false>(windows, segments, packed, out),
        ),
    }
}

#[inline(always)]
fn blocks<F: Float, const W: usize, const FUSED: bool>(
    windows: &Windows<'_, F>,
    segments: &[Segment],
    packed: &Packed<F>,
    out: &mut [F],
) {
    let (matrix, _) = packed.values.as_chunks::<W>();
    for (block, matrix) in matrix.chunks_exact(packed.taps).enumerate() {
        let columns = block * W..((block + 1) * W).min(packed.columns);
        let mut first = 0;
        while first < windows.count {
            let left = windows.count - first;
            let n = left.div_ceil(left.div_ceil(MOST_WINDOWS));
            let out = &mut out[first * packed.columns + columns.start..];
            let columns = (columns.len(), packed.columns);
            match n {
                1 => block_product::<F, 1, W, FUSED>(windows, first, segments, matrix, out, columns),
                2 => block_product::<F, 2, W, FUSED>(windows, first, segments, matrix, out, columns),
                3 => block_product::<F, 3, W, FUSED>(windows, first, segments, matrix, out, columns),
                4 => block_product::<F, 4, W, FUSED>(windows, first, segments, matrix, out, columns),
                5 => block_product::<F, 5, W, FUSED>(windows, first, segments, matrix, out, columns),
                6 => block_product::<F, 6, W, FUSED>(windows, first, segments, matrix, out, columns),
                7 => block_product::<F, 7, W, FUSED>(windows, first, segments, matrix, out, columns),
                _ => block_product::<F, 8, W, FUSED>(windows, first, segments, matrix, out, columns),
            }
            first += n;
        }
    }
}

#[inline(always)]
fn block_product<F: Float, const N: usize, const W: usize, const FUSED: bool>(
    windows: &Windows<'_, F>,
    first: usize,
    segments: &[Segment],
    matrix: &[[F; W]],
    out: &mut [F],
    (columns, pitch): (usize, usize),
) {
    let mut sums = [[F::of(0.0); W]; N];
    for segment in segments {
        let start = segment.window + first * windows.step;
        let rows: [&[F]; N] = std::array::from_fn(|i| &windows.values[start + i * windows.step..][..windows.len]);
        let taps = &matrix[segment.tap..][..windows.len];
        for (j, tap) in taps.iter().enumerate() {
            for i in 0..N {
                let x = rows[i][j];
                for w in 0..W {
                    sums[i][w] = multiply_add::<F, FUSED>(x, tap[w], sums[i][w]);
                }
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        out[i * pitch..][..columns].copy_from_slice(&sums[..columns]);
    }
}

#[inline(always)]
fn multiply_add<F: Float, const FUSED: bool>(x: F, y: F, sum: F) -> F {
    if FUSED { x.fused(y, sum) } else { sum + x * y }
}

/// into[tap + j, ·] += Σ over rows and windows of window[j] · gradient; windows of row `r` begin at `begin + r · pitch`.
pub(super) fn add_outer<F: Float>(
    windows: &Windows<'_, F>,
    (begin, pitch): (usize, usize),
    gradient: &Gradient<'_, F>,
    tap: usize,
    into: &mut Packed<F>,
) {
    let at = (begin, pitch);
    match (into.width, fusing()) {
        (WIDE, _) => vectorised(
            #[inline(always)]
            || outer_blocks::<F, WIDE, true>(windows, at, gradient, tap, into),
        ),
        (_, true) => vectorised_fused(
            #[inline(always)]
            || outer_blocks::<F, NARROW, true>(windows, at, gradient, tap, into),
        ),
        (_, false) => vectorised(
            #[inline(always)]
            || outer_blocks::<F, NARROW, false>(windows, at, gradient, tap, into),
        ),
    }
}

#[inline(always)]
fn outer_blocks<F: Float, const W: usize, const FUSED: bool>(
    windows: &Windows<'_, F>,
    at: (usize, usize),
    gradient: &Gradient<'_, F>,
    tap: usize,
    into: &mut Packed<F>,
) {
    let taps = into.taps;
    let (matrix, _) = into.values.as_chunks_mut::<W>();
    for (block, matrix) in matrix.chunks_exact_mut(taps).enumerate() {
        let mut first = 0;
        while first < windows.len {
            let left = windows.len - first;
            let n = left.div_ceil(left.div_ceil(MOST_WINDOWS));
            let (out, place) = (&mut matrix[tap + first..], (first, block * W));
            match n {
                1 => block_outer::<F, 1, W, FUSED>(windows, at, gradient, place, out),
                2 => block_outer::<F, 2, W, FUSED>(windows, at, gradient, place, out),
                3 => block_outer::<F, 3, W, FUSED>(windows, at, gradient, place, out),
                4 => block_outer::<F, 4, W, FUSED>(windows, at, gradient, place, out),
                5 => block_outer::<F, 5, W, FUSED>(windows, at, gradient, place, out),
                6 => block_outer::<F, 6, W, FUSED>(windows, at, gradient, place, out),
                7 => block_outer::<F, 7, W, FUSED>(windows, at, gradient, place, out),
                _ => block_outer::<F, 8, W, FUSED>(windows, at, gradient, place, out),
            }
            first += n;
        }
    }
}

#[inline(always)]
fn block_outer<F: Float, const N: usize, const W: usize, const FUSED: bool>(
    windows: &Windows<'_, F>,
    (begin, pitch): (usize, usize),
    gradient: &Gradient<'_, F>,
    (first, column): (usize, usize),
    out: &mut [[F; W]],
) {
    let mut sums = [[F::of(0.0); W]; N];
    let reach = (windows.count - 1) * windows.step + N;
    let span = (windows.count - 1) * gradient.step + W;
    for row in 0..gradient.rows {
        let x = &windows.values[begin + row * pitch + first..][..reach];
        let d = &gradient.values[gradient.start + row * gradient.pitch + column..][..span];
        for window in 0..windows.count {
            let x: &[F] = &x[window * windows.step..][..N];
            let d: &[F] = &d[window * gradient.step..][..W];
            for i in 0..N {
                for w in 0..W {
                    sums[i][w] = multiply_add::<F, FUSED>(x[i], d[w], sums[i][w]);
                }
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(&sums) {
        out.iter_mut().zip(sums).for_each(|(out, &sum)| *out += sum);
    }
}
