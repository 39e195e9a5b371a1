//! Our files in the hands of the libraries themselves: `tests/interop/check_nir.py`, run by the Python that
//! `GLOCAL_INTEROP_PYTHON` names. Libraries that it lacks are skipped, visibly.

use std::path::Path;
use std::process::Command;

use glocal_core::Learner;
use glocal_core::config::Pool;
use glocal_core::neuron::Reset;
use glocal_core::random::uniform;
use glocal_nir::graph::{Convolution, Flatten, Graph, Padding};
use glocal_nir::tensor::Values;
use glocal_nir::{
    Discretisation, ExportOptions, ImportOptions, Node, Reader, Tensor, export, import, read, run, to_bytes,
};
use serde_json::json;

use crate::made::{convolutional, dense, engine, lif, plastic, series};

const DT: f64 = 1e-4;

/// A file, what goes in, what comes out, and who is to see it.
struct Case {
    name: &'static str,
    graph: Graph,
    input: Vec<f64>,
    output: Vec<f64>,
    readers: &'static [&'static str],
    /// For sinabs: whether its layers are told to reset to zero.
    to_zero: bool,
}

#[test]
fn the_libraries_spike_as_we_do() {
    let Some(python) = std::env::var_os("GLOCAL_INTEROP_PYTHON") else {
        println!("skipped: GLOCAL_INTEROP_PYTHON names no Python with nir, norse, snntorch, sinabs");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let cases = cases();
    for case in &cases {
        write(case, folder.path());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop/check_nir.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output().expect("Python runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    println!("{said}");
    for case in &cases {
        let again = std::fs::read(folder.path().join(format!("{}.again.nir", case.name))).expect("written by Python");
        let again = read(&again).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(again.nodes, case.graph.nodes, "{}", case.name);
        if case.graph.metadata.contains_key("glocal") {
            // Python took it and wrote it again: the kept network is still that of the graph.
            let options = ImportOptions { discretisation: None, steps: 1, graph_only: false };
            import(&again, &options).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
    }
}

fn write(case: &Case, folder: &Path) {
    std::fs::write(folder.join(format!("{}.nir", case.name)), to_bytes(&case.graph).unwrap()).unwrap();
    let Node::Input { shape } = &case.graph.nodes["input"].node else { panic!("an input") };
    assert!(case.output.iter().sum::<f64>() > 2.0, "{} is silent", case.name);
    let text = json!({
        "dt": DT, "shape": shape, "input": case.input, "output": case.output, "readers": case.readers,
        "to_zero": case.to_zero,
    });
    std::fs::write(folder.join(format!("{}.json", case.name)), text.to_string()).unwrap();
}

fn cases() -> Vec<Case> {
    let both = &["norse", "snntorch"][..];
    vec![
        of_engine("lif_dense", dense(), both),
        of_engine("lif_plastic", plastic(Reset::ToZero), both),
        of_engine("lif_conv", pooled(None, Reset::ToZero), both),
        of_engine("lif_conv_max", pooled(Some(Pool::Max(2)), Reset::ToZero), &["norse"]),
        of_engine("lif_conv_average", pooled(Some(Pool::Average(2)), Reset::ToZero), &["snntorch"]),
        of_nodes("cuba_dense", cuba_dense(), both),
        of_nodes("cuba_conv", cuba_conv(), both),
        for_sinabs("sinabs_dense", plastic(Reset::Subtract), false),
        for_sinabs("sinabs_dense_to_zero", dense(), true),
        for_sinabs("sinabs_conv", pooled(Some(Pool::Average(2)), Reset::Subtract), false),
        for_sinabs("sinabs_conv_to_zero", pooled(Some(Pool::Average(2)), Reset::ToZero), true),
    ]
}

/// A network whose spikes are the engine's.
fn of_engine(name: &'static str, mut learner: Learner, readers: &'static [&'static str]) -> Case {
    let graph = export(&learner, &ExportOptions::default()).unwrap().graph;
    let input = series(learner.config().network.inputs);
    let output = engine(&mut learner, &input);
    Case { name, graph, input, output, readers, to_zero: false }
}

/// The same in sinabs' dialect. Its spikes are the engine's where sinabs resets to zero, else those of its own rule.
fn for_sinabs(name: &'static str, mut learner: Learner, to_zero: bool) -> Case {
    let graph = export(&learner, &ExportOptions { reader: Reader::Sinabs, ..ExportOptions::default() }).unwrap().graph;
    let input = series(learner.config().network.inputs);
    let output = match to_zero {
        true => engine(&mut learner, &input),
        false => run(&graph, &input, Discretisation::Sinabs).unwrap().output,
    };
    Case { name, graph, input, output, readers: &["sinabs"], to_zero }
}

/// A graph whose spikes are the interpreter's.
fn of_nodes(name: &'static str, graph: Graph, readers: &'static [&'static str]) -> Case {
    let Node::Input { shape } = &graph.nodes["input"].node else { panic!("an input") };
    let input = series(shape.iter().product());
    let output = run(&graph, &input, Discretisation::Euler { dt: DT }).unwrap().output;
    Case { name, graph, input, output, readers, to_zero: false }
}

/// Two convolutions and a dense layer, all spiking; the first one pooled.
fn pooled(pool: Option<Pool>, reset: Reset) -> Learner {
    let mut config = convolutional().config().clone();
    let layers = &mut config.network.layers;
    (layers[0].pool, layers[1].pool) = (pool, None);
    (layers[0].neuron, layers[1].neuron) = (lif(0.23, 0.6, reset), lif(0.12, 0.6, reset));
    layers[2].neuron = lif(0.11, 0.8, reset);
    Learner::new(config, 11).unwrap()
}

fn weights(name: &str, shape: Vec<usize>) -> Tensor {
    let count = shape.iter().product::<usize>() as u64;
    let values = (0..count).map(|i| (1.2 * uniform(5, name, i) - 0.5) as f32).collect();
    Tensor::new(shape, Values::F32(values)).unwrap()
}

/// Parameters as snnTorch asks for: r = tau_mem/dt, w_in = tau_syn/dt, v_leak = 0.
fn cuba(shape: Vec<usize>, threshold: f64, decays: [f64; 2]) -> Node {
    let count = shape.iter().product();
    let all = |value: f64| Tensor::filled(count, value).reshaped(shape.clone()).unwrap();
    let [synaptic, membrane] = decays.map(|decay| 1.0 / (1.0 - decay));
    Node::CubaLif {
        tau_syn: all(DT * synaptic),
        tau_mem: all(DT * membrane),
        r: all(membrane),
        v_leak: all(0.0),
        v_threshold: all(threshold),
        v_reset: all(0.0),
        w_in: all(synaptic),
    }
}

fn cuba_dense() -> Graph {
    let affine = |name: &str, outputs, inputs| Node::Affine {
        weight: weights(name, vec![outputs, inputs]),
        bias: weights(&format!("{name} bias"), vec![outputs]),
    };
    chain(vec![
        ("input", Node::Input { shape: vec![7] }),
        ("first", affine("first", 11, 7)),
        ("first_neurons", cuba(vec![11], 1.3, [0.4, 0.7])),
        ("second", affine("second", 4, 11)),
        ("second_neurons", cuba(vec![4], 1.1, [0.3, 0.6])),
        ("output", Node::Output { shape: vec![4] }),
    ])
}

fn cuba_conv() -> Graph {
    let convolution = Convolution {
        weight: weights("window", vec![3, 2, 3, 3]),
        bias: weights("window bias", vec![3]),
        stride: vec![2, 2],
        padding: Padding::Zeros(vec![1, 1]),
        dilation: vec![1, 1],
        groups: 1,
        input_shape: Some(vec![8, 6]),
    };
    let affine = Node::Affine { weight: weights("read", vec![4, 36]), bias: weights("read bias", vec![4]) };
    chain(vec![
        ("input", Node::Input { shape: vec![2, 8, 6] }),
        ("window", Node::Conv2d(convolution)),
        ("window_neurons", cuba(vec![3, 4, 3], 2.1, [0.4, 0.7])),
        ("flatten", Node::Flatten(Flatten { start_dim: 0, end_dim: -1, input_shape: Some(vec![3, 4, 3]) })),
        ("read", affine),
        ("read_neurons", cuba(vec![4], 1.7, [0.5, 0.5])),
        ("output", Node::Output { shape: vec![4] }),
    ])
}

fn chain(nodes: Vec<(&str, Node)>) -> Graph {
    Graph::chain(nodes.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
}
