//! Networks to files and back. Oracle: the engine itself.

use glocal_core::Learner;
use glocal_core::neuron::Reset;
use glocal_nir::graph::Graph;
use glocal_nir::tree::Value;
use glocal_nir::{
    Discretisation, ExportOptions, ImportOptions, NirError, Node, Origin, Reader, export, import, read, run, to_bytes,
};

use crate::made::{convolutional, dense, engine, plastic, series};

const DT: f64 = 1e-4;

fn graph(learner: &Learner) -> Graph {
    let exported = export(learner, &ExportOptions::default()).expect("an export").graph;
    read(&to_bytes(&exported).expect("a file")).expect("a graph")
}

fn back(graph: &Graph, graph_only: bool) -> glocal_nir::Imported {
    import(graph, &ImportOptions { discretisation: None, steps: crate::made::STEPS, graph_only }).expect("a network")
}

/// The graph, by Euler steps, spikes as the engine does: exactly where the last layer spikes.
#[test]
fn an_exported_graph_spikes_as_the_engine() {
    for (name, mut learner) in [("dense", dense()), ("plastic", plastic(Reset::ToZero))] {
        let input = series(learner.config().network.inputs);
        let expected = engine(&mut learner, &input);
        let found = run(&graph(&learner), &input, Discretisation::Euler { dt: DT }).expect("a run");
        assert_eq!(found.output, expected, "{name}");
        assert!(found.output.iter().sum::<f64>() > 3.0, "{name} is silent");
    }
}

/// Convolutions, both poolings, a folded normalisation, flattening: potentials of the read-out to single precision.
#[test]
fn an_exported_convolutional_graph_computes_as_the_engine() {
    let mut learner = convolutional();
    let input = series(learner.config().network.inputs);
    let expected = engine(&mut learner, &input);
    let found = run(&graph(&learner), &input, Discretisation::Euler { dt: DT }).expect("a run");
    assert_eq!(found.output.len(), expected.len());
    let largest = expected.iter().fold(0.0f64, |largest, v| largest.max(v.abs()));
    let worst = found.output.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest > 0.1 && worst < 1e-5 * largest, "{worst} of {largest}");
    assert!(found.spikes["layer0_neurons"] > 10.0 && found.spikes["layer1_neurons"] > 10.0, "{:?}", found.spikes);
}

/// Equality of every array, to the bit: weights, meta-parameters, plastic weights, running statistics.
#[test]
fn an_exported_network_comes_back_to_the_bit() {
    for learner in [dense(), convolutional(), plastic(Reset::Subtract)] {
        let imported = back(&graph(&learner), false);
        assert_eq!(imported.origin, Origin::Kept);
        assert_eq!(imported.learner.config(), learner.config());
        assert_eq!(imported.learner.arrays(), learner.arrays());
    }
}

/// From the nodes alone: the same spikes, and the weights of dense layers to the bit.
#[test]
fn nodes_alone_become_layers() {
    for mut learner in [dense(), convolutional()] {
        let imported = back(&graph(&learner), true);
        assert_eq!((imported.origin, &imported.approximations[..]), (Origin::Nodes, &[][..]));
        let mut again = imported.learner;
        let input = series(learner.config().network.inputs);
        let (expected, found) = (engine(&mut learner, &input), engine(&mut again, &input));
        let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(found.len() == expected.len() && worst < 1e-5, "{worst}");
        let last = learner.params().len() - 1;
        assert_eq!(again.params()[0].weight.len(), learner.params()[0].weight.len());
        if last == 1 {
            assert_eq!(again.params()[1].weight, learner.params()[1].weight);
            assert_eq!(again.params()[0].weight, learner.params()[0].weight);
        }
    }
}

/// sinabs' dialect: a soft reset, the same spikes while no potential reaches two thresholds.
#[test]
fn an_export_for_sinabs_spikes_as_the_engine_does() {
    let mut learner = plastic(Reset::Subtract);
    for (layer, threshold) in learner.params_mut().iter_mut().zip([0.31f32, 0.21]) {
        // Small currents: at most half a threshold comes in, so that two thresholds are never reached.
        let inputs = layer.weight.len() / layer.bias.len();
        let limit = 0.5 * threshold / (inputs as f32 + 1.0);
        layer.weight.iter_mut().chain(&mut layer.bias).for_each(|w| *w = w.abs().min(limit));
        layer.plasticity_gain.fill(0.0);
    }
    let options = ExportOptions { reader: Reader::Sinabs, ..ExportOptions::default() };
    let exported = export(&learner, &options).expect("an export");
    let input = series(9);
    let found = run(&exported.graph, &input, Discretisation::Sinabs).expect("a run");
    assert_eq!(found.output, engine(&mut learner, &input));
    assert!(found.spikes["layer0_neurons"] > 5.0, "{:?}", found.spikes);
    assert!(exported.approximations.len() == 3, "{:?}", exported.approximations);
}

/// What is approximate is said in the file, and refused where only the exact is asked for.
#[test]
fn approximations_are_labelled_or_refused() {
    let learner = plastic(Reset::Subtract);
    let exported = export(&learner, &ExportOptions::default()).expect("an export");
    let said: Vec<String> = exported.approximations.iter().map(|p| p.place.clone()).collect();
    assert_eq!(said, ["layers.0", "layers.0", "layers.1"]);
    let Value::Group(about) = &exported.graph.metadata["glocal"] else { panic!("a group") };
    assert_eq!(about["exactness"], Value::text("approximate"));
    let refused = export(&learner, &ExportOptions { strict: true, ..ExportOptions::default() });
    assert!(matches!(refused, Err(NirError::Approximate(problems)) if problems == exported.approximations));
    assert!(export(&dense(), &ExportOptions { strict: true, ..ExportOptions::default() }).is_ok());
}

/// Equal networks make equal bytes.
#[test]
fn the_same_network_makes_the_same_bytes() {
    let bytes = || to_bytes(&export(&convolutional(), &ExportOptions::default()).unwrap().graph).unwrap();
    assert_eq!(bytes(), bytes());
}

/// A tool may train a graph on and keep what stands beside it: the kept network is not the graph's then.
#[test]
fn a_changed_graph_is_noticed() {
    let mut graph = graph(&dense());
    let entry = graph.nodes.get_mut("layer1").expect("a layer");
    let Node::Affine { bias, .. } = &mut entry.node else { panic!("an affine map") };
    *bias = glocal_nir::Tensor::row(vec![0.5; 5]);
    let options = ImportOptions { discretisation: None, steps: 12, graph_only: false };
    let error = import(&graph, &options).unwrap_err();
    assert!(matches!(&error, NirError::Changed { nodes } if nodes == "layer1"), "{error}");
    assert_eq!(back(&graph, true).learner.params()[1].bias, [0.5; 5]);
}

/// A kept network that asks for far more memory than the file has bytes is refused before any is taken.
#[test]
fn a_kept_network_larger_than_its_graph_is_refused() {
    let mut graph = graph(&convolutional());
    let Some(Value::Group(about)) = graph.metadata.get_mut("glocal") else { panic!("a group") };
    let Some(Value::Text(config)) = about.get_mut("learner") else { panic!("a config") };
    let larger = config.replace("\"inputs\":312", "\"inputs\":134217728").replace("[2,13,12]", "[2,8192,8192]");
    assert_ne!(*config, larger);
    *config = larger;
    let options = ImportOptions { discretisation: None, steps: 1, graph_only: false };
    let error = import(&graph, &options).unwrap_err();
    assert!(!error.to_string().is_empty() && !matches!(error, NirError::NotImportable(_)), "{error}");
}
