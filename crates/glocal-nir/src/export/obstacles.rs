//! What of a network NIR cannot say, and what it can say only nearly.

use glocal_core::config::{LayerConfig, LearningRule, NetworkConfig, Norm, Operator, Pool};
use glocal_core::neuron::{NeuronConfig, Reset};

use super::Reader;
use crate::error::Problem;

/// Everything that NIR has no node for.
pub fn of(config: &NetworkConfig, reader: Reader) -> Vec<Problem> {
    let mut found = Vec::new();
    if config.episode.is_some() {
        found
            .push(Problem::of("network.episode", "learns from a support set while it runs, which NIR has no node for"));
    }
    for (index, layer) in config.layers.iter().enumerate() {
        let mut refuse = |is: bool, message: &str| {
            if is {
                found.push(Problem::of(format!("layers.{index}"), message));
            }
        };
        refuse(
            layer.operator == Operator::Recurrent,
            "has recurrent weights: readers disagree about the delay of a cycle",
        );
        refuse(
            layer.norm == Some(Norm::PerStep),
            "is normalised by statistics of each step; `norm = \"tdbn\"` can be folded",
        );
        refuse(matches!(layer.neuron, NeuronConfig::AdaptiveLif { .. }), "has adaptive thresholds (adaptive-lif)");
        refuse(matches!(layer.neuron, NeuronConfig::Tanh {}), "has tanh units");
        let largest = matches!(layer.pool, Some(Pool::Max(side)) if side > 1);
        let spikes = matches!(layer.neuron, NeuronConfig::Lif { .. });
        refuse(largest && !spikes, "takes the largest of potentials; of spikes it could be said");
        refuse(
            largest && reader == Reader::Sinabs,
            "takes the largest of spikes, which sinabs cannot; pool by average",
        );
    }
    found
}

/// Everything that the file can say only nearly.
pub fn approximations(config: &NetworkConfig, reader: Reader) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Some(tau) = config.phase_time_constant {
        let message = format!("= {tau}: currents decay over a sample; the file leaves that out (k_t = 1)");
        found.push(Problem::of("network.phase_time_constant", message));
    }
    for (index, layer) in config.layers.iter().enumerate() {
        let place = format!("layers.{index}");
        found.extend(neuron_difference(&layer.neuron, reader).map(|message| Problem::at(&place, "neuron", message)));
        if layer.plasticity.is_some() && moves(config, index, layer) {
            let message = "its plastic weights move on in Glocal; the file has them at rest, folded into the weights, as \
                           `glocal eval --plastic frozen` judges them";
            found.push(Problem::at(&place, "plasticity", message));
        }
    }
    found
}

/// In what spikes may differ.
fn neuron_difference(neuron: &NeuronConfig, reader: Reader) -> Option<&'static str> {
    let NeuronConfig::Lif { reset, .. } = neuron else { return None };
    match (reader, reset) {
        (Reader::Euler, Reset::ToZero) => None,
        (Reader::Euler, Reset::Subtract) => {
            Some("a spike takes the threshold off the potential; NIR's takes it to 0, as the file says")
        }
        (Reader::Sinabs, Reset::Subtract) => {
            Some("sinabs spikes twice in a step where the potential reaches two thresholds, and where it equals one")
        }
        (Reader::Sinabs, Reset::ToZero) => Some(
            "a spike takes the potential to 0; sinabs takes the threshold off unless its layers get \
             `reset_fn = MembraneReset()` and `spike_fn = SingleSpike`",
        ),
    }
}

fn moves(config: &NetworkConfig, index: usize, layer: &LayerConfig) -> bool {
    layer.plasticity.is_some() && config.layer_rule(index) != LearningRule::Global
}
