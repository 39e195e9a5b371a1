//! The commands as the README shows them, from a first run to a page.

mod common;

use std::fs;

use common::{IdxSet, STEPS_PER_EPOCH, Scratch};
use glocal::run_folder::EpochMetrics;

#[test]
fn train_eval_report() {
    let scratch = Scratch::new();
    let said = scratch.succeed(&["train", "tiny.toml"]);
    assert!(said.contains("HP seed 5: test accuracy"), "{said}");
    assert!(said.ends_with("runs/tiny-seed5\n"), "{said}");
    let metrics = fs::read_to_string(scratch.path("runs/tiny-seed5/metrics.jsonl")).unwrap();
    let metrics: Vec<EpochMetrics> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(metrics.iter().map(|m| m.epoch).collect::<Vec<_>>(), [0, 1, 2]);

    let said = scratch.succeed(&["eval", "runs/tiny-seed5", "--corrupt", "gaussian=0.06", "--plastic", "moving"]);
    assert!(said.contains("of 1000 test images, gaussian=0.06; plastic weights moving"), "{said}");
    let json = scratch.succeed(&["eval", "runs/tiny-seed5", "--split", "validation", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["samples"], 60);
    // The selected network is judged as it was when it was selected.
    let best = metrics.iter().filter_map(|m| m.validation_accuracy).fold(0.0, f64::max);
    assert_eq!(json["accuracy"], best);
    assert_eq!(scratch.succeed(&["report", "runs/tiny-seed5"]), "runs/tiny-seed5/report.html\n");
    let page = fs::read_to_string(scratch.path("runs/tiny-seed5/report.html")).unwrap();
    assert!(page.contains("HP seed 5"));
    assert!(!page.contains("src=\"http") && !page.contains("<link"), "a page that loads nothing");
}

#[test]
fn an_evaluation_does_not_depend_on_the_batch_where_plastic_weights_are_frozen() {
    let scratch = Scratch::new();
    scratch.train("run");
    let correct = |batch: &str| {
        let json = scratch.succeed(&["eval", "run", "--batch", batch, "--corrupt", "salt=0.1", "--json"]);
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["correct"].clone()
    };
    assert_eq!(correct("1"), correct("333"));
}

#[test]
fn corruptions_are_chained_by_a_plus_or_by_repetition() {
    let scratch = Scratch::new();
    scratch.train("run");
    let judged = |corrupt: &[&str]| {
        let json = scratch.succeed(&[&["eval", "run", "--json"], corrupt].concat());
        serde_json::from_str::<serde_json::Value>(&json).unwrap()
    };
    let chained = judged(&["--corrupt", "pepper=0.1+centre=4"]);
    assert_eq!(chained["corruption"], "pepper=0.1+centre=4");
    assert_eq!(chained, judged(&["--corrupt", "pepper=0.1", "--corrupt", "centre=4"]));
    assert_ne!(chained["loss"], judged(&["--corrupt", "pepper=0.1"])["loss"]);
    assert_eq!(judged(&[])["corruption"], serde_json::Value::Null);
}

#[test]
fn quickstart_compares_three_arms() {
    let scratch = Scratch::new();
    let said = scratch.succeed(&["quickstart", "--epochs", "1"]);
    for arm in ["LP  local only", "GP  global only", "HP  hybrid"] {
        assert!(said.contains(arm), "{said}");
    }
    assert!(scratch.path("runs/quickstart/report.html").is_file());
    let results = fs::read_to_string(scratch.path("runs/quickstart/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    assert_eq!(results["arms"].as_array().unwrap().len(), 3);
    assert_eq!(results["arms"][2]["accuracies"].as_array().unwrap().len(), 7);
    assert!(results["arms"][2]["published"].as_array().unwrap().is_empty(), "a subset is not the published experiment");
}

#[test]
fn a_published_experiment_goes_on_after_a_stop() {
    let scratch = Scratch::new();
    // Forty images in place of Fashion-MNIST: the figures mean nothing, the course of things is the same.
    let set = IdxSet::new(&scratch);
    fs::rename(&set.folder, scratch.path("data/fashion-mnist")).unwrap();
    let args = ["reproduce", "fashion-demo", "--data", "data", "--seeds", "1,2", "--epochs", "1", "--out", "demo"];
    let said = scratch.succeed(&args);
    for needle in ["[repro]", "[paper-code]", "HP  hybrid", "noise 0.06: the hybrid network is better"] {
        assert!(said.contains(needle), "{said}");
    }
    scratch.refuse(&args, &["demo", "already exists"]);
    let kept = fs::read(scratch.path("demo/hp-seed1/metrics.jsonl")).unwrap();
    fs::remove_dir_all(scratch.path("demo/hp-seed2")).unwrap();
    let again = scratch.succeed(&[&args[..], &["--resume"]].concat());
    assert_eq!(said, again);
    assert_eq!(kept, fs::read(scratch.path("demo/hp-seed1/metrics.jsonl")).unwrap(), "a finished run is kept");
    for file in ["results.json", "report.html", "lp-seed2/noise.json"] {
        assert!(scratch.path("demo").join(file).is_file(), "{file}");
    }
    let page = scratch.succeed(&["report", "demo", "-o", "page.html"]);
    assert_eq!(page, "page.html\n");
}

#[test]
fn data_is_listed_found_and_described() {
    let scratch = Scratch::new();
    let set = IdxSet::new(&scratch);
    let listed = scratch.succeed(&["data", "list", "--data", "data"]);
    assert!(listed.contains("embedded-fashion-mnist") && listed.contains("data/mnist"), "{listed}");
    assert_eq!(scratch.succeed(&["data", "where", "mnist", "--data", "data"]), "data/mnist\n");
    let info = scratch.succeed(&["data", "info", "mnist", "--data", "data"]);
    assert!(info.contains("40 to train, 20 to test"), "{info}");
    scratch.refuse(&["data", "verify", "mnist", "--data", "data"], &["train-images-idx3-ubyte", "SHA-256"]);
    drop(set);
    let built_in = scratch.succeed(&["data", "info", "embedded-fashion-mnist"]);
    assert!(built_in.contains("6000 to train, 1000 to test"), "{built_in}");
}

#[test]
fn messages_and_results_do_not_mix() {
    let scratch = Scratch::new();
    let output = scratch.run(&["train", "tiny.toml", "--out", "run", "--quiet"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", common::stderr(&output));
    let output = scratch.run(&["train", "tiny.toml", "--out", "told"]);
    let lines = common::stderr(&output);
    assert!(lines.contains("HP seed 5: epoch 3/3") && lines.contains("images/s"), "{lines}");
    assert!(!lines.contains('\u{1b}'), "no escape codes in a log");
    assert_eq!(STEPS_PER_EPOCH, 240 / 20);
}

#[test]
fn the_training_step_is_measured() {
    let json = Scratch::new().succeed(&["bench", "--json", "--seconds", "1"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for figure in [
        "gp_step_ms",
        "hp_step_ms",
        "hp_per_sample_step_ms",
        "conv_step_ms",
        "conv_floor_ratio",
        "gemm_gflops",
        "gp_floor_ratio",
        "hp_floor_ratio",
        "hp_per_sample_peak_mb",
    ] {
        assert!(json[figure].as_f64().is_some_and(|value| value > 0.0), "{figure} in {json}");
    }
}

#[test]
fn every_command_has_help() {
    let scratch = Scratch::new();
    for command in ["quickstart", "train", "eval", "reproduce", "data", "report", "bench"] {
        let help = scratch.succeed(&[command, "--help"]);
        assert!(help.contains("Usage: glocal"), "{help}");
    }
}
