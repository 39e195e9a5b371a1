//! Event files for TensorBoard. Oracles: metrics.jsonl, a decoder that shares nothing with the writer, a run that was never
//! stopped, and TensorBoard's own reader where a Python has it.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::event_file::{Shown, read};
use common::{STEPS_PER_EPOCH, Scratch};
use glocal::run_folder::EpochMetrics;
use serde_json::{Value, json};

fn metrics(run: &Path) -> Vec<EpochMetrics> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the lines of metrics.jsonl say under the tags of the event files.
fn expected(run: &Path) -> Vec<(&'static str, Vec<(i64, f32)>)> {
    let metrics = metrics(run);
    let of = |read: &dyn Fn(&EpochMetrics) -> f64| -> Vec<(i64, f32)> {
        metrics.iter().map(|m| (m.epoch as i64 + 1, read(m) as f32)).collect()
    };
    vec![
        ("loss/train", of(&|m| m.train_loss)),
        ("loss/validation", of(&|m| m.validation_loss.unwrap())),
        ("accuracy/train", of(&|m| m.train_accuracy)),
        ("accuracy/validation", of(&|m| m.validation_accuracy.unwrap())),
        ("speed/samples_per_s", of(&|m| m.samples_per_s)),
        ("speed/step_ms", of(&|m| m.step_ms)),
        ("speed/epoch_seconds", of(&|m| m.seconds)),
        ("health/findings", of(&|m| m.health.len() as f64)),
    ]
}

#[test]
fn an_event_file_says_what_metrics_and_config_say() {
    let scratch = Scratch::new();
    scratch.train("run");
    let shown = read(&scratch.path("run"));
    assert_eq!((shown.files, shown.dropped), (1, 0));
    for (tag, values) in expected(&scratch.path("run")) {
        assert_eq!(shown.scalars[tag], values, "{tag}");
    }
    // The schedule of the config: 2e-3, times 0.7 each epoch; the meta-parameters' rate is constant.
    let rates: Vec<f32> = shown.scalars["learning_rate/weights"].iter().map(|(_, rate)| *rate).collect();
    assert_eq!(rates, [2e-3, 2e-3 * 0.7, 2e-3 * 0.7 * 0.7].map(|rate: f64| rate as f32));
    assert_eq!(shown.scalars["learning_rate/meta"][2], (3, 5e-4));
    // 24 x 784 and 10 x 24 weights, 24 x 784 plastic ones, a rate of each neuron: all are in a bucket.
    for (tag, count) in [
        ("layers.0/weight", 18_816.0),
        ("layers.1/weight", 240.0),
        ("layers.0/plastic_weight", 18_816.0),
        ("layers.0/rates", 24.0),
        ("layers.1/rates", 10.0),
    ] {
        let steps: Vec<i64> = shown.histograms[tag].iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [1, 2, 3], "{tag}");
        assert!(shown.histograms[tag].iter().all(|(_, [num, _, all])| (*num, *all) == (count, count)), "{tag}");
    }
    // A mean rate is its histogram's sum over its count.
    let (rate, [count, sum, _]) = (shown.scalars["layers.0/mean_rate"][0].1, shown.histograms["layers.0/rates"][0].1);
    assert_eq!(rate, (sum / count) as f32);
    // 784 inputs in blocks of 7 make 112 columns.
    assert_eq!(shown.images["layers.0/plastic_weight/picture"], [1, 2, 3].map(|step| (step, [112, 24])));
}

/// All but the clock's tags.
fn timeless(shown: &Shown) -> String {
    let scalars: Vec<_> = shown.scalars.iter().filter(|(tag, _)| !tag.starts_with("speed/")).collect();
    format!("{scalars:?} {:?} {:?}", shown.histograms, shown.images)
}

#[test]
fn epochs_done_again_are_shown_once() {
    let scratch = Scratch::new();
    scratch.train("whole");
    let checkpoint = scratch.path("run/checkpoints/last.safetensors");
    let stop_after = |steps: u64| steps.to_string();
    scratch.run(&["train", "tiny.toml", "--out", "run", "--stop-after", &stop_after(5)]);
    assert_eq!(read(&scratch.path("run")).files, 0, "no epoch, no file");
    let early = fs::read(&checkpoint).unwrap();
    scratch.run(&["train", "--resume", "run", "--stop-after", &stop_after(2 * STEPS_PER_EPOCH)]);
    let steps = |shown: &Shown| shown.scalars["loss/train"].iter().map(|(step, _)| *step).collect::<Vec<_>>();
    assert_eq!(steps(&read(&scratch.path("run"))), [1, 2]);
    // A process that was killed before its next checkpoint: the two epochs are done again.
    fs::write(&checkpoint, early).unwrap();
    scratch.succeed(&["train", "--resume", "run"]);
    let shown = read(&scratch.path("run"));
    assert_eq!((shown.files, shown.dropped, steps(&shown)), (2, 2, vec![1, 2, 3]));
    assert_eq!(timeless(&shown), timeless(&read(&scratch.path("whole"))));
}

#[test]
fn a_run_without_event_files_has_none_and_the_same_result() {
    let scratch = Scratch::new();
    scratch.train("with");
    scratch.succeed(&["train", "tiny.toml", "--out", "without", "--no-tensorboard"]);
    assert_eq!(read(&scratch.path("without")).files, 0);
    common::assert_same_result(&scratch.path("with"), &scratch.path("without"));
}

#[test]
fn tensorboard_reads_the_same() {
    let Some(python) = common::python_with("tensorboard") else { return };
    let scratch = Scratch::new();
    scratch.run(&["train", "tiny.toml", "--out", "run", "--stop-after", &(STEPS_PER_EPOCH + 3).to_string()]);
    let early = fs::read(scratch.path("run/checkpoints/last.safetensors")).unwrap();
    scratch.run(&["train", "--resume", "run", "--stop-after", &STEPS_PER_EPOCH.to_string()]);
    fs::write(scratch.path("run/checkpoints/last.safetensors"), early).unwrap();
    scratch.succeed(&["train", "--resume", "run"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop/event_files.py");
    let output = Command::new(python).arg(script).arg(scratch.path("run")).output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ours = read(&scratch.path("run"));
    assert_eq!(ours.dropped, 1);
    assert_eq!(theirs["scalars"], as_json(&ours.scalars, |step, value| json!([step, f64::from(value)])));
    assert_eq!(theirs["histograms"], as_json(&ours.histograms, |step, [n, sum, all]| json!([step, n, sum, all])));
    assert_eq!(theirs["images"], as_json(&ours.images, |step, [width, height]| json!([step, width, height, true])));
}

/// As the script prints it.
fn as_json<T: Copy>(seen: &BTreeMap<String, Vec<(i64, T)>>, row: impl Fn(i64, T) -> Value) -> Value {
    let rows = |seen: &[(i64, T)]| seen.iter().map(|&(step, value)| row(step, value)).collect::<Vec<Value>>();
    seen.iter().map(|(tag, seen)| (tag.clone(), Value::from(rows(seen)))).collect()
}
