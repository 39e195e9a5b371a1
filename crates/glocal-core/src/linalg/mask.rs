//! Products with a weight that has few synapses: every neuron is connected to as many inputs, drawn at random.
//!
//! Only synapses are stored and multiplied. Where each neuron has inputs of its own, the dense operand is turned about first, so that one
//! synapse meets a row of samples: sums over a neuron's synapses, or over an input's, stay in registers. Every sum runs over
//! synapses in their order, whatever the width of registers and the cutting into tasks. Where synapses come in blocks, products are
//! small dense ones (`blocks.rs`).

use std::ops::Range;

use rayon::prelude::*;

use super::Into;
use super::blocks::{self, Choices};
use super::sparse::{Sixteen, sums, transpose};
use super::turned::{Strip, Turned};
use crate::random::{stream, uniform_of};
use crate::rows;
use crate::scalar::Float;
use crate::simd::lanes::{Kind, LANES, Lanes, with_lanes, with_registers};
use crate::view::{MatMut, MatRef};

/// Neurons or inputs whose sums are made before they are turned back.
const BLOCK: usize = 32;

/// Which synapses there are between inputs and neurons, and products with weights that have only these.
///
/// A weight is its synapses' values, `[O,K]`: K for each of O neurons, in the order of their inputs. Dense operands of
/// products are made by [`Mask::input`] and [`Mask::gradient`].
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    inputs: usize,
    fan_in: usize,
    /// Neurons in a row that have the same inputs, and inputs in a row that they have together.
    block: usize,
    /// Inputs of each neuron, ascending, `[O,K]`.
    columns: Vec<u32>,
    /// By input: where its synapses begin, `[I+1]`; neuron and place in `[O,K]` of each.
    starts: Vec<u32>,
    neurons: Vec<u32>,
    places: Vec<u32>,
}

/// The dense operand of a product, of some planes, as the mask's products want it.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, F> {
    /// One synapse meets a row of samples.
    Turned(&'a Turned<F>),
    /// As it lies, sample by sample.
    Rows(&'a [F]),
}

const OF_ANOTHER: &str = "an operand that another mask made";

impl Mask {
    /// `fan_in` of `inputs` for each of `outputs` neurons, each choice equally likely: whole runs of `block` inputs in a row, one
    /// choice for each `block` neurons in a row. The runs are shuffled for each choice and dealt to parts 0, 1, ...; when too few
    /// are left they are shuffled anew.
    ///
    /// # Panics
    /// If `fan_in` is zero or above `inputs`, or `block` does not divide all three.
    pub fn draw(outputs: usize, inputs: usize, fan_in: usize, block: usize, (seed, part): (u64, u64)) -> Self {
        assert!((1..=inputs).contains(&fan_in), "{fan_in} of {inputs} inputs");
        let whole = [outputs, inputs, fan_in].iter().all(|n| n.is_multiple_of(block));
        assert!(whole, "{fan_in} of {inputs} inputs of {outputs} neurons in blocks of {block}");
        let (runs, taken) = (inputs / block, fan_in / block);
        let parts = (runs / taken) as u64;
        let (deal, own) = (part / parts, (part % parts) as usize * taken..((part % parts) as usize + 1) * taken);
        let key = stream(seed, &format!("mask {deal}"));
        let mut columns = Vec::with_capacity(outputs * fan_in);
        let mut order: Vec<u32> = Vec::with_capacity(runs);
        for choice in 0..outputs / block {
            order.clear();
            order.extend(0..runs as u32);
            // Only as far as the part at hand.
            for place in 0..own.end {
                let drawn = (uniform_of(key, (choice * runs + place) as u64) * (runs - place) as f64) as usize;
                order.swap(place, (place + drawn).min(runs - 1));
            }
            let own = &mut order[own.clone()];
            own.sort_unstable();
            let inputs_of = |&run: &u32| run * block as u32..(run + 1) * block as u32;
            (0..block).for_each(|_| columns.extend(own.iter().flat_map(inputs_of)));
        }
        Mask::of(inputs, fan_in, block, columns)
    }

    fn of(inputs: usize, fan_in: usize, block: usize, columns: Vec<u32>) -> Self {
        let mut starts = vec![0u32; inputs + 1];
        columns.iter().for_each(|&column| starts[column as usize + 1] += 1);
        (0..inputs).for_each(|input| starts[input + 1] += starts[input]);
        let mut next = starts.clone();
        let (mut neurons, mut places) = (vec![0; columns.len()], vec![0; columns.len()]);
        for (place, &column) in columns.iter().enumerate() {
            let at = &mut next[column as usize];
            neurons[*at as usize] = (place / fan_in) as u32;
            places[*at as usize] = place as u32;
            *at += 1;
        }
        Mask { inputs, fan_in, block, columns, starts, neurons, places }
    }

    /// Which blocks there are, if products are made by them.
    fn choices(&self) -> Option<Choices<'_>> {
        self.by_blocks().then(|| Choices { inputs: self.inputs, fan_in: self.fan_in, columns: &self.columns })
    }

    /// Whether products with it are those of blocks: they fill registers.
    pub(crate) fn by_blocks(&self) -> bool {
        self.block.is_multiple_of(LANES)
    }

    /// Neurons of each block, and their inputs.
    fn by_choice(&self) -> impl Iterator<Item = (Range<usize>, &[u32])> {
        let of_block = |(at, own): (usize, _)| (at * self.block..(at + 1) * self.block, own);
        self.columns.chunks_exact(self.fan_in).step_by(self.block).enumerate().map(of_block)
    }

    /// `planes` planes of an input `[planes, B, I]`, for products; `turned` is what they may need.
    pub fn input<'a, F: Float>(&self, x: &'a [F], planes: usize, turned: &'a mut Turned<F>) -> Operand<'a, F> {
        if !self.by_blocks() {
            turned.load_input(x, planes, self.inputs);
        }
        self.loaded(x, turned)
    }

    /// `planes` planes of a gradient `[planes, B, O]`, likewise.
    pub fn gradient<'a, F: Float>(&self, g: &'a [F], planes: usize, turned: &'a mut Turned<F>) -> Operand<'a, F> {
        if !self.by_blocks() {
            turned.load(g, planes, self.columns.len() / self.fan_in);
        }
        self.loaded(g, turned)
    }

    /// What [`Mask::input`] or [`Mask::gradient`] gave of the same values.
    pub fn loaded<'a, F>(&self, values: &'a [F], turned: &'a Turned<F>) -> Operand<'a, F> {
        if self.by_blocks() { Operand::Rows(values) } else { Operand::Turned(turned) }
    }

    /// Synapses of each neuron, K.
    pub fn fan_in(&self) -> usize {
        self.fan_in
    }

    /// Synapses.
    #[allow(clippy::len_without_is_empty, reason = "a neuron has at least one")]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// For each synapse the value of its input.
    pub(crate) fn of_inputs<F: Float>(&self, values: &[F], out: &mut Vec<F>) {
        out.clear();
        out.extend(self.columns.iter().map(|&column| values[column as usize]));
    }

    /// Where each synapse lies in `[O,I]`.
    pub(crate) fn positions(&self) -> Vec<u32> {
        let neurons = (0u32..).zip(self.columns.chunks_exact(self.fan_in));
        let first = |neuron: u32| neuron * self.inputs as u32;
        neurons.flat_map(|(neuron, own)| own.iter().map(move |&column| first(neuron) + column)).collect()
    }

    /// Input of each synapse of `neurons`.
    pub(crate) fn columns(&self, neurons: &Range<usize>) -> &[u32] {
        &self.columns[self.synapses(neurons)]
    }

    /// Where the synapses of `neurons` are.
    pub(crate) fn synapses(&self, neurons: &Range<usize>) -> Range<usize> {
        neurons.start * self.fan_in..neurons.end * self.fan_in
    }

    /// `[O,I]` with zeros where there is no synapse.
    pub fn spread<F: Float>(&self, values: &[F], out: &mut [F]) {
        out.fill(F::of(0.0));
        let neurons = out.chunks_exact_mut(self.inputs).zip(self.columns.chunks_exact(self.fan_in));
        for ((row, columns), values) in neurons.zip(values.chunks_exact(self.fan_in)) {
            columns.iter().zip(values).for_each(|(&column, &value)| row[column as usize] = value);
        }
    }

    /// The synapses' values of `[O,I]`.
    pub fn gather<F: Float>(&self, matrix: &[F], out: &mut [F]) {
        let neurons = matrix.chunks_exact(self.inputs).zip(self.columns.chunks_exact(self.fan_in));
        for ((row, columns), out) in neurons.zip(out.chunks_exact_mut(self.fan_in)) {
            out.iter_mut().zip(columns).for_each(|(out, &column)| *out = row[column as usize]);
        }
    }

    /// For each neuron the sum of its inputs' `values`, once for each block.
    pub(crate) fn sums_of_blocks<F: Float>(&self, values: &[F], out: &mut [F]) {
        for (neurons, columns) in self.by_choice() {
            let sum = columns.iter().fold(F::of(0.0), |sum, &column| sum + values[column as usize]);
            out[neurons].fill(sum);
        }
    }

    /// Adjoint of [`Mask::sums_of_blocks`]: out_i = Σ over neurons with input i of `gradient`.
    pub(crate) fn sums_of_blocks_adjoint<F: Float>(&self, gradient: &[F], out: &mut [F]) {
        out.fill(F::of(0.0));
        for (neurons, columns) in self.by_choice() {
            let sum = rows::sum(&gradient[neurons]);
            columns.iter().for_each(|&column| out[column as usize] += sum);
        }
    }

    /// out (+)= scale · x Vᵀ for some neurons, of one plane of `x`.
    ///
    /// # Shapes
    /// out `[B, neurons]`, x `[B, I]`, V `[neurons, I]` as `values` `[neurons, K]`.
    pub(crate) fn times_transposed<F: Float>(
        &self,
        mut out: MatMut<'_, F>,
        (into, scale): (Into, F),
        (x, plane): (&Turned<F>, usize),
        neurons: &Range<usize>,
        values: &[F],
    ) {
        let (columns, k) = (self.columns(neurons), self.fan_in);
        let run = |neuron: usize| {
            let own = neuron * k..(neuron + 1) * k;
            columns[own.clone()].iter().copied().zip(values[own].iter().copied())
        };
        turned_sums(out.borrow(), (into, scale), (x, plane), run);
    }

    /// out = x Vᵀ for all planes of `x`, in parallel.
    ///
    /// # Shapes
    /// out `[planes·B, O]`, x `[planes, B, I]`, V `[O, I]` as `values` `[O, K]`.
    ///
    /// # Panics
    /// If the shapes do not agree, or another mask made the operands.
    pub fn times_transposed_all<F: Float>(&self, out: MatMut<'_, F>, x: Operand<'_, F>, values: &[F]) {
        let x = match (x, self.choices()) {
            (Operand::Turned(x), None) => x,
            (Operand::Rows(x), Some(choices)) => return blocks::times_transposed(choices, out, x, values),
            _ => panic!("{OF_ANOTHER}"),
        };
        blocks(out, x.rows).into_par_iter().for_each(|(plane, first, piece)| {
            let neurons = first..first + piece.cols();
            let values = &values[self.synapses(&neurons)];
            self.times_transposed(piece, (Into::Replace, F::of(1.0)), (x, plane), &neurons, values);
        });
    }

    /// out (+)= scale · g V for all planes of `g`, in parallel.
    ///
    /// # Shapes
    /// out `[planes·B, I]`, g `[planes, B, O]`, V `[O, I]` as `values` `[O, K]`.
    ///
    /// # Panics
    /// If the shapes do not agree, or another mask made the operands.
    pub fn times_all<F: Float>(&self, out: MatMut<'_, F>, how: (Into, F), g: Operand<'_, F>, values: &[F]) {
        match (g, self.choices()) {
            (Operand::Turned(g), None) => self.times(out, how, (g, 0), values),
            (Operand::Rows(g), Some(choices)) => blocks::times(choices, out, how, g, values),
            _ => panic!("{OF_ANOTHER}"),
        }
    }

    /// As [`Mask::times_all`], of as many planes of `g`, from `first` on, as `out` has.
    pub(crate) fn times<F: Float>(
        &self,
        out: MatMut<'_, F>,
        how: (Into, F),
        (g, first): (&Turned<F>, usize),
        values: &[F],
    ) {
        let by_input: Vec<F> = self.places.iter().map(|&place| values[place as usize]).collect();
        blocks(out, g.rows).into_par_iter().for_each(|(plane, first_input, piece)| {
            let run = |input: usize| {
                let start = first_input + input;
                let run = self.starts[start] as usize..self.starts[start + 1] as usize;
                self.neurons[run.clone()].iter().copied().zip(by_input[run].iter().copied())
            };
            turned_sums(piece, how, (g, first + plane), run);
        });
    }

    /// out_s += scale · Σ_b g[b, o] x[b, i] for each synapse s from i to o, one of `neurons`; `g` holds these neurons alone.
    ///
    /// # Shapes
    /// out `[neurons, K]`, g `[B, neurons]`, x `[B, I]`, one plane each.
    pub(crate) fn add_outer<F: Float>(
        &self,
        out: &mut [F],
        scale: F,
        (g, plane_of_g): (&Turned<F>, usize),
        (x, plane_of_x): (&Turned<F>, usize),
        neurons: &Range<usize>,
    ) {
        for strip in 0..x.strips {
            self.add_dots(out, scale, g.values(plane_of_g, strip), (x, plane_of_x, strip), neurons);
        }
    }

    /// As [`Mask::add_outer`], of one strip.
    fn add_dots<F: Float>(
        &self,
        out: &mut [F],
        scale: F,
        g: &[F],
        (x, plane, strip): (&Turned<F>, usize, usize),
        neurons: &Range<usize>,
    ) {
        let of = (self.columns(neurons), self.fan_in);
        match x.strip(plane, strip) {
            Strip::Values(values) => all_dots(out, scale, g, (values, x.registers), of),
            Strip::Spikes(spikes) => all_dots(out, scale, g, (spikes, x.registers), of),
        }
    }

    /// out = Σ over planes of gᵀ x at the synapses, in parallel; a plane of `g` for each of `x`, or all for the one of `x`.
    ///
    /// # Shapes
    /// out `[O, K]`, g `[planes, B, O]`, x `[planes or 1, B, I]`.
    ///
    /// # Panics
    /// If the shapes do not agree, or another mask made the operands.
    pub fn outer_all<F: Float>(&self, out: &mut [F], g: Operand<'_, F>, x: Operand<'_, F>) {
        let (g, x) = match (g, x, self.choices()) {
            (Operand::Turned(g), Operand::Turned(x), None) => (g, x),
            (Operand::Rows(g), Operand::Rows(x), Some(choices)) => return blocks::outer(choices, out, g, x),
            _ => panic!("{OF_ANOTHER}"),
        };
        let width = g.width();
        out.par_chunks_mut(2 * BLOCK * self.fan_in).enumerate().for_each(|(chunk, out)| {
            let neurons = chunk * 2 * BLOCK..chunk * 2 * BLOCK + out.len() / self.fan_in;
            out.fill(F::of(0.0));
            for plane in 0..g.planes {
                for strip in 0..g.strips {
                    let own = &g.values(plane, strip)[neurons.start * width..neurons.end * width];
                    self.add_dots(out, F::of(1.0), own, (x, plane.min(x.planes - 1), strip), &neurons);
                }
            }
        });
    }
}

/// Pieces of a matrix of planes of `rows` rows, each with its plane and its first column: what one task makes.
fn blocks<F>(out: MatMut<'_, F>, rows: usize) -> Vec<(usize, usize, MatMut<'_, F>)> {
    let planes = super::pieces(out, true, rows).into_iter().enumerate();
    planes
        .flat_map(|(plane, rows)| {
            let strips = super::pieces(rows, false, 4 * BLOCK).into_iter().enumerate();
            strips.map(move |(strip, piece)| (plane, strip * 4 * BLOCK, piece)).collect::<Vec<_>>()
        })
        .collect()
}

/// out`[b, j]` (+)= scale · Σ over the run of j of value · x`[b, place]`.
fn turned_sums<F: Float, R: Iterator<Item = (u32, F)>>(
    mut out: MatMut<'_, F>,
    (into, scale): (Into, F),
    (x, plane): (&Turned<F>, usize),
    run: impl Fn(usize) -> R,
) {
    let width = x.width();
    let mut found = vec![F::of(0.0); BLOCK * width];
    let mut turned = vec![F::of(0.0); BLOCK * width];
    for strip in 0..x.strips {
        let packed = x.strip(plane, strip);
        let samples = strip * width..x.rows.min((strip + 1) * width);
        for first in (0..out.cols()).step_by(BLOCK) {
            let n = BLOCK.min(out.cols() - first);
            let keep = |index: usize, sums: &[F]| found[index * width..][..width].copy_from_slice(sums);
            match packed {
                Strip::Values(values) => sums(first..first + n, &run, (values, x.registers), keep),
                Strip::Spikes(spikes) => sums(first..first + n, &run, (spikes, x.registers), keep),
            }
            let found = MatRef::new(&found[..n * width], n, width).part(0..n, 0..samples.len());
            if let (Into::Replace, true) = (into, scale == F::of(1.0)) {
                let rows = out.borrow().split_rows(samples.start).1.split_rows(samples.len()).0;
                transpose(found, rows.split_cols(first).1);
                continue;
            }
            transpose(found, MatMut::new(&mut turned[..samples.len() * n], samples.len(), n));
            for (b, row) in samples.clone().zip(turned.chunks_exact(n)) {
                let out = &mut out.row_mut(b)[first..first + n];
                rows::put(out, into, scale, row);
            }
        }
    }
}

/// out_s += scale · ⟨g_o, x_i⟩ over one strip, so many registers wide.
fn all_dots<F: Float, E: Sixteen<F>>(
    out: &mut [F],
    scale: F,
    g: &[F],
    (x, registers): (&[E], usize),
    of: (&[u32], usize),
) {
    with_lanes!(F, kind => with_registers!(registers, [1, 2, 3, 4, 5, 6, 7, 8], V => dots::<F, E, _, V>(kind, out, scale, g, x, of)));
}

#[inline(always)]
fn dots<F: Float, E: Sixteen<F>, L: Lanes<F>, const V: usize>(
    _: Kind<L>,
    out: &mut [F],
    scale: F,
    g: &[F],
    x: &[E],
    (columns, fan_in): (&[u32], usize),
) {
    let (x, g) = (x.as_chunks::<V>().0, g.as_chunks::<LANES>().0.as_chunks::<V>().0);
    let neurons = out.chunks_exact_mut(fan_in).zip(columns.chunks_exact(fan_in));
    for ((out, columns), g) in neurons.zip(g) {
        let mut of_neuron = [L::splat(F::of(0.0)); V];
        for v in 0..V {
            of_neuron[v] = L::load(&g[v]);
        }
        for (out, columns) in out.chunks_mut(LANES).zip(columns.chunks(LANES)) {
            let mut sums = [L::splat(F::of(0.0)); LANES];
            for (sum, &column) in sums.iter_mut().zip(columns) {
                let row = &x[column as usize];
                for v in 0..V {
                    *sum = row[v].multiply_add(of_neuron[v], *sum);
                }
            }
            let mut totals = [F::of(0.0); LANES];
            totals_of(sums).store(&mut totals);
            out.iter_mut().zip(totals).for_each(|(out, total)| *out += scale * total);
        }
    }
}

/// The sum of each register, pair by pair.
#[inline(always)]
fn totals_of<F: Float, L: Lanes<F>>(registers: [L; LANES]) -> L {
    let (one, mut sums) = (L::splat(F::of(1.0)), L::transpose(registers));
    let mut n = LANES;
    while n > 1 {
        n /= 2;
        for i in 0..n {
            sums[i] = L::multiply_add(sums[i + n], one, sums[i]);
        }
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::product;
    use crate::simd::{InstructionSet, instruction_set};

    fn number<F: Float>(i: usize) -> F {
        F::of(((i * 2654435761) % 1009) as f64 / 504.5 - 1.0)
    }

    fn numbers<F: Float>(n: usize, from: usize) -> Vec<F> {
        (from..from + n).map(number).collect()
    }

    fn close<F: Float>(found: &[F], wanted: &[F], tolerance: f64) -> bool {
        found.len() == wanted.len()
            && found.iter().zip(wanted).all(|(a, b)| (a.to_f64() - b.to_f64()).abs() < tolerance)
    }

    /// Odd sizes and several planes, blocks or none, in both precisions: the products with the whole matrix.
    #[test]
    fn masked_products_are_the_full_ones() {
        fn check<F: Float>(tolerance: f64) {
            for (planes, rows, inputs, outputs, fan_in, block) in [
                (1, 1, 5, 3, 1, 1),
                (2, 100, 70, 131, 7, 1),
                (2, 100, 70, 130, 10, 5),
                (3, 129, 33, 200, 33, 1),
                (1, 300, 517, 64, 20, 1),
                (3, 7, 40, 33, 5, 1),
                (1, 1, 16, 16, 16, 16),
                (2, 100, 80, 144, 32, 16),
                (3, 129, 96, 192, 96, 48),
                (1, 300, 512, 64, 64, 64),
                (1, 37, 528, 304, 16, 16),
                (3, 7, 160, 480, 48, 16),
            ] {
                let mask = Mask::draw(outputs, inputs, fan_in, block, (3, 0));
                assert_eq!(mask.by_blocks(), block >= 16);
                let values: Vec<F> = numbers(mask.len(), 1);
                let mut whole = vec![F::of(9.0); outputs * inputs];
                mask.spread(&values, &mut whole);
                let mut back = vec![F::of(9.0); mask.len()];
                mask.gather(&whole, &mut back);
                assert!(back == values);
                let weight = MatRef::new(&whole, outputs, inputs);
                let n = planes * rows;
                let (x_values, g_values): (Vec<F>, Vec<F>) = (numbers(n * inputs, 5), numbers(n * outputs, 7));
                let (mut turned_x, mut turned_g) = (Turned::default(), Turned::default());
                let of_x = mask.input(&x_values, planes, &mut turned_x);
                let of_g = mask.gradient(&g_values, planes, &mut turned_g);
                let (x, g) = (MatRef::new(&x_values, n, inputs), MatRef::new(&g_values, n, outputs));

                let (mut found, mut wanted) = (vec![F::of(9.0); n * outputs], vec![F::of(0.0); n * outputs]);
                mask.times_transposed_all(MatMut::new(&mut found, n, outputs), of_x, &values);
                product(MatMut::new(&mut wanted, n, outputs), Into::Replace, F::of(1.0), x, weight.t());
                assert!(close(&found, &wanted, tolerance), "{planes} {rows} {inputs} {outputs} {fan_in}");

                for (into, scale) in [(Into::Add, -0.5), (Into::Replace, 1.0), (Into::Blend(0.25), 2.0)] {
                    let how = (into, F::of(scale));
                    let (mut found, mut wanted) = (vec![F::of(2.0); n * inputs], vec![F::of(2.0); n * inputs]);
                    mask.times_all(MatMut::new(&mut found, n, inputs), how, of_g, &values);
                    if let Operand::Turned(turned_g) = of_g {
                        let mut by_plane = vec![F::of(2.0); n * inputs];
                        for (plane, found) in by_plane.chunks_exact_mut(rows * inputs).enumerate() {
                            mask.times(MatMut::new(found, rows, inputs), how, (turned_g, plane), &values);
                        }
                        assert!(found == by_plane);
                    }
                    product(MatMut::new(&mut wanted, n, inputs), into, how.1, g, weight);
                    assert!(close(&found, &wanted, tolerance), "{planes} {rows} {inputs} {outputs} {fan_in} {into:?}");
                }

                let (mut found, mut full) = (vec![F::of(9.0); mask.len()], vec![F::of(0.0); outputs * inputs]);
                mask.outer_all(&mut found, of_g, of_x);
                product(MatMut::new(&mut full, outputs, inputs), Into::Replace, F::of(1.0), g.t(), x);
                let mut wanted = vec![F::of(0.0); mask.len()];
                mask.gather(&full, &mut wanted);
                assert!(close(&found, &wanted, tolerance), "{planes} {rows} {inputs} {outputs} {fan_in}");

                // One plane of x for all planes of g.
                let first = &x_values[..rows * inputs];
                let of_x = mask.input(first, 1, &mut turned_x);
                mask.outer_all(&mut found, of_g, of_x);
                full.fill(F::of(0.0));
                for plane in 0..planes {
                    let g = g.part(plane * rows..(plane + 1) * rows, 0..outputs);
                    let x = MatRef::new(first, rows, inputs);
                    product(MatMut::new(&mut full, outputs, inputs), Into::Add, F::of(1.0), g.t(), x);
                }
                mask.gather(&full, &mut wanted);
                assert!(close(&found, &wanted, tolerance), "{planes} {rows} {inputs} {outputs} {fan_in}");
            }
        }
        check::<f32>(3e-4);
        check::<f64>(1e-11);
    }

    /// Spikes as bits: every product has the bits that it has with the same spikes as numbers, odd sizes, several planes, also
    /// after another load; any other number is noticed, wherever it is.
    #[test]
    fn spikes_are_the_numbers_they_stand_for() {
        fn check<F: Float>() {
            for (planes, rows, inputs, outputs, fan_in) in
                [(1, 1, 5, 3, 1), (2, 100, 70, 131, 7), (3, 129, 33, 200, 33), (1, 300, 517, 64, 20), (3, 7, 40, 33, 5)]
            {
                let mask = Mask::draw(outputs, inputs, fan_in, 1, (3, 0));
                let (values, n): (Vec<F>, _) = (numbers(mask.len(), 1), planes * rows);
                let x: Vec<F> = numbers::<F>(n * inputs, 5).iter().map(|&x| F::of((x > F::of(0.4)).into())).collect();
                let g: Vec<F> = numbers(n * outputs, 7);
                let (mut as_numbers, mut as_spikes, mut turned_g) =
                    (Turned::default(), Turned::default(), Turned::default());
                as_numbers.load(&x, planes, inputs);
                as_spikes.load(&numbers(n * inputs, 9), planes, inputs);
                assert!(as_spikes.load_spikes(&x, planes, inputs) && as_spikes.holds_spikes);
                turned_g.load(&g, planes, outputs);
                let pairs: Vec<(usize, usize)> = (0..planes).map(|plane| (plane, planes - 1 - plane)).collect();
                let products = |x: &Turned<F>| {
                    let (mut y, mut of_pairs, mut dv) =
                        (vec![F::of(9.0); n * outputs], vec![F::of(9.0); n * outputs], vec![F::of(9.0); mask.len()]);
                    mask.times_transposed_all(MatMut::new(&mut y, n, outputs), Operand::Turned(x), &values);
                    mask.outer_all(&mut dv, Operand::Turned(&turned_g), Operand::Turned(x));
                    let mut both = Turned::default();
                    both.load_products(x, &pairs);
                    mask.times_transposed_all(MatMut::new(&mut of_pairs, n, outputs), Operand::Turned(&both), &values);
                    [y, dv, of_pairs]
                };
                assert!(products(&as_numbers) == products(&as_spikes), "{planes} {rows} {inputs} {outputs} {fan_in}");

                as_numbers.load_input(&x, planes, inputs);
                assert_eq!(as_numbers.holds_spikes, instruction_set() == InstructionSet::Avx512);
                for place in [0, x.len() / 2, x.len() - 1] {
                    for other in [0.5, -1.0, 2.0, f64::NAN] {
                        let mut x = x.clone();
                        x[place] = F::of(other);
                        assert!(!as_spikes.load_spikes(&x, planes, inputs), "{other} at {place}");
                        as_spikes.load_input(&x, planes, inputs);
                        assert!(!as_spikes.holds_spikes);
                    }
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }

    /// Every neuron has its synapses, no input twice; inputs are met evenly; another seed draws others.
    #[test]
    fn synapses_are_drawn_evenly() {
        let (outputs, inputs, fan_in) = (2000, 50, 5);
        let mask = Mask::draw(outputs, inputs, fan_in, 1, (1, 0));
        assert!(
            mask.columns.chunks(fan_in).all(|own| own.is_sorted_by(|a, b| a < b) && own[fan_in - 1] < inputs as u32)
        );
        for input in 0..inputs {
            let met = mask.starts[input + 1] - mask.starts[input];
            // Binomial, 2000 draws of probability 0.1: 200 ± 4 · 13.4.
            assert!(met.abs_diff(200) < 54, "{input} {met}");
        }
        assert_ne!(mask, Mask::draw(outputs, inputs, fan_in, 1, (2, 0)));
        assert_eq!(Mask::draw(3, 4, 4, 1, (9, 0)).columns, [0, 1, 2, 3].repeat(3));
        // The choices of blocks are those of as many neurons and inputs.
        let blocks = Mask::draw(outputs, 8 * inputs, 8 * fan_in, 8, (1, 0));
        let whole = |own: &[u32]| own.iter().flat_map(|&run| 8 * run..8 * (run + 1)).collect::<Vec<_>>();
        let choices = mask.columns.chunks(fan_in).flat_map(|own| std::iter::repeat_n(whole(own), 8)).take(outputs);
        assert!(blocks.columns.chunks(8 * fan_in).eq(choices));
    }

    /// Parts of a seed share no synapse until all are dealt, and are drawn as evenly as any.
    #[test]
    fn parts_share_nothing_while_inputs_last() {
        let (outputs, inputs, fan_in) = (6, 51, 6);
        let places = |part| Mask::draw(outputs, inputs, fan_in, 3, (3, part)).positions();
        for deal in 0..2 {
            let mut all: Vec<u32> = (0..8).flat_map(|part| places(8 * deal + part)).collect();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 8 * outputs * fan_in);
        }
        assert_ne!(places(0), places(8));
        assert!((8..16).any(|part| places(part).iter().any(|place| places(0).contains(place))));
    }

    /// The same bits on one, two and five threads.
    #[test]
    fn threads_change_no_bit() {
        let (rows, inputs, outputs) = (130, 704, 304);
        let (values, x, g): (Vec<f32>, Vec<f32>, Vec<f32>) =
            (numbers(outputs * 32, 0), numbers(rows * inputs, 3), numbers(rows * outputs, 4));
        let run = |block| {
            let mask = Mask::draw(outputs, inputs, 32, block, (3, 0));
            let (mut turned_x, mut turned_g) = (Turned::default(), Turned::default());
            let (x, g) = (mask.input(&x, 1, &mut turned_x), mask.gradient(&g, 1, &mut turned_g));
            let (mut y, mut dx, mut dw) = (vec![0.0; rows * outputs], vec![0.0; rows * inputs], vec![0.0; mask.len()]);
            mask.times_transposed_all(MatMut::new(&mut y, rows, outputs), x, &values);
            mask.times_all(MatMut::new(&mut dx, rows, inputs), (Into::Replace, 1.0), g, &values);
            mask.outer_all(&mut dw, g, x);
            (y, dx, dw)
        };
        for block in [1, 16] {
            let with = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(|| run(block));
            let one = with(1);
            assert!(one == with(2) && one == with(5));
        }
    }
}
