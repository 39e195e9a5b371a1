//! Nodes of a valid graph to what runs them.

use super::maps::{Affine, Map, Pooling};
use super::neurons::{Filter, Neurons, Spiking};
use super::{Discretisation, Operation};
use crate::error::Problem;
use crate::graph::{Node, NodeShape};
use crate::tensor::{Tensor, element_count};

/// What runs `node`, or why it cannot be run.
pub fn operation(name: &str, node: &Node, shape: &NodeShape, how: Discretisation) -> Result<Operation, Vec<Problem>> {
    let count = element_count(&shape.output).unwrap_or(0);
    let values = |tensor: &Tensor| spread(tensor, count);
    Ok(match node {
        Node::Input { .. } | Node::Output { .. } | Node::Flatten(_) => Operation::Same,
        Node::Affine { weight, bias } => Operation::Affine(Affine { weight: weight.to_f64(), bias: bias.to_f64() }),
        Node::Linear { weight } => Operation::Affine(Affine { weight: weight.to_f64(), bias: vec![0.0; count] }),
        Node::Conv1d(c) | Node::Conv2d(c) => Operation::Map(Map::new(c, &shape.input, &shape.output)),
        Node::SumPool2d(pool) => Operation::Pooling(Pooling::new(pool, false, &shape.input, &shape.output)),
        Node::AvgPool2d(pool) => Operation::Pooling(Pooling::new(pool, true, &shape.input, &shape.output)),
        Node::Scale { scale } => Operation::Scale(values(scale)),
        Node::Threshold { threshold } => Operation::Threshold(values(threshold)),
        Node::Graph(_) | Node::Unsupported { .. } => {
            return Err(vec![Problem::of(name, format!("has type `{}`, which cannot be run", node.kind()))]);
        }
        _ => Operation::Neurons(match how {
            Discretisation::Euler { dt } => euler(node, dt, count),
            Discretisation::Sinabs => sinabs(name, node, count)?,
        }),
    })
}

/// The values, or the one value for all.
fn spread(tensor: &Tensor, count: usize) -> Vec<f64> {
    let values = tensor.to_f64();
    if values.len() == 1 { vec![values[0]; count] } else { values }
}

/// # Equation
/// keep = 1 - dt/tau, gain = r dt/tau, leak = v_leak dt/tau; without tau: keep = 1, gain = r.
fn euler(node: &Node, dt: f64, count: usize) -> Neurons {
    let field = |name: &str| find(node, name).map(|tensor| spread(tensor, count));
    let ones = vec![1.0; count];
    let r = field("r").unwrap_or_else(|| ones.clone());
    let at_rest = field("v_leak").unwrap_or_else(|| vec![0.0; count]);
    let share =
        field("tau").or_else(|| field("tau_mem")).map(|tau| tau.iter().map(|tau| dt / tau).collect::<Vec<f64>>());
    let (keep, gain, leak) = match &share {
        Some(share) => (share.iter().map(|s| 1.0 - s).collect(), product(&r, share), product(&at_rest, share)),
        None => (ones, r, vec![0.0; count]),
    };
    let current = field("tau_syn").map(|tau| {
        let share: Vec<f64> = tau.iter().map(|tau| dt / tau).collect();
        let weight = field("w_in").unwrap_or_else(|| vec![1.0; count]);
        Filter {
            keep: share.iter().map(|s| 1.0 - s).collect(),
            gain: product(&weight, &share),
            state: vec![0.0; count],
        }
    });
    let spiking = field("v_threshold").map(|threshold| {
        let reset = field("v_reset").unwrap_or_else(|| vec![0.0; count]);
        Spiking::Reset { threshold, reset }
    });
    // As norse, from rest.
    Neurons { current, potential: Filter { keep, gain, state: at_rest }, leak, spiking }
}

fn sinabs(name: &str, node: &Node, count: usize) -> Result<Neurons, Vec<Problem>> {
    let mut problems = Vec::new();
    let differs = |attribute: &str, value: f64| {
        find(node, attribute).filter(|tensor| tensor.to_f64().iter().any(|&v| v != value))
    };
    for (attribute, value) in [("r", 1.0), ("v_leak", 0.0), ("v_reset", 0.0)] {
        if let Some(found) = differs(attribute, value) {
            problems.push(Problem::at(name, attribute, format!("is {found}; sinabs takes {value}")));
        }
    }
    if matches!(node, Node::CubaLi { .. } | Node::CubaLif { .. }) {
        problems.push(Problem::of(name, format!("has type `{}`, which sinabs does not read", node.kind())));
    }
    if find(node, "v_threshold").is_some_and(|tensor| tensor.range().is_some_and(|(low, _)| low <= 0.0)) {
        problems.push(Problem::at(name, "v_threshold", "must be above 0: spikes are counted in thresholds"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let keep = match find(node, "tau") {
        Some(tau) => spread(tau, count).iter().map(|tau| libm::exp(-1.0 / tau)).collect(),
        None => vec![1.0; count],
    };
    let spiking = find(node, "v_threshold").map(|threshold| {
        let bounded = matches!(node, Node::If { .. });
        Spiking::Subtract { threshold: spread(threshold, count), bounded }
    });
    let zeros = vec![0.0; count];
    let potential = Filter { keep, gain: vec![1.0; count], state: zeros.clone() };
    Ok(Neurons { current: None, potential, leak: zeros, spiking })
}

fn find<'a>(node: &'a Node, name: &str) -> Option<&'a Tensor> {
    node.per_neuron().into_iter().find(|(own, _)| *own == name).map(|(_, tensor)| tensor)
}

fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}
