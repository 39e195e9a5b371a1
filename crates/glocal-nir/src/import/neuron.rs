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
    let mut problems = Vec::new();
    let values = |field: &str| node.per_neuron().into_iter().find(|(own, _)| *own == field).map(|(_, t)| t.to_f64());
    for field in ["v_leak", "v_reset"] {
        if let Some(other) = values(field).and_then(|values| values.into_iter().find(|&v| v != 0.0)) {
            problems.push(Problem::at(name, field, format!("is {other}; the engine's neurons rest at 0")));
        }
    }
    let sinabs = how == Discretisation::Sinabs;
    let (keep, gain) = filter(values("tau"), values("r").unwrap_or_else(|| vec![1.0]), how);
    let decay = match keep.split_first() {
        Some((&first, rest)) if rest.iter().all(|&k| k == first) && (0.0..=1.0).contains(&first) => first,
        Some((&first, rest)) if rest.iter().all(|&k| k == first) => {
            let message = format!("leaves {first} of the potential after a step; it must be in 0..=1: is dt right?");
            problems.push(Problem::at(name, "tau", message));
            0.0
        }
        _ => {
            problems.push(Problem::at(name, "tau", "differs between neurons; the engine has one decay for a layer"));
            0.0
        }
    };
    if gain.iter().any(|&g| g <= 0.0) {
        problems.push(Problem::at(name, "r", "must be above 0"));
    }
    let thresholds = values("v_threshold");
    if thresholds.as_ref().is_some_and(|all| all.iter().any(|&t| t <= 0.0)) {
        problems.push(Problem::at(name, "v_threshold", "must be above 0"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let Some(thresholds) = thresholds else {
        let config = NeuronConfig::LeakyIntegrator { decay, threshold: 1.0 };
        return Ok(Neurons { config, factors: tidy(gain), approximation: None });
    };
    let at = |all: &[f64], n: usize| if all.len() == 1 { all[0] } else { all[n] };
    let threshold = thresholds[0] / gain[0];
    let count = thresholds.len().max(gain.len());
    let factors = (0..count).map(|n| at(&gain, n) * threshold / at(&thresholds, n)).collect();
    let reset = if sinabs { Reset::Subtract } else { Reset::ToZero };
    let config = NeuronConfig::Lif { threshold, decay, reset, surrogate: SurrogateGradient::default() };
    let several = "sinabs spikes as often in a step as thresholds fit into the potential; the engine once";
    Ok(Neurons { config, factors: tidy(factors), approximation: sinabs.then_some(several) })
}

fn filter(tau: Option<Vec<f64>>, r: Vec<f64>, how: Discretisation) -> (Vec<f64>, Vec<f64>) {
    let Some(tau) = tau else { return (vec![1.0], r) };
    match how {
        Discretisation::Sinabs => (tau.iter().map(|tau| libm::exp(-1.0 / tau)).collect(), vec![1.0]),
        Discretisation::Euler { dt } => {
            let count = tau.len().max(r.len());
            let at = |all: &[f64], n: usize| if all.len() == 1 { all[0] } else { all[n] };
            let gain = (0..count).map(|n| at(&r, n) * (dt / at(&tau, n))).collect();
            (tau.iter().map(|tau| 1.0 - dt / tau).collect(), gain)
        }
    }
}

/// Factors that are 1 but for rounding are 1, and equal ones are one: weights then stay as they are, to the bit.
fn tidy(factors: Vec<f64>) -> Vec<f64> {
    let near_one = |f: f64| if (f - 1.0).abs() < 1e-12 { 1.0 } else { f };
    let factors: Vec<f64> = factors.into_iter().map(near_one).collect();
    if factors.windows(2).all(|pair| pair[0] == pair[1]) { factors[..1].to_vec() } else { factors }
}
