//! The backward pass of a convolution layer: neurons band by band, then normalisation, then weights and inputs map by map.

use rayon::prelude::*;

use super::band::{Runner, Trajectory};
use super::forward::Samples;
use super::norm::{Affine, Sums};
use super::pool::pool_rows_adjoint;
use super::{Map, MapTape};
use crate::convolution::Packed;
use crate::layer::tape::{clear, fit, sample_strips};
use crate::layer::{Layer, OutputGradients, Pass};
use crate::neuron::{MOST_STATES, NeuronAdjointRow};
use crate::params::LayerArrays;
use crate::rows;
use crate::scalar::Float;
use crate::simd::vectorised;
use crate::view::{Rect, Tile, tiles};

impl<F: Float> Layer<F> {
    /// Backward pass after [`Layer::forward_map`] with the same `pass`: fills `gradients`, and writes the gradient of a
    /// series input to `input_gradient`, `[T,B,I]`.
    pub(in crate::layer) fn backward_map(
        &self,
        map: &Map,
        pass: &Pass<'_, F>,
        from: OutputGradients<'_, F>,
        tape: &mut MapTape<F>,
        gradients: &mut LayerArrays<F>,
        mut input_gradient: Option<&mut Vec<F>>,
    ) {
        let samples = Samples::new(pass);
        let (n, planes, inputs) = (map.neurons(), samples.planes, map.geometry.inputs());
        fit(&mut tape.gradient, pass.batch * planes * n);
        let lanes = tape.weight.lanes();
        let mut adjoint_weight = std::mem::replace(&mut tape.adjoint_weight, Packed::zeros(0, 0));
        if let Some(input) = &mut input_gradient {
            fit(input, planes * pass.batch * inputs);
            adjoint_weight.adjoint(&pass.params.weight, &map.geometry, lanes);
        }
        let rects = sample_strips(pass.batch, inputs);
        let (affine, coupled) = (&tape.affine, !tape.moments.is_empty());
        let runner = self.runner(map, pass, planes, affine);
        let neurons = Neurons {
            runner: &runner,
            affine,
            output: &tape.output,
            output_gradient: from.output.unwrap_or(&[]),
            batch: pass.batch,
            coupled,
        };
        let maps = Maps { map, samples, weight: &adjoint_weight, lanes };
        let strip = rects[0].rows.len() * planes * n;
        let tasks = |gradient| cut(gradient, strip, input_gradient, (pass.batch, inputs), &rects);
        let product = &tape.product;
        let of_sample = |b: usize| &product[b * planes * n..][..planes * n];
        let (sums, weights): (Vec<Sums<F>>, Vec<Packed<F>>) = if coupled {
            let of_strip = |(gradient, rect): (&mut [F], &Rect)| neurons.adjoint(gradient, rect, of_sample);
            let sums: Vec<Sums<F>> = tape.gradient.par_chunks_mut(strip).zip(rects.par_iter()).map(of_strip).collect();
            let through = Through::new(&runner, affine, &total(&sums), pass.batch * n / map.geometry.outputs);
            let weights = tasks(&mut tape.gradient)
                .into_par_iter()
                .map(|(gradient, rect, input)| {
                    for (row, gradient) in gradient.chunks_exact_mut(planes * n).enumerate() {
                        through.adjoint(&runner, affine, of_sample(rect.rows.start + row), gradient);
                    }
                    maps.adjoint(gradient, rect, input)
                })
                .collect();
            (sums, weights)
        } else {
            tasks(&mut tape.gradient)
                .into_par_iter()
                .map(|(gradient, rect, input)| {
                    let sums = neurons.adjoint(gradient, rect, of_sample);
                    (sums, maps.adjoint(gradient, rect, input))
                })
                .unzip()
        };
        tape.adjoint_weight = adjoint_weight;
        self.finish(map, &total(&sums), weights, gradients);
    }

    fn finish(&self, map: &Map, sums: &Sums<F>, weights: Vec<Packed<F>>, gradients: &mut LayerArrays<F>) {
        fit(&mut gradients.weight, map.geometry.outputs * map.geometry.taps());
        Packed::total(weights).write_to(&mut gradients.weight);
        if let Some(norm) = map.norm {
            clear(&mut gradients.norm_scale, map.geometry.outputs);
            clear(&mut gradients.norm_shift, map.geometry.outputs);
            norm.add_gradients(self.threshold(), sums, gradients);
        } else if !gradients.bias.is_empty() {
            gradients.bias.copy_from_slice(&sums.gradient);
        }
    }
}

/// One strip of samples: gradient of its currents, and of its inputs where that is wanted.
type Task<'a, F> = (&'a mut [F], &'a Rect, Option<Tile<'a, F>>);

fn cut<'a, F: Float>(
    gradient: &'a mut [F],
    strip: usize,
    input: Option<&'a mut Vec<F>>,
    (batch, inputs): (usize, usize),
    rects: &'a [Rect],
) -> Vec<Task<'a, F>> {
    let inputs: Vec<Option<Tile<'a, F>>> = match input {
        Some(input) => tiles(input, batch, inputs, rects).into_iter().map(Some).collect(),
        None => rects.iter().map(|_| None).collect(),
    };
    gradient.chunks_mut(strip).zip(rects).zip(inputs).map(|((gradient, rect), input)| (gradient, rect, input)).collect()
}

fn total<F: Float>(parts: &[Sums<F>]) -> Sums<F> {
    let mut total = parts[0].clone();
    for part in &parts[1..] {
        rows::add_scaled(&mut total.gradient, F::of(1.0), &part.gradient);
        rows::add_scaled(&mut total.product, F::of(1.0), &part.product);
    }
    total
}

/// The adjoint of neurons and pooling.
struct Neurons<'a, F> {
    runner: &'a Runner<'a, F>,
    affine: &'a Affine<F>,
    /// Pooled spikes and their gradient, `[T,B,P]`; no gradient: zero.
    output: &'a [F],
    output_gradient: &'a [F],
    batch: usize,
    /// Whether the statistics of the batch depend on y: the gradient of I is left then, else that of y.
    coupled: bool,
}

/// Buffers of one task.
struct Scratch<F> {
    trajectory: Trajectory<F>,
    spikes: Vec<F>,
    zeros: Vec<F>,
    current: Vec<F>,
    state: Vec<F>,
}

impl<F: Float> Neurons<'_, F> {
    /// Fills the gradient of a strip of samples; gives the sums over it.
    fn adjoint<'y>(&self, gradient: &mut [F], rect: &Rect, product: impl Fn(usize) -> &'y [F]) -> Sums<F>
    where
        F: 'y,
    {
        let (runner, map) = (self.runner, self.runner.map);
        let (len, sample) = (map.band_values(), runner.planes * map.neurons());
        let zeros = |n: usize| vec![F::of(0.0); n];
        let mut scratch = Scratch {
            trajectory: runner.trajectory(true),
            spikes: zeros(len),
            zeros: zeros(len),
            current: zeros(len),
            state: zeros(len * runner.neuron.states()),
        };
        let normalises = if map.norm.is_some() { self.affine.groups * len } else { 0 };
        let mut sums = Sums { gradient: zeros(self.affine.groups * len), product: zeros(normalises) };
        for (row, gradient) in gradient.chunks_exact_mut(sample).enumerate() {
            let b = rect.rows.start + row;
            for band in map.bands() {
                self.band(b, &band, product(b), gradient, &mut sums, &mut scratch);
            }
        }
        self.fold(sums)
    }

    /// From sums over the places of a band to sums over channels.
    fn fold(&self, sums: Sums<F>) -> Sums<F> {
        let (len, channels) = (self.runner.map.band_values(), self.runner.map.geometry.outputs);
        let fold = |values: Vec<F>| {
            let mut folded = Vec::with_capacity(self.affine.groups * channels);
            for group in values.chunks_exact(len) {
                let mut sum = vec![F::of(0.0); channels];
                group.chunks_exact(channels).for_each(|place| rows::add_scaled(&mut sum, F::of(1.0), place));
                folded.extend(sum);
            }
            folded
        };
        Sums { gradient: fold(sums.gradient), product: fold(sums.product) }
    }

    fn band(
        &self,
        b: usize,
        band: &std::ops::Range<usize>,
        product: &[F],
        gradient: &mut [F],
        sums: &mut Sums<F>,
        scratch: &mut Scratch<F>,
    ) {
        let (runner, map, len) = (self.runner, self.runner.map, band.len());
        let part = map.pooled_part(band);
        let place = |t: usize| if runner.planes == 1 { 0 } else { t * map.neurons() };
        if part.is_empty() || self.output_gradient.is_empty() {
            return (0..runner.planes).for_each(|t| gradient[place(t)..][band.clone()].fill(F::of(0.0)));
        }
        let Scratch { trajectory, spikes, zeros, current, state } = scratch;
        runner.run(self.affine, product, band, &[], trajectory, |_, _| {});
        let states = runner.neuron.states();
        let state = &mut state[..states * len];
        state.fill(F::of(0.0));
        let pooled = map.outputs();
        for t in (0..runner.steps).rev() {
            let at = (t * self.batch + b) * pooled;
            let given = &self.output_gradient[at + part.start..at + part.end];
            let output_gradient = match map.pool {
                None => given,
                Some(pool) => {
                    let top = &self.output[at + part.start..at + part.end];
                    pool_rows_adjoint(pool, trajectory.spikes(t), map.band_shape(), top, given, &mut spikes[..len]);
                    &spikes[..len]
                }
            };
            let mut before: [&[F]; MOST_STATES] = [&[]; MOST_STATES];
            before.iter_mut().enumerate().take(states).for_each(|(k, slot)| *slot = trajectory.state(t, k));
            let into = &mut gradient[place(t)..][band.clone()];
            // The gradient of I as it is, one plane for each step: written where it is kept.
            let kept = map.norm.is_none() && runner.planes > 1;
            runner.neuron.backward(
                runner.smooth,
                NeuronAdjointRow {
                    current: trajectory.current(t),
                    state: &before[..states],
                    state_gradient: state,
                    membrane_potential_gradient: &zeros[..len],
                    output_gradient,
                    current_gradient: if kept { &mut *into } else { &mut current[..len] },
                },
            );
            if kept {
                rows::add_scaled(&mut sums.gradient[..len], F::of(1.0), into);
                continue;
            }
            let (group, first) = (self.affine.group(t), runner.planes > 1 || t + 1 == runner.steps);
            let current = &current[..len];
            if runner.steady() {
                // Sums over steps come first.
                if first { into.copy_from_slice(current) } else { rows::add_scaled(into, F::of(1.0), current) }
            } else {
                self.leave(group, current, runner.product(product, t, band), first, into, sums);
            }
        }
        if runner.steady() {
            let (into, summed) = (&mut gradient[band.clone()], &mut current[..len]);
            summed.copy_from_slice(into);
            self.leave(0, summed, &product[band.clone()], true, into, sums);
        }
    }

    /// Adds a gradient of I to the sums, and writes it, or adds it, where it is kept.
    fn leave(&self, group: usize, current: &[F], y: &[F], first: bool, into: &mut [F], sums: &mut Sums<F>) {
        let (rows, len) = (&self.runner.rows, current.len());
        let of_group = |values: &[F]| group * (values.len() / self.affine.groups);
        let start = of_group(&sums.gradient);
        rows::add_scaled(&mut sums.gradient[start..start + len], F::of(1.0), current);
        if self.runner.map.norm.is_some() {
            let (mean, inverse) = (rows.of(&rows.mean, group, len), rows.of(&rows.inverse_deviation, group, len));
            let start = of_group(&sums.product);
            add_normalised(&mut sums.product[start..start + len], current, y, mean, inverse);
        }
        match (self.runner.map.norm.is_some() && !self.coupled, first) {
            (true, true) => rows::product(into, current, rows.of(&rows.scale, group, len)),
            (true, false) => rows::add_product(into, current, rows.of(&rows.scale, group, len)),
            (false, true) => into.copy_from_slice(current),
            (false, false) => rows::add_scaled(into, F::of(1.0), current),
        }
    }
}

/// sum += gradient ∘ (y - mean) ∘ inverse deviation.
fn add_normalised<F: Float>(sum: &mut [F], gradient: &[F], y: &[F], mean: &[F], inverse: &[F]) {
    vectorised(
        #[inline(always)]
        || {
            let n = sum.len();
            let (gradient, y, mean, inverse) = (&gradient[..n], &y[..n], &mean[..n], &inverse[..n]);
            for i in 0..n {
                sum[i] += gradient[i] * ((y[i] - mean[i]) * inverse[i]);
            }
        },
    )
}

/// The adjoint of a normalisation by the batch's own statistics.
///
/// # Equation
/// dy = scale (dI - mean(dI) - ŷ mean(dI ŷ)), means over what the statistics are over. With a constant input dI stands
/// for Σ_t dI_t, and its means are over samples and places.
struct Through<F> {
    /// -scale · mean(dI), and -scale · mean(dI ŷ)/√(variance + ε); repeated over a band, `[groups, band]`.
    constant: Vec<F>,
    slope: Vec<F>,
}

impl<F: Float> Through<F> {
    /// `places`: values of one channel in one step of the batch.
    fn new(runner: &Runner<'_, F>, affine: &Affine<F>, sums: &Sums<F>, places: usize) -> Self {
        let outputs = runner.map.geometry.outputs;
        let count = F::of((places * runner.planes / affine.groups) as f64);
        let repeat = |of: &dyn Fn(usize) -> F| {
            let values: Vec<F> = (0..affine.scale.len()).map(of).collect();
            values.chunks_exact(outputs).flat_map(|row| row.repeat(runner.rows.len / outputs)).collect()
        };
        Through {
            constant: repeat(&|i| -(affine.scale[i] * sums.gradient[i] / count)),
            slope: repeat(&|i| -(affine.scale[i] * affine.inverse_deviation[i] * sums.product[i] / count)),
        }
    }

    /// From the gradient of I of one sample to that of y, in place.
    fn adjoint(&self, runner: &Runner<'_, F>, affine: &Affine<F>, product: &[F], gradient: &mut [F]) {
        let (n, rows) = (runner.map.neurons(), &runner.rows);
        for plane in 0..runner.planes {
            let group = affine.group(plane);
            for band in runner.map.bands() {
                let len = band.len();
                let of = |values| rows.of(values, group, len);
                let range = plane * n + band.start..plane * n + band.end;
                let (y, out) = (&product[range.clone()], &mut gradient[range]);
                let (scale, mean) = (of(&rows.scale), of(&rows.mean));
                let (constant, slope) = (of(&self.constant), of(&self.slope));
                vectorised(
                    #[inline(always)]
                    || {
                        for i in 0..len {
                            out[i] = scale[i] * out[i] + constant[i] + slope[i] * (y[i] - mean[i]);
                        }
                    },
                )
            }
        }
    }
}

/// The adjoint of the convolution.
struct Maps<'a, F> {
    map: &'a Map,
    samples: Samples<'a, F>,
    weight: &'a Packed<F>,
    lanes: usize,
}

impl<F: Float> Maps<'_, F> {
    /// The weight gradient of a strip of samples from that of its currents; fills that of its inputs.
    fn adjoint(&self, gradient: &[F], rect: &Rect, mut input: Option<Tile<'_, F>>) -> Packed<F> {
        let (geometry, n, lanes) = (&self.map.geometry, self.map.neurons(), self.lanes);
        let (planes, at_once, size) = (self.samples.planes, geometry.maps_at_once(), geometry.spreaded(lanes));
        let mut padded = self.map.padded(at_once);
        let mut spread = vec![F::of(0.0); at_once * size];
        let together = if at_once > 1 && input.is_some() { at_once * geometry.inputs() } else { 0 };
        let mut inputs = vec![F::of(0.0); together];
        let mut weight = Packed::zeros(geometry.taps(), geometry.outputs);
        for (group, gradient) in gradient.chunks(at_once * n).enumerate() {
            let (first, maps) = (group * at_once, gradient.len() / n);
            let (padded, spread) = (&mut padded[..maps * geometry.padded()], &mut spread[..maps * size]);
            self.samples.pad(self.map, rect.rows.start * planes + first, padded);
            for (gradient, spread) in gradient.chunks_exact(n).zip(spread.chunks_exact_mut(size)) {
                geometry.spread(gradient, lanes, spread);
            }
            geometry.weight_gradient(padded, spread, lanes, &mut weight);
            match &mut input {
                None => {}
                Some(input) if together == 0 => {
                    geometry.backward(spread, lanes, self.weight, input.row_mut(first % planes, first / planes));
                }
                Some(input) => {
                    let inputs = &mut inputs[..maps * geometry.inputs()];
                    geometry.backward(spread, lanes, self.weight, inputs);
                    for (number, of_map) in (first..).zip(inputs.chunks_exact(geometry.inputs())) {
                        input.row_mut(number % planes, number / planes).copy_from_slice(of_map);
                    }
                }
            }
        }
        weight
    }
}
