//! Everything that can be wrong with a graph, at once.

use std::collections::BTreeSet;

use super::shapes::infer;
use super::{Convolution, Graph, Node, Order, Padding, Pool, Shapes};
use crate::error::Problem;
use crate::tensor::Tensor;

/// The order and the shapes of a graph without graphs inside, or every reason why there are none.
///
/// # Errors
/// Arrays that do not fit each other, edges to nowhere, cycles, unreachable nodes, shapes that disagree along edges.
pub fn check(graph: &Graph) -> Result<(Order, Shapes), Vec<Problem>> {
    let mut problems = ports(graph);
    for (name, entry) in &graph.nodes {
        check_node(name, &entry.node, &mut problems);
    }
    check_edges(graph, &mut problems);
    let order = match Order::of(graph) {
        Ok(order) => order,
        Err(cycle) => {
            let message = format!("is part of a cycle: {}", cycle.join(" -> "));
            problems.push(Problem::of(cycle.first().map_or("graph", String::as_str), message));
            return Err(problems);
        }
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let (shapes, problems) = infer(graph, &order);
    if problems.is_empty() { Ok((order, shapes)) } else { Err(problems) }
}

/// A graph needs both ends, once each.
fn ports(graph: &Graph) -> Vec<Problem> {
    let outer: BTreeSet<&String> = graph.nodes.keys().collect();
    let heard: BTreeSet<&String> = graph.edges.iter().map(|(_, to)| to).collect();
    let heard_from: BTreeSet<&String> = graph.edges.iter().map(|(from, _)| from).collect();
    let kind = |name: &&&String, wanted: &str| graph.nodes[**name].node.kind() == wanted;
    let inputs: Vec<_> = outer.iter().filter(|n| kind(n, "Input") && !heard.contains(**n)).collect();
    let outputs: Vec<_> = outer.iter().filter(|n| kind(n, "Output") && !heard_from.contains(**n)).collect();
    let mut problems = Vec::new();
    for (found, what) in [(inputs, "Input"), (outputs, "Output")] {
        match found[..] {
            [_] => {}
            [] => problems.push(Problem::of("graph", format!("has no {what} node"))),
            [..] => {
                let names: Vec<&str> = found.iter().map(|name| name.as_str()).collect();
                problems.push(Problem::of("graph", format!("has several {what} nodes: {}", names.join(", "))));
            }
        }
    }
    problems
}

fn check_edges(graph: &Graph, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for edge in &graph.edges {
        let (from, to) = edge;
        for name in [from, to].into_iter().filter(|name| !graph.nodes.contains_key(*name)) {
            problems.push(Problem::at("graph", "edges", format!("{from} -> {to} names `{name}`, which is no node")));
        }
        if !seen.insert(edge) {
            problems.push(Problem::at("graph", "edges", format!("{from} -> {to} is there twice")));
        }
    }
    for (forward, message) in [(true, "cannot be reached from an input"), (false, "leads to no output")] {
        let (start, reached) = (if forward { "Input" } else { "Output" }, reachable(graph, forward));
        let lost = graph.nodes.iter().filter(|(name, entry)| !reached.contains(name) && entry.node.kind() != start);
        problems.extend(lost.map(|(name, _)| Problem::of(name, message)));
    }
}

/// Nodes that lie behind an input, or before an output.
fn reachable(graph: &Graph, forward: bool) -> BTreeSet<&String> {
    let start = if forward { "Input" } else { "Output" };
    let mut next = std::collections::BTreeMap::<&String, Vec<&String>>::new();
    for (from, to) in &graph.edges {
        let (from, to) = if forward { (from, to) } else { (to, from) };
        next.entry(from).or_default().push(to);
    }
    let starts = graph.nodes.iter().filter(|(_, entry)| entry.node.kind() == start);
    let mut waiting: Vec<&String> = starts.map(|(name, _)| name).collect();
    let mut reached: BTreeSet<&String> = waiting.iter().copied().collect();
    while let Some(name) = waiting.pop() {
        let behind = next.get(name).into_iter().flatten();
        waiting.extend(behind.filter(|to| reached.insert(to)));
    }
    reached
}

/// Arrays of one node against each other.
fn check_node(name: &str, node: &Node, problems: &mut Vec<Problem>) {
    for (attribute, values) in node.arrays() {
        if !values.is_finite() {
            problems.push(Problem::at(name, attribute, "holds a value that is not finite"));
        }
        if values.is_empty() {
            problems.push(Problem::at(name, attribute, "is empty"));
        }
        let time_constant = attribute.starts_with("tau");
        if time_constant && values.range().is_some_and(|(low, _)| low <= 0.0) {
            problems.push(Problem::at(name, attribute, format!("{values} must be above 0 seconds")));
        }
    }
    match node {
        Node::Affine { weight, bias } => check_bias(name, weight, bias, problems),
        Node::Conv1d(convolution) => check_convolution(name, convolution, 1, problems),
        Node::Conv2d(convolution) => check_convolution(name, convolution, 2, problems),
        Node::SumPool2d(pool) | Node::AvgPool2d(pool) => check_pool(name, pool, problems),
        Node::Unsupported { kind } => {
            problems.push(Problem::of(name, format!("has type `{kind}`, which is not supported")));
        }
        Node::Graph(_) => problems.push(Problem::of(name, "is a graph: flatten the outer one first")),
        _ => check_neurons(name, node, problems),
    }
}

fn check_neurons(name: &str, node: &Node, problems: &mut Vec<Problem>) {
    let arrays = node.per_neuron();
    let Some((first, largest)) = arrays.iter().find(|(_, values)| values.len() != 1) else { return };
    let unlike = arrays.iter().filter(|(_, values)| values.len() != 1 && values.shape() != largest.shape());
    for (attribute, values) in unlike {
        let message = format!("has shape {:?}, but {first} has {:?}", values.shape(), largest.shape());
        problems.push(Problem::at(name, *attribute, message));
    }
}

fn check_bias(name: &str, weight: &Tensor, bias: &Tensor, problems: &mut Vec<Problem>) {
    let Some(&outputs) = weight.shape().first() else { return };
    if bias.shape() != [outputs] {
        let message = format!("has shape {:?}, the weight {:?} asks for [{outputs}]", bias.shape(), weight.shape());
        problems.push(Problem::at(name, "bias", message));
    }
}

fn check_convolution(name: &str, convolution: &Convolution, axes: usize, problems: &mut Vec<Problem>) {
    let weight = convolution.weight.shape();
    if weight.len() != axes + 2 {
        let wanted = if axes == 1 { "[O, C, K]" } else { "[O, C, K, L]" };
        problems.push(Problem::at(name, "weight", format!("has shape {weight:?}, must be {wanted}")));
        return;
    }
    check_bias(name, &convolution.weight, &convolution.bias, problems);
    let zeros = match &convolution.padding {
        Padding::Zeros(zeros) => zeros.len(),
        Padding::Same | Padding::Valid => axes,
    };
    let lengths = [("stride", convolution.stride.len()), ("padding", zeros), ("dilation", convolution.dilation.len())];
    for (attribute, found) in lengths.into_iter().filter(|(_, found)| *found != axes) {
        problems.push(Problem::at(name, attribute, format!("has {found} values for {axes} axes")));
    }
    for (attribute, values) in [("stride", &convolution.stride), ("dilation", &convolution.dilation)] {
        if values.contains(&0) {
            problems.push(Problem::at(name, attribute, format!("{values:?} must be at least 1")));
        }
    }
    if convolution.groups == 0 || !weight[0].is_multiple_of(convolution.groups) {
        let message = format!("{} does not divide the {} output channels", convolution.groups, weight[0]);
        problems.push(Problem::at(name, "groups", message));
    }
}

fn check_pool(name: &str, pool: &Pool, problems: &mut Vec<Problem>) {
    for (attribute, values) in [("kernel_size", pool.kernel_size), ("stride", pool.stride)] {
        if values.contains(&0) {
            problems.push(Problem::at(name, attribute, format!("{values:?} must be at least 1")));
        }
    }
    if (0..2).any(|axis| pool.padding[axis] > pool.kernel_size[axis] / 2) {
        let message = format!("{:?} must be at most half a window of {:?}", pool.padding, pool.kernel_size);
        problems.push(Problem::at(name, "padding", message));
    }
}
