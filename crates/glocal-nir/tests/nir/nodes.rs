//! Every type of node in a file that the Python package `nir` wrote. Oracle: its equation, computed by `tests/interop/make_nodes.py`
//! with numpy.

use std::collections::BTreeMap;

use glocal_nir::{Discretisation, Node, read, run};
use serde::Deserialize;

/// A node's input and what it makes of it, `[T, ...]`.
#[derive(Deserialize)]
struct Case {
    input: Vec<f64>,
    output: Vec<f64>,
}

fn gives_its_equation(kind: &str, bytes: &[u8]) {
    let cases: BTreeMap<String, Case> =
        serde_json::from_str(include_str!("golden/nodes/nodes.json")).expect("the cases");
    let Case { input, output } = &cases[kind];
    let graph = read(bytes).unwrap_or_else(|error| panic!("{kind}: {error}"));
    let node = &graph.nodes["node"].node;
    assert_eq!(node.kind(), kind);
    assert!(!matches!(node, Node::Unsupported { .. }));
    let found =
        run(&graph, input, Discretisation::Euler { dt: 1e-4 }).unwrap_or_else(|error| panic!("{kind}: {error}"));
    assert_eq!(found.output.len(), output.len(), "{kind}");
    let far = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-12;
    assert!(!found.output.iter().zip(output).any(far), "{kind}: {:?}, expected {output:?}", found.output);
    assert_eq!(!found.spikes.is_empty(), ["Threshold", "IF", "LIF", "CubaLIF"].contains(&kind), "{kind}");
    // Written by us, it is the same graph.
    let again = read(&glocal_nir::to_bytes(&graph).expect("bytes")).expect("our own file");
    assert_eq!(again.nodes, graph.nodes, "{kind}");
}

macro_rules! nodes {
    ($($test:ident $kind:literal)*) => {
        $(#[test]
        fn $test() {
            gives_its_equation($kind, include_bytes!(concat!("golden/nodes/", $kind, ".nir")));
        })*
    };
}

// Input and Output are in every file.
nodes! {
    affine "Affine"
    linear "Linear"
    conv_1d "Conv1d"
    conv_2d "Conv2d"
    sum_pool_2d "SumPool2d"
    avg_pool_2d "AvgPool2d"
    flatten "Flatten"
    scale "Scale"
    threshold "Threshold"
    i "I"
    integrate_and_fire "IF"
    li "LI"
    lif "LIF"
    cuba_li "CubaLI"
    cuba_lif "CubaLIF"
    graph_in_a_graph "NIRGraph"
}
