//! The network: a chain of layers and a read-out, run forward and backward.

use std::collections::BTreeMap;

use crate::config::{Loss, MaskConfig, NetworkConfig, Readout};
use crate::dropout::Draw;
use crate::episode::{EpisodeBuffers, EpisodeReadout, EpisodeShape, embed};
use crate::layer::{Above, Layer, LayerCarry, OutputGradients, Pass, PlasticWeight, Tape, phase};
use crate::loss::{loss, prediction};
use crate::neuron::{Neuron, NeuronKernel};
use crate::params::{LayerArrays, Params};
use crate::plasticity::{PlasticityRule, RuleKernel};
use crate::readout::{Reading, Trajectory, TrajectoryGradient, read, read_adjoint};
use crate::scalar::Float;
use crate::shape::Shape;

/// Input of one batch.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, F> {
    /// The same values at every step, `[B,I]`: products with it are computed once, not T times.
    Constant(&'a [F]),
    /// Values of every step, `[T,B,I]`.
    Series(&'a [F]),
}

impl<'a, F> Input<'a, F> {
    /// As they are given, `[B,I]` or `[T,B,I]`.
    pub(crate) fn values(self) -> &'a [F] {
        match self {
            Input::Constant(x) | Input::Series(x) => x,
        }
    }
}

/// Input of one batch, and what is known of its samples.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a, F> {
    /// The samples.
    pub input: Input<'a, F>,
    /// Class of each sample; in episodes, its number among the episode's classes.
    pub labels: &'a [u32],
    /// How the samples make episodes, for a network that meets its classes in episodes.
    pub episodes: Option<EpisodeShape>,
}

impl<'a, F> From<Input<'a, F>> for Examples<'a, F> {
    /// Samples whose labels a forward pass need not know.
    fn from(input: Input<'a, F>) -> Self {
        Examples::new(input, &[])
    }
}

impl<'a, F> Examples<'a, F> {
    /// Samples that stand for themselves.
    pub fn new(input: Input<'a, F>, labels: &'a [u32]) -> Self {
        Examples { input, labels, episodes: None }
    }

    /// Episodes, each one's support first, then its queries.
    pub fn in_episodes(input: Input<'a, F>, labels: &'a [u32], shape: EpisodeShape) -> Self {
        Examples { input, labels, episodes: Some(shape) }
    }
}

/// A user's own neuron models and plasticity rules, in place of those that a config names.
///
/// ```
/// # use glocal_core::network::Models;
/// # use glocal_core::neuron::LeakyIntegrator;
/// let models = Models::<f32>::default().neuron(0, LeakyIntegrator { decay: 0.9, threshold: 1.0 });
/// ```
#[derive(Debug)]
pub struct Models<F> {
    neurons: BTreeMap<usize, Box<dyn NeuronKernel<F>>>,
    rules: BTreeMap<usize, Box<dyn RuleKernel<F>>>,
}

impl<F> Default for Models<F> {
    fn default() -> Self {
        Models { neurons: BTreeMap::new(), rules: BTreeMap::new() }
    }
}

impl<F: Float> Models<F> {
    /// `neuron` in layer `layer`.
    pub fn neuron(mut self, layer: usize, neuron: impl Neuron) -> Self {
        self.neurons.insert(layer, Box::new(neuron));
        self
    }

    /// `rule` in layer `layer`.
    pub fn rule(mut self, layer: usize, rule: impl PlasticityRule) -> Self {
        self.rules.insert(layer, Box::new(rule));
        self
    }
}

/// A network, ready to run. It holds no parameters and no state.
#[derive(Debug)]
pub struct Network<F> {
    config: NetworkConfig,
    layers: Vec<Layer<F>>,
    smooth: bool,
}

/// Buffers of a network, kept from batch to batch.
#[derive(Debug)]
pub struct Workspace<F> {
    tapes: Vec<Tape<F>>,
    input_gradients: Vec<Vec<F>>,
    loss_gradient: Vec<F>,
    trajectory_gradient: TrajectoryGradient<F>,
    reading: Reading<F>,
    phase: Vec<F>,
    batch: usize,
    potentials: Potentials,
    /// What the last forward pass drew from, if it was one to learn from.
    training: Option<Draw>,
    episodes: EpisodeBuffers<F>,
}

/// Of which layers a forward pass leaves the membrane potentials: training needs those that the read-out reads, and memory
/// traffic is what a step's time is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Potentials {
    /// Of all.
    #[default]
    All,
    /// Of the last.
    Last,
}

impl<F: Float> Default for Workspace<F> {
    fn default() -> Self {
        Workspace {
            tapes: Vec::new(),
            input_gradients: Vec::new(),
            loss_gradient: Vec::new(),
            trajectory_gradient: TrajectoryGradient::default(),
            reading: Reading::default(),
            phase: Vec::new(),
            batch: 0,
            potentials: Potentials::All,
            training: None,
            episodes: EpisodeBuffers::default(),
        }
    }
}

/// What one part of a scan hands to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Carry<F> {
    /// Steps done so far.
    pub step: usize,
    /// Layer by layer.
    pub layers: Vec<LayerCarry<F>>,
}

impl<F: Float> Network<F> {
    /// The network of a valid config; `models` replaces neurons and rules that it names.
    pub fn new(config: &NetworkConfig, mut models: Models<F>) -> Self {
        let layer = |(index, layer): (usize, &crate::config::LayerConfig)| {
            let learning = config.layer_rule(index);
            let own = (models.neurons.remove(&index), models.rules.remove(&index));
            let input = config.layer_input_shape(index).unwrap_or(Shape::Flat(0));
            Layer::new(layer, (input, index == 0), learning, own.0, own.1)
        };
        let layers = config.layers.iter().enumerate().map(layer).collect();
        Network { config: config.clone(), layers, smooth: false }
    }

    /// The same network with the surrogate's smooth step in place of each spike: its exact gradient is the surrogate
    /// gradient, which finite differences can check.
    pub fn smooth(mut self) -> Self {
        self.smooth = true;
        self
    }

    /// The same network without plastic weights and normalisations, for the parameters of [`Network::fold`]. Only a
    /// normalisation whose statistics differ from step to step stays.
    pub fn frozen(&self) -> Self {
        let layers = self.layers.iter().map(Layer::frozen).collect();
        Network { config: self.config.clone(), layers, smooth: self.smooth }
    }

    /// Parameters of [`Network::frozen`]: each trained weight with the plastic weight folded in, or with the normalisation.
    pub fn fold(&self, params: &Params<F>, plastic: &[PlasticWeight<F>]) -> Params<F> {
        let fold = |((layer, params), plastic): ((&Layer<F>, &LayerArrays<F>), &PlasticWeight<F>)| {
            layer.folded(params, plastic)
        };
        self.layers.iter().zip(params).zip(plastic).map(fold).collect()
    }

    /// Connects layer `index` by the synapses of another mask.
    pub(crate) fn remask(&mut self, index: usize, mask: MaskConfig) {
        self.config.layers[index].mask = Some(mask);
        self.layers[index].remask(mask);
    }

    /// Its layers.
    pub fn layers(&self) -> &[Layer<F>] {
        &self.layers
    }

    /// What it was made from.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    fn last(&self) -> &Layer<F> {
        self.layers.last().expect("a valid config has a layer")
    }

    /// Values of the read-out per sample.
    pub fn classes(&self) -> usize {
        self.last().outputs()
    }

    /// Plastic weights at rest.
    pub fn plastic_at_rest(&self) -> Vec<PlasticWeight<F>> {
        self.layers.iter().map(|_| PlasticWeight::default()).collect()
    }

    /// Runs all steps of a batch and reads the last layer, `[B,C]`: without dropout, and normalised by running statistics.
    /// Of episodes, the reading is of their queries, `[Q,C]`.
    ///
    /// # Shapes
    /// `input` as [`Input`] says, for T = the config's steps.
    pub fn forward<'w, 'e>(
        &self,
        params: &Params<F>,
        plastic: &[PlasticWeight<F>],
        examples: impl Into<Examples<'e, F>>,
        batch: usize,
        workspace: &'w mut Workspace<F>,
    ) -> &'w Reading<F> {
        workspace.training = None;
        self.run_and_read(params, plastic, examples.into(), batch, workspace)
    }

    /// As [`Network::forward`], to learn from: with dropout, and normalised by the statistics of the batch.
    pub fn forward_training<'w, 'e>(
        &self,
        params: &Params<F>,
        plastic: &[PlasticWeight<F>],
        examples: impl Into<Examples<'e, F>>,
        (batch, draw): (usize, Draw),
        workspace: &'w mut Workspace<F>,
    ) -> &'w Reading<F> {
        workspace.training = Some(draw);
        self.run_and_read(params, plastic, examples.into(), batch, workspace)
    }

    fn run_and_read<'w>(
        &self,
        params: &Params<F>,
        plastic: &[PlasticWeight<F>],
        examples: Examples<'_, F>,
        batch: usize,
        workspace: &'w mut Workspace<F>,
    ) -> &'w Reading<F> {
        self.run(params, plastic, examples.input, (batch, self.config.steps), None, false, workspace);
        workspace.episodes.shape = examples.episodes;
        workspace.reading = match (self.config.episode, examples.episodes) {
            (Some(readout), Some(shape)) => {
                self.read_episodes(params, plastic, (readout, shape), examples.labels, workspace)
            }
            _ => read(&self.config.readout, &self.trajectory(workspace)),
        };
        &workspace.reading
    }

    /// Runs the read-out of episodes over what [`Network::run`] made of their samples.
    fn read_episodes(
        &self,
        params: &Params<F>,
        plastic: &[PlasticWeight<F>],
        (readout, shape): (EpisodeReadout, EpisodeShape),
        labels: &[u32],
        workspace: &mut Workspace<F>,
    ) -> Reading<F> {
        let embedding = self.embedding();
        let mut episodes = std::mem::take(&mut workspace.episodes);
        episodes.labels.clear();
        episodes.labels.extend_from_slice(labels);
        embed(workspace.tapes[embedding - 1].outputs().output, self.config.steps, &mut episodes.features);
        let width = self.layers[embedding - 1].outputs();
        let reading = match readout {
            EpisodeReadout::Prototypes {} => Reading { values: episodes.prototypes(shape, width), step: 0 },
            EpisodeReadout::Plastic { drive } => {
                let layer = self.last();
                episodes.arrange(shape, drive, width, layer.outputs());
                let tape = &mut workspace.tapes[embedding];
                tape.keep_potential(true);
                layer.forward(&self.readout_pass((params, plastic), &episodes, shape, workspace.training), tape);
                workspace.episodes = episodes;
                return read(&self.config.readout, &self.trajectory(workspace));
            }
        };
        workspace.episodes = episodes;
        reading
    }

    /// The pass of the plastic read-out of episodes.
    fn readout_pass<'a>(
        &self,
        (params, plastic): (&'a Params<F>, &'a [PlasticWeight<F>]),
        episodes: &'a EpisodeBuffers<F>,
        shape: EpisodeShape,
        training: Option<Draw>,
    ) -> Pass<'a, F> {
        let last = self.layers.len() - 1;
        Pass {
            input: Input::Series(&episodes.series),
            batch: shape.all_queries(episodes.labels.len()),
            start: 0,
            phase: &episodes.phase,
            params: &params[last],
            plastic: &plastic[last],
            drive: Some(&episodes.drive),
            carried: None,
            continues: false,
            smooth: self.smooth,
            training: training.is_some(),
            alike: shape.queries,
        }
    }

    /// Plastic weights of the read-out after the support, `[O,I]`, and potentials of its neurons, `[S+1,O]`; after
    /// [`Network::forward`] with one episode of one query.
    pub(crate) fn episode_inside(
        &self,
        params: &Params<F>,
        plastic: &[PlasticWeight<F>],
        shape: EpisodeShape,
        workspace: &mut Workspace<F>,
    ) -> (Vec<F>, Vec<F>) {
        let potentials = self.trajectory(workspace).potential.to_vec();
        let last = self.last();
        let episodes = &workspace.episodes;
        // The support alone, and what it leaves is kept: the scan could go on.
        let whole = self.readout_pass((params, plastic), episodes, shape, None);
        let (inputs, outputs) = (shape.supports * last.inputs(), shape.supports * last.outputs());
        let pass = Pass {
            input: Input::Series(&episodes.series[..inputs]),
            drive: Some(&episodes.drive[..outputs]),
            phase: &episodes.phase[..shape.supports],
            continues: true,
            ..whole
        };
        let mut tape = Tape::default();
        last.forward(&pass, &mut tape);
        (tape.next_plastic().to_vec(), potentials)
    }

    /// Layers that run over the samples themselves: all but the plastic read-out of episodes.
    pub fn embedding(&self) -> usize {
        self.config.embedding()
    }

    /// Values of an embedding.
    pub fn embedding_size(&self) -> usize {
        self.embedding().checked_sub(1).map_or(self.config.inputs, |last| self.layers[last].outputs())
    }

    /// What the embedding makes of each of `batch` samples, `[N,I]`; see docs/equations.md 2.10.
    pub(crate) fn embed(
        &self,
        (params, plastic): (&Params<F>, &[PlasticWeight<F>]),
        input: Input<'_, F>,
        batch: usize,
        workspace: &mut Workspace<F>,
    ) -> Vec<F> {
        workspace.training = None;
        self.run(params, plastic, input, (batch, self.config.steps), None, false, workspace);
        let mut features = Vec::new();
        embed(workspace.tapes[self.embedding() - 1].outputs().output, self.config.steps, &mut features);
        features
    }

    /// Runs `steps` steps of a longer scan, from what its earlier part left (`carry`; none: from rest, with `plastic`).
    /// [`Network::carry`] then gives what its later part starts from.
    pub fn scan(
        &self,
        params: &Params<F>,
        plastic: &[PlasticWeight<F>],
        input: Input<'_, F>,
        (batch, steps): (usize, usize),
        carry: Option<&Carry<F>>,
        workspace: &mut Workspace<F>,
    ) {
        workspace.training = None;
        self.run(params, plastic, input, (batch, steps), carry, true, workspace);
    }

    #[allow(clippy::too_many_arguments)]
    fn run(
        &self,
        params: &Params<F>,
        plastic: &[PlasticWeight<F>],
        input: Input<'_, F>,
        (batch, steps): (usize, usize),
        carry: Option<&Carry<F>>,
        continues: bool,
        workspace: &mut Workspace<F>,
    ) {
        let start = carry.map_or(0, |c| c.step);
        workspace.episodes.shape = None;
        workspace.batch = batch;
        workspace.phase = phase(self.config.phase_time_constant, start, steps);
        workspace.tapes.resize_with(self.layers.len(), Tape::default);
        for (index, layer) in self.layers[..self.embedding()].iter().enumerate() {
            let (before, rest) = workspace.tapes.split_at_mut(index);
            let input = before.last().map_or(input, |tape| Input::Series(tape.outputs().output));
            let mut dropped = std::mem::take(&mut rest[0].dropped);
            if let (Some(dropout), Some(draw)) = (layer.dropout(), workspace.training) {
                dropped.load(dropout, draw, index, input, steps);
            }
            let pass = Pass {
                input: if layer.drops(workspace.training) { dropped.input() } else { input },
                batch,
                start,
                phase: &workspace.phase,
                params: &params[index],
                plastic: &plastic[index],
                drive: None,
                carried: carry.map(|c| &c.layers[index]),
                continues,
                smooth: self.smooth,
                training: workspace.training.is_some(),
                alike: 1,
            };
            rest[0].keep_potential(workspace.potentials == Potentials::All || index + 1 == self.layers.len());
            layer.forward(&pass, &mut rest[0]);
            rest[0].dropped = dropped;
        }
    }

    /// What the next part of a scan starts from, after [`Network::scan`] with this `input` and the carry `before`.
    pub fn carry(&self, input: Input<'_, F>, before: Option<&Carry<F>>, workspace: &Workspace<F>) -> Carry<F> {
        let step = before.map_or(0, |c| c.step) + workspace.phase.len();
        let tapes = &workspace.tapes;
        let of_layer = |(index, layer): (usize, &Layer<F>)| {
            let input = index.checked_sub(1).map_or(input, |below| Input::Series(tapes[below].outputs().output));
            layer.carry(input, &tapes[index])
        };
        Carry { step, layers: self.layers.iter().enumerate().map(of_layer).collect() }
    }

    fn trajectory<'w>(&self, workspace: &'w Workspace<F>) -> Trajectory<'w, F> {
        let outputs = workspace.tapes.last().expect("a scan ran").outputs();
        let (steps, batch) = match workspace.episodes.shape {
            Some(shape) => (shape.steps(), shape.all_queries(workspace.batch)),
            None => (workspace.phase.len(), workspace.batch),
        };
        Trajectory {
            steps,
            batch,
            classes: self.classes(),
            potential: outputs.potential,
            output: outputs.output,
            threshold: self.last().threshold(),
        }
    }

    /// Loss of the reading that [`Network::forward`] left, and its predictions; the loss's gradient stays in the workspace
    /// for [`Network::backward`]. Of episodes, labels are those of the queries.
    pub fn loss(&self, kind: Loss, labels: &[u32], workspace: &mut Workspace<F>) -> (f64, Vec<u32>) {
        let classes = workspace.episodes.shape.map_or(self.classes(), |shape| shape.ways);
        let predictions = workspace.reading.values.chunks_exact(classes).map(prediction).collect();
        let value = loss(kind, &workspace.reading.values, labels, classes, &mut workspace.loss_gradient);
        (value, predictions)
    }

    /// Gradient of what the embedding puts out, from that of the reading; and the read-out's own gradients.
    fn backward_episodes(
        &self,
        (params, plastic): (&Params<F>, &[PlasticWeight<F>]),
        (readout, shape): (EpisodeReadout, EpisodeShape),
        workspace: &mut Workspace<F>,
        gradients: &mut Params<F>,
    ) {
        let embedding = self.embedding();
        let width = self.layers[embedding - 1].outputs();
        let mut episodes = std::mem::take(&mut workspace.episodes);
        match readout {
            EpisodeReadout::Prototypes {} => {
                episodes.prototypes_adjoint(shape, &workspace.loss_gradient, self.config.steps, width)
            }
            EpisodeReadout::Plastic { .. } => {
                workspace.episodes.shape = Some(shape);
                let mut seed = std::mem::take(&mut workspace.trajectory_gradient);
                let (step, dy) = (workspace.reading.step, &workspace.loss_gradient);
                read_adjoint(&self.config.readout, &self.trajectory(workspace), step, dy, &mut seed);
                let from =
                    OutputGradients { output: some(&seed.output), potential: some(&seed.potential), above: None };
                let needed = self.layers[embedding - 1].trained();
                let mut series_gradient = std::mem::take(&mut episodes.series_gradient);
                let pass = self.readout_pass((params, plastic), &episodes, shape, workspace.training);
                let input = if needed { Some(&mut series_gradient) } else { None };
                self.last().backward(&pass, from, &mut workspace.tapes[embedding], &mut gradients[embedding], input);
                episodes.series_gradient = series_gradient;
                if needed {
                    episodes.arrange_adjoint(shape, self.config.steps, width);
                }
                workspace.trajectory_gradient = seed;
            }
        }
        workspace.episodes = episodes;
    }

    /// Gradients of the loss, after [`Network::forward`] with the same arguments and [`Network::loss`]. Arrays that the
    /// arm does not train are left alone.
    pub fn backward(
        &self,
        params: &Params<F>,
        plastic: &[PlasticWeight<F>],
        input: Input<'_, F>,
        workspace: &mut Workspace<F>,
        gradients: &mut Params<F>,
    ) {
        let mut seed = std::mem::take(&mut workspace.trajectory_gradient);
        match (self.config.episode, workspace.episodes.shape) {
            (Some(readout), Some(shape)) => {
                workspace.trajectory_gradient = seed;
                self.backward_episodes((params, plastic), (readout, shape), workspace, gradients);
                seed = TrajectoryGradient {
                    output: std::mem::take(&mut workspace.episodes.output_gradient),
                    ..TrajectoryGradient::default()
                };
            }
            _ => {
                let (step, dy) = (workspace.reading.step, &workspace.loss_gradient);
                read_adjoint(&self.config.readout, &self.trajectory(workspace), step, dy, &mut seed);
            }
        }
        workspace.input_gradients.resize_with(self.layers.len(), Vec::new);
        for index in (0..self.embedding()).rev() {
            let layer = &self.layers[index];
            if !layer.trained() {
                break;
            }
            let (below, rest) = workspace.tapes.split_at_mut(index);
            let (rest, tapes_above) = rest.split_at_mut(1);
            let (own, above) = workspace.input_gradients.split_at_mut(index + 1);
            let next = index + 1;
            // The read-out of episodes has left its part in the seed.
            let direct = next == self.embedding();
            let from = match (above.first().filter(|_| !direct), tapes_above.first()) {
                (Some(_), Some(tape)) if self.layers[next].leaves_input_gradient(layer, workspace.training) => {
                    let above: Above<'_, F> = self.layers[next].above(&params[next], tape);
                    OutputGradients { output: None, potential: None, above: Some(above) }
                }
                (Some(output), _) => OutputGradients { output: Some(output), potential: None, above: None },
                (None, _) => {
                    OutputGradients { output: some(&seed.output), potential: some(&seed.potential), above: None }
                }
            };
            let dropped = std::mem::take(&mut rest[0].dropped);
            let drops = layer.drops(workspace.training);
            let input = below.last().map_or(input, |tape| Input::Series(tape.outputs().output));
            let pass = Pass {
                input: if drops { dropped.input() } else { input },
                batch: workspace.batch,
                start: 0,
                phase: &workspace.phase,
                params: &params[index],
                plastic: &plastic[index],
                drive: None,
                carried: None,
                continues: false,
                smooth: self.smooth,
                training: workspace.training.is_some(),
                alike: 1,
            };
            let below = index.checked_sub(1).map(|below| &self.layers[below]).filter(|below| below.trained());
            let needed = below.is_some_and(|below| !layer.leaves_input_gradient(below, workspace.training));
            let input_gradient = if needed { Some(&mut own[index]) } else { None };
            layer.backward(&pass, from, &mut rest[0], &mut gradients[index], input_gradient);
            if needed && drops {
                dropped.adjoint(workspace.phase.len(), &mut own[index]);
            }
            rest[0].dropped = dropped;
        }
        workspace.trajectory_gradient = seed;
    }

    /// Lets the running statistics of normalised layers follow the batch of the last forward pass to learn from.
    pub fn follow_statistics(&self, params: &mut Params<F>, workspace: &Workspace<F>) {
        for ((layer, params), tape) in self.layers.iter().zip(params).zip(&workspace.tapes) {
            if let Some(map) = &tape.map {
                layer.follow_statistics(map, params);
            }
        }
    }

    /// What layer `index` did in the last scan: spikes and potentials of its neurons, `[T,B,N]` each.
    pub fn trajectory_of(&self, index: usize, workspace: &Workspace<F>) -> (Vec<F>, Vec<F>) {
        self.layers[index].trajectory(self.smooth, self.steps_of(index, workspace), &workspace.tapes[index])
    }

    /// Whether every potential of layer `index` at the last step is finite.
    pub(crate) fn potentials_finite(&self, index: usize, workspace: &Workspace<F>) -> bool {
        let spiking = self.layers[index].spiking();
        workspace.tapes[index].potentials_finite(self.steps_of(index, workspace), spiking)
    }

    /// Steps that layer `index` ran for.
    fn steps_of(&self, index: usize, workspace: &Workspace<F>) -> usize {
        match workspace.episodes.shape {
            Some(shape) if index >= self.embedding() => shape.steps(),
            _ => workspace.phase.len(),
        }
    }

    /// Replaces plastic weights by what the last forward pass made of them, where they outlive the sample.
    pub fn keep_plastic(&self, plastic: &mut [PlasticWeight<F>], workspace: &mut Workspace<F>) {
        for ((layer, plastic), tape) in self.layers.iter().zip(plastic).zip(&mut workspace.tapes) {
            if layer.scope().is_some() && !tape.next_plastic().is_empty() {
                tape.swap_plastic(&mut plastic.values);
            }
        }
    }

    /// The read-out.
    pub fn readout(&self) -> &Readout {
        &self.config.readout
    }
}

fn some<F>(values: &[F]) -> Option<&[F]> {
    if values.is_empty() { None } else { Some(values) }
}

/// What one layer did in the last scan, `[T,B,O]` each.
#[derive(Clone, Copy, Debug)]
pub struct LayerView<'a, F> {
    /// Spikes, or the outputs of non-spiking neurons; pooled, if the layer pools.
    pub output: &'a [F],
    /// v_t; empty for a convolution, which keeps none (see [`Network::trajectory_of`]), and where
    /// [`Workspace::keep_potentials`] did not ask for it.
    pub potential: &'a [F],
    /// Which execution of the plastic weights ran, if there are any.
    pub execution: Option<crate::config::Execution>,
}

impl<F: Float> Workspace<F> {
    /// The reading of the last forward pass.
    pub fn reading(&self) -> &Reading<F> {
        &self.reading
    }

    /// Of which layers the next scans leave the potentials.
    pub fn keep_potentials(&mut self, potentials: Potentials) {
        self.potentials = potentials;
    }

    /// Σ g² of the weight gradient of layer `index`, if the backward pass summed it.
    pub(crate) fn weight_squares(&self, index: usize) -> Option<f64> {
        self.tapes[index].weight_squares()
    }

    /// After something was added to the gradients.
    pub(crate) fn forget_weight_squares(&mut self) {
        self.tapes.iter_mut().for_each(Tape::forget_weight_squares);
    }

    /// What layer `index` did.
    pub fn layer(&self, index: usize) -> LayerView<'_, F> {
        let tape = &self.tapes[index];
        let outputs = tape.outputs();
        LayerView { output: outputs.output, potential: outputs.potential, execution: tape.execution() }
    }

    /// P after the last scan, if it outlives the sample.
    pub fn next_plastic(&self, index: usize) -> &[F] {
        self.tapes[index].next_plastic()
    }
}
