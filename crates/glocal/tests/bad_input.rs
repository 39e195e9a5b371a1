//! Each kind of bad input: exit code 2, one error that names file and value, a hint, and every file as it was.

mod common;

use std::fs;

use common::{IdxSet, Scratch, assert_refused, stderr};

#[test]
fn a_misspelt_key_is_named_with_its_line_and_the_right_spelling() {
    let scratch = Scratch::new();
    fs::write(scratch.path("bad.toml"), common::TINY.replace("batch_size", "batch_sise")).unwrap();
    let line = 1 + common::TINY.lines().position(|line| line.starts_with("batch_size")).unwrap();
    let place = format!("bad.toml:{line}");
    scratch.refuse(&["train", "bad.toml"], &[&place, "training.batch_sise", "did you mean `batch_size`?"]);
}

#[test]
fn a_wrong_type_is_named_with_its_value() {
    let scratch = Scratch::new();
    fs::write(scratch.path("bad.toml"), common::TINY.replace("epochs = 3", "epochs = \"three\"")).unwrap();
    scratch.refuse(&["train", "bad.toml"], &["bad.toml:", "training.epochs", "\"three\""]);
}

#[test]
fn all_problems_are_told_at_once() {
    let scratch = Scratch::new();
    let text = common::TINY
        .replace("batch_size", "batch_sise")
        .replace("steps = 4", "steps = true")
        .replace("decay = 0.95", "decai = 0.95");
    fs::write(scratch.path("bad.toml"), text).unwrap();
    let needles = ["3 problems", "training.batch_sise", "learner.network.steps", "plasticity.decai"];
    scratch.refuse(&["train", "bad.toml"], &needles);
}

#[test]
fn impossible_values_are_refused() {
    let scratch = Scratch::new();
    for (set, needles) in [
        ("training.batch_size=0", ["training.batch_size = 0", "at least 1"]),
        ("training.epochs=-1", ["training.epochs", "-1"]),
        ("learner.network.layers.0.neuron.threshold=nan", ["threshold = NaN", "finite"]),
        ("learner.network.layers.0.plasticity.decay=1.5", ["decay = 1.5", "0..=1"]),
        ("learner.network.inputs=783", ["inputs = 783", "must be 784"]),
        ("learner.network.layers.1.size=9", ["size = 9", "must be 10"]),
        ("learner.network.layers.5.size=9", ["layers", "2 elements"]),
        ("data.validation=6000", ["6000", "fewer than"]),
        ("data.dataset=fashion", ["data.dataset = \"fashion\"", "unknown data set"]),
        ("training", ["--set training", "has no `=`"]),
        ("training.selekt=last", ["--set training.selekt=last", "did you mean `select`?"]),
        ("encoder.max_rate=2.0", ["max_rate", "2"]),
    ] {
        scratch.refuse(&["train", "tiny.toml", "--set", set, "--out", "run"], &needles);
        assert!(!scratch.path("run").exists(), "{set} left a folder behind");
    }
}

#[test]
fn text_that_is_no_toml_and_files_that_are_not_there_are_refused() {
    let scratch = Scratch::new();
    fs::write(scratch.path("bad.toml"), "[data\n").unwrap();
    scratch.refuse(&["train", "bad.toml"], &["bad.toml:1", "not valid TOML"]);
    scratch.refuse(&["train", "nowhere.toml"], &["nowhere.toml"]);
    scratch.refuse(&["train", "."], &["cannot read ."]);
    fs::write(scratch.path("binary.toml"), [0xff, 0xfe, 0]).unwrap();
    scratch.refuse(&["train", "binary.toml"], &["binary.toml"]);
}

#[test]
fn an_output_folder_that_is_occupied_stays_as_it_is() {
    let scratch = Scratch::new();
    scratch.train("run");
    scratch.refuse(&["train", "tiny.toml", "--out", "run"], &["run", "already exists", "--resume"]);
    fs::create_dir(scratch.path("mine")).unwrap();
    fs::write(scratch.path("mine/thesis.txt"), "years of work").unwrap();
    for command in [&["train", "tiny.toml"][..], &["quickstart"]] {
        scratch.refuse(&[command, &["--out", "mine"]].concat(), &["mine", "already exists"]);
    }
    scratch.refuse(&["train", "tiny.toml", "--out", "tiny.toml"], &["tiny.toml"]);
    scratch.refuse(&["train", "tiny.toml", "--out", "tiny.toml/run"], &["tiny.toml"]);
}

#[test]
fn another_config_cannot_go_on_with_a_run() {
    let scratch = Scratch::new();
    scratch.train("run");
    let args = ["train", "--resume", "run", "--set", "learner.network.layers.0.size=25"];
    scratch.refuse(&args, &["run", "learner.network.layers[0].size", "24", "25"]);
    scratch.refuse(&["train", "--resume", "nowhere"], &["nowhere", "not a run folder"]);
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_refused() {
    let scratch = Scratch::new();
    scratch.succeed(&["train", "tiny.toml", "--out", "run", "--set", "training.select=last"]);
    scratch.succeed(&[
        "train",
        "tiny.toml",
        "--out",
        "other",
        "--set",
        "training.select=last",
        "--set",
        "learner.network.layers.0.size=8",
    ]);
    scratch.succeed(&["train", "tiny.toml", "--out", "third", "--set", "training.select=last", "--seed", "9"]);
    let checkpoint = scratch.path("run/checkpoints/last.safetensors");
    let whole = fs::read(&checkpoint).unwrap();
    fs::remove_file(scratch.path("run/summary.json")).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        bytes
    };
    let damaged = [
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        whole[..4].to_vec(),
        Vec::new(),
        flipped(0),
        flipped(40),
        flipped(whole.len() / 2),
        flipped(whole.len() - 1),
        b"not a checkpoint at all".to_vec(),
        fs::read(scratch.path("other/checkpoints/last.safetensors")).unwrap(),
        fs::read(scratch.path("third/checkpoints/last.safetensors")).unwrap(),
    ];
    for bytes in damaged {
        fs::write(&checkpoint, bytes).unwrap();
        for args in [&["eval", "run"][..], &["train", "--resume", "run"]] {
            scratch.refuse(args, &["last.safetensors"]);
        }
    }
    fs::write(&checkpoint, whole).unwrap();
    scratch.succeed(&["train", "--resume", "run"]);
}

#[test]
fn data_files_that_are_missing_damaged_or_mislabelled_are_refused() {
    let scratch = Scratch::new();
    let tiny = ["train", "tiny.toml", "--data", "data", "--out", "run", "--set", "data.validation=5"];
    let args = [&tiny[..], &["--set", "data.dataset=mnist"]].concat();
    scratch.refuse(&args, &["mnist", "not found", "glocal data fetch mnist"]);
    let set = IdxSet::new(&scratch);
    scratch.succeed(&args);
    fs::remove_dir_all(scratch.path("run")).unwrap();
    let images = set.folder.join("train-images-idx3-ubyte");
    let whole = fs::read(&images).unwrap();

    fs::write(&images, &whole[..whole.len() - 100]).unwrap();
    scratch.refuse(&args, &["train-images-idx3-ubyte", "31376"]);
    fs::write(&images, b"<html>404 not found</html>").unwrap();
    scratch.refuse(&args, &["train-images-idx3-ubyte"]);
    fs::write(&images, fs::read(set.folder.join("train-labels-idx1-ubyte")).unwrap()).unwrap();
    scratch.refuse(&args, &["train-images-idx3-ubyte"]);
    set.write("train-images-idx3-ubyte", 0x0D, &[1, 28, 28], &f32::NAN.to_be_bytes().repeat(784));
    scratch.refuse(&args, &["train-images-idx3-ubyte"]);
    fs::write(&images, whole).unwrap();

    let mut labels = vec![0; 40];
    labels[17] = 10;
    set.write("train-labels-idx1-ubyte", 8, &[40], &labels);
    scratch.refuse(&args, &["train-labels-idx1-ubyte", "label 10", "sample 17"]);
    set.write("train-labels-idx1-ubyte", 8, &[39], &labels[..39]);
    scratch.refuse(&args, &["40", "39"]);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let scratch = Scratch::new();
    scratch.train("run");
    scratch.refuse(&["eval", "run", "--corrupt", "gausian=0.06"], &["gausian=0.06"]);
    scratch.refuse(&["eval", "run", "--corrupt", "gaussian=-1"], &["gaussian=-1"]);
    scratch.refuse(&["eval", "tiny.toml"], &["tiny.toml"]);
    scratch.refuse(&["report", "nowhere"], &["nowhere"]);
    scratch.refuse(&["report", "run", "-o", "nowhere/page.html"], &["nowhere"]);
    scratch.refuse(&["data", "info", "fashion-mnst"], &["fashion-mnst"]);
    scratch.refuse(&["data", "where", "mnst"], &["mnst"]);
    scratch.refuse(&["train", "tiny.toml", "--seed", "18446744073709551615", "--out", "x"], &["training.seed"]);
    for args in
        [&["train"][..], &["eval", "run", "--batch", "0"], &["quickstart", "--threads", "0"], &["reproduce", "x"]]
    {
        let output = scratch.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_server_that_does_not_answer_is_named_and_nobodys_bad_input() {
    let scratch = Scratch::new();
    // Port 9 (discard) of this machine: nothing listens there.
    let output = scratch.run(&["data", "fetch", "mnist", "--mirror", "http://127.0.0.1:9", "--data", "data"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("http://127.0.0.1:9/") && text.contains("hint: check the network"), "{text}");
}

#[test]
fn divergence_is_an_error_with_layer_and_step() {
    let scratch = Scratch::new();
    let args = ["train", "tiny.toml", "--out", "run", "--set", "learner.weights.learning_rate=1e38"];
    let output = scratch.run(&args);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for needle in ["diverged at step", "epoch 1, batch", "hint: lower the learning rates"] {
        assert!(text.contains(needle), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_run_is_written_by_one_process_at_a_time() {
    let scratch = Scratch::new();
    let long = ["train", "tiny.toml", "--out", "run", "--set", "training.epochs=100000"];
    let mut child = scratch.command(&long).stderr(std::process::Stdio::null()).spawn().unwrap();
    while !scratch.path("run/metrics.jsonl").is_file() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let output = scratch.run(&["train", "--resume", "run"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_refused(&output, &["run", "another process"]);
}
