//! The configs of `experiments/classification`, and the TOML form of convolution layers.

use std::path::{Path, PathBuf};

use glocal::GlocalError;
use glocal::config::RunConfig;
use glocal_core::config::{Convolution, Norm, Operator, Pool, Shape};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/classification")
}

/// Every file reads, checks, and survives its own text.
#[test]
fn every_config_reads() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let config = RunConfig::load(&path, &[]).unwrap_or_else(|e| panic!("{e:?}"));
            assert_eq!(RunConfig::parse(None, &config.to_toml(), &[]).unwrap(), config, "{}", path.display());
            let hybrid = path.to_string_lossy().ends_with("-hp.toml");
            assert_eq!(config.is_plastic(), hybrid, "{}", path.display());
            count += 1;
        }
    }
    assert_eq!(count, 13);
}

/// 28 pooled three times leaves 3: 256 maps of 3 by 3 reach the plastic layer, as in the published network.
#[test]
fn the_published_network_has_its_shapes() {
    let config = RunConfig::load(&folder().join("mnist-hp.toml"), &[]).unwrap();
    let network = &config.learner.network;
    assert_eq!(network.layer_input_shape(3), Some(Shape::Map { channels: 256, height: 3, width: 3 }));
    assert_eq!(network.layer_inputs(3), 2304);
    assert_eq!(network.layers[1].pool, Some(Pool::Average(2)));
    let window = Convolution { kernel: 3, stride: 1, padding: 1 };
    assert_eq!(network.layers[0].operator, Operator::Convolution(window));
    let small = RunConfig::load(&folder().join("small-mnist-hp.toml"), &[]).unwrap();
    assert_eq!(small.learner.network.layers[0].norm, Some(Norm::Tdbn));
}

/// A dense network's canonical text, and so its hash, holds nothing that dense networks did not have before.
#[test]
fn dense_configs_print_as_before() {
    let demo = folder().join("../fashion-demo/hp.toml");
    let text = RunConfig::load(&demo, &[]).unwrap().to_toml();
    let layer = text.split("[[learner.network.layers]]").nth(1).unwrap();
    let keys: Vec<&str> =
        layer.lines().take_while(|l| !l.starts_with('[')).filter_map(|l| l.split(" = ").next()).collect();
    assert_eq!(keys, ["", "size", "bias", ""]);
    assert!(!text.contains("input_shape"), "{text}");
}

/// One clear message each, with the key's place.
#[test]
fn misplaced_and_impossible_keys_are_named() {
    for (set, place, says) in [
        ("learner.network.layers.0.size=4", "layers[0].size", "belongs to a dense layer"),
        ("learner.network.layers.0.kind=\"dense\"", "layers[0]", "belongs to a layer of kind"),
        ("learner.network.layers.0.kind=\"cnv\"", "layers[0].kind", "cnv"),
        ("learner.network.layers.2.kernel=3", "layers[2].kernel", "belongs to a layer of kind"),
        ("learner.network.layers.0.kernel=40", "layers[0].kernel", "does not fit"),
        ("learner.network.layers.0.padding=3", "layers[0].padding", "below the kernel"),
        ("learner.network.layers.0.pool={max=29}", "layers[0].pool", "does not fit"),
        ("learner.network.layers.0.pool={mux=2}", "layers[0].pool", "mux"),
        ("learner.network.layers.0.norm=\"batch\"", "layers[0].norm", "batch"),
        ("learner.network.layers.2.dropout=1.5", "layers[2].dropout", "0..1"),
        ("learner.network.layers.2.recurrent=true", "layers[2].plasticity", "without recurrence"),
        ("learner.network.input_shape=[1, 28, 27]", "input_shape", "product"),
    ] {
        match RunConfig::load(&folder().join("small-mnist-hp.toml"), &[set.to_owned()]) {
            Err(GlocalError::Config(problems)) => {
                let text: Vec<String> = problems.iter().map(|p| format!("{p} {:?}", p.hint)).collect();
                assert!(text.iter().any(|t| t.contains(place) && t.contains(says)), "{set}: {text:#?}");
            }
            other => panic!("{set}: {other:?}"),
        }
    }
}
