//! Which shapes run along the edges of a graph.

use std::collections::BTreeMap;

use super::{Convolution, Graph, Node, Order, Padding, Pool};
use crate::error::Problem;
use crate::tensor::{Tensor, element_count};

/// Shapes of each node's values at one step, by the node's name.
pub type Shapes = BTreeMap<String, NodeShape>;

/// Most values of a node at one step: sizes beyond them are slips or attacks.
const MOST_VALUES: usize = 1 << 24;

/// What a node takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeShape {
    /// Shape of what comes in.
    pub input: Vec<usize>,
    /// Shape of what goes out.
    pub output: Vec<usize>,
}

/// The shapes of all nodes that can be told, and every disagreement.
pub fn infer(graph: &Graph, order: &Order) -> (Shapes, Vec<Problem>) {
    let mut shapes = Shapes::new();
    let mut problems = Vec::new();
    for (name, sources) in order.names.iter().zip(&order.sources) {
        let node = &graph.nodes[name].node;
        let sources: Vec<&String> = sources.iter().map(|&source| &order.names[source]).collect();
        let known: Vec<(&String, &Vec<usize>)> =
            sources.iter().filter_map(|&source| Some((source, &shapes.get(source)?.output))).collect();
        if known.len() < sources.len() {
            // What is wrong with the source has been said.
            continue;
        }
        let from_input = sources.iter().any(|source| matches!(graph.nodes[*source].node, Node::Input { .. }));
        match shape_of(name, node, &known, from_input) {
            Ok(shape) => drop(shapes.insert(name.clone(), shape)),
            Err(found) => problems.extend(found),
        }
    }
    (shapes, problems)
}

type Found = Result<NodeShape, Vec<Problem>>;

fn shape_of(name: &str, node: &Node, sources: &[(&String, &Vec<usize>)], from_input: bool) -> Found {
    let incoming = match sources {
        [] => None,
        [(first, shape), others @ ..] => {
            if let Some((other, unlike)) = others.iter().find(|(_, other)| other != shape) {
                let message = format!("gets {shape:?} from {first} and {unlike:?} from {other}: they cannot be added");
                return Err(vec![Problem::of(name, message)]);
            }
            Some(*shape)
        }
    };
    let Some(incoming) = incoming else {
        return match node {
            Node::Input { shape } => sized(name, shape.clone(), shape.clone()),
            _ => Err(vec![Problem::of(name, "gets no input: an edge must lead to it")]),
        };
    };
    let found = takes(name, node, incoming);
    // norse writes the batch of its example into the input's shape.
    match (&found, incoming.split_first()) {
        (Err(_), Some((1, without_batch))) if from_input && !without_batch.is_empty() => {
            takes(name, node, without_batch).or(found)
        }
        _ => found,
    }
}

fn sized(name: &str, input: Vec<usize>, output: Vec<usize>) -> Found {
    match element_count(&output).filter(|&count| count <= MOST_VALUES) {
        Some(_) => Ok(NodeShape { input, output }),
        None => Err(vec![Problem::of(name, format!("puts out {output:?}, more than 2^24 values a step"))]),
    }
}

/// What `node` makes of values of shape `input`.
fn takes(name: &str, node: &Node, input: &[usize]) -> Found {
    let output = match node {
        Node::Input { shape } | Node::Output { shape } => {
            let without_batch = matches!(shape.split_first(), Some((1, rest)) if rest == input);
            if shape != input && !without_batch {
                return mismatch(name, "shape", shape, input);
            }
            input.to_vec()
        }
        Node::Affine { weight, .. } | Node::Linear { weight } => match weight.shape() {
            [outputs, inputs] if input == [*inputs] => vec![*outputs],
            [_, inputs] => return mismatch(name, "weight", &[*inputs], input),
            other => {
                let message = format!("has shape {other:?}: only matrices [O, I] are supported");
                return Err(vec![Problem::at(name, "weight", message)]);
            }
        },
        Node::Conv1d(convolution) | Node::Conv2d(convolution) => convolved(name, convolution, input)?,
        Node::SumPool2d(pool) | Node::AvgPool2d(pool) => pooled(name, pool, input)?,
        Node::Flatten(flatten) => match (&flatten.input_shape, flatten.output(input)) {
            (Some(shape), _) if shape != input => return mismatch(name, "input_type", shape, input),
            (_, Some(output)) => output,
            (_, None) => {
                let message =
                    format!("axes {}..={} are not among those of {input:?}", flatten.start_dim, flatten.end_dim);
                return Err(vec![Problem::at(name, "start_dim", message)]);
            }
        },
        _ => match node.per_neuron().into_iter().find(|(_, values)| !spreads(values, input)) {
            Some((attribute, values)) => return mismatch(name, attribute, values.shape(), input),
            None => input.to_vec(),
        },
    };
    sized(name, input.to_vec(), output)
}

/// Whether an array has a value for each of `shape`, or one for all.
fn spreads(values: &Tensor, shape: &[usize]) -> bool {
    values.shape() == shape || values.len() == 1
}

fn mismatch(name: &str, attribute: &str, own: &[usize], input: &[usize]) -> Found {
    Err(vec![Problem::at(name, attribute, format!("asks for values of shape {own:?}, the edge brings {input:?}"))])
}

fn convolved(name: &str, convolution: &Convolution, input: &[usize]) -> Result<Vec<usize>, Vec<Problem>> {
    let refuse = |attribute: &str, message: String| Err(vec![Problem::at(name, attribute, message)]);
    let weight = convolution.weight.shape();
    let axes = convolution.axes();
    let Some((&channels, sides)) = input.split_first().filter(|(_, sides)| sides.len() == axes) else {
        return refuse("weight", format!("asks for channels and {axes} axes, the edge brings {input:?}"));
    };
    if weight[1].checked_mul(convolution.groups) != Some(channels) {
        return refuse(
            "weight",
            format!("{weight:?} in {} groups does not take {channels} channels", convolution.groups),
        );
    }
    if let Some(shape) = convolution.input_shape.as_deref().filter(|&shape| shape != sides) {
        return refuse("input_shape", format!("says {shape:?}, the edge brings {sides:?}"));
    }
    if convolution.padding == Padding::Same && convolution.stride.iter().any(|&stride| stride != 1) {
        return refuse("padding", "`same` needs a stride of 1".into());
    }
    let outputs = (0..axes).map(|axis| convolution.outputs(axis, sides[axis]));
    match outputs.collect::<Option<Vec<usize>>>() {
        Some(outputs) => Ok([&weight[..1], &outputs[..]].concat()),
        None => refuse("weight", format!("a window of {:?} does not fit into {sides:?}", convolution.kernel())),
    }
}

fn pooled(name: &str, pool: &Pool, input: &[usize]) -> Result<Vec<usize>, Vec<Problem>> {
    let [channels, height, width] = *input else {
        let message = format!("asks for channels, height and width, the edge brings {input:?}");
        return Err(vec![Problem::at(name, "kernel_size", message)]);
    };
    match (pool.outputs(0, height), pool.outputs(1, width)) {
        (Some(rows), Some(columns)) => Ok(vec![channels, rows, columns]),
        _ => {
            let message = format!("a window of {:?} does not fit into {height} by {width}", pool.kernel_size);
            Err(vec![Problem::at(name, "kernel_size", message)])
        }
    }
}
