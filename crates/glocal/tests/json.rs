//! What programs read: `--json` on every command, completions, the doctor's findings, logs.

mod common;

use std::fs;

use common::{IdxSet, Scratch, stderr};
use glocal_data::events::{Format, encode};
use glocal_data::{Event, Polarity, Recording, SensorSize};
use serde_json::Value;

/// Stdout is one JSON value and nothing else.
fn json(scratch: &Scratch, args: &[&str]) -> Value {
    let said = scratch.succeed(&[args, &["--json"]].concat());
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"))
}

#[test]
fn a_run_and_its_judgement() {
    let scratch = Scratch::new();
    let trained = json(&scratch, &["train", "tiny.toml", "--out", "run"]);
    let mut summary: Value =
        serde_json::from_slice(&fs::read(scratch.path("run/summary.json")).unwrap()).expect("a summary");
    summary["run"] = "run".into();
    assert_eq!(trained, summary);
    // 24 x 784 + 10 x 24 weights and 34 biases of 4 bytes; plastic weights are folded in.
    let cost = &trained["cost"];
    assert_eq!(cost["neurobench"]["Footprint"], 4 * (18_816 + 240 + 34));
    assert_eq!(cost["samples"], 100);
    // Of a sample T (O I + O I) products: 4 (18,816 + 240); the encoder's spikes make accumulates alone.
    let operations = &cost["neurobench"]["SynapticOperations"];
    assert_eq!((&operations["Dense"], &operations["Effective_MACs"]), (&76_224.0.into(), &0.0.into()));
    assert!(operations["Effective_ACs"].as_f64().is_some_and(|acs| 0.0 < acs && acs < 76_224.0));
    // Every plastic weight is written at each of 4 steps.
    assert_eq!(cost["plastic"]["writes"], 4.0 * 18_816.0);
    let environment = &trained["environment"];
    assert_eq!(environment["build"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(environment["machine"]["cores"].as_u64().is_some_and(|cores| cores > 0));

    // The same network on the same images, judged again.
    let judged = json(&scratch, &["eval", "run"]);
    assert_eq!((&judged["correct"], &judged["cost"]), (&trained["test"]["correct"], cost));
    assert_eq!(json(&scratch, &["report", "run"])["page"], "run/report.html");
    let page = fs::read_to_string(scratch.path("run/report.html")).unwrap();
    assert!(page.contains("cost of HP seed 5"), "the page says what the network costs");

    // A summary of an older version has neither.
    let older = summary.as_object_mut().expect("an object");
    older.retain(|key, _| !["run", "cost", "environment"].contains(&key.as_str()));
    fs::write(scratch.path("run/summary.json"), summary.to_string()).unwrap();
    assert_eq!(scratch.succeed(&["report", "run"]), "run/report.html\n");
}

#[test]
fn plastic_weights_that_each_sample_keeps_are_counted_in_batches_of_theirs() {
    let scratch = Scratch::new();
    let own = "learner.network.layers.0.plasticity.sharing=\"per-sample\"";
    let kept = "learner.network.layers.0.plasticity.scope=\"run\"";
    let sets = ["--set", own, "--set", kept, "--set", "training.batch_size=30", "--set", "training.eval_batch=30"];
    let args = [&["train", "tiny.toml", "--set", "data.test_limit=90"][..], &sets].concat();
    assert_eq!(json(&scratch, &args)["cost"]["samples"], 90);
}

#[test]
fn experiments() {
    let scratch = Scratch::new();
    let quick = json(&scratch, &["quickstart", "--epochs", "1", "--out", "quick"]);
    let results: Value = serde_json::from_slice(&fs::read(scratch.path("quick/results.json")).unwrap()).unwrap();
    assert_eq!(quick, results);
    let set = IdxSet::new(&scratch);
    fs::rename(&set.folder, scratch.path("data/fashion-mnist")).unwrap();
    let args = ["reproduce", "fashion-demo", "--data", "data", "--seeds", "1", "--epochs", "1", "--out", "demo"];
    let demo = json(&scratch, &args);
    assert_eq!(demo, serde_json::from_slice::<Value>(&fs::read(scratch.path("demo/results.json")).unwrap()).unwrap());
}

#[test]
fn data_sets_and_files_of_events() {
    let scratch = Scratch::new();
    let _set = IdxSet::new(&scratch);
    let listed = json(&scratch, &["data", "list", "--data", "data"]);
    let found = |name: &str| listed.as_array().unwrap().iter().find(|set| set["name"] == name).unwrap().clone();
    assert_eq!(found("embedded-fashion-mnist")["state"], "built-in");
    assert_eq!((&found("mnist")["state"], &found("mnist")["folder"]), (&"here".into(), &"data/mnist".into()));
    assert_eq!(json(&scratch, &["data", "where", "mnist", "--data", "data"])["folder"], "data/mnist");
    let info = json(&scratch, &["data", "info", "mnist", "--data", "data"]);
    assert_eq!((&info["train_samples"], &info["counts"][3]["train"]), (&40.into(), &4.into()));

    let event = |t_us, x| Event { t_us, x, y: 3, polarity: Polarity::On };
    let recording = Recording {
        sensor: SensorSize { width: 34, height: 34 },
        events: vec![event(0, 1), event(40_000, 2), event(90_000, 3)],
    };
    fs::write(scratch.path("three.bin"), encode(&recording, Format::NMnist).unwrap()).unwrap();
    let converted = json(&scratch, &["data", "convert", "three.bin", "-o", "three.npz"]);
    assert_eq!((&converted["file"], &converted["events"]), (&"three.npz".into(), &3.into()));
    let drawn = json(&scratch, &["data", "show", "three.bin", "-o", "three.png", "--window-ms", "50"]);
    assert_eq!((&drawn["windows"], &drawn["window_ms"]), (&2.into(), &50.0.into()));
}

#[test]
fn a_chip_and_the_machine() {
    let scratch = Scratch::new();
    assert_eq!(json(&scratch, &["chip", "show", "tianjic"])["name"], "tianjic");
    fs::create_dir(scratch.path("data")).unwrap();
    let found = json(&scratch, &["doctor", "--data", "data", "--threads", "3"]);
    assert_eq!(found["threads"], 3);
    let data = &found["folders"][0];
    assert_eq!((&data["folder"], &data["problem"]), (&"data".into(), &Value::Null));
    let words = scratch.succeed(&["doctor", "--data", "nowhere"]);
    assert!(words.contains("hint: --data names nowhere, which is no folder"), "{words}");
    assert!(words.contains("glocal data fetch mnist"), "{words}");
    let built = format!("glocal {}, ", env!("CARGO_PKG_VERSION"));
    assert!(words.contains(&built), "{words}");
}

#[test]
fn every_shell_learns_every_command() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = scratch.succeed(&["completions", shell]);
        for word in ["quickstart", "train", "doctor", "no-tensorboard", "weight-bits"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn logs_are_for_those_who_ask() {
    let scratch = Scratch::new();
    let args = ["train", "tiny.toml", "--quiet", "--out"];
    let log = |filter: &str, out: &str| {
        let output = scratch.command(&[&args[..], &[out]].concat()).env("RUST_LOG", filter).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains("test accuracy"), "results stay on stdout");
        stderr(&output)
    };
    assert_eq!(log("", "silent"), "");
    let told = log("info", "told");
    assert!(told.contains("load{dataset=embedded-fashion-mnist}"), "{told}");
    assert!(told.contains("begins run=told epoch=0 batch=0"), "{told}");
    assert_eq!(told.matches("epoch is done").count(), 3, "{told}");
    assert!(!told.contains("saves a checkpoint") && !told.contains('\u{1b}'), "{told}");
    assert!(log("glocal::train=debug", "more").contains("saves a checkpoint"));
    common::assert_same_result(&scratch.path("silent"), &scratch.path("more"));

    let mut wrong = scratch.command(&["doctor"]);
    common::assert_refused(&wrong.env("RUST_LOG", "glocal=loud").output().unwrap(), &["RUST_LOG=glocal=loud"]);
}
