//! The micro-kernels: products of overlapping windows with a packed matrix, in blocks that stay in registers.
//!
//! Each entry of a result is summed over taps in one fixed order, whatever the block it falls into.

use super::Packed;
use crate::scalar::Float;
use crate::simd::lanes::{Kind, LANES, Lanes, with_lanes, with_registers};
use crate::simd::{InstructionSet, instruction_set};

/// Most windows of a block: with the columns of [`columns_per_block`] they leave registers for weights and inputs.
const MOST_WINDOWS: usize = 8;
/// Columns of a block, on narrow and on wide registers.
const NARROW: usize = LANES;
const WIDE: usize = 2 * LANES;

/// Columns of a block of a packed matrix with `columns`.
pub(super) fn columns_per_block(columns: usize) -> usize {
    if columns > NARROW && instruction_set() == InstructionSet::Avx512 { WIDE } else { NARROW }
}

/// Windows of one row of several maps: in each map `count` runs of `len` values, `step` apart.
pub(super) struct Windows<'a, F> {
    pub values: &'a [F],
    pub maps: usize,
    /// From one map to the next.
    pub map: usize,
    pub step: usize,
    pub len: usize,
    pub count: usize,
}

impl<F> Windows<'_, F> {
    /// Map and place in its row of window `index` of all maps' ones.
    #[inline(always)]
    fn place(&self, index: usize) -> (usize, usize) {
        if self.maps == 1 { (0, index) } else { (index / self.count, index % self.count) }
    }
}

/// One row of a window: where it begins in the map, and its first tap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub window: usize,
    pub tap: usize,
}

/// The rows of spread gradients.
pub(super) struct Gradient<'a, F> {
    pub values: &'a [F],
    /// From one map to the next.
    pub map: usize,
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

/// Rows of out `[maps, rows, places, columns]` = windows × packed, for the segments that `segments` gives for each row; places
/// that no window goes to stay as they are.
pub(super) fn products<F: Float>(
    windows: &Windows<'_, F>,
    segments: impl Fn(usize, &mut Vec<Segment>),
    packed: &Packed<F>,
    out: &mut [F],
    places: Places,
) {
    let rows = out.len() / (windows.maps * places.row * packed.columns);
    let (mut all, mut ends) = (Vec::new(), Vec::with_capacity(rows));
    for row in 0..rows {
        segments(row, &mut all);
        ends.push(all.len());
    }
    let segments = Segments { all: &all, ends: &ends };
    let registers = packed.width / LANES;
    with_lanes!(F, kind => with_registers!(registers, [1, 2], V => blocks::<F, _, V>(kind, windows, segments, packed, out, places)));
}

/// The segments of all rows, and where each row's end.
#[derive(Clone, Copy)]
struct Segments<'a> {
    all: &'a [Segment],
    ends: &'a [usize],
}

impl Segments<'_> {
    fn of(&self, row: usize) -> &[Segment] {
        &self.all[if row == 0 { 0 } else { self.ends[row - 1] }..self.ends[row]]
    }
}

/// A block of columns meets all rows of all maps before the next one does: it stays in a near cache meanwhile.
#[inline(always)]
fn blocks<F: Float, L: Lanes<F>, const V: usize>(
    _: Kind<L>,
    windows: &Windows<'_, F>,
    segments: Segments<'_>,
    packed: &Packed<F>,
    out: &mut [F],
    places: Places,
) {
    let (matrix, _) = packed.values.as_chunks::<LANES>();
    let (matrix, _) = matrix.as_chunks::<V>();
    let total = windows.maps * windows.count;
    for (block, matrix) in matrix.chunks_exact(packed.taps).enumerate() {
        let start = block * packed.width;
        for row in 0..segments.ends.len() {
            let segments = segments.of(row);
            let target = Target {
                map: out.len() / windows.maps,
                step: places.step * packed.columns,
                start: (row * places.row + places.first) * packed.columns + start,
                columns: packed.width.min(packed.columns - start),
            };
            let mut first = 0;
            while first < total {
                let left = total - first;
                let n = left.div_ceil(left.div_ceil(MOST_WINDOWS));
                match n {
                    1 => block_product::<F, L, 1, V>(windows, first, segments, matrix, out, target),
                    2 => block_product::<F, L, 2, V>(windows, first, segments, matrix, out, target),
                    3 => block_product::<F, L, 3, V>(windows, first, segments, matrix, out, target),
                    4 => block_product::<F, L, 4, V>(windows, first, segments, matrix, out, target),
                    5 => block_product::<F, L, 5, V>(windows, first, segments, matrix, out, target),
                    6 => block_product::<F, L, 6, V>(windows, first, segments, matrix, out, target),
                    7 => block_product::<F, L, 7, V>(windows, first, segments, matrix, out, target),
                    _ => block_product::<F, L, 8, V>(windows, first, segments, matrix, out, target),
                }
                first += n;
            }
        }
    }
}

/// Where a block of products goes, in values of the result.
#[derive(Clone, Copy)]
struct Target {
    /// From one map to the next.
    map: usize,
    /// From one window to the next.
    step: usize,
    /// That of the first map's first window.
    start: usize,
    columns: usize,
}

#[inline(always)]
fn block_product<F: Float, L: Lanes<F>, const N: usize, const V: usize>(
    windows: &Windows<'_, F>,
    first: usize,
    segments: &[Segment],
    matrix: &[[[F; LANES]; V]],
    out: &mut [F],
    target: Target,
) {
    let begins: [usize; N] = std::array::from_fn(
        #[inline(always)]
        |i| {
            let (map, place) = windows.place(first + i);
            map * windows.map + place * windows.step
        },
    );
    let mut sums = [[L::splat(F::of(0.0)); V]; N];
    for segment in segments {
        let rows: [&[F]; N] = std::array::from_fn(
            #[inline(always)]
            |i| &windows.values[begins[i] + segment.window..][..windows.len],
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
        let (map, place) = windows.place(first + i);
        let out = &mut out[map * target.map + place * target.step + target.start..][..target.columns];
        if target.columns == V * LANES {
            let (lanes, _) = out.as_chunks_mut::<LANES>();
            lanes.iter_mut().zip(sums).for_each(|(lanes, sum)| sum.store(lanes));
        } else {
            let mut row = [[F::of(0.0); LANES]; V];
            row.iter_mut().zip(sums).for_each(|(lanes, sum)| sum.store(lanes));
            out.copy_from_slice(&row.as_flattened()[..target.columns]);
        }
    }
}

/// `into[tap + j, ·] += Σ over maps, rows and windows of window[j] · gradient`; windows of row `r` begin at `begin + r · pitch`.
pub(super) fn add_outer<F: Float>(
    windows: &Windows<'_, F>,
    (begin, pitch): (usize, usize),
    gradient: &Gradient<'_, F>,
    tap: usize,
    into: &mut Packed<F>,
) {
    let at = (begin, pitch);
    let registers = into.width / LANES;
    with_lanes!(F, kind => with_registers!(registers, [1, 2], V => outer_blocks::<F, _, V>(kind, windows, at, gradient, tap, into)));
}

#[inline(always)]
fn outer_blocks<F: Float, L: Lanes<F>, const V: usize>(
    _: Kind<L>,
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
    for map in 0..windows.maps {
        for row in 0..gradient.rows {
            let x = &windows.values[map * windows.map + begin + row * pitch + first..][..reach];
            let d = &gradient.values[map * gradient.map + gradient.start + row * gradient.pitch + column..][..span];
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
    }
    for (out, sums) in out.iter_mut().zip(&sums) {
        for (out, &sum) in out.iter_mut().zip(sums) {
            L::multiply_add(L::splat(F::of(1.0)), sum, L::load(out)).store(out);
        }
    }
}
