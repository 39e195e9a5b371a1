//! Dense execution where each sample, or each group of samples that see the same, has plastic weights of its own.
//!
//! Samples that are alike move the weights by the mean of what is the same: nothing is lost, and the work is done once.

use rayon::prelude::*;

use super::backward::{Sums, add_trace_gradients, cut_input_gradients, trace_gradients};
use super::dense::{self, DenseBackward, DenseForward, InputGradients, Plastic, dense_input_adjoint};
use super::forward::load_start;
use super::presynaptic::plane;
use super::scan::{AdjointTile, OutputGradients, Scan, ScanTile, backward_tile, forward_tile};
use super::tape::{clear, groups_of_samples};
use super::{Layer, Pass, Plasticity, Tape};
use crate::config::Execution;
use crate::params::LayerArrays;
use crate::rows;
use crate::scalar::Float;
use crate::view::{MatRef, Rect, Tile, tiles};

/// Fixed number of tasks that samples with plastic weights of their own are dealt to.
const SAMPLE_TASKS: usize = 8;

impl<F: Float> Layer<F> {
    pub(super) fn forward_dense_per_sample(&self, plasticity: &Plasticity<F>, pass: &Pass<'_, F>, tape: &mut Tape<F>) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        let synapses = self.outputs * self.inputs;
        let keeps = pass.keeps(plasticity);
        let plastic = self.plastic(plasticity, Execution::Dense, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let carried = pass.carried.map_or(&[][..], |c| &c.eligibility);
        let whole = [Rect { rows: 0..self.outputs, cols: 0..self.inputs }];
        let rects = groups_of_samples(batch, pass.alike, self.outputs);
        let mut trajectory = tape.trajectory.tiles(sizes, &rects);
        let ends: Vec<Vec<(Vec<F>, Vec<F>)>> = trajectory
            .par_chunks_mut(rects.len().div_ceil(SAMPLE_TASKS))
            .map(|samples| {
                let mut before_clamp = vec![F::of(0.0); (steps + 1) * synapses];
                let mut ends = Vec::new();
                for tile in samples {
                    let b = tile.rect.rows.start;
                    load_start(&mut before_clamp[..synapses], pass.start_plastic(), b);
                    let weight = tiles(&mut before_clamp, self.outputs, self.inputs, &whole).remove(0);
                    let start = if carried.is_empty() { carried } else { plane(carried, b, synapses) };
                    let mut execution =
                        DenseForward::new(plastic, tile.rect.rows.clone(), 0..self.outputs, weight, start);
                    forward_tile(&scan, tile, Some(&mut execution));
                    let (weight, eligibility) = execution.finish(steps);
                    ends.push((if keeps { weight } else { Vec::new() }, eligibility));
                }
                ends
            })
            .collect();
        drop(trajectory);
        tape.plastic.next.clear();
        tape.plastic.next_eligibility.clear();
        for (weight, eligibility) in ends.into_iter().flatten() {
            tape.plastic.next.extend(weight);
            if pass.continues {
                tape.plastic.next_eligibility.extend(eligibility);
            }
        }
    }

    /// Each sample's plastic weights are replayed from the postsynaptic factors, so that only one sample's history exists
    /// at a time in each task.
    pub(super) fn backward_dense_per_sample(
        &self,
        plasticity: &Plasticity<F>,
        pass: &Pass<'_, F>,
        from: OutputGradients<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
        mut input_gradient: Option<&mut Vec<F>>,
    ) -> Sums<F> {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        let synapses = self.outputs * self.inputs;
        let matrix = plasticity.has_matrix_gain(Execution::Dense);
        let plastic = self.plastic(plasticity, Execution::Dense, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let rects = groups_of_samples(batch, pass.alike, self.outputs);
        let input_rects = groups_of_samples(batch, pass.alike, self.inputs);
        let mut traces = trace_gradients(&plastic, input_gradient.is_some());
        let mut cut =
            cut_input_gradients(input_gradient.as_deref_mut(), &mut traces, (batch, self.inputs), &input_rects);
        let mut work: Vec<_> = tape
            .trajectory
            .tiles(sizes, &rects)
            .into_iter()
            .zip(tape.adjoint.tiles(sizes, &rects))
            .zip(&mut cut)
            .collect();
        let carried = pass.carried.map_or(&[][..], |c| &c.eligibility);
        let parts: Vec<SampleTask<F>> = work
            .par_chunks_mut(rects.len().div_ceil(SAMPLE_TASKS))
            .map(|samples| {
                let mut task = SampleTask::new(steps, self.outputs, self.inputs, matrix);
                for ((tile, adjoint), (input, traces)) in samples {
                    let start =
                        if carried.is_empty() { carried } else { plane(carried, tile.rect.rows.start, synapses) };
                    task.run(&plastic, &scan, from, (tile, adjoint), (input.as_mut(), traces), (pass, start));
                }
                task
            })
            .collect();
        drop(work);
        drop(cut);
        clear(&mut gradients.local_learning_rate, self.inputs);
        if matrix {
            clear(&mut gradients.plasticity_gain, synapses);
        }
        let mut sums = Vec::new();
        for part in parts {
            rows::add_scaled(&mut gradients.local_learning_rate, F::of(1.0), &part.rate);
            if matrix {
                rows::add_scaled(&mut gradients.plasticity_gain, F::of(1.0), &part.gain);
            }
            sums.extend(part.sums);
        }
        if let Some(input) = input_gradient {
            add_trace_gradients(&plastic, &mut traces, input);
        }
        sums
    }
}

/// Scratch and sums of one task of the dense backward pass with a plastic weight for each sample.
struct SampleTask<F> {
    steps: usize,
    outputs: usize,
    inputs: usize,
    before_clamp: Vec<F>,
    update_gradient: Vec<F>,
    rate: Vec<F>,
    gain: Vec<F>,
    sums: Sums<F>,
}

impl<F: Float> SampleTask<F> {
    fn new(steps: usize, outputs: usize, inputs: usize, matrix: bool) -> Self {
        let zeros = |n: usize| vec![F::of(0.0); n];
        let synapses = outputs * inputs;
        SampleTask {
            steps,
            outputs,
            inputs,
            before_clamp: zeros((steps + 1) * synapses),
            update_gradient: zeros(steps * synapses),
            rate: zeros(inputs),
            gain: zeros(if matrix { synapses } else { 0 }),
            sums: Vec::new(),
        }
    }

    fn run(
        &mut self,
        plastic: &Plastic<'_, F>,
        scan: &Scan<'_, F>,
        from: OutputGradients<'_, F>,
        (tile, adjoint): (&ScanTile<'_, F>, &mut AdjointTile<'_, F>),
        (mut input, traces): (Option<&mut Tile<'_, F>>, &mut [Option<Tile<'_, F>>]),
        (pass, eligibility): (&Pass<'_, F>, &[F]),
    ) {
        let (outputs, inputs) = (self.outputs, self.inputs);
        let (samples, group) = (tile.rect.rows.clone(), tile.output.rows_per_group());
        let whole = [Rect { rows: 0..outputs, cols: 0..inputs }];
        load_start(&mut self.before_clamp[..outputs * inputs], pass.start_plastic(), samples.start);
        let weight = tiles(&mut self.before_clamp, outputs, inputs, &whole).remove(0);
        let mut replay = DenseForward::new(*plastic, samples.clone(), 0..outputs, weight, eligibility);
        (0..self.steps).for_each(|t| replay.replay(t, tile));
        let weight = tiles(&mut self.before_clamp, outputs, inputs, &whole).remove(0);
        let update = tiles(&mut self.update_gradient, outputs, inputs, &whole).remove(0);
        let mut execution =
            DenseBackward::new(*plastic, samples.clone(), 0..outputs, weight, update, &mut self.gain, group);
        backward_tile(scan, from, tile, adjoint, Some(&mut execution));
        self.sums.push((tile.rect.clone(), adjoint.sums.clone()));
        let weight = tiles(&mut self.before_clamp, outputs, inputs, &whole).remove(0);
        let matrix = matches!(plastic.gain, dense::Gain::Matrix(_));
        for t in 0..self.steps {
            let factors: Vec<MatRef<'_, F>> = tile.factors[..plastic.terms].iter().map(|f| f.plane(t)).collect();
            let du = if matrix { adjoint.current_gradient.plane(t) } else { adjoint.drive_gradient.plane(t) };
            let mut out = InputGradients {
                rate: &mut self.rate,
                input: input.as_mut().map(|tile| tile.plane_mut(t)),
                traces: traces.iter_mut().map(|tile| tile.as_mut().map(|tile| tile.plane_mut(t))).collect(),
            };
            let update = MatRef::new(plane(&self.update_gradient, t, outputs * inputs), outputs, inputs);
            dense_input_adjoint(plastic, t, &samples, &factors, update, &weight, du, &mut out);
        }
    }
}
