//! Products with a matrix that is mostly zeros, as spikes are: only the other values are multiplied.
//!
//! Both products add rows of a packed operand up in registers, one row for each value that is not zero. Every sum runs over
//! these values in their order, whatever the width of registers and the cutting into tasks.

use std::ops::Range;

use rayon::prelude::*;

use super::pages::Pages;
use super::pieces;
use crate::scalar::Float;
use crate::simd::lanes::{Kind, LANES, Lanes, load_some, store_some, with_lanes, with_registers};
use crate::simd::{InstructionSet, instruction_set};
use crate::view::{MatMut, MatRef};

/// Largest share of values other than zero: from about twice as many on, a product with all values is as fast.
const MOST: f64 = 0.25;
/// Multiply-adds of the whole product, and columns of the other operand, from which the lists are worth making.
const LEAST_WORK: usize = 1 << 22;
const LEAST_WIDTH: usize = 64;
/// Rows that one task lists.
const LISTED_ROWS: usize = 32;
/// Columns of a weight gradient that one task makes, and those that it makes at once.
const TASK_COLUMNS: usize = 256;
const COLUMNS: usize = 32;
/// Registers' worth of sums, with thirty-two registers and with sixteen.
pub(super) const MANY: usize = 8;
pub(super) const FEW: usize = 4;

/// Values other than zero, run by run: with the place of each.
#[derive(Debug)]
struct Lists<F> {
    /// Where each run begins, and where the last one ends.
    starts: Vec<usize>,
    entries: Vec<(u32, F)>,
}

impl<F> Default for Lists<F> {
    fn default() -> Self {
        Lists { starts: Vec::new(), entries: Vec::new() }
    }
}

/// A matrix X `[rows, cols]` as the values that are not zero. Its buffers are kept from step to step.
#[derive(Debug)]
pub(crate) struct Sparse<F> {
    rows: usize,
    cols: usize,
    /// For each strip of rows.
    by_row: Vec<Lists<F>>,
    by_column: Lists<F>,
    /// The other operand, in strips.
    packed: Pages<F>,
}

impl<F> Default for Sparse<F> {
    fn default() -> Self {
        Sparse { rows: 0, cols: 0, by_row: Vec::new(), by_column: Lists::default(), packed: Pages::default() }
    }
}

impl<F: Float> Lists<F> {
    /// The rows of a matrix of `cols` columns.
    fn load_rows(&mut self, x: &[F], cols: usize) {
        self.starts.clear();
        // One more than there can be: each value is written, and the next one overwrites it if it was zero.
        self.entries.resize(x.len() + 1, (0, F::of(0.0)));
        let mut count = 0;
        for row in x.chunks_exact(cols) {
            self.starts.push(count);
            for (place, &value) in row.iter().enumerate() {
                self.entries[count] = (place as u32, value);
                count += usize::from(value != F::of(0.0));
            }
        }
        self.starts.push(count);
    }

    /// The columns of the matrix that `parts` are the rows of.
    fn load_columns(&mut self, parts: &[Lists<F>], cols: usize) {
        self.starts.clear();
        self.starts.resize(cols + 1, 0);
        let total = parts.iter().map(Lists::count).sum();
        self.entries.resize(total, (0, F::of(0.0)));
        for (place, _) in parts.iter().flat_map(|part| &part.entries[..part.count()]) {
            self.starts[*place as usize + 1] += 1;
        }
        for column in 0..cols {
            self.starts[column + 1] += self.starts[column];
        }
        let mut next = self.starts.clone();
        for (row, run) in parts.iter().flat_map(Lists::runs).enumerate() {
            for &(place, value) in run {
                let at = &mut next[place as usize];
                self.entries[*at] = (row as u32, value);
                *at += 1;
            }
        }
    }

    fn count(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    fn run(&self, index: usize) -> &[(u32, F)] {
        &self.entries[self.starts[index]..self.starts[index + 1]]
    }

    fn runs(&self) -> impl Iterator<Item = &[(u32, F)]> {
        (0..self.starts.len().saturating_sub(1)).map(|index| self.run(index))
    }
}

impl<F: Float> Sparse<F> {
    /// Lists the values of `x`; `false` if that does not pay for a product with `outputs` columns.
    ///
    /// # Shapes
    /// `x` `[rows, cols]`.
    pub fn load(&mut self, x: &[F], cols: usize, outputs: usize) -> bool {
        (self.rows, self.cols) = (x.len() / cols, cols);
        if outputs < LEAST_WIDTH || x.len() * outputs < LEAST_WORK || cols > u32::MAX as usize {
            return false;
        }
        self.by_row.resize_with(self.rows.div_ceil(LISTED_ROWS), Lists::default);
        let parts = self.by_row.par_iter_mut().zip(x.par_chunks(LISTED_ROWS * cols));
        parts.for_each(|(lists, x)| lists.load_rows(x, cols));
        let count: usize = self.by_row.iter().map(Lists::count).sum();
        count as f64 <= MOST * x.len() as f64
    }

    /// out = X Wᵀ.
    ///
    /// # Shapes
    /// out `[rows, O]`, W `[O, cols]`.
    pub fn times_transposed(&mut self, out: MatMut<'_, F>, weight: MatRef<'_, F>) {
        let width = width();
        self.packed.fit(weight.rows().div_ceil(width) * self.cols * width);
        let strips = self.packed.par_chunks_mut(self.cols * width).enumerate();
        strips.for_each(|(strip, packed)| {
            let rows = strip * width..weight.rows().min((strip + 1) * width);
            transpose(weight.part(rows, 0..weight.cols()), MatMut::new(packed, weight.cols(), width));
        });
        let mut tasks = Vec::new();
        for (strip, columns) in pieces(out, false, width).into_iter().enumerate() {
            let packed = &self.packed[strip * self.cols * width..][..self.cols * width];
            let of_rows = pieces(columns, true, LISTED_ROWS);
            tasks.extend(of_rows.into_iter().zip(&self.by_row).map(|(piece, lists)| (piece, lists, packed)));
        }
        tasks.into_par_iter().for_each(|(mut piece, lists, packed)| {
            sums(
                0..piece.rows(),
                |run| lists.run(run).iter().copied(),
                (packed.as_chunks::<LANES>().0, width / LANES),
                |row, sums| {
                    let out = piece.row_mut(row);
                    out.copy_from_slice(&sums[..out.len()]);
                },
            );
        });
    }

    /// out = Gᵀ X.
    ///
    /// # Shapes
    /// out `[O, cols]`, G `[rows, O]`.
    pub fn weight_gradient(&mut self, out: MatMut<'_, F>, gradient: MatRef<'_, F>) {
        self.by_column.load_columns(&self.by_row, self.cols);
        let width = width();
        self.packed.fit(out.rows().div_ceil(width) * self.rows * width);
        let strips = self.packed.par_chunks_mut(self.rows * width).enumerate();
        strips.for_each(|(strip, packed)| pack(gradient, strip * width, packed, width));
        let mut tasks = Vec::new();
        for (strip, rows) in pieces(out, true, width).into_iter().enumerate() {
            let packed = &self.packed[strip * self.rows * width..][..self.rows * width];
            let of_columns = pieces(rows, false, TASK_COLUMNS).into_iter().enumerate();
            tasks.extend(of_columns.map(|(index, piece)| (piece, index * TASK_COLUMNS, packed)));
        }
        tasks.into_par_iter().for_each(|(mut piece, first, packed)| {
            let mut block = vec![F::of(0.0); COLUMNS * width];
            for start in (0..piece.cols()).step_by(COLUMNS) {
                let n = COLUMNS.min(piece.cols() - start);
                let columns = first + start..first + start + n;
                let block = &mut block[..n * width];
                let lists = &self.by_column;
                sums(
                    columns,
                    |run| lists.run(run).iter().copied(),
                    (packed.as_chunks::<LANES>().0, width / LANES),
                    |column, sums| {
                        block[column * width..][..width].copy_from_slice(sums);
                    },
                );
                let found = MatRef::new(block, n, width).part(0..n, 0..piece.rows());
                transpose(found, piece.borrow().split_cols(start).1);
            }
        });
    }
}

/// Columns of a packed strip.
pub(super) fn width() -> usize {
    LANES * if instruction_set() == InstructionSet::Avx512 { MANY } else { FEW }
}

/// The first columns and rows of `to` from the rows and columns of `from`, in squares, so that both sides go along their rows.
pub(super) fn transpose<F: Float>(from: MatRef<'_, F>, to: MatMut<'_, F>) {
    with_lanes!(F, kind => transpose_in(kind, from, to));
}

#[inline(always)]
fn transpose_in<F: Float, L: Lanes<F>>(_: Kind<L>, from: MatRef<'_, F>, mut to: MatMut<'_, F>) {
    for row in (0..from.rows()).step_by(LANES) {
        let high = LANES.min(from.rows() - row);
        for col in (0..from.cols()).step_by(LANES) {
            let wide = LANES.min(from.cols() - col);
            let mut square = [L::splat(F::of(0.0)); LANES];
            // Loops of a fixed length keep the square in registers.
            if (high, wide) == (LANES, LANES) {
                for (r, values) in square.iter_mut().enumerate() {
                    *values = load_some(&from.row(row + r)[col..col + LANES]);
                }
                for (c, &values) in L::transpose(square).iter().enumerate() {
                    store_some(values, &mut to.row_mut(col + c)[row..row + LANES]);
                }
                continue;
            }
            for (r, values) in square.iter_mut().enumerate().take(high) {
                *values = load_some(&from.row(row + r)[col..col + wide]);
            }
            for (c, &values) in L::transpose(square).iter().enumerate().take(wide) {
                store_some(values, &mut to.row_mut(col + c)[row..row + high]);
            }
        }
    }
}

/// Columns `first`.. of `gradient`, as many as fit, as `packed` `[rows, width]`.
fn pack<F: Float>(gradient: MatRef<'_, F>, first: usize, packed: &mut [F], width: usize) {
    let n = width.min(gradient.cols() - first);
    for (row, packed) in packed.chunks_exact_mut(width).enumerate() {
        packed[..n].copy_from_slice(&gradient.row(row)[first..first + n]);
    }
}

/// Sixteen numbers of a packed row.
pub(super) trait Sixteen<F: Float>: Copy {
    /// x times these, added to the sum.
    fn multiply_add<L: Lanes<F>>(&self, x: L, sum: L) -> L;
}

impl<F: Float> Sixteen<F> for [F; LANES] {
    #[inline(always)]
    fn multiply_add<L: Lanes<F>>(&self, x: L, sum: L) -> L {
        L::multiply_add(x, L::load(self), sum)
    }
}

/// Sixteen numbers that are 0 or 1, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spikes(u16);

impl<F: Float> Sixteen<F> for Spikes {
    #[inline(always)]
    fn multiply_add<L: Lanes<F>>(&self, x: L, sum: L) -> L {
        L::add_where(sum, self.0, x)
    }
}

impl Spikes {
    /// Where both are 1.
    pub fn and(self, other: Spikes) -> Spikes {
        Spikes(self.0 & other.0)
    }
}

/// As [`transpose`], of numbers that are 0 or 1, to rows of `registers` sixteens; `false` if there is another number.
pub(super) fn transpose_spikes<F: Float>(from: MatRef<'_, F>, to: &mut [Spikes], registers: usize) -> bool {
    with_lanes!(F, kind => transpose_spikes_in(kind, from, to, registers))
}

#[inline(always)]
fn transpose_spikes_in<F: Float, L: Lanes<F>>(
    _: Kind<L>,
    from: MatRef<'_, F>,
    to: &mut [Spikes],
    registers: usize,
) -> bool {
    let (zero, one) = (L::splat(F::of(0.0)), L::splat(F::of(1.0)));
    let mut others = 0;
    for (register, row) in (0..from.rows()).step_by(LANES).enumerate() {
        let high = LANES.min(from.rows() - row);
        for col in (0..from.cols()).step_by(LANES) {
            let wide = LANES.min(from.cols() - col);
            let mut square = [zero; LANES];
            for (r, values) in square.iter_mut().enumerate().take(high) {
                *values = load_some(&from.row(row + r)[col..col + wide]);
                others |= !(values.equal(zero) ^ values.equal(one));
            }
            for (c, values) in L::transpose(square).iter().enumerate().take(wide) {
                to[(col + c) * registers + register] = Spikes(values.equal(one));
            }
        }
    }
    others == 0
}

/// Gives `each` of some runs, counted from the first, the sum over its entries of value times packed row; rows of so many
/// registers, at most as many as [`width`] has.
pub(super) fn sums<F: Float, E: Sixteen<F>, R: Iterator<Item = (u32, F)>>(
    runs: Range<usize>,
    run: impl Fn(usize) -> R,
    (packed, registers): (&[E], usize),
    each: impl FnMut(usize, &[F]),
) {
    with_lanes!(F, kind => with_registers!(registers, [1, 2, 3, 4, 5, 6, 7, 8], V => sums_in::<F, E, _, V, R>(kind, runs, run, packed, each)));
}

#[inline(always)]
fn sums_in<F: Float, E: Sixteen<F>, L: Lanes<F>, const V: usize, R: Iterator<Item = (u32, F)>>(
    _: Kind<L>,
    runs: Range<usize>,
    run: impl Fn(usize) -> R,
    packed: &[E],
    mut each: impl FnMut(usize, &[F]),
) {
    let (packed, _) = packed.as_chunks::<V>();
    for (index, number) in runs.enumerate() {
        let mut sums = [L::splat(F::of(0.0)); V];
        for (place, value) in run(number) {
            let (x, row) = (L::splat(value), &packed[place as usize]);
            for v in 0..V {
                sums[v] = row[v].multiply_add(x, sums[v]);
            }
        }
        let mut found = [[F::of(0.0); LANES]; V];
        found.iter_mut().zip(&sums).for_each(|(found, sum)| sum.store(found));
        each(index, found.as_flattened());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{Into, product};

    /// Odd sizes, one value in six not zero, in both precisions: the products with all values.
    #[test]
    fn sparse_products_are_the_full_ones() {
        fn check<F: Float>(tolerance: f64) {
            let number = |i: usize| F::of(((i * 2654435761) % 1009) as f64 / 504.5 - 1.0);
            for (rows, cols, outputs) in [(70, 517, 131), (33, 1300, 128), (256, 260, 65)] {
                let spike = |i: usize| if (i * 7919).is_multiple_of(6) { number(i) } else { F::of(0.0) };
                let x: Vec<F> = (0..rows * cols).map(spike).collect();
                let weight: Vec<F> = (0..outputs * cols).map(number).collect();
                let gradient: Vec<F> = (0..rows * outputs).map(|i| number(i + 3)).collect();
                let mut sparse = Sparse::default();
                assert!(sparse.load(&x, cols, outputs));
                let x = MatRef::new(&x, rows, cols);
                let (weight, gradient) = (MatRef::new(&weight, outputs, cols), MatRef::new(&gradient, rows, outputs));
                let of = |n: usize, work: &mut dyn FnMut(&mut [F])| {
                    let mut out = vec![F::of(9.0); n];
                    work(&mut out);
                    out
                };
                let found =
                    of(rows * outputs, &mut |out| sparse.times_transposed(MatMut::new(out, rows, outputs), weight));
                let wanted = of(rows * outputs, &mut |out| {
                    product(MatMut::new(out, rows, outputs), Into::Replace, F::of(1.0), x, weight.t())
                });
                let close =
                    |a: &[F], b: &[F]| a.iter().zip(b).all(|(a, b)| (a.to_f64() - b.to_f64()).abs() < tolerance);
                assert!(close(&found, &wanted), "{rows} {cols} {outputs}");
                let found =
                    of(outputs * cols, &mut |out| sparse.weight_gradient(MatMut::new(out, outputs, cols), gradient));
                let wanted = of(outputs * cols, &mut |out| {
                    product(MatMut::new(out, outputs, cols), Into::Replace, F::of(1.0), gradient.t(), x)
                });
                assert!(close(&found, &wanted), "{rows} {cols} {outputs}");
            }
        }
        check::<f32>(1e-4);
        check::<f64>(1e-12);
    }

    /// The same bits on one, two and five threads.
    #[test]
    fn threads_change_no_bit() {
        let (rows, cols, outputs) = (130, 700, 300);
        let number = |i: usize| ((i * 2654435761) % 1009) as f32 / 504.5 - 1.0;
        let x: Vec<f32> =
            (0..rows * cols).map(|i: usize| if (i * 7919).is_multiple_of(5) { 1.0 } else { 0.0 }).collect();
        let weight: Vec<f32> = (0..outputs * cols).map(number).collect();
        let gradient: Vec<f32> = (0..rows * outputs).map(number).collect();
        let run = || {
            let (mut y, mut of_weight) = (vec![0.0f32; rows * outputs], vec![0.0f32; outputs * cols]);
            let mut sparse = Sparse::default();
            assert!(sparse.load(&x, cols, outputs));
            let (out, weight) = (MatMut::new(&mut y, rows, outputs), MatRef::new(&weight, outputs, cols));
            sparse.times_transposed(out, weight);
            let (out, gradient) = (MatMut::new(&mut of_weight, outputs, cols), MatRef::new(&gradient, rows, outputs));
            sparse.weight_gradient(out, gradient);
            (y, of_weight)
        };
        let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
        let one = with(1);
        assert!(one == with(2) && one == with(5));
    }

    /// Many values, or a small product: refused. Lists of an earlier matrix leave nothing behind.
    #[test]
    fn full_and_small_matrices_are_refused() {
        let mut sparse = Sparse::default();
        assert!(!sparse.load(&vec![1.0f32; 256 * 512], 512, 64));
        assert!(!sparse.load(&vec![0.0f32; 256 * 512], 512, 10));
        assert!(sparse.load(&vec![0.0f32; 256 * 512], 512, 64));
        let mut out = vec![1.0f32; 256 * 64];
        sparse.times_transposed(MatMut::new(&mut out, 256, 64), MatRef::new(&vec![1.0; 64 * 512], 64, 512));
        assert!(out.iter().all(|&value| value == 0.0));
    }
}
