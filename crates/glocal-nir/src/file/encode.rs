//! Graphs to trees of values, with the fields and shapes that `nir.read` of the Python package takes.

use crate::graph::{Convolution, Entry, Graph, Node, Padding, Pool};
use crate::tensor::{Tensor, Values};
use crate::tree::{Tree, Value};

/// The version of the Python package whose files these are like.
const VERSION: &str = "1.0.8";

/// A whole file.
pub fn file(graph: &Graph) -> Tree {
    let version = graph.version.clone().unwrap_or_else(|| VERSION.into());
    Tree::from([("version".into(), Value::Text(version)), ("node".into(), Value::Group(fields_of_graph(graph)))])
}

fn fields_of_graph(graph: &Graph) -> Tree {
    let nodes = graph.nodes.iter().map(|(name, entry)| (name.clone(), Value::Group(fields_of_entry(entry)))).collect();
    let names = graph.edges.iter().flat_map(|(from, to)| [from.clone(), to.clone()]).collect();
    let mut tree = Tree::from([
        ("type".into(), Value::text("NIRGraph")),
        ("nodes".into(), Value::Group(nodes)),
        ("edges".into(), Value::Texts { shape: vec![graph.edges.len(), 2], values: names }),
    ]);
    add_metadata(&mut tree, &graph.metadata);
    tree
}

fn fields_of_entry(entry: &Entry) -> Tree {
    let mut tree = match &entry.node {
        Node::Graph(graph) => fields_of_graph(graph),
        node => fields_of_node(node),
    };
    add_metadata(&mut tree, &entry.metadata);
    tree
}

fn add_metadata(tree: &mut Tree, metadata: &Tree) {
    if !metadata.is_empty() {
        tree.insert("metadata".into(), Value::Group(metadata.clone()));
    }
}

fn fields_of_node(node: &Node) -> Tree {
    let mut tree = Tree::from([("type".into(), Value::text(node.kind()))]);
    match node {
        Node::Input { shape } | Node::Output { shape } => drop(tree.insert("shape".into(), Value::integers(shape))),
        Node::Conv1d(convolution) => add_convolution(&mut tree, convolution, |sizes| Value::integer(sizes[0])),
        Node::Conv2d(convolution) => add_convolution(&mut tree, convolution, Value::integers),
        Node::SumPool2d(pool) | Node::AvgPool2d(pool) => add_pool(&mut tree, pool),
        Node::Flatten(flatten) => {
            tree.insert("start_dim".into(), Value::Integers { shape: vec![], values: vec![flatten.start_dim] });
            tree.insert("end_dim".into(), Value::Integers { shape: vec![], values: vec![flatten.end_dim] });
            tree.extend(flatten.input_shape.iter().map(|shape| ("input_type".into(), Value::integers(shape))));
        }
        _ => {}
    }
    let whole = node.per_neuron().into_iter().map(|(_, values)| values).find(|values| values.len() != 1);
    let spread = |values: &Tensor| Value::Numbers(whole.map_or_else(|| values.clone(), |like| widened(values, like)));
    let per_neuron = node.per_neuron().into_iter().map(|(name, values)| (name.to_owned(), spread(values)));
    tree.extend(per_neuron);
    let own = |name: &&(&str, &Tensor)| !tree.contains_key(name.0);
    let rest: Vec<_> =
        node.arrays().iter().filter(own).map(|(n, v)| (n.to_string(), Value::Numbers((*v).clone()))).collect();
    tree.extend(rest);
    tree
}

/// One value for all, written out: `nir.read` refuses a neuron's parameters of unlike shapes.
fn widened(values: &Tensor, like: &Tensor) -> Tensor {
    if values.len() != 1 {
        return values.clone();
    }
    let all = match values.values() {
        Values::F32(one) => Values::F32(vec![one[0]; like.len()]),
        Values::F64(one) => Values::F64(vec![one[0]; like.len()]),
    };
    Tensor::new(like.shape().to_vec(), all).expect("as many values as the other array")
}

fn add_convolution(tree: &mut Tree, convolution: &Convolution, sizes: impl Fn(&[usize]) -> Value) {
    let padding = match &convolution.padding {
        Padding::Same => Value::text("same"),
        Padding::Valid => Value::text("valid"),
        Padding::Zeros(zeros) => sizes(zeros),
    };
    tree.insert("padding".into(), padding);
    tree.insert("stride".into(), sizes(&convolution.stride));
    tree.insert("dilation".into(), sizes(&convolution.dilation));
    tree.insert("groups".into(), Value::integer(convolution.groups));
    tree.extend(convolution.input_shape.iter().map(|shape| ("input_shape".into(), sizes(shape))));
}

fn add_pool(tree: &mut Tree, pool: &Pool) {
    for (name, sizes) in [("kernel_size", pool.kernel_size), ("stride", pool.stride), ("padding", pool.padding)] {
        tree.insert(name.into(), Value::integers(&sizes));
    }
}
