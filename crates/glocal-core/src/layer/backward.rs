//! The backward pass of a layer, and from tiles' sums to gradients of parameters.

use rayon::prelude::*;

use super::dense::{self, DenseBackward, InputGradients, Plastic, dense_input_adjoint};
use super::forward::gram_of;
use super::low_rank::{self, ConstantBackward, SeriesBackward, SeriesGradients};
use super::masked::{self, MaskedBackward, Neurons, Synapses};
use super::overlap;
use super::presynaptic::{self, Term, plane};
use super::scan::{AdjointTile, ColumnSums, OutputGradients, PlasticBackward, ScanTile, backward_tile};
use super::tape::{clear, fit, neuron_strips, sample_strips, single_samples, synapse_strips};
use super::{Layer, Pass, Plasticity, Tape};
use crate::config::{Coupling, Execution, GainShape, Sharing};
use crate::linalg::{Into, Mask, product, product_and_squares, product_serial};
use crate::network::Input;
use crate::params::LayerArrays;
use crate::rows;
use crate::scalar::Float;
use crate::view::{self, MatMut, MatRef, Rect, Tile, tiles};

impl<F: Float> Layer<F> {
    /// Backward pass after [`Layer::forward`] with the same `pass`: fills `gradients`, and adds nothing to them. Writes the
    /// gradient of a series input to `input_gradient`, `[T,B,I]`.
    pub(crate) fn backward(
        &self,
        pass: &Pass<'_, F>,
        from: OutputGradients<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
        mut input_gradient: Option<&mut Vec<F>>,
    ) {
        if let (Some(map), Some(tape)) = (&self.map, &mut tape.map) {
            return self.backward_map(map, pass, from, tape, gradients, input_gradient);
        }
        let sizes = self.sizes(pass.phase.len(), pass.batch);
        let drives = match (&self.plasticity, tape.plan, pass.input) {
            (None, ..) => 0,
            // Later steps reach earlier ones through S alone.
            (_, Some(Execution::LowRank), Input::Constant(_)) => 1,
            _ => pass.phase.len(),
        };
        let currents = match (&self.plasticity, tape.plan, pass.input) {
            (None, _, Input::Constant(_)) if !self.recurrent => 1,
            (_, Some(Execution::LowRank), Input::Constant(_)) => 1,
            _ => pass.phase.len(),
        };
        tape.adjoint.fit(sizes, currents, drives);
        if let Some(input) = &mut input_gradient {
            fit(input, pass.phase.len() * pass.batch * self.inputs);
            // Low-rank execution adds to it, dense execution writes it; the product with W comes last.
            if self.plasticity.is_some() && tape.plan == Some(Execution::LowRank) {
                input.fill(F::of(0.0));
            }
        }
        let sums = match (&self.plasticity, tape.plan) {
            (Some(plasticity), Some(Execution::LowRank)) => {
                self.backward_low_rank(plasticity, pass, from, tape, gradients, input_gradient.as_deref_mut())
            }
            (Some(plasticity), Some(_)) if plasticity.config.sharing == Sharing::Batch => {
                self.backward_dense_shared(plasticity, pass, from, tape, gradients, input_gradient.as_deref_mut())
            }
            (Some(plasticity), Some(_)) => {
                self.backward_dense_per_sample(plasticity, pass, from, tape, gradients, input_gradient.as_deref_mut())
            }
            _ if self.recurrent => self.backward_recurrent(pass, from, tape, gradients),
            _ => self.backward_plain(pass, from, tape),
        };
        self.global_gradients(pass, tape, gradients, input_gradient);
        self.add_column_sums(&sums, tape.plan, gradients);
    }

    fn backward_plain(&self, pass: &Pass<'_, F>, from: OutputGradients<'_, F>, tape: &mut Tape<F>) -> Sums<F> {
        let sizes = self.sizes(pass.phase.len(), pass.batch);
        let rects = sample_strips(pass.batch, self.outputs);
        let scan = self.scan(pass, &tape.steady);
        let forward = tape.trajectory.tiles(sizes, &rects);
        let adjoint = tape.adjoint.tiles(sizes, &rects);
        forward
            .into_par_iter()
            .zip(adjoint)
            .map(|(tile, mut adjoint)| {
                backward_tile(&scan, from, &tile, &mut adjoint, None);
                (tile.rect, adjoint.sums)
            })
            .collect()
    }

    fn backward_low_rank(
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
        let constant = matches!(pass.input, Input::Constant(_));
        let rects = self.low_rank_rects(plasticity, batch);
        let mut s = std::mem::take(&mut tape.plastic.sums);
        let mut synapses = std::mem::take(&mut tape.plastic.synapses);
        let mut overlap = std::mem::take(&mut tape.plastic.overlap);
        let (mask, own) = match plasticity.config.sharing {
            Sharing::Batch => (self.mask_beside(plasticity), None),
            Sharing::PerSample => (None, self.mask_beside(plasticity)),
        };
        let taken = &overlap.taken;
        let plastic = self.plastic(plasticity, Execution::LowRank, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let gram = &tape.plastic.gram;
        let input = &tape.turned;
        let tiles = tape.trajectory.tiles(sizes, &rects).into_par_iter();
        let run = |whole: &mut dyn PlasticBackward<F>,
                   tile: &ScanTile<'_, F>,
                   adjoint: &mut AdjointTile<'_, F>,
                   synapses: &mut Synapses<F>| match mask {
            None => backward_tile(&scan, from, tile, adjoint, Some(whole)),
            Some(mask) => {
                let at = Neurons { plastic, mask, input, neurons: tile.rect.cols.clone() };
                let mut execution = MaskedBackward::new(whole, at, synapses, tile.output.rows_per_group());
                backward_tile(&scan, from, tile, adjoint, Some(&mut execution));
            }
        };
        let parts: Vec<(Rect, ColumnSums<F>, [Vec<F>; 2])> = tiles
            .zip(tape.adjoint.tiles(sizes, &rects))
            .zip(view::tiles(&mut s, batch, self.outputs, &rects))
            .zip(&mut synapses)
            .map(|(((tile, mut adjoint), s), synapses)| {
                let group = tile.output.rows_per_group();
                let grams = gram_of(gram, &tile.rect, batch, steps, constant);
                let left = if constant {
                    let mut execution = ConstantBackward::new(plastic, tile.rect.clone(), (grams[0], taken), s, group);
                    run(&mut execution, &tile, &mut adjoint, synapses);
                    [execution.gram_gradient, execution.taken_gradient]
                } else {
                    let mut execution = SeriesBackward::new(plastic, tile.rect.clone(), (grams, taken), group);
                    run(&mut execution, &tile, &mut adjoint, synapses);
                    [Vec::new(), Vec::new()]
                };
                (tile.rect, adjoint.sums, left)
            })
            .collect();
        clear(&mut gradients.local_learning_rate, self.inputs);
        let rate = &mut gradients.local_learning_rate;
        let du = &tape.adjoint.drive_gradient;
        match (constant, plasticity.config.sharing) {
            (true, Sharing::Batch) => {
                let mut total = vec![F::of(0.0); batch * batch];
                parts.iter().for_each(|(.., [part, _])| rows::add_scaled(&mut total, F::of(1.0), part));
                low_rank::constant_adjoint(&plastic, &(0..batch), &total, rate);
            }
            (true, Sharing::PerSample) => {
                for (rect, _, [part, _]) in &parts {
                    low_rank::constant_adjoint(&plastic, &rect.rows, part, rate);
                }
                if let Some(mask) = own {
                    let of_taken: Vec<F> = parts.iter().flat_map(|(.., [_, part])| part).copied().collect();
                    overlap.adjoint(&plastic, mask, &of_taken, rate, None);
                }
            }
            (false, _) => {
                let factors: Vec<&[F]> = tape.trajectory.factors[..plastic.terms].iter().map(|f| &f[..]).collect();
                let input = input_gradient.as_deref_mut();
                self.series_input_gradients(plasticity, &plastic, du, &factors, rate, input);
                if let (Some(mask), Some(input)) = (mask, input_gradient.as_deref_mut()) {
                    masked::add_input_gradient(&plastic, mask, &synapses, (du, factors[0]), input);
                }
                if let Some(mask) = own {
                    let of_taken = overlap::series_gradient(&plastic, du, factors[0]);
                    overlap.adjoint(&plastic, mask, &of_taken, rate, input_gradient.as_deref_mut());
                }
                if let (Some(input), false) = (input_gradient, pass.start_plastic().is_empty()) {
                    self.carried_input_gradient(pass, &plastic, du, input);
                }
            }
        }
        if mask.is_some() {
            masked::add_rate_gradients(&synapses, rate);
        }
        tape.plastic.sums = s;
        tape.plastic.synapses = synapses;
        tape.plastic.overlap = overlap;
        parts.into_iter().map(|(rect, sums, _)| (rect, sums)).collect()
    }

    /// Through the Gram matrices of a series, for each plastic weight.
    fn series_input_gradients(
        &self,
        plasticity: &Plasticity<F>,
        plastic: &Plastic<'_, F>,
        du: &[F],
        factors: &[&[F]],
        rate: &mut [F],
        mut input: Option<&mut Vec<F>>,
    ) {
        let batch = plastic.pre.batch;
        let rects = match plasticity.config.sharing {
            Sharing::Batch => vec![Rect { rows: 0..batch, cols: 0..self.inputs }],
            Sharing::PerSample => single_samples(batch, self.inputs),
        };
        let mut traces = trace_gradients(plastic, input.is_some());
        let mut cut = cut_input_gradients(input.as_deref_mut(), &mut traces, (batch, self.inputs), &rects);
        let rates: Vec<Vec<F>> = rects
            .par_iter()
            .zip(cut.par_iter_mut())
            .map(|(rect, (input, traces))| {
                let mut rate = vec![F::of(0.0); self.inputs];
                let out = SeriesGradients { rate: &mut rate, input: input.as_mut(), traces };
                low_rank::series_adjoint(plastic, &rect.rows, du, factors, out);
                rate
            })
            .collect();
        drop(cut);
        rates.iter().for_each(|part| rows::add_scaled(rate, F::of(1.0), part));
        if let Some(input) = input {
            add_trace_gradients(plastic, &mut traces, input);
        }
    }

    /// dx_t += k_t d^t du_t P_0.
    fn carried_input_gradient(&self, pass: &Pass<'_, F>, plastic: &Plastic<'_, F>, du: &[F], input: &mut [F]) {
        let batch = pass.batch;
        let weight = MatRef::new(pass.start_plastic(), self.outputs, self.inputs);
        let size = batch * self.inputs;
        input.par_chunks_mut(size).enumerate().for_each(|(t, out)| {
            let scale = pass.phase[t] * plastic.coefficients.carry[t];
            let du = MatRef::new(plane(du, t, batch * self.outputs), batch, self.outputs);
            product_serial(MatMut::new(out, batch, self.inputs), Into::Add, scale, du, weight);
        });
    }

    fn backward_dense_shared(
        &self,
        plasticity: &Plasticity<F>,
        pass: &Pass<'_, F>,
        from: OutputGradients<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
        input_gradient: Option<&mut Vec<F>>,
    ) -> Sums<F> {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let (sizes, synapses) = (self.sizes(steps, batch), self.outputs * self.inputs);
        let mut before_clamp = std::mem::take(&mut tape.plastic.before_clamp);
        let mut update_gradient = std::mem::take(&mut tape.plastic.update_gradient);
        fit(&mut update_gradient, steps * synapses);
        let matrix = plasticity.has_matrix_gain(Execution::Dense);
        let mut gain_gradient = vec![F::of(0.0); if matrix { synapses } else { 0 }];
        let rects = neuron_strips(batch, self.outputs, plasticity.normalises());
        let strips = synapse_strips(&rects, self.inputs);
        let plastic = self.plastic(plasticity, Execution::Dense, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let forward = tape.trajectory.tiles(sizes, &rects);
        let adjoint = tape.adjoint.tiles(sizes, &rects);
        let weights = tiles(&mut before_clamp, self.outputs, self.inputs, &strips);
        let updates = tiles(&mut update_gradient, self.outputs, self.inputs, &strips);
        let mut gains: Vec<&mut [F]> = if matrix {
            gain_gradient.chunks_mut(strips[0].rows.len() * self.inputs).collect()
        } else {
            rects.iter().map(|_| &mut [][..]).collect()
        };
        let sums = forward
            .into_par_iter()
            .zip(adjoint)
            .zip(weights)
            .zip(updates)
            .zip(gains.par_iter_mut())
            .map(|((((tile, mut adjoint), weight), update), gain)| {
                let (neurons, group) = (tile.rect.cols.clone(), tile.output.rows_per_group());
                let mut execution = DenseBackward::new(plastic, 0..batch, neurons, weight, update, gain, group);
                backward_tile(&scan, from, &tile, &mut adjoint, Some(&mut execution));
                (tile.rect, adjoint.sums)
            })
            .collect();
        self.dense_input_gradients(&plastic, tape, &mut before_clamp, &update_gradient, gradients, input_gradient);
        if matrix {
            gradients.plasticity_gain = gain_gradient;
        }
        tape.plastic.before_clamp = before_clamp;
        tape.plastic.update_gradient = update_gradient;
        sums
    }

    /// Second phase of the shared dense backward pass, over time steps.
    fn dense_input_gradients(
        &self,
        plastic: &Plastic<'_, F>,
        tape: &Tape<F>,
        before_clamp: &mut [F],
        update_gradient: &[F],
        gradients: &mut LayerArrays<F>,
        mut input_gradient: Option<&mut Vec<F>>,
    ) {
        let (steps, batch) = (plastic.pre.phase.len(), plastic.pre.batch);
        let (size, plane_size) = (batch * self.inputs, batch * self.outputs);
        let matrix = matches!(plastic.gain, dense::Gain::Matrix(_));
        let du = if matrix { &tape.adjoint.current_gradient } else { &tape.adjoint.drive_gradient };
        let mut traces = trace_gradients(plastic, input_gradient.is_some());
        let whole = [Rect { rows: 0..self.outputs, cols: 0..self.inputs }];
        let before_clamp = tiles(before_clamp, self.outputs, self.inputs, &whole).remove(0);
        let mut slots: Vec<StepGradients<'_, F>> = (0..steps).map(|_| StepGradients::default()).collect();
        if let Some(input) = input_gradient.as_deref_mut() {
            slots.iter_mut().zip(input.chunks_mut(size)).for_each(|(slot, part)| slot.input = Some(part));
        }
        for trace in &mut traces {
            let mut parts = trace.chunks_mut(size);
            slots.iter_mut().for_each(|slot| slot.traces.push(parts.next()));
        }
        let rates: Vec<Vec<F>> = slots
            .into_par_iter()
            .enumerate()
            .map(|(t, slot)| {
                let mut rate = vec![F::of(0.0); self.inputs];
                let factors: Vec<MatRef<'_, F>> = tape.trajectory.factors[..plastic.terms]
                    .iter()
                    .map(|f| MatRef::new(plane(f, t, plane_size), batch, self.outputs))
                    .collect();
                let mut out = InputGradients {
                    rate: &mut rate,
                    input: slot.input.map(|part| MatMut::new(part, batch, self.inputs)),
                    traces: slot.traces.into_iter().map(|p| p.map(|p| MatMut::new(p, batch, self.inputs))).collect(),
                };
                let update = plane(update_gradient, t, self.outputs * self.inputs);
                let update = MatRef::new(update, self.outputs, self.inputs);
                let du = MatRef::new(plane(du, t, plane_size), batch, self.outputs);
                dense_input_adjoint(plastic, t, &(0..batch), &factors, update, &before_clamp, du, &mut out);
                rate
            })
            .collect();
        clear(&mut gradients.local_learning_rate, self.inputs);
        rates.iter().for_each(|part| rows::add_scaled(&mut gradients.local_learning_rate, F::of(1.0), part));
        if let Some(input) = input_gradient {
            add_trace_gradients(plastic, &mut traces, input);
        }
    }

    /// dW = Σ_t (k_t dI_t)ᵀ x_t, and dx_t += k_t dI_t W.
    fn global_gradients(
        &self,
        pass: &Pass<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
        input_gradient: Option<&mut Vec<F>>,
    ) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        if let Some(mask) = self.sparse_mask() {
            self.masked_gradients(mask, pass, tape, gradients, input_gradient);
            return self.coupling_gradients(pass.params, tape.plan, gradients);
        }
        fit(&mut gradients.weight, self.outputs * self.inputs);
        let out = MatMut::new(&mut gradients.weight, self.outputs, self.inputs);
        let squares = match pass.input {
            Input::Constant(x) => {
                let weighted = MatRef::new(&tape.adjoint.weighted, batch, self.outputs);
                Some(product_and_squares(out, F::of(1.0), weighted.t(), MatRef::new(x, batch, self.inputs)))
            }
            Input::Series(x) => {
                let gradient = &mut tape.adjoint.current_gradient;
                gradient.chunks_mut(batch * self.outputs).zip(pass.phase).for_each(|(g, &k)| rows::scale(g, k));
                let n = steps * batch;
                let gradient = MatRef::new(gradient, n, self.outputs);
                let (is_sparse, sparse) = (tape.is_sparse, &mut tape.sparse);
                let of_weight = || match is_sparse {
                    true => {
                        sparse.weight_gradient(out, gradient);
                        None
                    }
                    false => Some(product_and_squares(out, F::of(1.0), gradient.t(), MatRef::new(x, n, self.inputs))),
                };
                let of_input = || {
                    let Some(input) = input_gradient else { return };
                    let coupled = &tape.coupled_weight;
                    let weight = if coupled.is_empty() { &pass.params.weight } else { coupled };
                    let weight = MatRef::new(weight, self.outputs, self.inputs);
                    let into = if self.plasticity.is_some() { Into::Add } else { Into::Replace };
                    product(MatMut::new(input, n, self.inputs), into, F::of(1.0), gradient, weight);
                };
                rayon::join(of_weight, of_input).0
            }
        };
        tape.weight_squares = squares.filter(|_| tape.coupled_weight.is_empty());
        if let Some(mask) = &self.mask {
            let mut own = vec![F::of(0.0); mask.len()];
            mask.gather(&gradients.weight, &mut own);
            gradients.weight = own;
        }
        self.coupling_gradients(pass.params, tape.plan, gradients);
    }

    /// As [`Layer::global_gradients`], over the synapses of a mask alone.
    fn masked_gradients(
        &self,
        mask: &Mask,
        pass: &Pass<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
        input_gradient: Option<&mut Vec<F>>,
    ) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        fit(&mut gradients.weight, mask.len());
        tape.weight_squares = None;
        let x = pass.input.values();
        if let Input::Constant(_) = pass.input {
            let gradient = mask.gradient(&tape.adjoint.weighted, 1, &mut tape.turned_gradient);
            return mask.outer_all(&mut gradients.weight, gradient, mask.loaded(x, &tape.turned));
        }
        let gradient = &mut tape.adjoint.current_gradient;
        gradient.chunks_mut(batch * self.outputs).zip(pass.phase).for_each(|(g, &k)| rows::scale(g, k));
        let gradient = mask.gradient(gradient, steps, &mut tape.turned_gradient);
        mask.outer_all(&mut gradients.weight, gradient, mask.loaded(x, &tape.turned));
        let Some(input) = input_gradient else { return };
        let into = if self.plasticity.is_some() { Into::Add } else { Into::Replace };
        let out = MatMut::new(input, steps * batch, self.inputs);
        mask.times_all(out, (into, F::of(1.0)), gradient, &pass.params.weight);
    }

    /// From the gradients of the coupled weight and of the factor of P to those of W, gate and gain.
    fn coupling_gradients(&self, params: &LayerArrays<F>, plan: Option<Execution>, gradients: &mut LayerArrays<F>) {
        let Some(plasticity) = &self.plasticity else { return };
        match plasticity.config.coupling {
            Coupling::Additive { .. } => {}
            Coupling::Gated => {
                rows::scale(&mut gradients.plasticity_gain, F::of(-1.0));
                rows::add_product(&mut gradients.plasticity_gain, &gradients.weight, &params.weight);
                rows::product_in_place(&mut gradients.weight, &params.plasticity_gain);
            }
            Coupling::Masked => {
                if let (Some(mask), true) = (&self.mask, plan != Some(Execution::LowRank)) {
                    gradients.plasticity_gain = vec![masked::beside(mask, &gradients.plasticity_gain)];
                }
            }
        }
    }

    fn add_column_sums(&self, sums: &Sums<F>, plan: Option<Execution>, gradients: &mut LayerArrays<F>) {
        let zeros = || vec![F::of(0.0); self.outputs];
        let (mut bias, mut gain, mut sliding) = (zeros(), zeros(), zeros());
        for (rect, part) in sums {
            let cols = rect.cols.clone();
            rows::add_scaled(&mut bias[cols.clone()], F::of(1.0), &part.bias);
            rows::add_scaled(&mut gain[cols.clone()], F::of(1.0), &part.gain);
            rows::add_scaled(&mut sliding[cols], F::of(1.0), &part.sliding);
        }
        if !gradients.bias.is_empty() {
            gradients.bias = bias;
        }
        let Some(plasticity) = &self.plasticity else { return };
        gradients.sliding_threshold = sliding;
        match plasticity.config.coupling {
            Coupling::Additive { gain: GainShape::Scalar } => gradients.plasticity_gain = vec![rows::sum(&gain)],
            Coupling::Additive { gain: GainShape::PerNeuron } => gradients.plasticity_gain = gain,
            Coupling::Masked if plan == Some(Execution::LowRank) => gradients.plasticity_gain = vec![rows::sum(&gain)],
            _ => {}
        }
    }
}

/// Sums over each tile, in the tiles' order.
pub(super) type Sums<F> = Vec<(Rect, ColumnSums<F>)>;

/// Input gradients of one step.
struct StepGradients<'a, F> {
    input: Option<&'a mut [F]>,
    traces: Vec<Option<&'a mut [F]>>,
}

impl<F> Default for StepGradients<'_, F> {
    fn default() -> Self {
        StepGradients { input: None, traces: Vec::new() }
    }
}

/// Zeroed gradients of each factor's trace; empty for activities, and where nothing below learns.
pub(super) fn trace_gradients<F: Float>(plastic: &Plastic<'_, F>, needed: bool) -> Vec<Vec<F>> {
    let size = plastic.pre.phase.len() * plastic.pre.batch * plastic.pre.width;
    let of = |term: &Term<F>| match term {
        Term::SeriesTrace(..) if needed => vec![F::of(0.0); size],
        _ => Vec::new(),
    };
    plastic.pre.terms.iter().map(of).collect()
}

/// Tiles of the input's gradient and of each factor's trace's, where they are wanted.
pub(super) type InputTiles<'a, F> = (Option<Tile<'a, F>>, Vec<Option<Tile<'a, F>>>);

/// The gradients of input and traces, `[T, batch, width]` each, cut for each of `rects`.
pub(super) fn cut_input_gradients<'a, F: Float>(
    input: Option<&'a mut Vec<F>>,
    traces: &'a mut [Vec<F>],
    (batch, width): (usize, usize),
    rects: &[Rect],
) -> Vec<InputTiles<'a, F>> {
    let cut = |array: Option<&'a mut Vec<F>>| -> Vec<Option<Tile<'a, F>>> {
        match array {
            Some(array) => tiles(array, batch, width, rects).into_iter().map(Some).collect(),
            None => rects.iter().map(|_| None).collect(),
        }
    };
    let mut all: Vec<InputTiles<'a, F>> = cut(input).into_iter().map(|tile| (tile, Vec::new())).collect();
    for trace in traces {
        let tiles = cut(Some(trace).filter(|trace| !trace.is_empty()));
        all.iter_mut().zip(tiles).for_each(|((_, traces), tile)| traces.push(tile));
    }
    all
}

pub(super) fn add_trace_gradients<F: Float>(plastic: &Plastic<'_, F>, traces: &mut [Vec<F>], input: &mut [F]) {
    let size = plastic.pre.batch * plastic.pre.width;
    for (trace, term) in traces.iter_mut().zip(plastic.pre.terms) {
        if let (Term::SeriesTrace(_, decay), false) = (term, trace.is_empty()) {
            presynaptic::filter_adjoint(trace, *decay, plastic.pre.phase, input, size);
        }
    }
}
