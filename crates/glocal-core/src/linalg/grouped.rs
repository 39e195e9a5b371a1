//! Products with a weight of few synapses whose neurons have the same inputs in groups: small dense products.
//!
//! Sixteen neurons of a group, with K inputs in common, meet sixteen samples at a time. Three products have one form, a sum of
//! numbers times registers: of a synapse's input in each sample and the neurons' weights, of a synapse's weights and the neurons'
//! gradients, of its input and the samples' gradients. Every sum runs in one order, whatever the width of registers and the cutting
//! into tasks.

use std::ops::Range;

use rayon::prelude::*;

use super::sparse::transpose;
use super::{Into, pieces};
use crate::rows;
use crate::scalar::Float;
use crate::simd::lanes::{Kind, LANES, Lanes, load_some, store_some, with_lanes, with_registers};
use crate::simd::{InstructionSet, instruction_set};
use crate::view::{MatMut, MatRef};

/// Times sixteen neurons whose weights one task packs, at least.
const LEAST_PACKED: usize = 16;

/// Which inputs each group has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Groups<'a> {
    /// Neurons of a group; the last one may have fewer.
    pub size: usize,
    pub inputs: usize,
    pub fan_in: usize,
    /// Inputs of each neuron, `[O,K]`.
    pub columns: &'a [u32],
}

impl<'a> Groups<'a> {
    fn outputs(&self) -> usize {
        self.columns.len() / self.fan_in
    }

    fn inputs_of(&self, neuron: usize) -> &'a [u32] {
        &self.columns[neuron * self.fan_in..][..self.fan_in]
    }

    /// Neurons of each group, and their inputs.
    pub fn all(self) -> impl Iterator<Item = (Range<usize>, &'a [u32])> {
        let firsts = (0..self.outputs()).step_by(self.size);
        firsts.map(move |first| (first..(first + self.size).min(self.outputs()), self.inputs_of(first)))
    }

    /// As [`Groups::all`], sixteen neurons of a group at a time, or what is left of it.
    fn sixteens(self) -> Vec<(Range<usize>, &'a [u32])> {
        let of_group = |(neurons, columns): (Range<usize>, &'a [u32])| {
            let end = neurons.end;
            neurons.step_by(LANES).map(move |first| (first..(first + LANES).min(end), columns))
        };
        self.all().flat_map(of_group).collect()
    }

    /// Weights `[O,K]` by synapse: a register for each of K, of each sixteen neurons; zeros fill up.
    fn packed<F: Float>(&self, sixteens: &[(Range<usize>, &[u32])], values: &[F]) -> Vec<[F; LANES]> {
        let mut packed = vec![[F::of(0.0); LANES]; sixteens.len() * self.fan_in];
        packed.par_chunks_exact_mut(self.fan_in).zip(sixteens).with_min_len(LEAST_PACKED).for_each(
            |(packed, (neurons, _))| {
                let own = &values[neurons.start * self.fan_in..neurons.end * self.fan_in];
                let packed = MatMut::new(packed.as_flattened_mut(), self.fan_in, LANES);
                transpose(MatRef::new(own, neurons.len(), self.fan_in), packed);
            },
        );
        packed
    }
}

/// Turns up to sixteen rows about just before they are multiplied, so that they are in a near cache.
fn turn<F: Float>(rows: &[F], turned: &mut [[F; LANES]]) {
    let rows = MatRef::new(rows, rows.len() / turned.len(), turned.len());
    if rows.rows() < LANES {
        turned.as_flattened_mut().fill(F::of(0.0));
    }
    transpose(rows, MatMut::new(turned.as_flattened_mut(), rows.cols(), LANES));
}

/// out = x Vᵀ.
///
/// # Shapes
/// out `[n, O]`, x `[n, I]`, V `[O, I]` as `values` `[O, K]`.
pub(super) fn times_transposed<F: Float>(groups: Groups<'_>, out: MatMut<'_, F>, x: &[F], values: &[F]) {
    assert_eq!((x.len(), out.cols()), (out.rows() * groups.inputs, groups.outputs()));
    let sixteens = groups.sixteens();
    let packed = groups.packed(&sixteens, values);
    let turned = || vec![[F::of(0.0); LANES]; groups.inputs];
    let strips = pieces(out, true, LANES).into_par_iter().zip(x.par_chunks(LANES * groups.inputs));
    strips.for_each_init(turned, |turned, (out, x)| {
        turn(x, turned);
        // Sums of as many samples as leave registers for operands.
        let samples = if instruction_set() == InstructionSet::Avx512 { LANES } else { LANES / 4 };
        with_lanes!(F, kind => with_registers!(samples, [4, 16], R => {
            products::<F, _, R>(kind, out, turned, &sixteens, &packed);
        }));
    });
}

#[inline(always)]
fn products<F: Float, L: Lanes<F>, const R: usize>(
    _: Kind<L>,
    mut out: MatMut<'_, F>,
    x: &[[F; LANES]],
    sixteens: &[(Range<usize>, &[u32])],
    packed: &[[F; LANES]],
) {
    for ((neurons, columns), weights) in sixteens.iter().zip(packed.chunks_exact(packed.len() / sixteens.len())) {
        for first in (0..out.rows()).step_by(R) {
            let mut sums = [L::splat(F::of(0.0)); R];
            for (weights, &column) in weights.iter().zip(*columns) {
                let (weights, x) = (L::load(weights), &x[column as usize]);
                let x = &x.as_chunks::<R>().0[first / R];
                for r in 0..R {
                    sums[r] = L::multiply_add(L::splat(x[r]), weights, sums[r]);
                }
            }
            for (r, sum) in sums.iter().enumerate().take(out.rows() - first) {
                store_some(*sum, &mut out.row_mut(first + r)[neurons.clone()]);
            }
        }
    }
}

/// out (+)= scale · g V.
///
/// # Shapes
/// out `[n, I]`, g `[n, O]`, V `[O, I]` as `values` `[O, K]`.
pub(super) fn times<F: Float>(groups: Groups<'_>, out: MatMut<'_, F>, (into, scale): (Into, F), g: &[F], values: &[F]) {
    assert_eq!((g.len(), out.cols()), (out.rows() * groups.outputs(), groups.inputs));
    let sixteens = groups.sixteens();
    let packed = groups.packed(&sixteens, values);
    let scratch = || [groups.outputs(), groups.inputs].map(|n| vec![[F::of(0.0); LANES]; n]);
    let strips = pieces(out, true, LANES).into_par_iter().zip(g.par_chunks(LANES * groups.outputs()));
    strips.for_each_init(scratch, |[turned, sums], (mut out, g)| {
        turn(g, turned);
        sums.as_flattened_mut().fill(F::of(0.0));
        with_lanes!(F, kind => add_spread(kind, sums, turned, &sixteens, &packed));
        let (n, sums) = (out.rows(), MatRef::new(sums.as_flattened(), groups.inputs, LANES));
        let sums = sums.part(0..groups.inputs, 0..n);
        if let (Into::Replace, true) = (into, scale == F::of(1.0)) {
            return transpose(sums, out);
        }
        let mut found = vec![F::of(0.0); n * groups.inputs];
        transpose(sums, MatMut::new(&mut found, n, groups.inputs));
        for (row, sums) in found.chunks_exact(groups.inputs).enumerate() {
            rows::put(out.row_mut(row), into, scale, sums);
        }
    });
}

#[inline(always)]
fn add_spread<F: Float, L: Lanes<F>>(
    _: Kind<L>,
    sums: &mut [[F; LANES]],
    g: &[[F; LANES]],
    sixteens: &[(Range<usize>, &[u32])],
    packed: &[[F; LANES]],
) {
    for ((neurons, columns), weights) in sixteens.iter().zip(packed.chunks_exact(packed.len() / sixteens.len())) {
        let mut gradients = [L::splat(F::of(0.0)); LANES];
        for (gradient, g) in gradients.iter_mut().zip(&g[neurons.clone()]) {
            *gradient = L::load(g);
        }
        add_sums(columns.iter().map(|&column| column as usize), sums, weights.iter(), gradients);
    }
}

/// To each sum that is named a number times each register, of sixteen.
#[inline(always)]
fn add_sums<'a, F: Float, L: Lanes<F>>(
    places: impl Iterator<Item = usize>,
    sums: &mut [[F; LANES]],
    numbers: impl Iterator<Item = &'a [F; LANES]>,
    registers: [L; LANES],
) {
    for (place, numbers) in places.zip(numbers) {
        let sum = &mut sums[place];
        // Two sums, as one would wait for each product.
        let (mut even, mut odd) = (L::load(sum), L::splat(F::of(0.0)));
        for i in 0..LANES / 2 {
            even = L::multiply_add(L::splat(numbers[2 * i]), registers[2 * i], even);
            odd = L::multiply_add(L::splat(numbers[2 * i + 1]), registers[2 * i + 1], odd);
        }
        L::multiply_add(odd, L::splat(F::of(1.0)), even).store(sum);
    }
}

/// out = Σ over planes of gᵀ x at the synapses; a plane of `g` for each of `x`, or all for the one of `x`.
///
/// # Shapes
/// out `[O, K]`, g `[planes·B, O]`, x `[planes·B or B, I]`.
pub(super) fn outer<F: Float>(groups: Groups<'_>, out: &mut [F], g: &[F], x: &[F]) {
    let (outputs, k) = (groups.outputs(), groups.fan_in);
    let rows = x.len() / groups.inputs;
    assert!(x.len() == rows * groups.inputs && g.len().is_multiple_of(rows * outputs));
    let sixteens = groups.sixteens();
    let mut sums = vec![[F::of(0.0); LANES]; sixteens.len() * k];
    // A task for each thread, as each reads all samples; sums do not depend on it.
    let at_once = sixteens.len().div_ceil(rayon::current_num_threads());
    let mut rest = out;
    let mut tasks = Vec::new();
    for (sums, sixteens) in sums.chunks_mut(at_once * k).zip(sixteens.chunks(at_once)) {
        let neurons: usize = sixteens.iter().map(|(neurons, _)| neurons.len()).sum();
        let out;
        (out, rest) = rest.split_at_mut(neurons * k);
        tasks.push((out, sums, sixteens));
    }
    tasks.into_par_iter().for_each(|(mut out, sums, sixteens)| {
        let mut turned = vec![[F::of(0.0); LANES]; groups.inputs];
        for g in g.chunks_exact(rows * outputs) {
            for (g, x) in g.chunks(LANES * outputs).zip(x.chunks(LANES * groups.inputs)) {
                turn(x, &mut turned);
                with_lanes!(F, kind => add_outer(kind, sums, (g, outputs), &turned, sixteens));
            }
        }
        for ((neurons, _), sums) in sixteens.iter().zip(sums.chunks_exact(k)) {
            let own;
            (own, out) = out.split_at_mut(neurons.len() * k);
            let sums = MatRef::new(sums.as_flattened(), k, LANES).part(0..k, 0..neurons.len());
            transpose(sums, MatMut::new(own, neurons.len(), k));
        }
    });
}

#[inline(always)]
fn add_outer<F: Float, L: Lanes<F>>(
    _: Kind<L>,
    sums: &mut [[F; LANES]],
    (g, outputs): (&[F], usize),
    x: &[[F; LANES]],
    sixteens: &[(Range<usize>, &[u32])],
) {
    let mut first = 0;
    for (neurons, columns) in sixteens {
        let mut gradients = [L::splat(F::of(0.0)); LANES];
        for (gradient, g) in gradients.iter_mut().zip(g.chunks_exact(outputs)) {
            *gradient = load_some(&g[neurons.clone()]);
        }
        let places = first..first + columns.len();
        add_sums(places, sums, columns.iter().map(|&column| &x[column as usize]), gradients);
        first += columns.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::lanes::Plain;

    /// Blocks of four samples, as on machines with narrower registers, and of sixteen: the same bits, odd sizes.
    #[test]
    fn blocks_of_samples_change_no_bit() {
        let (rows, inputs, outputs, fan_in, size) = (13, 29, 37, 5, 20);
        let columns: Vec<u32> =
            (0..outputs).flat_map(|neuron| (0..fan_in).map(move |k| (neuron / size * 3 + k * 5) as u32)).collect();
        let groups = Groups { size, inputs, fan_in, columns: &columns };
        let numbers =
            |n: usize, salt: usize| (0..n).map(|i| ((i * 31 + salt) % 17) as f32 / 8.0 - 1.0).collect::<Vec<_>>();
        let (x, values) = (numbers(rows * inputs, 1), numbers(outputs * fan_in, 5));
        let sixteens = groups.sixteens();
        let packed = groups.packed(&sixteens, &values);
        let mut turned = vec![[9.0; LANES]; inputs];
        turn(&x, &mut turned);
        let mut found = [vec![9.0f32; rows * outputs], vec![8.0f32; rows * outputs]];
        let [four, sixteen] = &mut found;
        let kind = Kind::<Plain<f32>>::NEW;
        products::<_, _, 4>(kind, MatMut::new(four, rows, outputs), &turned, &sixteens, &packed);
        products::<_, _, 16>(kind, MatMut::new(sixteen, rows, outputs), &turned, &sixteens, &packed);
        assert_eq!(four, sixteen);
        for (b, o) in [(0, 0), (12, 36), (7, 19), (7, 20)] {
            let wanted: f32 =
                (0..fan_in).map(|k| x[b * inputs + columns[o * fan_in + k] as usize] * values[o * fan_in + k]).sum();
            assert!((four[b * outputs + o] - wanted).abs() < 1e-5);
        }
    }
}
