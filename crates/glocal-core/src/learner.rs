//! One network in training: parameters, plastic state, two optimisers, and the step that moves them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::checkpoint::{self, Arrays, Named};
use crate::config::{LearnerConfig, OptimiserConfig, PlasticScope};
use crate::consolidation::Consolidation;
use crate::dropout::Draw;
use crate::episode::{EpisodeReadout, EpisodeShape};
use crate::error::CoreError;
use crate::health::{Examined, LOOK_EVERY, LayerStatistics, examine};
use crate::layer::PlasticWeight;
use crate::network::{Examples, Input, Models, Network, Potentials, Workspace};
use crate::optimiser::{Moments, all_finite, squared_norm, update};
use crate::params::{ArraySpec, Field, Group, Params, array_specs, draw, zeros};
use crate::quantisation::{round_weights, weight_unit};
use crate::scalar::Float;

pub use crate::health::{Finding, Severity};

/// Samples that are embedded at once: about as many as an episode of training has.
const EMBEDDED: usize = 128;

/// A network with everything that training moves. Knows no file, data set or epoch count.
#[derive(Debug)]
pub struct Learner<F = f32> {
    config: LearnerConfig,
    specs: Vec<ArraySpec>,
    network: Network<F>,
    params: Params<F>,
    /// Where weights have few bits, the fine ones behind them, layer by layer; else none.
    fine: Vec<Vec<F>>,
    plastic: Vec<PlasticWeight<F>>,
    moments: Vec<Moments<F>>,
    gradients: Params<F>,
    workspace: Workspace<F>,
    /// Optimiser steps taken; and updates of each group.
    steps: u64,
    updates: [u64; 2],
    epoch: u64,
    /// What dropout draws from.
    seed: u64,
    statistics: Vec<LayerStatistics>,
    /// The network with its plastic weights folded in, until the next step.
    frozen: Option<(Network<F>, Params<F>)>,
}

/// What one training step saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Mean loss over the batch, before the update.
    pub loss: f64,
    /// Samples whose largest read-out was their label.
    pub correct: usize,
}

/// How [`Learner::hyper_step`] differentiates through a step of the weights.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HyperGradient {
    /// ξ: how strongly the path through the weights counts.
    pub strength: f64,
    /// r: length of the finite difference, and its largest factor.
    pub radius: f64,
    /// b: bound of each component of the path through the weights.
    pub bound: f64,
}

impl Default for HyperGradient {
    /// Those of the published scripts.
    fn default() -> Self {
        HyperGradient { strength: 0.1, radius: 1e-3, bound: 1.0 }
    }
}

/// What one evaluation batch saw.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalReport {
    /// Mean loss over the batch.
    pub loss: f64,
    /// Samples whose largest read-out was their label.
    pub correct: usize,
    /// Predicted class of each sample.
    pub predictions: Vec<u32>,
}

/// What the plastic state does while a network is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlasticEval {
    /// It moves within the batch, from the trained value, restarted for each batch (as the published scripts do): a
    /// prediction then depends on the other images of its batch.
    Moving,
    /// It keeps its trained value: W + gP is folded into one weight.
    Frozen,
}

/// What one sample did inside the network, for pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerRecording {
    /// Neurons O.
    pub neurons: usize,
    /// Spikes `[T,O]`.
    pub spikes: Vec<f32>,
    /// Membrane potentials `[T,O]`.
    pub membrane_potentials: Vec<f32>,
    /// Firing threshold.
    pub threshold: f64,
}

/// What the plastic read-out did in one episode, for pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpisodeRecording {
    /// Plastic weights after the support, `[O,I]`; empty without any. Before it they are zero.
    pub plastic_weight: Vec<f32>,
    /// Membrane potentials, `[S+1,O]`: the support, then the query.
    pub membrane_potentials: Vec<f32>,
    /// Firing threshold.
    pub threshold: f64,
}

impl Learner<f32> {
    /// A network with drawn weights, zero plastic state and fresh optimisers. Same seed, same bits.
    ///
    /// # Errors
    /// Every violation of the config.
    pub fn new(config: LearnerConfig, seed: u64) -> Result<Self, CoreError> {
        Learner::with_models(config, seed, Models::default())
    }

    /// The learner and metadata that [`Learner::to_bytes`] wrote; continuing from it gives the same bits.
    ///
    /// # Errors
    /// Damaged bytes, or arrays of another network.
    pub fn from_bytes(config: LearnerConfig, bytes: &[u8]) -> Result<(Self, BTreeMap<String, String>), CoreError> {
        Learner::restore(config, bytes, Models::default())
    }
}

impl<F: Float> Learner<F> {
    /// As [`Learner::new`], in either precision, with neurons and rules of the user's own.
    ///
    /// # Errors
    /// Every violation of the config.
    pub fn with_models(config: LearnerConfig, seed: u64, models: Models<F>) -> Result<Self, CoreError> {
        config.validate()?;
        let network = Network::new(&config.network, models);
        let specs = array_specs(&config.network);
        let mut learner = Learner {
            params: draw(&config.network, seed),
            fine: Vec::new(),
            plastic: network.plastic_at_rest(),
            moments: specs.iter().map(|_| Moments::default()).collect(),
            gradients: zeros(&config.network),
            workspace: Workspace::default(),
            steps: 0,
            updates: [0, 0],
            epoch: 0,
            seed,
            statistics: network.layers().iter().map(|_| LayerStatistics::default()).collect(),
            frozen: None,
            specs,
            network,
            config,
        };
        learner.take_as_fine();
        Ok(learner)
    }

    /// Where weights have few bits: the ones at hand, which [`Learner::params_mut`] may have written, become the fine ones, and
    /// are rounded.
    pub fn take_as_fine(&mut self) {
        if self.config.weight_bits.is_some() {
            self.fine = self.params.iter().map(|layer| layer.weight.clone()).collect();
            self.round();
        }
    }

    fn round(&mut self) {
        let Some(bits) = self.config.weight_bits else { return };
        for (fine, layer) in self.fine.iter().zip(&mut self.params) {
            round_weights(fine, bits, &mut layer.weight);
        }
    }

    /// What one unit of a layer's weights stands for, where they have few bits.
    pub fn weight_unit(&self, layer: usize) -> Option<f64> {
        self.config.weight_bits.map(|bits| weight_unit(&self.fine[layer], bits))
    }

    /// The config it was made from.
    pub fn config(&self) -> &LearnerConfig {
        &self.config
    }

    /// The network.
    pub fn network(&self) -> &Network<F> {
        &self.network
    }

    /// Weights and meta-parameters.
    pub fn params(&self) -> &Params<F> {
        &self.params
    }

    /// Weights and meta-parameters, to write.
    pub fn params_mut(&mut self) -> &mut Params<F> {
        self.frozen = None;
        &mut self.params
    }

    /// Plastic weights of each layer.
    pub fn plastic(&self) -> &[PlasticWeight<F>] {
        &self.plastic
    }

    /// Plastic weights of each layer, to write.
    pub fn plastic_mut(&mut self) -> &mut [PlasticWeight<F>] {
        self.frozen = None;
        &mut self.plastic
    }

    /// Where the synapses of layer `index` lie in its whole weight `[O,I]`, in the order of the stored ones; `None` without
    /// a mask.
    pub fn synapses(&self, index: usize) -> Option<Vec<u32>> {
        self.network.layers()[index].synapses()
    }

    /// Connects every masked layer by other synapses from now on: those of seed and part `choice(layer)`. The stored weights are
    /// those of the new synapses, in their order: whoever wants others there writes them.
    pub fn remask(&mut self, choice: impl Fn(usize) -> (u64, u64)) {
        self.frozen = None;
        for (index, layer) in self.config.network.layers.iter_mut().enumerate() {
            if let Some(mask) = &mut layer.mask {
                (mask.seed, mask.part) = choice(index);
                self.network.remask(index, *mask);
            }
        }
    }

    /// Gradients of the last step.
    pub fn gradients(&self) -> &Params<F> {
        &self.gradients
    }

    /// Buffers of the last pass: what each layer did.
    pub fn workspace(&mut self) -> &mut Workspace<F> {
        &mut self.workspace
    }

    /// Runs a batch with the plastic weights at rest and shows it: the network that ran, in which plastic weights and
    /// normalisations are folded into weights, its parameters, and what each layer did.
    ///
    /// # Errors
    /// Wrong shapes, or values that are not finite.
    pub fn at_rest<R>(
        &mut self,
        input: Input<'_, F>,
        see: impl FnOnce(&Network<F>, &Params<F>, &Workspace<F>) -> R,
    ) -> Result<R, CoreError> {
        let batch = self.check(input.into(), false)?;
        let (network, params) = frozen(&mut self.frozen, &self.network, &self.params, &self.plastic);
        self.workspace.keep_potentials(Potentials::Last);
        network.forward(params, &self.plastic, input, batch, &mut self.workspace);
        Ok(see(network, params, &self.workspace))
    }

    /// As [`Learner::at_rest`], of the embedding of a network that meets its classes in episodes, whose read-out rests; what each sample is
    /// embedded as is shown, too, `[N,I]`.
    ///
    /// # Errors
    /// Wrong shapes, or values that are not finite.
    pub fn embedding_at_rest<R>(
        &mut self,
        input: Input<'_, F>,
        see: impl FnOnce(&Network<F>, &Params<F>, &Workspace<F>, &[F]) -> R,
    ) -> Result<R, CoreError> {
        let batch = self.check_input(input)?;
        let (network, params) = frozen(&mut self.frozen, &self.network, &self.params, &self.plastic);
        self.workspace.keep_potentials(Potentials::Last);
        let features = network.embed((params, &self.plastic), input, batch, &mut self.workspace);
        Ok(see(network, params, &self.workspace, &features))
    }

    /// What was counted of each layer since the epoch began.
    pub fn statistics(&self) -> &[LayerStatistics] {
        &self.statistics
    }

    /// Optimiser steps taken so far.
    pub fn steps_taken(&self) -> u64 {
        self.steps
    }

    /// Tells the schedules which epoch begins (from 0) and resets the per-epoch health statistics.
    pub fn begin_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.statistics.iter_mut().for_each(|s| *s = LayerStatistics::default());
    }

    /// Begins a sample, episode, task or run: plastic weights that live no longer than that return to zero.
    pub fn begin(&mut self, scope: PlasticScope) {
        self.frozen = None;
        for (layer, plastic) in self.network.layers().iter().zip(&mut self.plastic) {
            if layer.scope().is_some_and(|own| own <= scope) {
                plastic.values.clear();
            }
        }
    }

    /// One training step on a batch: forward, backward, both optimisers.
    ///
    /// # Errors
    /// Wrong shapes, values that are not finite, labels out of range, or divergence (nothing is updated then).
    pub fn step(&mut self, input: Input<'_, F>, labels: &[u32]) -> Result<StepReport, CoreError> {
        self.step_on(Examples::new(input, labels), &Group::ALL)
    }

    /// As [`Learner::step`], on examples that may be episodes; only `groups` move.
    ///
    /// # Errors
    /// As [`Learner::step`].
    pub fn step_on(&mut self, examples: Examples<'_, F>, groups: &[Group]) -> Result<StepReport, CoreError> {
        // On a worker from the first product on: handing each of them over from outside would cost a wake-up.
        rayon::scope(|_| self.step_here(examples, groups, None))
    }

    /// As [`Learner::step`], with a penalty beside the loss. The loss reported is the batch's alone.
    ///
    /// # Errors
    /// As [`Learner::step`].
    pub fn step_beside(
        &mut self,
        examples: Examples<'_, F>,
        consolidation: &mut dyn Consolidation<F>,
    ) -> Result<StepReport, CoreError> {
        rayon::scope(|_| self.step_here(examples, &Group::ALL, Some(consolidation)))
    }

    /// Where each array belongs, in the one order that all code uses.
    pub fn specs(&self) -> &[ArraySpec] {
        &self.specs
    }

    fn step_here(
        &mut self,
        examples: Examples<'_, F>,
        groups: &[Group],
        mut consolidation: Option<&mut dyn Consolidation<F>>,
    ) -> Result<StepReport, CoreError> {
        let batch = self.check(examples, true)?;
        self.workspace.keep_potentials(Potentials::Last);
        let report = self.gradients_of(examples, batch);
        if let Some(consolidation) = consolidation.as_deref_mut() {
            consolidation.add_gradient(&self.specs, &self.params, &mut self.gradients);
            self.workspace.forget_weight_squares();
        }
        let norms = self.check_finite(report.loss)?;
        self.observe(&norms);
        self.apply(&norms, groups);
        if let Some(consolidation) = consolidation {
            consolidation.stepped(&self.specs, &self.params);
        }
        self.network.keep_plastic(&mut self.plastic, &mut self.workspace);
        self.network.follow_statistics(&mut self.params, &self.workspace);
        self.steps += 1;
        self.frozen = None;
        Ok(report)
    }

    /// One step of the meta-parameters by a second-order hypergradient: how the loss on `validation` changes with them,
    /// both directly and through the weights that one step on `training` would reach.
    ///
    /// # Equation
    /// d = ∇_w L_val, ε = min(r/|d|, r), h = clamp((∇_θ L_tr(w + ε d) - ∇_θ L_tr(w - ε d)) / 2ε, -b, b),
    /// ∇θ = ∇_θ L_val - ξ h; w the weights and θ the meta-parameters, r, b and ξ of `how`.
    ///
    /// # Errors
    /// As [`Learner::step`].
    ///
    /// # References
    /// Liu, Simonyan & Yang, "DARTS: differentiable architecture search" (2019), arXiv 1806.09055, eq. 7 and 8.
    pub fn hyper_step(
        &mut self,
        training: Examples<'_, F>,
        validation: Examples<'_, F>,
        how: HyperGradient,
    ) -> Result<StepReport, CoreError> {
        rayon::scope(|_| self.hyper_step_here(training, validation, how))
    }

    fn hyper_step_here(
        &mut self,
        training: Examples<'_, F>,
        validation: Examples<'_, F>,
        how: HyperGradient,
    ) -> Result<StepReport, CoreError> {
        let sizes = [self.check(training, true)?, self.check(validation, true)?];
        self.workspace.keep_potentials(Potentials::Last);
        let report = self.gradients_of(validation, sizes[1]);
        let norms = self.check_finite(report.loss)?;
        let of_weights = |spec: &&ArraySpec| spec.field.group() == Group::Weights && spec.trained;
        let squares: f64 =
            self.specs.iter().zip(&norms).filter(|(spec, _)| of_weights(spec)).map(|(_, norm)| norm).sum();
        let radius = (how.radius / squares.sqrt().max(f64::MIN_POSITIVE)).min(how.radius);
        let (start, direct) = (self.params.clone(), self.gradients.clone());
        let at = |learner: &mut Self, sign: f64| -> Result<Params<F>, CoreError> {
            for spec in learner.specs.iter().filter(of_weights) {
                let (values, along) = (start[spec.layer].get(spec.field), direct[spec.layer].get(spec.field));
                let moved = values.iter().zip(along).map(|(&w, &d)| w + F::of(sign * radius) * d);
                *learner.params[spec.layer].get_mut(spec.field) = moved.collect();
            }
            let report = learner.gradients_of(training, sizes[0]);
            learner.check_finite(report.loss).map(|_| learner.gradients.clone())
        };
        let sides = at(self, 1.0).and_then(|plus| at(self, -1.0).map(|minus| [plus, minus]));
        self.params = start;
        self.gradients = direct;
        let [plus, minus] = sides?;
        let mut norms = vec![0.0; self.specs.len()];
        for (spec, norm) in self.specs.iter().zip(&mut norms).filter(|(spec, _)| spec.field.group() == Group::Meta) {
            let (plus, minus) = (plus[spec.layer].get(spec.field), minus[spec.layer].get(spec.field));
            let gradient = self.gradients[spec.layer].get_mut(spec.field);
            for ((gradient, &plus), &minus) in gradient.iter_mut().zip(plus).zip(minus) {
                let through = ((plus - minus).to_f64() / (2.0 * radius)).clamp(-how.bound, how.bound);
                *gradient = *gradient - F::of(how.strength * through);
            }
            *norm = squared_norm(gradient);
        }
        self.apply(&norms, &[Group::Meta]);
        self.frozen = None;
        Ok(report)
    }

    /// Loss and gradients of a batch; nothing is updated. The gradients are at [`Learner::gradients`].
    ///
    /// # Errors
    /// Wrong shapes, values that are not finite, or labels out of range.
    pub fn loss_and_gradients(&mut self, input: Input<'_, F>, labels: &[u32]) -> Result<StepReport, CoreError> {
        self.loss_and_gradients_on(Examples::new(input, labels))
    }

    /// As [`Learner::loss_and_gradients`], on examples that may be episodes.
    ///
    /// # Errors
    /// As [`Learner::loss_and_gradients`].
    pub fn loss_and_gradients_on(&mut self, examples: Examples<'_, F>) -> Result<StepReport, CoreError> {
        let batch = self.check(examples, true)?;
        self.workspace.keep_potentials(Potentials::All);
        Ok(self.gradients_of(examples, batch))
    }

    fn gradients_of(&mut self, examples: Examples<'_, F>, batch: usize) -> StepReport {
        let draw = Draw { seed: self.seed, step: self.steps };
        self.network.forward_training(&self.params, &self.plastic, examples, (batch, draw), &mut self.workspace);
        let labels = asked(&examples);
        let (loss, predictions) = self.network.loss(self.config.loss, &labels, &mut self.workspace);
        self.network.backward(&self.params, &self.plastic, examples.input, &mut self.workspace, &mut self.gradients);
        StepReport { loss, correct: count_correct(&predictions, &labels) }
    }

    /// Squared gradient norm of each trained array, in the order of the specs.
    fn check_finite(&self, loss: f64) -> Result<Vec<f64>, CoreError> {
        let diverged =
            |layer: String, what: &str| Err(CoreError::Diverged { step: self.steps, layer, what: what.to_owned() });
        // An infinite potential outlives its step, and a spike, a cap or a bounded rule may hide it from the loss.
        for index in 0..self.network.layers().len() {
            if !self.network.potentials_finite(index, &self.workspace) {
                return diverged(format!("layers.{index}"), "membrane potential");
            }
        }
        let mut norms = Vec::with_capacity(self.specs.len());
        for spec in &self.specs {
            let gradient = self.gradients[spec.layer].get(spec.field);
            let summed = self.workspace.weight_squares(spec.layer).filter(|_| spec.field == Field::Weight);
            let norm = if spec.trained { summed.unwrap_or_else(|| squared_norm(gradient)) } else { 0.0 };
            if !norm.is_finite() {
                return diverged(format!("layers.{}", spec.layer), &format!("gradient of {}", spec.field.name()));
            }
            norms.push(norm);
        }
        if !loss.is_finite() {
            return diverged("read-out".into(), "loss");
        }
        // The last update of P shows in no potential of its own step.
        for index in 0..self.network.layers().len() {
            if !all_finite(self.workspace.next_plastic(index)) {
                return diverged(format!("layers.{index}"), "plastic weight");
            }
        }
        Ok(norms)
    }

    fn observe(&mut self, norms: &[f64]) {
        for (spec, norm) in self.specs.iter().zip(norms) {
            if spec.field == Field::Weight && spec.trained {
                let [sum, count] = &mut self.statistics[spec.layer].gradient;
                *sum += (norm / spec.len() as f64).sqrt();
                *count += 1.0;
            }
        }
        if self.steps.is_multiple_of(LOOK_EVERY) || self.statistics[0].observations == 0.0 {
            for (index, layer) in self.network.layers().iter().enumerate() {
                self.statistics[index].look(self.workspace.layer(index).output, layer.outputs());
            }
        }
    }

    fn optimiser(&self, group: Group) -> &OptimiserConfig {
        match group {
            Group::Weights => &self.config.weights,
            Group::Meta => &self.config.meta,
        }
    }

    fn apply(&mut self, norms: &[f64], groups: &[Group]) {
        for (slot, group) in Group::ALL.into_iter().enumerate().filter(|(_, group)| groups.contains(group)) {
            let optimiser = self.optimiser(group).clone();
            if !(self.steps + 1).is_multiple_of(optimiser.update_interval) {
                continue;
            }
            self.updates[slot] += 1;
            let of_group = |spec: &ArraySpec| spec.field.group() == group && spec.trained;
            let total: f64 = self.specs.iter().zip(norms).filter(|(s, _)| of_group(s)).map(|(_, n)| n).sum();
            let clip = optimiser.clip_norm.map_or(1.0, |bound| (bound / total.sqrt().max(f64::MIN_POSITIVE)).min(1.0));
            let rate = optimiser.learning_rate_at(self.epoch);
            for (spec, moments) in self.specs.iter().zip(&mut self.moments) {
                if of_group(spec) {
                    let values = match (spec.field, self.fine.get_mut(spec.layer)) {
                        (Field::Weight, Some(fine)) => fine,
                        _ => self.params[spec.layer].get_mut(spec.field),
                    };
                    let gradient = self.gradients[spec.layer].get(spec.field);
                    update(&optimiser.method, rate, self.updates[slot], clip, values, gradient, moments);
                }
            }
        }
        self.round();
        self.bound_rates();
    }

    /// Keeps local learning rates inside their bounds.
    fn bound_rates(&mut self) {
        for (layer, params) in self.network.layers().iter().zip(&mut self.params) {
            if let Some([low, high]) = layer.plasticity().and_then(|p| p.rate_bounds) {
                params.local_learning_rate.iter_mut().for_each(|r| *r = r.clamp(F::of(low), F::of(high)));
            }
        }
    }

    /// Evaluates one batch; the learner itself does not change.
    ///
    /// # Errors
    /// Wrong shapes, values that are not finite, or labels out of range.
    pub fn evaluate(
        &mut self,
        input: Input<'_, F>,
        labels: &[u32],
        plastic: PlasticEval,
    ) -> Result<EvalReport, CoreError> {
        self.evaluate_on(Examples::new(input, labels), plastic)
    }

    /// As [`Learner::evaluate`], on examples that may be episodes: their plastic weights always move, and predictions are
    /// those of the queries.
    ///
    /// # Errors
    /// As [`Learner::evaluate`].
    pub fn evaluate_on(&mut self, examples: Examples<'_, F>, plastic: PlasticEval) -> Result<EvalReport, CoreError> {
        let batch = self.check(examples, true)?;
        let (network, params) = match plastic {
            PlasticEval::Frozen if examples.episodes.is_none() => {
                frozen(&mut self.frozen, &self.network, &self.params, &self.plastic)
            }
            _ => (&self.network, &self.params),
        };
        let workspace = &mut self.workspace;
        rayon::scope(|_| network.forward(params, &self.plastic, examples, batch, workspace).step);
        let labels = asked(&examples);
        let (loss, predictions) = network.loss(self.config.loss, &labels, &mut self.workspace);
        Ok(EvalReport { loss, correct: count_correct(&predictions, &labels), predictions })
    }

    /// Answers to the queries of episodes, `[Q,C]`; their labels are not looked at.
    ///
    /// # Errors
    /// Wrong shapes, values that are not finite, or labels out of range.
    pub fn answer(&mut self, examples: Examples<'_, F>) -> Result<&[F], CoreError> {
        let batch = self.check(examples, true)?;
        self.workspace.keep_potentials(Potentials::All);
        rayon::scope(|_| self.network.forward(&self.params, &self.plastic, examples, batch, &mut self.workspace).step);
        Ok(&self.workspace.reading().values)
    }

    /// As [`Learner::answer`], of queries that each were looked at several times: their answers' means.
    ///
    /// # Shapes
    /// Of each episode's queries `[looks, Q]` there are answers `[Q,C]`.
    ///
    /// # Errors
    /// As [`Learner::answer`]; queries that are no multiple of `looks`, or no episodes.
    pub fn answer_looks(&mut self, examples: Examples<'_, F>, looks: usize) -> Result<Vec<F>, CoreError> {
        let queries = examples.episodes.map_or(0, |shape| shape.queries);
        let all = asked(&examples).len();
        if queries == 0 || looks == 0 || !queries.is_multiple_of(looks) {
            let found = format!("{queries} queries, {looks} looks at each");
            return Err(CoreError::Shape { what: "looks at a query".into(), expected: vec![looks], found });
        }
        let answers = self.answer(examples)?;
        // Prototypes have as many classes as the episode.
        let classes = answers.len() / all.max(1);
        let of_look = queries / looks * classes;
        let mut means = Vec::with_capacity(answers.len() / looks);
        for episode in answers.chunks_exact(queries * classes) {
            let mut mean = vec![F::of(0.0); of_look];
            let share = F::of(1.0 / looks as f64);
            episode.chunks_exact(of_look).for_each(|look| crate::rows::add_scaled(&mut mean, share, look));
            means.extend(mean);
        }
        Ok(means)
    }

    /// As [`Learner::evaluate_on`], of queries that each were looked at several times: by their answers' means.
    ///
    /// # Errors
    /// As [`Learner::answer_looks`].
    pub fn evaluate_looks(&mut self, examples: Examples<'_, F>, looks: usize) -> Result<EvalReport, CoreError> {
        let answers = self.answer_looks(examples, looks)?;
        let queries = examples.episodes.map_or(1, |shape| shape.queries);
        let labels = asked(&examples);
        let labels: Vec<u32> = labels.chunks_exact(queries).flat_map(|own| &own[..queries / looks]).copied().collect();
        let classes = answers.len() / labels.len().max(1);
        let loss = crate::loss::loss(self.config.loss, &answers, &labels, classes, &mut Vec::new());
        let predictions: Vec<u32> = answers.chunks_exact(classes).map(crate::loss::prediction).collect();
        Ok(EvalReport { loss, correct: count_correct(&predictions, &labels), predictions })
    }

    /// What the embedding makes of samples that need not make episodes, `[N,I]`: the mean of its output over their steps.
    ///
    /// # Errors
    /// Wrong shapes, values that are not finite, or a network that does not meet its classes in episodes.
    pub fn embed(&mut self, input: Input<'_, F>) -> Result<Vec<F>, CoreError> {
        if self.config.network.episode.is_none() {
            let found = "a network without `episode`".into();
            return Err(CoreError::Shape { what: "embedding".into(), expected: vec![], found });
        }
        let batch = self.check_input(input)?;
        let mut features = Vec::with_capacity(batch * self.network.embedding_size());
        let mut samples = Vec::new();
        for first in (0..batch).step_by(EMBEDDED) {
            let part = first..batch.min(first + EMBEDDED);
            let input = part_of(input, (self.config.network.inputs, batch), &part, &mut samples);
            let state = (&self.params, &self.plastic[..]);
            features.extend(rayon::scope(|_| self.network.embed(state, input, part.len(), &mut self.workspace)));
        }
        Ok(features)
    }

    /// Runs one episode with its first query alone and records its plastic read-out.
    ///
    /// # Errors
    /// As [`Learner::answer`]; more than one episode, or a network without a plastic read-out of episodes.
    pub fn record_episode(&mut self, examples: Examples<'_, F>) -> Result<EpisodeRecording, CoreError> {
        let plastic = matches!(self.config.network.episode, Some(EpisodeReadout::Plastic { .. }));
        let Some(whole) = examples.episodes.filter(|s| plastic && examples.labels.len() == s.samples()) else {
            let found = format!("{:?} with {} labels", examples.episodes, examples.labels.len());
            return Err(CoreError::Shape { what: "recorded episode".into(), expected: vec![1], found });
        };
        self.check(examples, true)?;
        let shape = EpisodeShape { queries: 1, ..whole };
        let mut copied = Vec::new();
        let sizes = (self.config.network.inputs, whole.samples());
        let input = part_of(examples.input, sizes, &(0..shape.samples()), &mut copied);
        self.answer(Examples::in_episodes(input, &examples.labels[..shape.samples()], shape))?;
        let (weight, potentials) = self.network.episode_inside(&self.params, &self.plastic, shape, &mut self.workspace);
        let narrow = |values: &[F]| values.iter().map(|v| v.to_f64() as f32).collect();
        Ok(EpisodeRecording {
            plastic_weight: narrow(&weight),
            membrane_potentials: narrow(&potentials),
            threshold: self.network.layers().last().map_or(1.0, crate::layer::Layer::threshold),
        })
    }

    /// The same network for episodes of fewer classes: the plastic read-out's first `ways` neurons. Prototypes take any
    /// number as they are.
    ///
    /// # Errors
    /// More classes than the read-out has neurons, none, or a network that does not meet its classes in episodes.
    pub fn narrowed(&self, ways: usize) -> Result<Self, CoreError> {
        let outputs = self.network.classes();
        let mut config = self.config.clone();
        match config.network.episode {
            Some(EpisodeReadout::Prototypes {}) => {}
            Some(EpisodeReadout::Plastic { .. }) if (1..=outputs).contains(&ways) => {
                config.network.layers.last_mut().expect("a valid config has a layer").size = ways;
            }
            _ => {
                let found = format!("{ways} ways");
                return Err(CoreError::Shape { what: "classes of an episode".into(), expected: vec![outputs], found });
            }
        }
        let mut learner = Learner::with_models(config, self.seed, Models::default())?;
        for spec in &learner.specs {
            // All arrays of a layer are rows of neurons first, but for the local learning rate, which is of its inputs.
            let values = self.params[spec.layer].get(spec.field);
            *learner.params[spec.layer].get_mut(spec.field) = values[..spec.len()].to_vec();
        }
        learner.take_as_fine();
        learner.steps = self.steps;
        Ok(learner)
    }

    /// Runs one sample (B = 1) with frozen plastic weights and records every layer.
    ///
    /// # Errors
    /// Wrong shapes, or values that are not finite.
    pub fn record(&mut self, input: Input<'_, F>) -> Result<Vec<LayerRecording>, CoreError> {
        let batch = self.check(input.into(), false)?;
        if batch != 1 {
            let found = format!("{batch} samples");
            return Err(CoreError::Shape { what: "recorded input".into(), expected: vec![1], found });
        }
        let (network, params) = frozen(&mut self.frozen, &self.network, &self.params, &self.plastic);
        self.workspace.keep_potentials(Potentials::All);
        network.forward(params, &self.plastic, input, 1, &mut self.workspace);
        let narrow = |values: &[F]| values.iter().map(|v| v.to_f64() as f32).collect();
        let recording = |(index, layer): (usize, &crate::layer::Layer<F>)| {
            let (spikes, potentials) = network.trajectory_of(index, &self.workspace);
            LayerRecording {
                neurons: layer.neurons(),
                spikes: narrow(&spikes),
                membrane_potentials: narrow(&potentials),
                threshold: layer.threshold(),
            }
        };
        Ok(network.layers().iter().enumerate().map(recording).collect())
    }

    /// What the epoch's steps showed: silent and saturated layers, vanishing or exploding gradients, clamped plastic weights.
    pub fn health(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let count = self.network.layers().len();
        for (index, layer) in self.network.layers().iter().enumerate() {
            let mut statistics = self.statistics[index].clone();
            statistics.clamped = self.clamped_share(index);
            let examined =
                Examined { index, last: index + 1 == count, spiking: layer.spiking(), trained: layer.trained() };
            examine(examined, &statistics, &mut findings);
        }
        findings
    }

    fn clamped_share(&self, index: usize) -> f64 {
        let values = &self.plastic[index].values;
        let clamp = self.network.layers()[index].plasticity().and_then(|p| p.clamp);
        match clamp {
            Some(clamp) if !values.is_empty() => {
                let at = values.iter().filter(|p| p.to_f64().abs() >= clamp).count();
                at as f64 / values.len() as f64
            }
            _ => 0.0,
        }
    }

    /// Checks an input; gives the number of samples.
    fn check_input(&self, input: Input<'_, F>) -> Result<usize, CoreError> {
        let config = &self.config.network;
        let (values, planes) = match input {
            Input::Constant(values) => (values, 1),
            Input::Series(values) => (values, config.steps),
        };
        let sample = planes * config.inputs;
        let batch = values.len() / sample;
        if batch == 0 || !values.len().is_multiple_of(sample) {
            let expected = if planes == 1 { vec![batch, config.inputs] } else { vec![planes, batch, config.inputs] };
            let found = format!("{} values", values.len());
            return Err(CoreError::Shape { what: "input".into(), expected, found });
        }
        // A sum is finite only if all its terms are (up to overflow, which is no better).
        if !crate::rows::sum(values).finite() {
            let at = values.iter().position(|v| !v.finite()).unwrap_or(0);
            return Err(CoreError::NotFinite { what: "input".into(), sample: at / config.inputs % batch });
        }
        Ok(batch)
    }

    /// Checks an input and, if `labelled`, its labels; gives the number of samples.
    fn check(&self, examples: Examples<'_, F>, labelled: bool) -> Result<usize, CoreError> {
        let batch = self.check_input(examples.input)?;
        let classes = self.check_episodes(examples.episodes, batch)?;
        if labelled {
            let labels = examples.labels;
            if labels.len() != batch {
                let found = format!("{} labels", labels.len());
                return Err(CoreError::Shape { what: "labels".into(), expected: vec![batch], found });
            }
            if let Some(sample) = labels.iter().position(|&l| l as usize >= classes) {
                return Err(CoreError::Label { sample, label: labels[sample], classes });
            }
            if let Some(shape) = examples.episodes {
                self.check_support(shape, labels)?;
            }
        }
        for (layer, plastic) in self.network.layers().iter().zip(&self.plastic) {
            let expected = layer.plastic_len(batch);
            if !plastic.values.is_empty() && plastic.values.len() != expected {
                let found = format!("{} values", plastic.values.len());
                let what = "plastic weights per sample (batches must not change size within their scope)".into();
                return Err(CoreError::Shape { what, expected: vec![expected], found });
            }
        }
        Ok(batch)
    }

    /// Checks how samples make episodes; gives the number of classes.
    fn check_episodes(&self, episodes: Option<EpisodeShape>, batch: usize) -> Result<usize, CoreError> {
        let wrong = |what: &str, expected: Vec<usize>, found: String| {
            Err(CoreError::Shape { what: what.into(), expected, found })
        };
        let classes = self.network.classes();
        match (self.config.network.episode, episodes) {
            (None, None) => Ok(classes),
            (None, Some(shape)) => wrong("episodes", vec![], format!("{shape:?} for a network without `episode`")),
            (Some(_), None) => wrong("episodes", vec![], "samples without their arrangement in episodes".into()),
            (Some(readout), Some(shape)) => {
                if shape.ways == 0 || shape.supports == 0 || shape.queries == 0 {
                    return wrong("episodes", vec![1, 1, 1], format!("{shape:?}"));
                }
                if matches!(readout, EpisodeReadout::Plastic { .. }) && shape.ways != classes {
                    return wrong("classes of an episode", vec![classes], format!("{} ways", shape.ways));
                }
                if !batch.is_multiple_of(shape.samples()) {
                    return wrong("episodes", vec![shape.samples()], format!("{batch} samples"));
                }
                Ok(shape.ways)
            }
        }
    }

    /// Every class of an episode must be in its support.
    fn check_support(&self, shape: EpisodeShape, labels: &[u32]) -> Result<(), CoreError> {
        for (episode, labels) in labels.chunks_exact(shape.samples()).enumerate() {
            let mut seen = vec![false; shape.ways];
            labels[..shape.supports].iter().for_each(|&label| seen[label as usize] = true);
            if let Some(class) = seen.iter().position(|seen| !seen) {
                let found = format!("none of class {class} in episode {episode}");
                let expected = vec![shape.supports];
                return Err(CoreError::Shape { what: "support".into(), expected, found });
            }
        }
        Ok(())
    }

    /// Named arrays of the trained network (`layers.0.weight`, `layers.0.plastic_weight`, ...), with shapes.
    pub fn arrays(&self) -> Vec<(String, Vec<usize>, &[F])> {
        let params = self.specs.iter().map(|spec| {
            let values = &self.params[spec.layer].get(spec.field)[..];
            (spec.name(), spec.shape.clone(), values)
        });
        params.chain(self.plastic_arrays()).collect()
    }

    fn plastic_arrays(&self) -> impl Iterator<Item = (String, Vec<usize>, &[F])> {
        let layers = self.network.layers().iter().zip(&self.plastic).enumerate();
        layers.filter(|(_, (_, plastic))| !plastic.values.is_empty()).map(|(index, (layer, plastic))| {
            let (outputs, inputs) = (layer.outputs(), layer.inputs());
            let copies = plastic.values.len() / (outputs * inputs);
            let shape = if copies == 1 { vec![outputs, inputs] } else { vec![copies, outputs, inputs] };
            (format!("layers.{index}.plastic_weight"), shape, &plastic.values[..])
        })
    }

    /// Everything that training moves, as the bytes of a safetensors file; `metadata` travels along.
    pub fn to_bytes(&self, metadata: &BTreeMap<String, String>) -> Vec<u8> {
        let (arrays, progress) = self.snapshot("");
        let mut all = metadata.clone();
        all.insert(PROGRESS.into(), progress);
        checkpoint::write(&arrays, &all)
    }

    /// Everything that training moves: arrays, whose names begin with `prefix`, and counters as text. For files that several
    /// learners share.
    pub fn snapshot(&self, prefix: &str) -> (Vec<Named<'_, F>>, String) {
        let named = |name: &str, shape, values| Named { name: format!("{prefix}{name}"), shape, values };
        let mut arrays: Vec<Named<'_, F>> =
            self.arrays().into_iter().map(|(name, shape, values)| named(&name, shape, values)).collect();
        for (spec, moments) in self.specs.iter().zip(&self.moments) {
            for (kind, values) in [(FIRST, &moments.first), (SECOND, &moments.second)] {
                if !values.is_empty() {
                    arrays.push(named(&format!("{kind}.{}", spec.name()), spec.shape.clone(), values));
                }
            }
            if let (Field::Weight, Some(fine)) = (spec.field, self.fine.get(spec.layer)) {
                arrays.push(named(&format!("{FINE}.{}", spec.name()), spec.shape.clone(), fine));
            }
        }
        let progress = Progress {
            steps: self.steps,
            updates: self.updates,
            epoch: self.epoch,
            seed: self.seed,
            statistics: self.statistics.iter().map(|s| (s.spikes.clone(), s.observations, s.gradient)).collect(),
        };
        (arrays, serde_json::to_string(&progress).expect("numbers and lists"))
    }

    /// Takes over the arrays of a [`Learner::snapshot`]; with its counters, too, continuing gives the same bits.
    ///
    /// # Errors
    /// Arrays of another network; the learner is of no use then.
    pub fn take_arrays(&mut self, prefix: &str, arrays: &mut Arrays<'_>) -> Result<(), CoreError> {
        self.frozen = None;
        for (spec, moments) in self.specs.iter().zip(&mut self.moments) {
            let name = spec.name();
            *self.params[spec.layer].get_mut(spec.field) = arrays.need(&format!("{prefix}{name}"), &spec.shape)?;
            for (kind, into) in [(FIRST, &mut moments.first), (SECOND, &mut moments.second)] {
                *into = arrays.take(&format!("{prefix}{kind}.{name}"), &spec.shape)?.unwrap_or_default();
            }
            if let (Field::Weight, Some(fine)) = (spec.field, self.fine.get_mut(spec.layer)) {
                let weight = &self.params[spec.layer].weight;
                let found = arrays.take(&format!("{prefix}{FINE}.{name}"), &spec.shape)?;
                // Those of a network that was trained in floats are the fine ones.
                *fine = found.unwrap_or_else(|| weight.clone());
            }
        }
        self.round();
        for (index, layer) in self.network.layers().iter().enumerate() {
            let name = format!("{prefix}layers.{index}.plastic_weight");
            let (outputs, inputs) = (layer.outputs(), layer.inputs());
            // Plastic weights of a layer that has none are left to `finish`.
            let Some(found) = arrays.shape(&name).filter(|_| layer.plastic_len(1) > 0) else { continue };
            let own_copies = layer.plastic_len(2) > layer.plastic_len(1);
            let shape = match found[..] {
                [copies, ..] if own_copies && found.len() == 3 => vec![copies, outputs, inputs],
                _ => vec![outputs, inputs],
            };
            self.plastic[index].values = arrays.need(&name, &shape)?;
        }
        Ok(())
    }

    /// Takes over the counters of a [`Learner::snapshot`].
    ///
    /// # Errors
    /// They cannot be read.
    pub fn take_progress(&mut self, progress: &str) -> Result<(), CoreError> {
        let progress = serde_json::from_str::<Progress>(progress).ok();
        let progress = progress
            .filter(|progress| progress.statistics.len() == self.statistics.len())
            .ok_or_else(|| CoreError::Checkpoint("lacks a readable record of its progress".into()))?;
        (self.steps, self.updates) = (progress.steps, progress.updates);
        (self.epoch, self.seed) = (progress.epoch, progress.seed);
        for (own, (spikes, observations, gradient)) in self.statistics.iter_mut().zip(progress.statistics) {
            *own = LayerStatistics { spikes, observations, gradient, clamped: 0.0 };
        }
        Ok(())
    }

    /// As [`Learner::from_bytes`], in either precision, with neurons and rules of the user's own.
    ///
    /// # Errors
    /// Every violation of the config, damaged bytes, or arrays of another network.
    pub fn restore(
        config: LearnerConfig,
        bytes: &[u8],
        models: Models<F>,
    ) -> Result<(Self, BTreeMap<String, String>), CoreError> {
        let mut learner = Learner::with_models(config, 0, models)?;
        let (mut arrays, mut metadata) = checkpoint::read(bytes)?;
        let progress = metadata.remove(PROGRESS).unwrap_or_default();
        learner.take_arrays("", &mut arrays)?;
        arrays.finish()?;
        learner.take_progress(&progress)?;
        Ok((learner, metadata))
    }
}

/// Names of the optimiser's arrays in checkpoints.
const FIRST: &str = "first_moment";
const SECOND: &str = "second_moment";
/// Name of the fine weights in checkpoints.
const FINE: &str = "fine";
/// Key of [`Progress`] in a checkpoint's metadata.
const PROGRESS: &str = "glocal.progress";

/// Counters of a learner.
#[derive(serde::Serialize, serde::Deserialize)]
struct Progress {
    steps: u64,
    updates: [u64; 2],
    epoch: u64,
    /// Absent in checkpoints from before dropout, which have no use for it.
    #[serde(default)]
    seed: u64,
    statistics: Vec<(Vec<f64>, f64, [f64; 2])>,
}

/// The network with its plastic weights folded in, made once after each change.
fn frozen<'a, F: Float>(
    kept: &'a mut Option<(Network<F>, Params<F>)>,
    network: &Network<F>,
    params: &Params<F>,
    plastic: &[PlasticWeight<F>],
) -> (&'a Network<F>, &'a Params<F>) {
    let (network, params) = kept.get_or_insert_with(|| (network.frozen(), network.fold(params, plastic)));
    (network, params)
}

/// Some samples of an input `[B,I]` or `[T,B,I]`; `copied` holds them where they lie apart.
fn part_of<'a, F: Float>(
    input: Input<'a, F>,
    (inputs, batch): (usize, usize),
    part: &Range<usize>,
    copied: &'a mut Vec<F>,
) -> Input<'a, F> {
    let values = part.start * inputs..part.end * inputs;
    match input {
        Input::Constant(all) => Input::Constant(&all[values]),
        Input::Series(all) => {
            copied.clear();
            all.chunks_exact(batch * inputs).for_each(|plane| copied.extend_from_slice(&plane[values.clone()]));
            Input::Series(copied)
        }
    }
}

/// Labels of what the network is asked about.
fn asked<'a, F>(examples: &Examples<'a, F>) -> Cow<'a, [u32]> {
    match examples.episodes {
        Some(shape) => shape.query_labels(examples.labels).into(),
        None => examples.labels.into(),
    }
}

fn count_correct(predictions: &[u32], labels: &[u32]) -> usize {
    predictions.iter().zip(labels).filter(|(p, l)| p == l).count()
}
