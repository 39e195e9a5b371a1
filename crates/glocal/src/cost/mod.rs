//! What a network costs: NeuroBench's figures, the same for plastic weights, and an estimate of energy.
//!
//! The figures are those of the network at rest, in which plastic weights and normalisations are folded into weights: what any
//! other tool would run. They are named and defined as in the `neurobench` package 2.3 (`neurobench/metrics`), and
//! tests/interop/neurobench_figures.py compares. NeuroBench counts no plasticity; [`PlasticCost`] does, under names of our own.
//!
//! # References
//! Yik et al., "The neurobench framework for benchmarking neuromorphic computing algorithms and systems", Nat. Commun. (2025),
//! arXiv 2304.04640.

mod energy;
mod episodes;
mod plastic;
mod synapses;

use glocal_core::layer::{Layer, PlasticWeight};
use glocal_core::network::{Network, Workspace};
use glocal_core::params::{Field, LayerArrays, Params};
use glocal_core::{Input, Learner, PlasticEval};
use serde::{Deserialize, Serialize};
use tracing::debug_span;

use crate::error::GlocalError;
use crate::samples::{Damage, Feed, Part, RunSamples, core_shape};

pub use energy::Energy;
pub use plastic::PlasticCost;

use plastic::PlasticTally;
use synapses::{Connection, Operations};

/// Samples that are counted over: the first of a part. Counts vary little from one to the other, and so cost little time.
pub const SAMPLES: usize = 100;

/// Samples of a layer call, unless plastic weights ask for another number. NeuroBench decides by call whether operations are multiply-accumulates or accumulates.
const BATCH: usize = 20;

/// What a network costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Samples counted over.
    pub samples: u64,
    /// By NeuroBench's definitions.
    pub neurobench: NeuroBench,
    /// Of plastic weights while they move; absent without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plastic: Option<PlasticCost>,
    /// An estimate.
    pub energy: Energy,
}

/// NeuroBench's figures, under NeuroBench's names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NeuroBench {
    /// Bytes of all parameters.
    pub footprint: u64,
    /// Share of the weights that are zero; biases do not count. NeuroBench rounds it to four digits.
    pub connection_sparsity: f64,
    /// Share of the neurons' outputs that are zero, over layers, steps and samples.
    pub activation_sparsity: f64,
    /// Of a sample.
    pub synaptic_operations: SynapticOperations,
}

/// Operations of weights on inputs, of a sample: biases and pooling do not count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SynapticOperations {
    /// Of inputs and weights that are not zero, in layer calls with an input other than 0 and ±1.
    #[serde(rename = "Effective_MACs")]
    pub effective_macs: f64,
    /// Of inputs and weights that are not zero, in layer calls whose inputs all are 0 or ±1.
    #[serde(rename = "Effective_ACs")]
    pub effective_acs: f64,
    /// Of all inputs and weights.
    #[serde(rename = "Dense")]
    pub dense: f64,
}

impl Cost {
    /// In two lines, for people.
    pub fn in_words(&self) -> String {
        let NeuroBench { footprint, activation_sparsity, synaptic_operations: found, .. } = &self.neurobench;
        let microjoules = |picojoules: f64| picojoules * 1e-6;
        let plastic = self.plastic.map_or(String::new(), |plastic| {
            let more = microjoules(self.energy.plastic_pj);
            format!("; moving plastic weights take {:.0} operations and {more:.2} uJ more", plastic.operations)
        });
        format!(
            "a sample takes {:.0} accumulates and {:.0} multiply-accumulates, of {:.0} dense, and about {:.2} uJ (estimate){plastic}\n\
             {:.1} % of the neurons' outputs are zero; weights take {footprint} bytes",
            found.effective_acs,
            found.effective_macs,
            found.dense,
            microjoules(self.energy.total_pj - self.energy.plastic_pj),
            100.0 * activation_sparsity,
        )
    }
}

/// Counts over the first samples of a part, or pictures of its first episodes; `None` where there are no samples.
///
/// # Errors
/// Samples that cannot be read, or do not fit the network.
pub fn measure(
    learner: &mut Learner,
    samples: &RunSamples<'_>,
    part: Part,
    damage: &Damage,
) -> Result<Option<Cost>, GlocalError> {
    if let Some(shape) = samples.episode_shape(part) {
        return episodes::measure(learner, samples, (part, core_shape(shape)), damage);
    }
    let batch = kept_copies(learner).unwrap_or(BATCH);
    let numbers = samples.numbers(part);
    // Whole batches, or the few samples that there are.
    let count = numbers.len().min(SAMPLES.max(batch));
    let numbers = if count < batch { numbers } else { &numbers[..count - count % batch] };
    if numbers.is_empty() {
        return Ok(None);
    }
    let _span = debug_span!("cost", part = %part).entered();
    let (mut tally, mut feed) = (Tally::default(), Feed::default());
    let mut plastic = PlasticTally::of(learner.network());
    for numbers in numbers.chunks(batch) {
        samples.evaluation_batch(&mut feed, part, numbers, damage)?;
        tally.batch(learner, feed.input(), numbers.len())?;
        if let Some(plastic) = &mut plastic {
            learner.evaluate_on(feed.examples(), PlasticEval::Moving)?;
            plastic.count(feed.input(), numbers.len(), learner.workspace());
        }
    }
    Ok(Some(tally.finish(plastic)))
}

/// Samples of a batch where each keeps plastic weights of its own from batch to batch: batches then have one size.
fn kept_copies(learner: &Learner) -> Option<usize> {
    let copies = |(layer, plastic): (&Layer<f32>, &PlasticWeight<f32>)| {
        plastic.values.len().checked_div(layer.outputs() * layer.inputs()).unwrap_or(0)
    };
    learner.network().layers().iter().zip(learner.plastic()).map(copies).max().filter(|&copies| copies > 1)
}

/// As [`measure`], of inputs at hand.
///
/// # Errors
/// Inputs that do not fit the network.
pub fn measure_input(learner: &mut Learner, input: Input<'_, f32>, batch: usize) -> Result<Cost, GlocalError> {
    let mut tally = Tally::default();
    tally.batch(learner, input, batch)?;
    Ok(tally.finish(None))
}

/// What was counted so far.
#[derive(Debug, Default)]
struct Tally {
    samples: u64,
    footprint: u64,
    weights: u64,
    zero_weights: u64,
    outputs: u64,
    zero_outputs: u64,
    operations: Operations,
    neuron_states: u64,
}

impl Tally {
    fn batch(&mut self, learner: &mut Learner, input: Input<'_, f32>, batch: usize) -> Result<(), GlocalError> {
        let mut see = |network: &Network<f32>, params: &Params<f32>, workspace: &Workspace<f32>| {
            self.weights_of(params);
            self.activity(network, params, workspace, (input, batch));
        };
        Ok(learner.at_rest(input, &mut see)?)
    }

    /// The same in every batch.
    fn weights_of(&mut self, params: &Params<f32>) {
        let arrays = |layer: &LayerArrays<f32>| Field::ALL.map(|field| layer.get(field).len() as u64);
        self.footprint = params.iter().flat_map(arrays).sum::<u64>() * size_of::<f32>() as u64;
        let weights = || params.iter().flat_map(|layer| layer.weight.iter().chain(&layer.recurrent_weight));
        self.weights = weights().count() as u64;
        self.zero_weights = weights().filter(|&&weight| weight == 0.0).count() as u64;
    }

    /// Of all layers; of a network for episodes, of those of its embedding.
    fn activity(
        &mut self,
        network: &Network<f32>,
        params: &Params<f32>,
        workspace: &Workspace<f32>,
        (input, batch): (Input<'_, f32>, usize),
    ) {
        let steps = network.config().steps;
        self.samples += batch as u64;
        let mut input = input;
        for (index, layer) in network.layers().iter().take(network.embedding()).enumerate() {
            let connection = Connection::of(network.config(), index, &params[index]);
            self.operations.count(&connection, input, (steps, batch));
            let (outputs, _) = network.trajectory_of(index, workspace);
            if let Some(back) = Connection::recurrent(layer.neurons(), &params[index]) {
                self.operations.count_delayed(&back, &outputs, (steps, batch));
            }
            self.outputs_of(layer, &outputs);
            input = Input::Series(workspace.layer(index).output);
        }
    }

    /// Outputs of so many neurons at so many steps.
    fn outputs_of(&mut self, layer: &Layer<f32>, outputs: &[f32]) {
        self.outputs += outputs.len() as u64;
        self.zero_outputs += outputs.iter().filter(|&&output| output == 0.0).count() as u64;
        self.neuron_states += (outputs.len() * layer.neuron_states()) as u64;
    }

    fn finish(self, plastic: Option<PlasticTally>) -> Cost {
        let share = |part: u64, all: u64| part as f64 / all.max(1) as f64;
        let of_sample = |count: u64| share(count, self.samples);
        let synaptic_operations = SynapticOperations {
            effective_macs: of_sample(self.operations.macs),
            effective_acs: of_sample(self.operations.acs),
            dense: of_sample(self.operations.dense),
        };
        let plastic = plastic.map(|plastic| plastic.finish(self.samples));
        let active = of_sample(self.outputs - self.zero_outputs);
        Cost {
            samples: self.samples,
            neurobench: NeuroBench {
                footprint: self.footprint,
                connection_sparsity: share(self.zero_weights, self.weights),
                activation_sparsity: share(self.zero_outputs, self.outputs),
                synaptic_operations,
            },
            energy: Energy::of(&synaptic_operations, [of_sample(self.neuron_states), active], plastic.as_ref()),
            plastic,
        }
    }
}
