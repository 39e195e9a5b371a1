//! One layer over a whole scan: forward, backward, and its plastic weights.
//!
//! Layers run one after the other, each over all its time steps, because a layer's input is known for all steps by then.
//! Work is cut into tiles by shapes alone, so that the thread count never changes a result.

mod backward;
mod coefficients;
mod dense;
mod forward;
mod low_rank;
mod map;
mod masked;
mod overlap;
mod per_sample;
mod planner;
mod presynaptic;
mod recurrent;
mod scan;
mod tape;

pub use coefficients::phase;
pub(crate) use scan::{Above, OutputGradients};
pub(crate) use tape::Tape;

use crate::config::{
    Coupling, Dropout, Execution, GainShape, LayerConfig, LearningRule, MaskConfig, Operator, PlasticScope,
    PlasticityConfig, Sharing,
};
use crate::dropout::Draw;
use crate::linalg::{Mask, narrow};
use crate::network::Input;
use crate::neuron::NeuronKernel;
use crate::params::LayerArrays;
use crate::plasticity::{Normalisation, PreFactor, RuleKernel};
use crate::rows;
use crate::scalar::Float;
use crate::shape::Shape;
use crate::view::MatRef;
use map::Map;
use presynaptic::plane;
use tape::{Sizes, fit};

/// Largest share of synapses for which products over a mask's own are worth making.
const MOST_DENSITY: f64 = 0.25;

/// A layer, ready to run.
#[derive(Debug)]
pub struct Layer<F> {
    inputs: usize,
    outputs: usize,
    learning: LearningRule,
    neuron: Box<dyn NeuronKernel<F>>,
    plasticity: Option<Plasticity<F>>,
    /// The synapses that there are; absent: all.
    mask: Option<Mask>,
    /// A convolution's own; absent: dense.
    map: Option<Map>,
    dropout: Option<Dropout>,
    /// Whether its spikes come back to it.
    recurrent: bool,
}

#[derive(Debug)]
struct Plasticity<F> {
    rule: Box<dyn RuleKernel<F>>,
    config: PlasticityConfig,
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
    /// P, `[O,I]` or `[B,O,I]`, whatever its scope: a carried scan goes on from it.
    pub plastic: Vec<F>,
    /// Spikes of the last step, `[B,O]`, where they come back.
    pub output: Vec<F>,
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
    /// A current from outside beside that of a series input, `[T,B,O]`.
    pub drive: Option<&'a [F]>,
    pub carried: Option<&'a LayerCarry<F>>,
    /// Whether another part of the scan follows, so that everything that moves must be at hand afterwards.
    pub continues: bool,
    pub smooth: bool,
    /// Whether normalisations use the statistics of this batch.
    pub training: bool,
    /// So many samples in a row see and do the same at all steps but the last: one plastic weight serves them.
    pub alike: usize,
}

impl<'a, F: Float> Pass<'a, F> {
    /// P_0; empty: zero.
    fn start_plastic(&self) -> &'a [F] {
        match self.carried {
            Some(carried) => &carried.plastic,
            None => &self.plastic.values,
        }
    }

    /// Whether P_T is needed.
    fn keeps(&self, plasticity: &Plasticity<F>) -> bool {
        // A pass of the read-out of episodes holds them whole.
        self.continues || (plasticity.config.scope != PlasticScope::Sample && self.drive.is_none())
    }
}

impl<F: Float> Layer<F> {
    /// `neuron` and `rule` may be a user's.
    pub(crate) fn new(
        config: &LayerConfig,
        (input, first): (Shape, bool),
        learning: LearningRule,
        neuron: Option<Box<dyn NeuronKernel<F>>>,
        rule: Option<Box<dyn RuleKernel<F>>>,
    ) -> Self {
        let plasticity = config.plasticity.as_ref().filter(|_| learning != LearningRule::Global).map(|plasticity| {
            Plasticity { rule: rule.unwrap_or_else(|| plasticity.rule.build()), config: plasticity.clone() }
        });
        let map = Map::new(config, input, first);
        Layer {
            inputs: input.len(),
            outputs: map.map_or(config.size, |map| map.outputs()),
            learning,
            neuron: neuron.unwrap_or_else(|| config.neuron.build()),
            plasticity,
            mask: config.mask.map(|mask| draw_mask(mask, config.size, input.len())),
            map,
            dropout: config.dropout,
            recurrent: config.operator == Operator::Recurrent,
        }
    }

    /// Connects it by the synapses of another mask.
    pub(crate) fn remask(&mut self, mask: MaskConfig) {
        self.mask = Some(draw_mask(mask, self.outputs, self.inputs));
    }

    /// Where its synapses lie in `[O,I]`; `None` without a mask.
    pub(crate) fn synapses(&self) -> Option<Vec<u32>> {
        self.mask.as_ref().map(Mask::positions)
    }

    /// Neurons.
    pub fn neurons(&self) -> usize {
        self.map.map_or(self.outputs, |map| map.geometry.neurons())
    }

    /// What the next layer sees of a sample at a step: a value for each neuron, or for each place of the pooled map.
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

    /// Its dropout.
    pub(crate) fn dropout(&self) -> Option<Dropout> {
        self.dropout
    }

    /// Whether a pass silences inputs.
    pub(crate) fn drops(&self, training: Option<Draw>) -> bool {
        self.dropout.is_some() && training.is_some()
    }

    /// Whether it leaves the gradient of its inputs to the layer below, to make where it is used: few neurons, and nothing
    /// but W between them and their inputs.
    pub(crate) fn leaves_input_gradient(&self, below: &Layer<F>, training: Option<Draw>) -> bool {
        let plain = self.map.is_none() && self.mask.is_none() && self.plasticity.is_none() && !self.recurrent;
        plain && narrow(self.outputs) && !self.drops(training) && below.map.is_none()
    }

    /// What the layer below makes it from, after [`Layer::backward`].
    pub(crate) fn above<'a>(&self, params: &'a LayerArrays<F>, tape: &'a Tape<F>) -> Above<'a, F> {
        let gradient = &tape.adjoint.current_gradient;
        Above {
            current_gradient: MatRef::new(gradient, gradient.len() / self.outputs, self.outputs),
            weight: MatRef::new(&params.weight, self.outputs, self.inputs),
        }
    }

    /// Spikes and potentials of its neurons in the last forward pass, `[T,B,N]` each.
    pub(crate) fn trajectory(&self, smooth: bool, steps: usize, tape: &Tape<F>) -> (Vec<F>, Vec<F>) {
        match (&self.map, &tape.map) {
            (Some(map), Some(tape)) => self.replay(map, smooth, steps, tape),
            _ => (tape.outputs().output.to_vec(), tape.outputs().potential.to_vec()),
        }
    }

    /// The same layer without plastic weights and mask, and without a normalisation that folds into the weights.
    pub(crate) fn frozen(&self) -> Self {
        Layer {
            inputs: self.inputs,
            outputs: self.outputs,
            learning: self.learning,
            neuron: self.neuron.boxed(),
            plasticity: None,
            mask: None,
            map: self.map.map(|map| map.folded()),
            dropout: self.dropout,
            recurrent: self.recurrent,
        }
    }

    /// The same dense layer without a mask, of so many neurons.
    pub(crate) fn with_outputs(&self, outputs: usize) -> Self {
        let plasticity = self.plasticity.as_ref();
        Layer {
            outputs,
            plasticity: plasticity.map(|p| Plasticity { rule: p.rule.boxed(), config: p.config.clone() }),
            ..self.frozen()
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

    /// Presynaptic factors of its rule, one for each rank-1 term; none without plastic weights.
    pub fn presynaptic_factors(&self) -> &[PreFactor] {
        self.plasticity.as_ref().map_or(&[], |p| p.rule.pre())
    }

    /// Values that a neuron keeps from step to step.
    pub fn neuron_states(&self) -> usize {
        self.neuron.states()
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
    fn load_gain(&self, params: &LayerArrays<F>, execution: Execution, gain: &mut Vec<F>) -> bool {
        let Some(plasticity) = &self.plasticity else { return false };
        let (one, given) = (F::of(1.0), &params.plasticity_gain);
        let matrix = plasticity.has_matrix_gain(execution);
        fit(gain, if matrix { self.outputs * self.inputs } else { self.outputs });
        match plasticity.config.coupling {
            Coupling::Additive { gain: GainShape::Scalar } => gain.fill(given[0]),
            Coupling::Additive { .. } => gain.copy_from_slice(given),
            Coupling::Gated => gain.iter_mut().zip(given).for_each(|(out, &g)| *out = one - g),
            Coupling::Masked if !matrix => gain.fill(given[0]),
            Coupling::Masked => {
                gain.fill(given[0]);
                let rows = gain.chunks_exact_mut(self.inputs).enumerate();
                rows.for_each(|(o, row)| {
                    let own = self.mask.iter().flat_map(|mask| mask.columns(&(o..o + 1)));
                    own.for_each(|&column| row[column as usize] = F::of(0.0));
                });
            }
        }
        matrix
    }

    /// The trained weight as it counts in the current, `[O,I]`: G∘W, or with zeros where there is no synapse. Empty: W
    /// itself.
    fn load_coupled_weight(&self, params: &LayerArrays<F>, out: &mut Vec<F>) {
        if let Some(mask) = &self.mask {
            fit(out, self.outputs * self.inputs);
            return mask.spread(&params.weight, out);
        }
        if self.plasticity.as_ref().is_none_or(|p| p.config.coupling != Coupling::Gated) {
            return out.clear();
        }
        fit(out, params.weight.len());
        rows::product(out, &params.weight, &params.plasticity_gain);
    }

    /// The mask, where products go over its synapses alone.
    fn sparse_mask(&self) -> Option<&Mask> {
        let asked_for_dense = self.plasticity.as_ref().is_some_and(|p| p.config.execution == Execution::Dense);
        let few = |mask: &&Mask| mask.fan_in() as f64 <= MOST_DENSITY * self.inputs as f64;
        self.mask.as_ref().filter(few).filter(|_| !asked_for_dense)
    }

    /// Parameters of [`Layer::frozen`].
    pub(crate) fn folded(&self, params: &LayerArrays<F>, plastic: &PlasticWeight<F>) -> LayerArrays<F> {
        match &self.map {
            Some(map) => map.folded_params(self.threshold(), params),
            None => LayerArrays {
                weight: self.folded_weight(params, plastic),
                bias: params.bias.clone(),
                recurrent_weight: params.recurrent_weight.clone(),
                ..LayerArrays::default()
            },
        }
    }

    /// W and P as one weight: what the layer computes with while its plastic weights rest.
    fn folded_weight(&self, params: &LayerArrays<F>, plastic: &PlasticWeight<F>) -> Vec<F> {
        let mut weight = Vec::new();
        self.load_coupled_weight(params, &mut weight);
        if weight.is_empty() {
            weight.clone_from(&params.weight);
        }
        if plastic.values.len() == weight.len() {
            let mut gain = Vec::new();
            let matrix = self.load_gain(params, Execution::Dense, &mut gain);
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
    /// Beside a mask, low-rank execution takes away what does not count by other means.
    fn has_matrix_gain(&self, execution: Execution) -> bool {
        match self.config.coupling {
            Coupling::Additive { gain: GainShape::Scalar | GainShape::PerNeuron } => false,
            Coupling::Additive { gain: GainShape::PerSynapse } | Coupling::Gated => true,
            Coupling::Masked => execution != Execution::LowRank,
        }
    }

    fn normalises(&self) -> bool {
        self.rule.normalisation() != Normalisation::None
    }
}

fn draw_mask(mask: MaskConfig, outputs: usize, inputs: usize) -> Mask {
    Mask::draw(outputs, inputs, mask.fan_in(inputs), mask.block, (mask.seed, mask.part))
}
