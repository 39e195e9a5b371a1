//! Products with a weight whose synapses come in blocks, small dense matrices: sixteen neurons in a row with sixteen inputs in a
//! row in common.
//!
//! What a block takes of a sample is one line of the cache, of which each number is used, so that nothing is turned about but the
//! weights of a forward product. Every sum runs in one order, whatever the width of registers and the cutting into tasks.

use std::ops::Range;

use rayon::prelude::*;

use super::sparse::transpose;
use super::{Into, pieces};
use crate::scalar::Float;
use crate::simd::lanes::{Kind, LANES, Lanes, with_lanes, with_registers};
use crate::simd::{InstructionSet, instruction_set};
use crate::view::{MatMut, MatRef};

/// Rows that one task makes.
const ROWS: usize = 64;
/// Times sixteen columns of a result that all of these rows meet before the next ones do: their weights stay in a near cache.
const RESULTS: usize = 16;
/// Samples whose outer products are added up before the next neurons have their turn, likewise.
const SAMPLES: usize = 16;
/// Times sixteen neurons whose weights one task packs, at least.
const LEAST_PACKED: usize = 16;

/// Which inputs the neurons have: whole runs of sixteen, the same for sixteen neurons in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices<'a> {
    pub inputs: usize,
    pub fan_in: usize,
    /// Inputs of each neuron, `[O,K]`.
    pub columns: &'a [u32],
}

impl<'a> Choices<'a> {
    fn outputs(&self) -> usize {
        self.columns.len() / self.fan_in
    }

    /// First neuron of each sixteen, and the first inputs of their runs.
    fn sixteens(self) -> impl Iterator<Item = (usize, impl Iterator<Item = usize> + 'a)> {
        let of_first = move |neuron: usize| {
            let runs = self.columns[neuron * self.fan_in..][..self.fan_in].iter().step_by(LANES);
            (neuron, runs.map(|&input| input as usize))
        };
        (0..self.outputs()).step_by(LANES).map(of_first)
    }

    /// Weights `[O,K]` of each sixteen neurons by synapse: a register for each of K.
    fn packed<F: Float>(&self, values: &[F]) -> Vec<F> {
        let mut packed = vec![F::of(0.0); values.len()];
        let of_sixteen = LANES * self.fan_in;
        let sixteens = packed.par_chunks_exact_mut(of_sixteen).zip(values.par_chunks_exact(of_sixteen));
        sixteens.with_min_len(LEAST_PACKED).for_each(|(packed, own)| {
            transpose(MatRef::new(own, LANES, self.fan_in), MatMut::new(packed, self.fan_in, LANES));
        });
        packed
    }
}

/// Sums of how many rows, or neurons, leave registers for operands.
fn at_once(most: usize) -> usize {
    if instruction_set() == InstructionSet::Avx512 { most } else { 4 }
}

/// What a product of rows is made of.
struct Blocks<'a, F> {
    /// The blocks that add to each sixteen columns of the result.
    results: Vec<Range<usize>>,
    /// First of the sixteen columns of the operand that each block takes, and where its weights begin.
    operands: Vec<(usize, usize)>,
    /// Sixteen for each of these columns.
    weights: &'a [F],
    /// From one column's to the next one's.
    stride: usize,
}

impl<'a, F: Float> Blocks<'a, F> {
    /// Results are neurons, operands inputs.
    fn by_neuron(choices: Choices<'_>, packed: &'a [F]) -> Self {
        let of_sixteen = choices.fan_in / LANES;
        let inputs = choices.sixteens().flat_map(|(_, runs)| runs);
        Blocks {
            results: (0..choices.outputs() / LANES).map(|at| at * of_sixteen..(at + 1) * of_sixteen).collect(),
            operands: inputs.enumerate().map(|(at, input)| (input, at * LANES * LANES)).collect(),
            weights: packed,
            stride: LANES,
        }
    }

    /// Results are inputs, operands neurons.
    fn by_input(choices: Choices<'_>, values: &'a [F]) -> Self {
        let mut of_input = vec![Vec::new(); choices.inputs / LANES];
        for (neuron, runs) in choices.sixteens() {
            for (at, input) in runs.enumerate() {
                of_input[input / LANES].push((neuron, neuron * choices.fan_in + at * LANES));
            }
        }
        let mut before = 0;
        let of = |own: &Vec<_>| {
            before += own.len();
            before - own.len()..before
        };
        let results = of_input.iter().map(of).collect();
        Blocks { results, operands: of_input.concat(), weights: values, stride: choices.fan_in }
    }

    /// out (+)= scale · x times the blocks, in parallel.
    fn multiply(&self, out: MatMut<'_, F>, how: (Into, F), x: &[F]) {
        let width = x.len() / out.rows().max(1);
        let tasks = pieces(out, true, ROWS).into_par_iter().zip(x.par_chunks(ROWS * width));
        tasks.for_each(|(out, x)| {
            let at_once = at_once(8);
            let whole = out.rows() - out.rows() % at_once;
            let (out, rest) = out.split_rows(whole);
            let (x, x_rest) = x.split_at(whole * width);
            with_lanes!(F, kind => {
                with_registers!(at_once, [4, 8], R => multiply::<F, _, R>(kind, self, out, how, (x, width)));
                multiply::<F, _, 1>(kind, self, rest, how, (x_rest, width));
            });
        });
    }
}

/// R rows at a time.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "over an iterator the compiler leaves the sums in memory")]
fn multiply<F: Float, L: Lanes<F>, const R: usize>(
    _: Kind<L>,
    blocks: &Blocks<'_, F>,
    mut out: MatMut<'_, F>,
    how: (Into, F),
    (x, width): (&[F], usize),
) {
    let none = [F::of(0.0); LANES];
    for (chunk, results) in blocks.results.chunks(RESULTS).enumerate() {
        for (strip, x) in x.chunks_exact(R * width).enumerate() {
            for (at, of_result) in results.iter().enumerate() {
                let mut sums = [L::splat(F::of(0.0)); R];
                for &(operand, first) in &blocks.operands[of_result.clone()] {
                    let weights = &blocks.weights[first..=first + (LANES - 1) * blocks.stride + LANES - 1];
                    let mut rows = [&none; R];
                    for r in 0..R {
                        rows[r] = x[r * width + operand..].first_chunk().expect("sixteen columns");
                    }
                    for i in 0..LANES {
                        // SAFETY: the slice reaches as far as the sixteenth column's weights. Checked one by one they cost a fifth.
                        let weights = L::load(unsafe { &*weights.as_ptr().add(i * blocks.stride).cast() });
                        for r in 0..R {
                            sums[r] = L::multiply_add(L::splat(rows[r][i]), weights, sums[r]);
                        }
                    }
                }
                for r in 0..R {
                    put(sums[r], how, &mut out.row_mut(strip * R + r)[(chunk * RESULTS + at) * LANES..]);
                }
            }
        }
    }
}

/// out (+)= scale · sum.
#[inline(always)]
fn put<F: Float, L: Lanes<F>>(sum: L, (into, scale): (Into, F), out: &mut [F]) {
    let out = out.first_chunk_mut().expect("sixteen columns");
    let zero = L::splat(F::of(0.0));
    let kept = match into {
        Into::Replace => zero,
        Into::Add => L::load(out),
        Into::Blend(beta) => L::multiply_add(L::splat(F::of(beta)), L::load(out), zero),
    };
    L::multiply_add(L::splat(scale), sum, kept).store(out);
}

/// out = x Vᵀ.
///
/// # Shapes
/// out `[n, O]`, x `[n, I]`, V `[O, I]` as `values` `[O, K]`.
pub(super) fn times_transposed<F: Float>(choices: Choices<'_>, out: MatMut<'_, F>, x: &[F], values: &[F]) {
    assert_eq!((x.len(), out.cols()), (out.rows() * choices.inputs, choices.outputs()));
    Blocks::by_neuron(choices, &choices.packed(values)).multiply(out, (Into::Replace, F::of(1.0)), x);
}

/// out (+)= scale · g V.
///
/// # Shapes
/// out `[n, I]`, g `[n, O]`, V `[O, I]` as `values` `[O, K]`.
pub(super) fn times<F: Float>(choices: Choices<'_>, out: MatMut<'_, F>, how: (Into, F), g: &[F], values: &[F]) {
    assert_eq!((g.len(), out.cols()), (out.rows() * choices.outputs(), choices.inputs));
    Blocks::by_input(choices, values).multiply(out, how, g);
}

/// out = Σ over planes of gᵀ x at the synapses; a plane of `g` for each of `x`, or all for the one of `x`.
///
/// # Shapes
/// out `[O, K]`, g `[planes·B, O]`, x `[planes·B or B, I]`.
pub(super) fn outer<F: Float>(choices: Choices<'_>, out: &mut [F], g: &[F], x: &[F]) {
    let (outputs, of_sixteen) = (choices.outputs(), LANES * choices.fan_in);
    let rows = x.len() / choices.inputs;
    assert!(x.len() == rows * choices.inputs && g.len().is_multiple_of(rows * outputs));
    let neurons = at_once(LANES * size_of::<f32>() / size_of::<F>());
    // A task for each thread, as each reads all samples; sums do not depend on it.
    let sixteens = (outputs / LANES).div_ceil(rayon::current_num_threads());
    out.par_chunks_mut(sixteens * of_sixteen).enumerate().for_each(|(task, out)| {
        out.fill(F::of(0.0));
        for g in g.chunks_exact(rows * outputs) {
            for (g, x) in g.chunks(SAMPLES * outputs).zip(x.chunks(SAMPLES * choices.inputs)) {
                with_lanes!(F, kind => with_registers!(neurons, [4, 8, 16], M => {
                    add_outer::<F, _, M>(kind, choices, out, task * sixteens, (g, x));
                }));
            }
        }
    });
}

/// M neurons at a time, of the sixteens from `first` on.
#[inline(always)]
fn add_outer<F: Float, L: Lanes<F>, const M: usize>(
    _: Kind<L>,
    choices: Choices<'_>,
    out: &mut [F],
    first: usize,
    (g, x): (&[F], &[F]),
) {
    let k = choices.fan_in;
    for (out, (first, runs)) in out.chunks_exact_mut(LANES * k).zip(choices.sixteens().skip(first)) {
        for (place, input) in runs.enumerate() {
            for (out, neuron) in out.chunks_exact_mut(M * k).zip((first..).step_by(M)) {
                let of = |m: usize| m * k + place * LANES;
                let mut sums = [L::splat(F::of(0.0)); M];
                for m in 0..M {
                    sums[m] = L::load(out[of(m)..].first_chunk().expect("a whole run"));
                }
                for (g, x) in g.chunks_exact(choices.outputs()).zip(x.chunks_exact(choices.inputs)) {
                    let g: &[F; M] = g[neuron..].first_chunk().expect("neurons of the layer");
                    let x = L::load(x[input..].first_chunk().expect("a whole run"));
                    for m in 0..M {
                        sums[m] = L::multiply_add(L::splat(g[m]), x, sums[m]);
                    }
                }
                for m in 0..M {
                    sums[m].store(out[of(m)..].first_chunk_mut().expect("a whole run"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::lanes::Plain;

    /// As many rows and neurons at once as narrow registers and wide ones hold: the same bits, odd numbers of rows.
    #[test]
    fn rows_at_once_change_no_bit() {
        let (rows, inputs, outputs, fan_in) = (24, 64, 48, 32);
        let runs_of = |sixteen: usize| [sixteen % 2, 2 + sixteen % 2].map(|run| run * LANES);
        let columns: Vec<u32> = (0..outputs)
            .flat_map(|neuron| runs_of(neuron / LANES).into_iter().flat_map(|run| run as u32..(run + LANES) as u32))
            .collect();
        let choices = Choices { inputs, fan_in, columns: &columns };
        let numbers =
            |n: usize, salt: usize| (0..n).map(|i| ((i * 31 + salt) % 17) as f32 / 8.0 - 1.0).collect::<Vec<_>>();
        let (x, g, values) = (numbers(rows * inputs, 1), numbers(rows * outputs, 3), numbers(outputs * fan_in, 5));
        let kind = Kind::<Plain<f32>>::NEW;
        let how = (Into::Replace, 1.0);
        let packed = choices.packed(&values);
        for (blocks, operand, from, to) in [
            (Blocks::by_neuron(choices, &packed), &x, inputs, outputs),
            (Blocks::by_input(choices, &values), &g, outputs, inputs),
        ] {
            let mut found = [1, 4, 8].map(|_| vec![9.0f32; rows * to]);
            let [one, four, eight] = &mut found;
            multiply::<_, _, 1>(kind, &blocks, MatMut::new(one, rows, to), how, (operand, from));
            multiply::<_, _, 4>(kind, &blocks, MatMut::new(four, rows, to), how, (operand, from));
            multiply::<_, _, 8>(kind, &blocks, MatMut::new(eight, rows, to), how, (operand, from));
            assert!(one == four && one == eight);
        }
        let mut found = [4, 8, 16].map(|_| vec![0.0f32; values.len()]);
        let [four, eight, sixteen] = &mut found;
        add_outer::<_, _, 4>(kind, choices, four, 0, (&g, &x));
        add_outer::<_, _, 8>(kind, choices, eight, 0, (&g, &x));
        add_outer::<_, _, 16>(kind, choices, sixteen, 0, (&g, &x));
        assert!(four == eight && four == sixteen);
    }
}
