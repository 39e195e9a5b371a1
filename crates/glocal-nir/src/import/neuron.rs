//! NIR's neurons as the engine's: one decay and one threshold for a layer, and a factor for each neuron's weights.

use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::surrogate::SurrogateGradient;

use crate::error::Problem;
use crate::graph::Node;
use crate::run::Discretisation;

/// A layer's neurons as the engine has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Neurons {
    /// The model.
    pub config: NeuronConfig,
    /// What each neuron's weights and bias are multiplied by; one for all, where all are alike.
    pub factors: Vec<f64>,
    /// In what they may differ from the graph's.
    pub approximation: Option<&'static str>,
}

/// The neurons of `node`.
///
/// # Equation
/// With keep = 1 - dt/tau and gain = r dt/tau, v ← keep v + gain I, a spike if v > θ. Divided by gain it is the engine's
/// equation with the threshold θ/gain, so weights stay as they are. Where gain or θ differ between neurons, the first neuron's
/// θ/gain is the threshold of all, and the weights of neuron n are multiplied by gain_n (θ_0/gain_0)/θ_n.
///
/// # Errors
/// Everything that the engine's neurons cannot do.
pub fn neurons(name: &str, node: &Node, how: Discretisation) -> Result<Neurons, Vec<Problem>> {
    let filter = Filter::of(node, how);
    let problems = obstacles(name, node, &filter);
    if !problems.is_empty() {
        return Err(problems);
    }
    let decay = filter.keep[0];
    let Some(thresholds) = values(node, "v_threshold") else {
        let config = NeuronConfig::LeakyIntegrator { decay, threshold: 1.0 };
        return Ok(Neurons { config, factors: tidy(filter.gain), approximation: None });
    };
    let threshold = thresholds[0] / filter.gain[0];
    let count = thresholds.len().max(filter.gain.len());
    let factors = (0..count).map(|n| at(&filter.gain, n) * threshold / at(&thresholds, n)).collect();
    let sinabs = how == Discretisation::Sinabs;
    let reset = if sinabs { Reset::Subtract } else { Reset::ToZero };
    let config = NeuronConfig::Lif { threshold, decay, reset, surrogate: SurrogateGradient::default() };
    let several = "sinabs spikes as often in a step as thresholds fit into the potential; the engine once";
    Ok(Neurons { config, factors: tidy(factors), approximation: sinabs.then_some(several) })
}

/// Everything that the engine's neurons cannot do.
fn obstacles(name: &str, node: &Node, filter: &Filter) -> Vec<Problem> {
    let mut found = Vec::new();
    for field in ["v_leak", "v_reset"] {
        if let Some(other) = values(node, field).and_then(|values| values.into_iter().find(|&v| v != 0.0)) {
            found.push(Problem::at(name, field, format!("is {other}; the engine's neurons rest at 0")));
        }
    }
    let first = filter.keep[0];
    if filter.keep.iter().any(|&keep| keep != first) {
        found.push(Problem::at(name, "tau", "differs between neurons; the engine has one decay for a layer"));
    } else if !(0.0..=1.0).contains(&first) {
        let message = format!("leaves {first} of the potential after a step; it must be in 0..=1: is dt right?");
        found.push(Problem::at(name, "tau", message));
    }
    if filter.gain.iter().any(|&gain| gain <= 0.0) {
        found.push(Problem::at(name, "r", "must be above 0"));
    }
    if values(node, "v_threshold").is_some_and(|all| all.iter().any(|&threshold| threshold <= 0.0)) {
        found.push(Problem::at(name, "v_threshold", "must be above 0"));
    }
    found
}

/// v ← keep v + gain I. Each list has an entry per neuron, or one for all; none is empty.
struct Filter {
    keep: Vec<f64>,
    gain: Vec<f64>,
}

impl Filter {
    fn of(node: &Node, how: Discretisation) -> Filter {
        let r = values(node, "r").unwrap_or_else(|| vec![1.0]);
        let Some(tau) = values(node, "tau") else { return Filter { keep: vec![1.0], gain: r } };
        match how {
            Discretisation::Sinabs => {
                Filter { keep: tau.iter().map(|tau| libm::exp(-1.0 / tau)).collect(), gain: vec![1.0] }
            }
            Discretisation::Euler { dt } => {
                let gain = (0..tau.len().max(r.len())).map(|n| at(&r, n) * (dt / at(&tau, n))).collect();
                Filter { keep: tau.iter().map(|tau| 1.0 - dt / tau).collect(), gain }
            }
        }
    }
}

fn values(node: &Node, field: &str) -> Option<Vec<f64>> {
    node.per_neuron().into_iter().find(|(own, _)| *own == field).map(|(_, tensor)| tensor.to_f64())
}

fn at(all: &[f64], n: usize) -> f64 {
    if all.len() == 1 { all[0] } else { all[n] }
}

/// Factors that are 1 but for rounding are 1, and equal ones are one: weights then stay as they are, to the bit.
fn tidy(factors: Vec<f64>) -> Vec<f64> {
    let near_one = |f: f64| if (f - 1.0).abs() < 1e-12 { 1.0 } else { f };
    let factors: Vec<f64> = factors.into_iter().map(near_one).collect();
    if factors.windows(2).all(|pair| pair[0] == pair[1]) { factors[..1].to_vec() } else { factors }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{Tensor, Values};

    /// By hand: dt/tau = 1/4, so keep = 3/4 and gain = r/4 = 1/2 and 1. θ/gain of the first neuron is 2; the second, with
    /// the same threshold and twice the gain, has its weights doubled.
    #[test]
    fn resistances_of_each_neuron_go_into_the_weights() {
        let row = |values: &[f64]| Tensor::new(vec![values.len()], Values::F64(values.to_vec())).unwrap();
        let node = Node::Lif {
            tau: row(&[4e-3, 4e-3]),
            r: row(&[2.0, 4.0]),
            v_leak: row(&[0.0]),
            v_threshold: row(&[1.0, 1.0]),
            v_reset: row(&[0.0]),
        };
        let found = neurons("lif", &node, Discretisation::Euler { dt: 1e-3 }).unwrap();
        assert!(matches!(found.config, NeuronConfig::Lif { threshold: 2.0, decay: 0.75, reset: Reset::ToZero, .. }));
        assert_eq!(found.factors, [1.0, 2.0]);
    }
}
