//! The forward pass of a convolution layer.

use rayon::prelude::*;

use super::band::{Runner, Trajectory};
use super::norm::{self, Affine, Moments};
use super::pool::pool_rows;
use super::{Map, MapTape};
use crate::convolution::Packed;
use crate::layer::tape::{fit, sample_strips};
use crate::layer::{Layer, Pass};
use crate::network::Input;
use crate::params::LayerArrays;
use crate::rows;
use crate::scalar::Float;
use crate::view::{Rect, Tile, tiles};

/// A layer's input, sample by sample.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a, F> {
    values: &'a [F],
    pub planes: usize,
    batch: usize,
}

impl<'a, F: Float> Samples<'a, F> {
    pub fn new(pass: &Pass<'a, F>) -> Self {
        let (values, planes) = match pass.input {
            Input::Constant(values) => (values, 1),
            Input::Series(values) => (values, pass.phase.len()),
        };
        Samples { values, planes, batch: pass.batch }
    }

    /// Sample `b` at plane `plane`.
    pub fn map(&self, plane: usize, b: usize) -> &'a [F] {
        let len = self.values.len() / (self.planes * self.batch);
        &self.values[(plane * self.batch + b) * len..][..len]
    }

    /// Puts maps number `first`, `first + 1`, ... inside zero borders, as many as `padded` has room for; the planes of a sample
    /// follow each other.
    pub fn pad(&self, map: &Map, first: usize, padded: &mut [F]) {
        for (number, padded) in (first..).zip(padded.chunks_exact_mut(map.geometry.padded())) {
            map.geometry.pad(self.map(number % self.planes, number / self.planes), map.order, padded);
        }
    }

    /// Currents of maps number `first`, ... `padded`: room for [`Geometry::maps_at_once`] of them inside borders.
    ///
    /// [`Geometry::maps_at_once`]: crate::convolution::Geometry::maps_at_once
    fn convolve(&self, map: &Map, weight: &Packed<F>, first: usize, padded: &mut [F], product: &mut [F]) {
        let (size, n) = (map.geometry.padded(), map.neurons());
        let at_once = padded.len() / size;
        for (group, product) in product.chunks_mut(at_once * n).enumerate() {
            let padded = &mut padded[..product.len() / n * size];
            self.pad(map, first + group * at_once, padded);
            map.geometry.forward(padded, weight, product);
        }
    }
}

impl<F: Float> Layer<F> {
    /// Runs the whole scan of a convolution layer.
    pub(in crate::layer) fn forward_map(&self, map: &Map, pass: &Pass<'_, F>, tape: &mut MapTape<F>) {
        let samples = Samples::new(pass);
        let (steps, n) = (pass.phase.len(), map.neurons());
        fit(&mut tape.product, pass.batch * samples.planes * n);
        fit(&mut tape.output, steps * pass.batch * map.outputs());
        let states = if pass.continues { self.neuron.states() * pass.batch * n } else { 0 };
        fit(&mut tape.last_state, states);
        tape.weight.forward(&pass.params.weight, map.geometry.outputs);
        tape.moments.clear();
        let whole = map.norm.filter(|_| pass.training);
        if let Some(norm) = whole {
            tape.moments = convolve_all(map, &samples, tape);
            tape.affine = Affine::of_moments(norm, self.threshold(), pass.params, &tape.moments);
        } else {
            tape.affine = self.resting_affine(map, pass);
        }
        self.run_all(map, pass, &samples, whole.is_none(), tape);
    }

    /// Without statistics of the batch.
    fn resting_affine(&self, map: &Map, pass: &Pass<'_, F>) -> Affine<F> {
        let steps = pass.start..pass.start + pass.phase.len();
        match map.norm {
            Some(norm) => Affine::of_running(norm, self.threshold(), pass.params, steps),
            None => Affine::of_bias(&pass.params.bias, map.geometry.outputs),
        }
    }

    pub(super) fn runner<'a>(
        &'a self,
        map: &'a Map,
        pass: &Pass<'_, F>,
        planes: usize,
        affine: &Affine<F>,
    ) -> Runner<'a, F> {
        Runner::new(map, &*self.neuron, pass.smooth, (pass.phase.len(), planes), affine)
    }

    /// Neurons of all samples; before them, where `convolves`, their currents.
    fn run_all(&self, map: &Map, pass: &Pass<'_, F>, samples: &Samples<'_, F>, convolves: bool, tape: &mut MapTape<F>) {
        let (n, planes) = (map.neurons(), samples.planes);
        let rects = sample_strips(pass.batch, map.outputs());
        let state_rects: Vec<Rect> = rects.iter().map(|r| Rect { rows: r.rows.clone(), cols: 0..n }).collect();
        let (affine, weight) = (&tape.affine, &tape.weight);
        let runner = self.runner(map, pass, planes, affine);
        let outputs = tiles(&mut tape.output, pass.batch, map.outputs(), &rects);
        let states = if tape.last_state.is_empty() {
            rects.iter().map(|_| None).collect()
        } else {
            tiles(&mut tape.last_state, pass.batch, n, &state_rects).into_iter().map(Some).collect::<Vec<_>>()
        };
        let strip = rects[0].rows.len() * planes * n;
        let maps_at_once = map.geometry.maps_at_once();
        let samples_at_once = (maps_at_once / planes).max(1);
        let finite: Vec<bool> = tape
            .product
            .par_chunks_mut(strip)
            .zip(rects.par_iter())
            .zip(outputs)
            .zip(states)
            .map(|(((product, rect), mut output), mut states)| {
                let mut trajectory = runner.trajectory(false);
                let mut padded = map.padded(if convolves { maps_at_once } else { 0 });
                let mut finite = true;
                for (group, product) in product.chunks_mut(samples_at_once * planes * n).enumerate() {
                    let first = group * samples_at_once;
                    if convolves {
                        samples.convolve(map, weight, (rect.rows.start + first) * planes, &mut padded, product);
                    }
                    for (row, product) in (first..).zip(product.chunks_exact(planes * n)) {
                        let b = rect.rows.start + row;
                        let carried = pass.carried.map_or(&[][..], |c| &c.state);
                        let mut sample =
                            Sample { b, row, batch: pass.batch, carried, output: &mut output, states: states.as_mut() };
                        finite &= sample.run(&runner, affine, product, &mut trajectory);
                    }
                }
                finite
            })
            .collect();
        tape.finite = finite.into_iter().all(|yes| yes);
    }

    /// Lets the running statistics of a normalisation follow those of the last pass that learned.
    pub(crate) fn follow_statistics(&self, tape: &MapTape<F>, params: &mut LayerArrays<F>) {
        if !tape.moments.is_empty() {
            norm::follow(params, &tape.moments);
        }
    }
}

/// Currents of all samples; gives the statistics of each group of steps.
fn convolve_all<F: Float>(map: &Map, samples: &Samples<'_, F>, tape: &mut MapTape<F>) -> Vec<Moments> {
    let (n, planes) = (map.neurons(), samples.planes);
    let rects = sample_strips(samples.batch, n);
    let groups = if map.normalises_steps() { planes } else { 1 };
    let (weight, at_once) = (&tape.weight, map.geometry.maps_at_once());
    let parts: Vec<Vec<Moments>> = tape
        .product
        .par_chunks_mut(rects[0].rows.len() * planes * n)
        .zip(rects.par_iter())
        .map(|(product, rect)| {
            let mut padded = map.padded(at_once);
            let mut moments = vec![Moments::default(); groups];
            for (group, product) in product.chunks_mut(at_once * n).enumerate() {
                let first = rect.rows.start * planes + group * at_once;
                samples.convolve(map, weight, first, &mut padded, product);
                for (number, y) in (first..).zip(product.chunks_exact(n)) {
                    moments[number % planes % groups].merge(&Moments::of(y, map.geometry.outputs));
                }
            }
            moments
        })
        .collect();
    let mut total = vec![Moments::default(); groups];
    parts.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(total, part)| total.merge(part)));
    total
}

/// Where one sample's results go.
struct Sample<'a, 'w, F> {
    b: usize,
    /// Its row in the tiles.
    row: usize,
    batch: usize,
    /// `[states,B,N]`, or nothing.
    carried: &'a [F],
    output: &'a mut Tile<'w, F>,
    states: Option<&'a mut Tile<'w, F>>,
}

impl<F: Float> Sample<'_, '_, F> {
    /// Whether the last potentials are finite.
    fn run(
        &mut self,
        runner: &Runner<'_, F>,
        affine: &Affine<F>,
        product: &[F],
        trajectory: &mut Trajectory<F>,
    ) -> bool {
        let (map, n, states) = (runner.map, runner.map.neurons(), runner.neuron.states());
        let shape = map.band_shape();
        let mut finite = true;
        for band in map.bands() {
            let part = map.pooled_part(&band);
            let carried: Vec<F> = match self.carried {
                [] => Vec::new(),
                all => (0..states).flat_map(|k| &all[(k * self.batch + self.b) * n..][band.clone()]).copied().collect(),
            };
            runner.run(affine, product, &band, &carried, trajectory, |t, left| {
                let out = &mut self.output.row_mut(t, self.row)[part.clone()];
                match map.pool {
                    // Too few rows are left to be pooled.
                    _ if out.is_empty() => {}
                    Some(pool) => pool_rows(pool, left.spikes(t), shape, out),
                    None => out.copy_from_slice(left.spikes(t)),
                }
            });
            finite &= rows::sum(&trajectory.potential[..band.len()]).finite();
            if let Some(tile) = &mut self.states {
                (0..states).for_each(|k| {
                    let last = trajectory.state(runner.steps, k);
                    tile.row_mut(k, self.row)[band.clone()].copy_from_slice(last);
                });
            }
        }
        finite
    }
}

impl<F: Float> Layer<F> {
    /// What the neurons did in the last forward pass: spikes and potentials, `[T,B,N]` each, run again from the currents.
    pub(crate) fn replay(&self, map: &Map, smooth: bool, steps: usize, tape: &MapTape<F>) -> (Vec<F>, Vec<F>) {
        let (n, size) = (map.neurons(), tape.output.len() / (steps * map.outputs()));
        let planes = tape.product.len() / (size * n);
        let runner = Runner::new(map, &*self.neuron, smooth, (steps, planes), &tape.affine);
        let mut trajectory = runner.trajectory(false);
        let (mut spikes, mut potentials) = (vec![F::of(0.0); steps * size * n], vec![F::of(0.0); steps * size * n]);
        for (b, product) in tape.product.chunks_exact(planes * n).enumerate() {
            for band in map.bands() {
                runner.run(&tape.affine, product, &band, &[], &mut trajectory, |t, left| {
                    let start = (t * size + b) * n;
                    spikes[start + band.start..start + band.end].copy_from_slice(left.spikes(t));
                    potentials[start + band.start..start + band.end].copy_from_slice(&left.potential[..band.len()]);
                });
            }
        }
        (spikes, potentials)
    }
}
