//! One dense layer over a whole scan: forward, backward, and its plastic weights.
//!
//! Layers run one after the other, each over all its time steps, because a layer's input is known for all steps by then.
//! Work is cut into tiles by shapes alone, so that the thread count never changes a result.

mod coefficients;
mod dense;
mod low_rank;
mod planner;
mod presynaptic;
mod scan;
mod tape;

use rayon::prelude::*;

pub(crate) use coefficients::phase;
pub(crate) use tape::Tape;

use crate::config::{
    Coupling, Execution, GainShape, LayerConfig, LearningRule, PlasticScope, PlasticityConfig, Sharing,
};
use crate::linalg::{Into, product};
use crate::network::Input;
use crate::neuron::NeuronKernel;
use crate::params::LayerArrays;
use crate::plasticity::{Normalisation, RuleKernel};
use crate::random::uniform;
use crate::rows;
use crate::scalar::Float;
use crate::view::{MatMut, MatRef, Rect, tiles};
use coefficients::Coefficients;
use dense::{DenseBackward, DenseForward, InputGradients, Plastic, dense_input_adjoint};
use low_rank::{ConstantBackward, LowRank, SeriesBackward, SeriesGradients};
use presynaptic::{Presynaptic, Term, plane};
use scan::{AdjointTile, ColumnSums, OutputGradients, Scan, ScanTile, backward_tile, forward_tile};
use tape::{Sizes, Steady, clear, fit, neuron_strips, sample_strips, single_samples, synapse_strips};

/// A layer, ready to run.
#[derive(Debug)]
pub struct Layer<F> {
    inputs: usize,
    outputs: usize,
    learning: LearningRule,
    neuron: Box<dyn NeuronKernel<F>>,
    plasticity: Option<Plasticity<F>>,
}

#[derive(Debug)]
struct Plasticity<F> {
    rule: Box<dyn RuleKernel<F>>,
    config: PlasticityConfig,
    /// M, `[O,I]`, of masked coupling.
    mask: Vec<F>,
}

/// Plastic weights of one layer, as they live between forward passes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlasticWeight<F> {
    /// P, `[O,I]`, or `[B,O,I]` where each sample has its own; empty: zero.
    pub values: Vec<F>,
}

/// What one layer hands from one part of a scan to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerCarry<F> {
    /// Neuron state, `[states,B,O]`.
    pub state: Vec<F>,
    /// The rule's trace of each neuron, `[B,O]`.
    pub trace: Vec<F>,
    /// Presynaptic trace of each factor, `[B,I]`.
    pub pre_traces: Vec<Vec<F>>,
    /// E, `[O,I]` or `[B,O,I]`.
    pub eligibility: Vec<F>,
}

/// Everything that a forward pass of one layer depends on.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a, F> {
    pub input: Input<'a, F>,
    pub batch: usize,
    /// Index of the first step, for k_t and third factors.
    pub start: usize,
    /// k_t.
    pub phase: &'a [F],
    pub params: &'a LayerArrays<F>,
    pub plastic: &'a PlasticWeight<F>,
    pub carried: Option<&'a LayerCarry<F>>,
    pub smooth: bool,
}

/// Where a backward pass of one layer starts.
#[derive(Clone, Copy)]
pub(crate) struct From<'a, F> {
    pub output: Option<&'a [F]>,
    pub potential: Option<&'a [F]>,
}

impl<F: Float> Layer<F> {
    /// `seed_of_mask` is the mask's own; `neuron` and `rule` may be a user's.
    pub(crate) fn new(
        config: &LayerConfig,
        inputs: usize,
        learning: LearningRule,
        neuron: Option<Box<dyn NeuronKernel<F>>>,
        rule: Option<Box<dyn RuleKernel<F>>>,
    ) -> Self {
        let plasticity =
            config.plasticity.as_ref().filter(|_| learning != LearningRule::Global).map(|plasticity| Plasticity {
                rule: rule.unwrap_or_else(|| plasticity.rule.build()),
                config: plasticity.clone(),
                mask: mask(&plasticity.coupling, config.size * inputs),
            });
        Layer {
            inputs,
            outputs: config.size,
            learning,
            neuron: neuron.unwrap_or_else(|| config.neuron.build()),
            plasticity,
        }
    }

    /// Neurons.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Firing threshold.
    pub fn threshold(&self) -> f64 {
        self.neuron.threshold()
    }

    /// Whether the layer's output is spikes.
    pub fn spiking(&self) -> bool {
        self.neuron.spiking()
    }

    /// Whether the global rule moves it.
    pub(crate) fn trained(&self) -> bool {
        self.learning != LearningRule::Local
    }

    /// The same layer without plastic weights.
    pub(crate) fn frozen(&self) -> Self {
        Layer {
            inputs: self.inputs,
            outputs: self.outputs,
            learning: self.learning,
            neuron: self.neuron.boxed(),
            plasticity: None,
        }
    }

    /// Which learning may move it.
    pub fn learning(&self) -> LearningRule {
        self.learning
    }

    /// How long its plastic weights live, if it has any.
    pub fn scope(&self) -> Option<PlasticScope> {
        self.plasticity.as_ref().map(|p| p.config.scope)
    }

    /// Its plastic weights' config.
    pub fn plasticity(&self) -> Option<&PlasticityConfig> {
        self.plasticity.as_ref().map(|p| &p.config)
    }

    /// Number of plastic weights that a batch of `batch` has.
    pub(crate) fn plastic_len(&self, batch: usize) -> usize {
        let copies = self.plasticity.as_ref().map_or(0, |p| match p.config.sharing {
            Sharing::Batch => 1,
            Sharing::PerSample => batch,
        });
        copies * self.outputs * self.inputs
    }

    fn sizes(&self, steps: usize, batch: usize) -> Sizes {
        Sizes { steps, batch, outputs: self.outputs, states: self.neuron.states() }
    }

    /// Gain of the plastic weights, for each neuron or for each synapse.
    fn load_gain(&self, params: &LayerArrays<F>, gain: &mut Vec<F>) -> bool {
        let Some(plasticity) = &self.plasticity else { return false };
        let (one, given) = (F::of(1.0), &params.plasticity_gain);
        let matrix = plasticity.has_matrix_gain();
        fit(gain, if matrix { self.outputs * self.inputs } else { self.outputs });
        match plasticity.config.coupling {
            Coupling::Additive { gain: GainShape::Scalar } => gain.fill(given[0]),
            Coupling::Additive { .. } => gain.copy_from_slice(given),
            Coupling::Gated => gain.iter_mut().zip(given).for_each(|(out, &g)| *out = one - g),
            Coupling::Masked { .. } => {
                gain.iter_mut().zip(&plasticity.mask).for_each(|(out, &m)| *out = given[0] * (one - m))
            }
        }
        matrix
    }

    /// The trained weight as it counts in the current: W, G∘W or M∘W. `None`: W itself.
    fn load_coupled_weight(&self, params: &LayerArrays<F>, out: &mut Vec<F>) {
        let factor = match self.plasticity.as_ref().map(|p| (&p.config.coupling, p)) {
            Some((Coupling::Gated, _)) => &params.plasticity_gain,
            Some((Coupling::Masked { .. }, plasticity)) => &plasticity.mask,
            _ => return out.clear(),
        };
        fit(out, params.weight.len());
        rows::product(out, &params.weight, factor);
    }

    /// W and P as one weight: what the layer computes with while its plastic weights rest.
    pub(crate) fn folded_weight(&self, params: &LayerArrays<F>, plastic: &PlasticWeight<F>) -> Vec<F> {
        let mut weight = Vec::new();
        self.load_coupled_weight(params, &mut weight);
        if weight.is_empty() {
            weight.clone_from(&params.weight);
        }
        if plastic.values.len() == weight.len() {
            let mut gain = Vec::new();
            let matrix = self.load_gain(params, &mut gain);
            for (o, row) in weight.chunks_exact_mut(self.inputs).enumerate() {
                let p = plane(&plastic.values, o, self.inputs);
                if matrix {
                    rows::add_product(row, plane(&gain, o, self.inputs), p);
                } else {
                    rows::add_scaled(row, gain[o], p);
                }
            }
        }
        weight
    }
}

impl<F: Float> Plasticity<F> {
    fn has_matrix_gain(&self) -> bool {
        !matches!(
            self.config.coupling,
            Coupling::Additive { gain: GainShape::Scalar } | Coupling::Additive { gain: GainShape::PerNeuron }
        )
    }

    fn normalises(&self) -> bool {
        self.rule.normalisation() != Normalisation::None
    }
}

/// A random mask that keeps `density` of the synapses.
fn mask<F: Float>(coupling: &Coupling, synapses: usize) -> Vec<F> {
    match *coupling {
        Coupling::Masked { density, mask_seed } => (0..synapses)
            .map(|i| if uniform(mask_seed, "mask", i as u64) < density { F::of(1.0) } else { F::of(0.0) })
            .collect(),
        _ => Vec::new(),
    }
}

/// Fixed number of tasks that samples with plastic weights of their own are dealt to.
const SAMPLE_TASKS: usize = 8;

impl<F: Float> Layer<F> {
    /// Runs the whole scan; the trajectory, and what the backward pass needs, lie in `tape` afterwards.
    pub(crate) fn forward(&self, pass: &Pass<'_, F>, tape: &mut Tape<F>) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        tape.batch = batch;
        tape.trajectory.fit(sizes, self.plasticity.as_ref().map(|p| &*p.rule));
        self.load_coupled_weight(pass.params, &mut tape.coupled_weight);
        let weight = if tape.coupled_weight.is_empty() { &pass.params.weight } else { &tape.coupled_weight };
        times_transposed(&mut tape.steady.base, pass, weight, self.inputs, self.outputs);
        clear(&mut tape.steady.bias, self.outputs);
        tape.steady.bias[..pass.params.bias.len()].copy_from_slice(&pass.params.bias);
        let Some(plasticity) = &self.plasticity else {
            tape.plan = None;
            tape.steady.gain.clear();
            let scan = self.scan(pass, &tape.steady);
            let rects = sample_strips(batch, self.outputs);
            let mut tiles = tape.trajectory.tiles(sizes, &rects);
            tiles.par_iter_mut().for_each(|tile| forward_tile(&scan, tile, None));
            return;
        };
        self.prepare_plasticity(plasticity, pass, &mut tape.plastic);
        fit(&mut tape.steady.gain, self.outputs);
        if plasticity.has_matrix_gain() {
            tape.steady.gain.fill(F::of(1.0));
        } else {
            tape.steady.gain.copy_from_slice(&tape.plastic.gain);
        }
        let case = self.case(plasticity, pass);
        let plan = {
            let plastic = self.plastic(plasticity, pass, &tape.plastic);
            planner::choose(&case, &plastic, plasticity.rule.post_bound(), &pass.plastic.values)
        };
        tape.plan = Some(plan);
        match (plan, plasticity.config.sharing) {
            (Execution::LowRank, sharing) => self.forward_low_rank(plasticity, sharing, pass, tape),
            (_, Sharing::Batch) => self.forward_dense_shared(plasticity, pass, tape),
            (_, Sharing::PerSample) => self.forward_dense_per_sample(plasticity, pass, tape),
        }
    }

    fn scan<'a>(&'a self, pass: &'a Pass<'_, F>, steady: &'a Steady<F>) -> Scan<'a, F> {
        Scan {
            neuron: &*self.neuron,
            rule: self.plasticity.as_ref().map(|p| &*p.rule),
            smooth: pass.smooth,
            steps: pass.phase.len(),
            batch: pass.batch,
            outputs: self.outputs,
            phase: pass.phase,
            base: &steady.base,
            constant: matches!(pass.input, Input::Constant(_)),
            bias: &steady.bias,
            sliding: &pass.params.sliding_threshold,
            gain: &steady.gain,
            initial_state: pass.carried.map_or(&[], |c| &c.state),
            initial_trace: pass.carried.map_or(&[], |c| &c.trace),
        }
    }

    fn prepare_plasticity(&self, plasticity: &Plasticity<F>, pass: &Pass<'_, F>, tape: &mut PlasticTapeOf<F>) {
        let carried = pass.carried.map(|c| &c.pre_traces[..]);
        let size = pass.batch * self.inputs;
        tape.terms = presynaptic::terms(plasticity.rule.pre(), pass.input, pass.phase, carried, size);
        let decay = plasticity.config.decay;
        tape.coefficients = Some(Coefficients::new(decay, &*plasticity.rule, pass.start, pass.phase.len()));
        self.load_gain(pass.params, &mut tape.gain);
    }

    fn plastic<'a>(
        &'a self,
        plasticity: &'a Plasticity<F>,
        pass: &Pass<'a, F>,
        tape: &'a PlasticTapeOf<F>,
    ) -> Plastic<'a, F> {
        let matrix = plasticity.has_matrix_gain();
        Plastic {
            pre: Presynaptic {
                batch: pass.batch,
                width: self.inputs,
                input: pass.input,
                phase: pass.phase,
                terms: &tape.terms,
            },
            outputs: self.outputs,
            terms: plasticity.rule.pre().len(),
            forgets: plasticity.rule.forgets(),
            coefficients: tape.coefficients.as_ref().expect("prepared before"),
            rate: &pass.params.local_learning_rate,
            gain: tape::matrix_or_row(&tape.gain, self.outputs, matrix),
            clamp: plasticity.config.clamp.map(F::of),
        }
    }

    fn case(&self, plasticity: &Plasticity<F>, pass: &Pass<'_, F>) -> planner::Case {
        let config = &plasticity.config;
        let keeps_samples = config.sharing == Sharing::PerSample && config.scope != PlasticScope::Sample;
        let carries_eligibility = pass.carried.is_some() && plasticity.rule.eligibility_decay() != 0.0;
        planner::Case {
            wanted: config.execution,
            sharing: config.sharing,
            batch: pass.batch,
            inputs: self.inputs,
            outputs: self.outputs,
            steps: pass.phase.len(),
            constant: matches!(pass.input, Input::Constant(_)),
            low_rank_possible: !plasticity.has_matrix_gain()
                && !plasticity.rule.forgets()
                && !keeps_samples
                && !carries_eligibility,
        }
    }

    fn forward_low_rank(&self, plasticity: &Plasticity<F>, sharing: Sharing, pass: &Pass<'_, F>, tape: &mut Tape<F>) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        let constant = matches!(pass.input, Input::Constant(_));
        let shared = sharing == Sharing::Batch;
        let terms = plasticity.rule.pre().len();
        let mut gram = std::mem::take(&mut tape.plastic.gram);
        let mut carried = std::mem::take(&mut tape.plastic.carried);
        let mut sums = std::mem::take(&mut tape.plastic.sums);
        let mut next = std::mem::take(&mut tape.plastic.next);
        if pass.plastic.values.is_empty() {
            carried.clear();
        } else {
            times_transposed(&mut carried, pass, &pass.plastic.values, self.inputs, self.outputs);
        }
        gram.resize(if constant { 1 } else { terms }, Vec::new());
        let plastic = self.plastic(plasticity, pass, &tape.plastic);
        let block = if shared { batch } else { 1 };
        match (constant, shared) {
            (true, true) => {
                fit(&mut gram[0], batch * batch);
                low_rank::constant_gram_shared(&plastic, &mut gram[0]);
            }
            (true, false) => {
                fit(&mut gram[0], batch);
                low_rank::constant_gram_per_sample(&plastic, &mut gram[0]);
            }
            (false, _) => {
                let side = steps * block;
                for (term, gram) in gram.iter_mut().enumerate() {
                    fit(gram, side * side * (batch / block));
                    let unit = |(b, part): (usize, &mut [F])| {
                        low_rank::series_gram(&plastic, &(b * block..(b + 1) * block), term, part)
                    };
                    gram.par_chunks_mut(side * side).enumerate().for_each(unit);
                }
            }
        }
        fit(&mut sums, if constant { (steps + 1) * batch * self.outputs } else { 0 });
        let rects = self.low_rank_rects(plasticity, batch);
        let scan = self.scan(pass, &tape.steady);
        let trajectory = tape.trajectory.tiles(sizes, &rects);
        let sum_tiles = tiles(&mut sums, batch, self.outputs, &rects);
        trajectory.into_par_iter().zip(sum_tiles).for_each(|(mut tile, sum)| {
            let gram = gram_of(&gram, &tile.rect, batch, steps, constant);
            let mut execution = LowRank::new(plastic, tile.rect.clone(), gram, &carried, constant.then_some(sum));
            forward_tile(&scan, &mut tile, Some(&mut execution));
        });
        if plasticity.config.scope != PlasticScope::Sample {
            fit(&mut next, self.outputs * self.inputs);
            if pass.plastic.values.is_empty() {
                next.fill(F::of(0.0));
            } else {
                next.copy_from_slice(&pass.plastic.values);
            }
            let factors = [&tape.trajectory.factors[0][..], &tape.trajectory.factors[1][..]];
            let strips = neuron_strips(batch, self.outputs, false);
            let width = strips[0].cols.len() * self.inputs;
            next.par_chunks_mut(width).zip(strips).for_each(|(out, strip)| {
                let sums = constant.then_some(&sums[..]);
                low_rank::final_weight(&plastic, &strip.cols, sums, &factors[..terms], out);
            });
        } else {
            next.clear();
        }
        tape.plastic.next = next;
        tape.plastic.next_eligibility.clear();
        tape.plastic.gram = gram;
        tape.plastic.carried = carried;
        tape.plastic.sums = sums;
    }

    fn low_rank_rects(&self, plasticity: &Plasticity<F>, batch: usize) -> Vec<Rect> {
        match plasticity.config.sharing {
            Sharing::Batch => neuron_strips(batch, self.outputs, plasticity.normalises()),
            Sharing::PerSample => single_samples(batch, self.outputs),
        }
    }

    fn forward_dense_shared(&self, plasticity: &Plasticity<F>, pass: &Pass<'_, F>, tape: &mut Tape<F>) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        let synapses = self.outputs * self.inputs;
        let mut before_clamp = std::mem::take(&mut tape.plastic.before_clamp);
        fit(&mut before_clamp, (steps + 1) * synapses);
        load_start(&mut before_clamp[..synapses], &pass.plastic.values, 0);
        let rects = neuron_strips(batch, self.outputs, plasticity.normalises());
        let strips = synapse_strips(&rects, self.inputs);
        let plastic = self.plastic(plasticity, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let weights = tiles(&mut before_clamp, self.outputs, self.inputs, &strips);
        let eligibility = pass.carried.map_or(&[][..], |c| &c.eligibility);
        let ends: Vec<(Vec<F>, Vec<F>)> = tape
            .trajectory
            .tiles(sizes, &rects)
            .into_par_iter()
            .zip(weights)
            .map(|(mut tile, weight)| {
                let neurons = tile.rect.cols.clone();
                let start = match eligibility.is_empty() {
                    true => eligibility,
                    false => &eligibility[neurons.start * self.inputs..neurons.end * self.inputs],
                };
                let mut execution = DenseForward::new(plastic, 0..batch, neurons, weight, start);
                forward_tile(&scan, &mut tile, Some(&mut execution));
                execution.finish(steps)
            })
            .collect();
        tape.plastic.next.clear();
        tape.plastic.next_eligibility.clear();
        for (weight, eligibility) in ends {
            if plasticity.config.scope != PlasticScope::Sample {
                tape.plastic.next.extend(weight);
            }
            tape.plastic.next_eligibility.extend(eligibility);
        }
        tape.plastic.before_clamp = before_clamp;
    }

    fn forward_dense_per_sample(&self, plasticity: &Plasticity<F>, pass: &Pass<'_, F>, tape: &mut Tape<F>) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let sizes = self.sizes(steps, batch);
        let synapses = self.outputs * self.inputs;
        let keeps = plasticity.config.scope != PlasticScope::Sample;
        let plastic = self.plastic(plasticity, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let carried = pass.carried.map_or(&[][..], |c| &c.eligibility);
        let whole = [Rect { rows: 0..self.outputs, cols: 0..self.inputs }];
        let mut trajectory = tape.trajectory.tiles(sizes, &single_samples(batch, self.outputs));
        let ends: Vec<Vec<(Vec<F>, Vec<F>)>> = trajectory
            .par_chunks_mut(batch.div_ceil(SAMPLE_TASKS))
            .map(|samples| {
                let mut before_clamp = vec![F::of(0.0); (steps + 1) * synapses];
                let mut ends = Vec::new();
                for tile in samples {
                    let b = tile.rect.rows.start;
                    load_start(&mut before_clamp[..synapses], &pass.plastic.values, b);
                    let weight = tiles(&mut before_clamp, self.outputs, self.inputs, &whole).remove(0);
                    let start = if carried.is_empty() { carried } else { plane(carried, b, synapses) };
                    let mut execution = DenseForward::new(plastic, b..b + 1, 0..self.outputs, weight, start);
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
            if pass.carried.is_some() {
                tape.plastic.next_eligibility.extend(eligibility);
            }
        }
    }

    /// What the next part of the scan starts from, after [`Layer::forward`].
    pub(crate) fn carry(&self, tape: &Tape<F>) -> LayerCarry<F> {
        let size = tape.batch * self.inputs;
        let pre_traces = tape.plastic.terms.iter().map(|term| match term {
            Term::SeriesTrace(trace, _) => trace[trace.len() - size..].to_vec(),
            _ => Vec::new(),
        });
        LayerCarry {
            state: tape.trajectory.last_state.clone(),
            trace: tape.trajectory.last_trace.clone(),
            pre_traces: pre_traces.collect(),
            eligibility: tape.plastic.next_eligibility.clone(),
        }
    }
}

type PlasticTapeOf<F> = tape::PlasticTape<F>;

/// out = x Wᵀ, one plane or T.
fn times_transposed<F: Float>(out: &mut Vec<F>, pass: &Pass<'_, F>, weight: &[F], inputs: usize, outputs: usize) {
    let (x, planes) = match pass.input {
        Input::Constant(x) => (x, 1),
        Input::Series(x) => (x, pass.phase.len()),
    };
    let rows = planes * pass.batch;
    fit(out, rows * outputs);
    let weight = MatRef::new(weight, outputs, inputs).t();
    product(MatMut::new(out, rows, outputs), Into::Replace, F::of(1.0), MatRef::new(x, rows, inputs), weight);
}

/// P_0 of the `index`-th plastic weight.
fn load_start<F: Float>(out: &mut [F], values: &[F], index: usize) {
    if values.is_empty() {
        out.fill(F::of(0.0));
    } else {
        let n = out.len();
        out.copy_from_slice(plane(values, index, n));
    }
}

/// Gram matrices of one tile.
fn gram_of<'a, F: Float>(
    gram: &'a [Vec<F>],
    rect: &Rect,
    batch: usize,
    steps: usize,
    constant: bool,
) -> Vec<MatRef<'a, F>> {
    let n = rect.rows.len();
    let unit = if n == batch { 0 } else { rect.rows.start };
    let side = if constant { n } else { steps * n };
    gram.iter().map(|gram| MatRef::new(plane(gram, unit, side * side), side, side)).collect()
}

impl<F: Float> Layer<F> {
    /// Backward pass after [`Layer::forward`] with the same `pass`: fills `gradients`, and adds nothing to them. Writes the
    /// gradient of a series input to `input_gradient`, `[T,B,I]`.
    pub(crate) fn backward(
        &self,
        pass: &Pass<'_, F>,
        from: From<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
        mut input_gradient: Option<&mut Vec<F>>,
    ) {
        let sizes = self.sizes(pass.phase.len(), pass.batch);
        tape.adjoint.fit(sizes, self.plasticity.is_some());
        if let Some(input) = &mut input_gradient {
            fit(input, pass.phase.len() * pass.batch * self.inputs);
            // Plastic executions add to it; the product with W comes last.
            if self.plasticity.is_some() {
                input.fill(F::of(0.0));
            }
        }
        let from = OutputGradients { output: from.output, potential: from.potential };
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
            _ => self.backward_plain(pass, from, tape),
        };
        self.global_gradients(pass, tape, gradients, input_gradient);
        self.add_column_sums(&sums, gradients);
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
        let plastic = self.plastic(plasticity, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let forward = tape.trajectory.tiles(sizes, &rects);
        let adjoint = tape.adjoint.tiles(sizes, &rects);
        let gram = &tape.plastic.gram;
        let sums = forward
            .into_par_iter()
            .zip(adjoint)
            .map(|(tile, mut adjoint)| {
                let grams = gram_of(gram, &tile.rect, batch, steps, constant);
                if constant {
                    let mut execution = ConstantBackward::new(plastic, tile.rect.clone(), grams[0]);
                    backward_tile(&scan, from, &tile, &mut adjoint, Some(&mut execution));
                } else {
                    let mut execution = SeriesBackward::new(plastic, tile.rect.clone(), grams);
                    backward_tile(&scan, from, &tile, &mut adjoint, Some(&mut execution));
                }
                (tile.rect, adjoint.sums)
            })
            .collect();
        clear(&mut gradients.local_learning_rate, self.inputs);
        let rate = &mut gradients.local_learning_rate;
        let du = &tape.adjoint.drive_gradient;
        match (constant, plasticity.config.sharing) {
            (true, Sharing::Batch) => low_rank::constant_adjoint_shared(&plastic, du, &tape.plastic.sums, rate),
            (true, Sharing::PerSample) => low_rank::constant_adjoint_per_sample(&plastic, du, &tape.plastic.sums, rate),
            (false, _) => {
                let factors: Vec<&[F]> = tape.trajectory.factors[..plastic.terms].iter().map(|f| &f[..]).collect();
                let input = input_gradient.as_deref_mut();
                self.series_input_gradients(plasticity, &plastic, du, &factors, rate, input);
                if let (Some(input), false) = (input_gradient, pass.plastic.values.is_empty()) {
                    self.carried_input_gradient(pass, &plastic, du, input);
                }
            }
        }
        sums
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
        let (batch, steps) = (plastic.pre.batch, plastic.pre.phase.len());
        let rects = match plasticity.config.sharing {
            Sharing::Batch => vec![Rect { rows: 0..batch, cols: 0..self.inputs }],
            Sharing::PerSample => single_samples(batch, self.inputs),
        };
        let mut traces = trace_gradients(plastic, input.is_some());
        let none = || rects.iter().map(|_| None).collect::<Vec<_>>();
        let mut inputs = match input.as_deref_mut() {
            Some(input) => tiles(input, batch, self.inputs, &rects).into_iter().map(Some).collect(),
            None => none(),
        };
        let mut of_unit: Vec<Vec<Option<crate::view::Tile<'_, F>>>> = rects.iter().map(|_| Vec::new()).collect();
        for trace in &mut traces {
            let cut = match trace.is_empty() {
                true => none(),
                false => tiles(trace, batch, self.inputs, &rects).into_iter().map(Some).collect(),
            };
            of_unit.iter_mut().zip(cut).for_each(|(unit, tile)| unit.push(tile));
        }
        let rates: Vec<Vec<F>> = rects
            .par_iter()
            .zip(inputs.par_iter_mut())
            .zip(of_unit.par_iter_mut())
            .map(|((rect, input), traces)| {
                let mut rate = vec![F::of(0.0); self.inputs];
                let out = SeriesGradients { rate: &mut rate, input: input.as_mut(), traces };
                low_rank::series_adjoint(plastic, &rect.rows, du, factors, out);
                rate
            })
            .collect();
        drop((inputs, of_unit));
        rates.iter().for_each(|part| rows::add_scaled(rate, F::of(1.0), part));
        debug_assert!(steps > 0);
        if let Some(input) = input {
            add_trace_gradients(plastic, &mut traces, input);
        }
    }

    /// dx_t += k_t d^t du_t P_0.
    fn carried_input_gradient(&self, pass: &Pass<'_, F>, plastic: &Plastic<'_, F>, du: &[F], input: &mut [F]) {
        let batch = pass.batch;
        let weight = MatRef::new(&pass.plastic.values, self.outputs, self.inputs);
        let size = batch * self.inputs;
        input.par_chunks_mut(size).enumerate().for_each(|(t, out)| {
            let scale = pass.phase[t] * plastic.coefficients.carry[t];
            let du = MatRef::new(plane(du, t, batch * self.outputs), batch, self.outputs);
            crate::linalg::product_serial(MatMut::new(out, batch, self.inputs), Into::Add, scale, du, weight);
        });
    }

    fn backward_dense_shared(
        &self,
        plasticity: &Plasticity<F>,
        pass: &Pass<'_, F>,
        from: OutputGradients<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
        mut input_gradient: Option<&mut Vec<F>>,
    ) -> Sums<F> {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        let (sizes, synapses) = (self.sizes(steps, batch), self.outputs * self.inputs);
        let mut before_clamp = std::mem::take(&mut tape.plastic.before_clamp);
        let mut update_gradient = std::mem::take(&mut tape.plastic.update_gradient);
        fit(&mut update_gradient, steps * synapses);
        let matrix = plasticity.has_matrix_gain();
        let mut gain_gradient = vec![F::of(0.0); if matrix { synapses } else { 0 }];
        let rects = neuron_strips(batch, self.outputs, plasticity.normalises());
        let strips = synapse_strips(&rects, self.inputs);
        let plastic = self.plastic(plasticity, pass, &tape.plastic);
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
                let neurons = tile.rect.cols.clone();
                let mut execution = DenseBackward::new(plastic, 0..batch, neurons, weight, update, gain);
                backward_tile(&scan, from, &tile, &mut adjoint, Some(&mut execution));
                (tile.rect, adjoint.sums)
            })
            .collect();
        self.dense_input_gradients(&plastic, tape, &mut before_clamp, &update_gradient, gradients, {
            input_gradient.as_deref_mut()
        });
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

    /// Each sample's plastic weights are replayed from the postsynaptic factors, so that only one sample's history exists
    /// at a time in each task.
    fn backward_dense_per_sample(
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
        let matrix = plasticity.has_matrix_gain();
        let plastic = self.plastic(plasticity, pass, &tape.plastic);
        let scan = self.scan(pass, &tape.steady);
        let singles = single_samples(batch, self.outputs);
        let input_rects = single_samples(batch, self.inputs);
        let mut traces = trace_gradients(&plastic, input_gradient.is_some());
        let mut inputs: Vec<Option<crate::view::Tile<'_, F>>> = match input_gradient.as_deref_mut() {
            Some(input) => tiles(input, batch, self.inputs, &input_rects).into_iter().map(Some).collect(),
            None => singles.iter().map(|_| None).collect(),
        };
        let mut of_sample: Vec<Vec<Option<crate::view::Tile<'_, F>>>> = singles.iter().map(|_| Vec::new()).collect();
        for trace in &mut traces {
            if trace.is_empty() {
                of_sample.iter_mut().for_each(|sample| sample.push(None));
            } else {
                let cut = tiles(trace, batch, self.inputs, &input_rects);
                of_sample.iter_mut().zip(cut).for_each(|(sample, tile)| sample.push(Some(tile)));
            }
        }
        let mut work: Vec<_> = tape
            .trajectory
            .tiles(sizes, &singles)
            .into_iter()
            .zip(tape.adjoint.tiles(sizes, &singles))
            .zip(inputs.iter_mut().zip(&mut of_sample))
            .collect();
        let carried = pass.carried.map_or(&[][..], |c| &c.eligibility);
        let parts: Vec<SampleTask<F>> = work
            .par_chunks_mut(batch.div_ceil(SAMPLE_TASKS))
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
        drop((inputs, of_sample));
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

    /// dW = Σ_t (k_t dI_t)ᵀ x_t, and dx_t += k_t dI_t W.
    fn global_gradients(
        &self,
        pass: &Pass<'_, F>,
        tape: &mut Tape<F>,
        gradients: &mut LayerArrays<F>,
        input_gradient: Option<&mut Vec<F>>,
    ) {
        let (steps, batch) = (pass.phase.len(), pass.batch);
        fit(&mut gradients.weight, self.outputs * self.inputs);
        let out = MatMut::new(&mut gradients.weight, self.outputs, self.inputs);
        match pass.input {
            Input::Constant(x) => {
                let weighted = MatRef::new(&tape.adjoint.weighted, batch, self.outputs);
                product(out, Into::Replace, F::of(1.0), weighted.t(), MatRef::new(x, batch, self.inputs));
            }
            Input::Series(x) => {
                let gradient = &mut tape.adjoint.current_gradient;
                gradient.chunks_mut(batch * self.outputs).zip(pass.phase).for_each(|(g, &k)| rows::scale(g, k));
                let n = steps * batch;
                let gradient = MatRef::new(gradient, n, self.outputs);
                product(out, Into::Replace, F::of(1.0), gradient.t(), MatRef::new(x, n, self.inputs));
                if let Some(input) = input_gradient {
                    let coupled = &tape.coupled_weight;
                    let weight = if coupled.is_empty() { &pass.params.weight } else { coupled };
                    let weight = MatRef::new(weight, self.outputs, self.inputs);
                    let into = if self.plasticity.is_some() { Into::Add } else { Into::Replace };
                    product(MatMut::new(input, n, self.inputs), into, F::of(1.0), gradient, weight);
                }
            }
        }
        self.coupling_gradients(pass.params, gradients);
    }

    /// From the gradients of the coupled weight and of the factor of P to those of W, gate and gain.
    fn coupling_gradients(&self, params: &LayerArrays<F>, gradients: &mut LayerArrays<F>) {
        let Some(plasticity) = &self.plasticity else { return };
        match plasticity.config.coupling {
            Coupling::Additive { .. } => {}
            Coupling::Gated => {
                rows::scale(&mut gradients.plasticity_gain, F::of(-1.0));
                rows::add_product(&mut gradients.plasticity_gain, &gradients.weight, &params.weight);
                rows::product_in_place(&mut gradients.weight, &params.plasticity_gain);
            }
            Coupling::Masked { .. } => {
                let gain = &gradients.plasticity_gain;
                let total = rows::sum(gain) - rows::dot(gain, &plasticity.mask);
                gradients.plasticity_gain = vec![total];
                rows::product_in_place(&mut gradients.weight, &plasticity.mask);
            }
        }
    }

    fn add_column_sums(&self, sums: &Sums<F>, gradients: &mut LayerArrays<F>) {
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
            _ => {}
        }
    }
}

/// Sums over each tile, in the tiles' order.
type Sums<F> = Vec<(Rect, ColumnSums<F>)>;

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
fn trace_gradients<F: Float>(plastic: &Plastic<'_, F>, needed: bool) -> Vec<Vec<F>> {
    let size = plastic.pre.phase.len() * plastic.pre.batch * plastic.pre.width;
    let of = |term: &Term<F>| match term {
        Term::SeriesTrace(..) if needed => vec![F::of(0.0); size],
        _ => Vec::new(),
    };
    plastic.pre.terms.iter().map(of).collect()
}

fn add_trace_gradients<F: Float>(plastic: &Plastic<'_, F>, traces: &mut [Vec<F>], input: &mut [F]) {
    let size = plastic.pre.batch * plastic.pre.width;
    for (trace, term) in traces.iter_mut().zip(plastic.pre.terms) {
        if let (Term::SeriesTrace(_, decay), false) = (term, trace.is_empty()) {
            presynaptic::filter_adjoint(trace, *decay, plastic.pre.phase, input, size);
        }
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
        (mut input, traces): (Option<&mut crate::view::Tile<'_, F>>, &mut [Option<crate::view::Tile<'_, F>>]),
        (pass, eligibility): (&Pass<'_, F>, &[F]),
    ) {
        let (outputs, inputs) = (self.outputs, self.inputs);
        let samples = tile.rect.rows.clone();
        let whole = [Rect { rows: 0..outputs, cols: 0..inputs }];
        load_start(&mut self.before_clamp[..outputs * inputs], &pass.plastic.values, samples.start);
        let weight = tiles(&mut self.before_clamp, outputs, inputs, &whole).remove(0);
        let mut replay = DenseForward::new(*plastic, samples.clone(), 0..outputs, weight, eligibility);
        (0..self.steps).for_each(|t| replay.replay(t, tile));
        let weight = tiles(&mut self.before_clamp, outputs, inputs, &whole).remove(0);
        let update = tiles(&mut self.update_gradient, outputs, inputs, &whole).remove(0);
        let mut execution = DenseBackward::new(*plastic, samples.clone(), 0..outputs, weight, update, &mut self.gain);
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

/// What the trajectory of a layer shows, `[T,B,O]` each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outputs<'a, F> {
    pub output: &'a [F],
    pub potential: &'a [F],
}

impl<F: Float> Tape<F> {
    pub(crate) fn outputs(&self) -> Outputs<'_, F> {
        Outputs { output: &self.trajectory.output, potential: &self.trajectory.potential }
    }

    /// P_T; empty where plastic weights do not outlive the sample.
    pub(crate) fn next_plastic(&mut self) -> &mut Vec<F> {
        &mut self.plastic.next
    }

    /// Which execution ran.
    pub(crate) fn execution(&self) -> Option<Execution> {
        self.plan
    }
}
