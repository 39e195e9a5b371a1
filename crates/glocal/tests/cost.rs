//! What networks cost. Oracle: the neurobench package 2.3 on the same weights and inputs (tests/interop/neurobench_figures.py),
//! as constants and, where a Python has it, run anew.

mod common;

use std::path::Path;
use std::process::Command;

use glocal::cost::{NeuroBench, SynapticOperations, measure_input};
use glocal_core::{Input, Learner, LearnerConfig};

const STEPS: usize = 4;
const BATCH: usize = 3;

/// As in the script: multiples of 1/16, those of small magnitude zero.
fn numbers(salt: usize, count: usize) -> Vec<f32> {
    let value = |k: usize| ((k * 7919 + salt * 104_729) % 23) as i32 - 11;
    (0..count).map(|k| if value(k).abs() >= 4 { value(k) as f32 / 16.0 } else { 0.0 }).collect()
}

fn above_zero(salt: usize, count: usize) -> Vec<f32> {
    numbers(salt, count).into_iter().map(|value| f32::from(value > 0.0)).collect()
}

fn learner(head: &str, layers: &[&str]) -> Learner {
    let neuron = r#"neuron = { kind = "lif", threshold = 0.375, decay = 0.5, reset = "to-zero" }"#;
    let layers: String = layers.iter().map(|layer| format!("[[network.layers]]\n{neuron}\n{layer}\n")).collect();
    let rates = "[weights]\nlearning_rate = 1e-3\n[meta]\nlearning_rate = 1e-3\n";
    let text = format!("{rates}[network]\nsteps = {STEPS}\nlearning_rule = \"global\"\n{head}\n{layers}");
    let config: LearnerConfig = toml::from_str(&text).expect("a config");
    let mut learner = Learner::new(config, 0).expect("a network");
    for (layer, salts) in learner.params_mut().iter_mut().zip([[1, 2], [3, 4]]) {
        layer.weight = numbers(salts[0], layer.weight.len());
        layer.bias = numbers(salts[1], layer.bias.len());
        layer.recurrent_weight = numbers(5, layer.recurrent_weight.len());
    }
    learner
}

/// The three networks of the script, in its order of names.
fn found() -> [(&'static str, NeuroBench); 3] {
    let mut convolution = learner(
        "inputs = 50\ninput_shape = [2, 5, 5]",
        &["kind = \"conv\"\nchannels = 3\nkernel = 3\npadding = 1\npool = { average = 2 }", "size = 4"],
    );
    let mut counts = above_zero(9, STEPS * BATCH * 50);
    // Spikes at even steps, counts of up to two at odd ones.
    counts.chunks_exact_mut(BATCH * 50).skip(1).step_by(2).flatten().for_each(|count| *count *= 2.0);
    let mut dense = learner("inputs = 6", &["size = 5", "size = 3"]);
    let mut recurrent = learner("inputs = 6", &["size = 5\nrecurrent = true", "size = 3"]);
    let of = |learner: &mut Learner, input| measure_input(learner, input, BATCH).expect("inputs that fit").neurobench;
    [
        ("convolution", of(&mut convolution, Input::Series(&counts))),
        ("dense", of(&mut dense, Input::Constant(&numbers(7, BATCH * 6)))),
        ("recurrent", of(&mut recurrent, Input::Series(&above_zero(8, STEPS * BATCH * 6)))),
    ]
}

fn figures(footprint: u64, sparsities: [f64; 2], [macs, acs, dense]: [f64; 3]) -> NeuroBench {
    let synaptic_operations = SynapticOperations { effective_macs: macs, effective_acs: acs, dense };
    let [connection_sparsity, activation_sparsity] = sparsities;
    NeuroBench { footprint, connection_sparsity, activation_sparsity, synaptic_operations }
}

/// NeuroBench rounds the share of zero weights.
fn rounded(figures: NeuroBench) -> NeuroBench {
    NeuroBench { connection_sparsity: (figures.connection_sparsity * 1e4).round() / 1e4, ..figures }
}

#[test]
fn neurobench_finds_the_same() {
    let expected = [
        figures(436, [0.3137, 0.684_599_156_118_143_5], [608.0, 1469.0 / 3.0, 4248.0]),
        figures(212, [0.3111, 0.770_833_333_333_333_4], [188.0 / 3.0, 52.0 / 3.0, 180.0]),
        figures(312, [0.3143, 0.84375], [0.0, 167.0 / 3.0, 280.0]),
    ];
    for ((name, found), expected) in found().into_iter().zip(expected) {
        assert_eq!(rounded(found), expected, "{name}");
    }
}

#[test]
fn neurobench_finds_the_same_when_asked_again() {
    let Some(python) = common::python_with("neurobench") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop/neurobench_figures.py");
    let output = Command::new(python).arg(script).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for (name, found) in found() {
        let theirs: NeuroBench = serde_json::from_value(theirs[name].clone()).expect("the same names");
        assert_eq!(rounded(found), theirs, "{name}");
    }
}
