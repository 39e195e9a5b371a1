//! Graphs and networks that are refused, with every reason named.

use glocal_core::config::{Norm, Pool};
use glocal_core::neuron::NeuronConfig;
use glocal_nir::graph::{Entry, Graph};
use glocal_nir::tree::Tree;
use glocal_nir::{ExportOptions, NirError, Node, Tensor, export, to_bytes};

use crate::made::{convolutional, dense};

fn lif(count: usize) -> Node {
    let all = |value| Tensor::filled(count, value);
    Node::Lif { tau: all(1e-3), r: all(1.0), v_leak: all(0.0), v_threshold: all(1.0), v_reset: all(0.0) }
}

fn affine(outputs: usize, inputs: usize) -> Node {
    let weight = Tensor::filled(outputs * inputs, 0.5).reshaped(vec![outputs, inputs]).unwrap();
    Node::Affine { weight, bias: Tensor::filled(outputs, 0.0) }
}

fn chain(nodes: Vec<(&str, Node)>) -> Graph {
    Graph::chain(nodes.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
}

fn problems(graph: &Graph) -> Vec<String> {
    match to_bytes(graph) {
        Err(NirError::Graph(problems)) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn valid() -> Graph {
    let (input, output) = (Node::Input { shape: vec![3] }, Node::Output { shape: vec![2] });
    chain(vec![("in", input), ("w", affine(2, 3)), ("lif", lif(2)), ("out", output)])
}

#[test]
fn a_valid_graph_is_written() {
    assert!(to_bytes(&valid()).is_ok());
}

#[test]
fn shapes_must_agree_along_edges() {
    let mut graph = valid();
    graph.nodes.get_mut("lif").unwrap().node = lif(4);
    assert_eq!(problems(&graph), ["lif.tau: asks for values of shape [4], the edge brings [2]"]);
}

#[test]
fn cycles_are_named() {
    let mut graph = valid();
    graph.nodes.insert("rec".into(), Entry { node: affine(2, 2), metadata: Tree::new() });
    graph.edges.extend([("lif".into(), "rec".into()), ("rec".into(), "lif".into())]);
    assert_eq!(problems(&graph), ["lif: is part of a cycle: lif -> rec -> lif"]);
}

#[test]
fn everything_wrong_with_nodes_and_edges_is_said_at_once() {
    let mut graph = valid();
    let Node::Lif { tau, v_threshold, .. } = &mut graph.nodes.get_mut("lif").unwrap().node else { panic!() };
    *tau = Tensor::filled(2, -1e-3);
    *v_threshold = Tensor::filled(3, f64::NAN);
    graph.nodes.insert("lost".into(), Entry { node: lif(2), metadata: Tree::new() });
    graph.nodes.insert("odd".into(), Entry { node: Node::Unsupported { kind: "Delay".into() }, metadata: Tree::new() });
    graph.edges.extend([("lif".into(), "odd".into()), ("odd".into(), "nowhere".into()), ("in".into(), "w".into())]);
    assert_eq!(
        problems(&graph),
        [
            "lif.tau: -0.001 [2] must be above 0 seconds",
            "lif.v_threshold: holds a value that is not finite",
            "lif.v_threshold: has shape [3], but tau has [2]",
            "odd: has type `Delay`, which is not supported",
            "graph.edges: odd -> nowhere names `nowhere`, which is no node",
            "graph.edges: in -> w is there twice",
            "lost: cannot be reached from an input",
            "lost: leads to no output",
            "odd: leads to no output",
        ]
    );
}

#[test]
fn a_graph_needs_both_ends_once() {
    let graph = chain(vec![("w", affine(2, 3)), ("lif", lif(2))]);
    let found = problems(&graph);
    assert!(found.contains(&"graph: has no Input node".to_owned()), "{found:?}");
    assert!(found.contains(&"graph: has no Output node".to_owned()), "{found:?}");
    let mut graph = valid();
    graph.nodes.insert("in2".into(), Entry { node: Node::Input { shape: vec![3] }, metadata: Tree::new() });
    graph.edges.push(("in2".into(), "w".into()));
    assert_eq!(problems(&graph), ["graph: has several Input nodes: in, in2"]);
}

/// Everything that NIR cannot say, in one error.
#[test]
fn networks_that_nir_cannot_say_are_refused_at_once() {
    let mut config = convolutional().config().clone();
    config.network.layers[0].norm = Some(Norm::PerStep);
    config.network.layers[1].neuron = NeuronConfig::LeakyIntegrator { decay: 0.5, threshold: 1.0 };
    config.network.layers[1].pool = Some(Pool::Max(2));
    config.network.layers[2].neuron = NeuronConfig::Tanh {};
    let learner = glocal_core::Learner::new(config, 0).unwrap();
    let Err(NirError::NotExportable(found)) = export(&learner, &ExportOptions::default()) else { panic!("exported") };
    let places: Vec<&str> = found.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["layers.0", "layers.1", "layers.2"]);
}

#[test]
fn a_time_step_is_above_zero() {
    for dt in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let result = export(&dense(), &ExportOptions { dt, ..ExportOptions::default() });
        assert!(matches!(result, Err(NirError::Option { name: "dt", .. })));
    }
}
