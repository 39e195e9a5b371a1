//! What plastic weights cost while they move: NeuroBench has no word for it.

use glocal_core::network::{Network, Workspace};
use glocal_core::plasticity::PreFactor;
use glocal_core::{EpisodeReadout, EpisodeShape, Input};
use serde::{Deserialize, Serialize};

/// Plastic weights that move, each sample by itself; counts are of a sample.
///
/// # Equation
/// With a_t inputs that are not zero at step t, O outputs, I inputs and R rank-1 terms of the rule, of each plastic layer:
/// reads = Σ_t O (a_t + I), writes = T O I, operations = Σ_t O (a_t + I + Σ_r b_rt); b_rt = a_t where term r follows the
/// input, I where it follows a trace of it. The current reads what its inputs meet; the update reads, decays and writes every
/// weight at every step. An execution that moves no weight until it is read does with less. A read-out of episodes makes one step for each
/// picture; a labelled one counts as above, a query reads alone: O a reads and operations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlasticCost {
    /// Bytes of the plastic weights and of their meta-parameters.
    pub footprint: u64,
    /// Plastic weights read.
    pub reads: f64,
    /// Plastic weights written.
    pub writes: f64,
    /// Multiply-accumulates.
    pub operations: f64,
}

/// A plastic layer.
#[derive(Debug)]
struct Plastic {
    index: usize,
    outputs: u64,
    inputs: usize,
    /// Rank-1 terms that follow the input, and those that follow a trace of it.
    terms: [u64; 2],
}

/// What was counted so far.
#[derive(Debug)]
pub(super) struct PlasticTally {
    layers: Vec<Plastic>,
    steps: usize,
    footprint: u64,
    reads: u64,
    writes: u64,
    operations: u64,
    /// The layer whose steps are the pictures of an episode.
    readout: Option<usize>,
}

impl PlasticTally {
    /// `None` for a network without plastic weights.
    pub fn of(network: &Network<f32>) -> Option<PlasticTally> {
        let plastic = |(index, layer): (usize, &glocal_core::layer::Layer<f32>)| {
            layer.plasticity()?;
            let traces = layer.presynaptic_factors().iter().filter(|f| matches!(f, PreFactor::Trace { .. })).count();
            let terms = [layer.presynaptic_factors().len() - traces, traces].map(|terms| terms as u64);
            Some(Plastic { index, outputs: layer.outputs() as u64, inputs: layer.inputs(), terms })
        };
        let layers: Vec<Plastic> = network.layers().iter().enumerate().filter_map(plastic).collect();
        let footprint = footprint(network, &layers);
        let steps = network.config().steps;
        let readout = match network.config().episode {
            Some(EpisodeReadout::Plastic { .. }) => Some(network.embedding()),
            _ => None,
        };
        let tally = PlasticTally { layers, steps, footprint, reads: 0, writes: 0, operations: 0, readout };
        (!tally.layers.is_empty()).then_some(tally)
    }

    /// Counts a pass in which plastic weights moved, but for a read-out of episodes.
    pub fn count(&mut self, input: Input<'_, f32>, batch: usize, workspace: &Workspace<f32>) {
        let layers = std::mem::take(&mut self.layers);
        for layer in layers.iter().filter(|layer| Some(layer.index) != self.readout) {
            let met = match (layer.index, input) {
                (0, Input::Constant(values)) => self.steps as u64 * not_zero(values),
                (0, Input::Series(values)) => not_zero(values),
                (index, _) => not_zero(workspace.layer(index - 1).output),
            };
            let all = (self.steps * batch * layer.inputs) as u64;
            let [by_input, by_trace] = layer.terms;
            self.reads += layer.outputs * (met + all);
            self.writes += layer.outputs * all;
            self.operations += layer.outputs * (met + all + by_input * met + by_trace * all);
        }
        self.layers = layers;
    }

    /// Counts the plastic read-out's steps in an episode: its support, then its queries.
    pub fn count_episode(&mut self, features: &[f32], shape: EpisodeShape) {
        let Some(layer) = self.layers.iter().find(|layer| Some(layer.index) == self.readout) else { return };
        let [by_input, by_trace] = layer.terms;
        for (picture, features) in features.chunks_exact(layer.inputs).enumerate() {
            let (met, all) = (not_zero(features), layer.inputs as u64);
            let written = u64::from(picture < shape.supports);
            self.reads += layer.outputs * (met + written * all);
            self.writes += layer.outputs * written * all;
            self.operations += layer.outputs * (met + written * (all + by_input * met + by_trace * all));
        }
    }

    /// The mean over so many samples.
    pub fn finish(self, samples: u64) -> PlasticCost {
        let of_sample = |count: u64| count as f64 / samples.max(1) as f64;
        PlasticCost {
            footprint: self.footprint,
            reads: of_sample(self.reads),
            writes: of_sample(self.writes),
            operations: of_sample(self.operations),
        }
    }
}

/// Bytes of P, of one sample, and of the meta-parameters.
fn footprint(network: &Network<f32>, layers: &[Plastic]) -> u64 {
    let weights: u64 = layers.iter().map(|layer| layer.outputs * layer.inputs as u64).sum();
    let specs = glocal_core::params::array_specs(network.config());
    let meta = specs.iter().filter(|spec| spec.field.group() == glocal_core::params::Group::Meta);
    (weights + meta.map(|spec| spec.len() as u64).sum::<u64>()) * size_of::<f32>() as u64
}

fn not_zero(values: &[f32]) -> u64 {
    values.iter().filter(|&&value| value != 0.0).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // One layer of 3 inputs and 2 outputs over 4 steps, two samples with 1 and 2 inputs that are not zero, at each step.
        let layer = |terms| Plastic { index: 0, outputs: 2, inputs: 3, terms };
        let tally = |terms| PlasticTally {
            layers: vec![layer(terms)],
            steps: 4,
            footprint: 24,
            reads: 0,
            writes: 0,
            operations: 0,
            readout: None,
        };
        let found = |terms| {
            let mut tally = tally(terms);
            tally.count(Input::Constant(&[0.5, 0.0, 0.0, 1.0, 0.0, 1.0]), 2, &Workspace::default());
            tally.finish(2)
        };
        // Of both samples Σ a = 4 (1 + 2) = 12 and Σ I = 4 (3 + 3) = 24; twice as many weights, then by two samples.
        let hebbian = PlasticCost { footprint: 24, reads: 36.0, writes: 24.0, operations: 12.0 + 24.0 + 12.0 };
        assert_eq!(found([1, 0]), hebbian);
        // One term more that follows a trace.
        assert_eq!(found([1, 1]), PlasticCost { operations: hebbian.operations + 24.0, ..hebbian });
        // The same two as an episode, the first labelled: 2 (1 + 3) + 2 · 2 reads, 2 · 3 writes, 2 (1 + 3 + 1) + 2 · 2 operations.
        let mut episode = PlasticTally { readout: Some(0), ..tally([1, 0]) };
        episode.count(Input::Constant(&[1.0; 6]), 2, &Workspace::default());
        let shape = EpisodeShape { ways: 1, supports: 1, queries: 1 };
        episode.count_episode(&[0.5, 0.0, 0.0, 1.0, 0.0, 1.0], shape);
        let expected = PlasticCost { footprint: 24, reads: 6.0, writes: 3.0, operations: 7.0 };
        assert_eq!(episode.finish(2), expected);
    }
}
