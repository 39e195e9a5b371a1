//! NIR files from the command line.

mod common;

use std::fs;
use std::path::Path;

use common::Scratch;
use serde_json::Value;

/// A short run; with hard resets and without the decay of currents, so that NIR can say all but its plasticity.
fn trained(rule: &str) -> Scratch {
    let scratch = Scratch::new();
    let text = fs::read_to_string(scratch.path("tiny.toml")).unwrap();
    let text =
        text.replace("phase_time_constant = 40.0\n", "").replace("decay = 0.4 }", "decay = 0.4, reset = \"to-zero\" }");
    fs::write(scratch.path("hard.toml"), text).unwrap();
    let rule = format!("learner.network.learning_rule=\"{rule}\"");
    scratch.succeed(&["train", "hard.toml", "-o", "run", "--set", &rule]);
    scratch
}

fn json(scratch: &Scratch, args: &[&str]) -> Value {
    serde_json::from_str(&scratch.succeed(args)).unwrap()
}

fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../glocal-nir/tests/nir/golden");
    folder.join(name).display().to_string()
}

/// Oracle: the run itself.
#[test]
fn an_exported_run_comes_back_and_is_judged_alike() {
    let scratch = trained("hybrid");
    let said = scratch.succeed(&["nir", "export", "run", "-o", "net.nir"]);
    assert!(said.contains("approximate: layers.0.plasticity") && said.contains("layer1_neurons  LIF"), "{said}");
    let said = scratch.succeed(&["nir", "import", "net.nir", "-o", "again"]);
    assert!(said.contains("to the bit") && said.ends_with("again\n"), "{said}");
    let judged = |run: &str| {
        let found = json(&scratch, &["eval", run, "--json"]);
        (found["loss"].clone(), found["correct"].clone(), found["samples"].clone())
    };
    assert_eq!(judged("run"), judged("again"));
    assert_eq!(
        fs::read(scratch.path("run/config.toml")).unwrap(),
        fs::read(scratch.path("again/config.toml")).unwrap()
    );
    scratch.succeed(&["train", "--resume", "again"]);
    scratch.refuse(&["nir", "import", "net.nir", "-o", "again"], &["again", "not empty"]);
}

/// Nodes alone, beside the config of another run: the same network, frozen.
#[test]
fn nodes_become_a_run_beside_a_config() {
    let scratch = trained("global");
    let exported = json(&scratch, &["nir", "export", "run", "-o", "net.nir", "--strict", "--graph-only", "--json"]);
    assert_eq!((exported["exact"].clone(), exported["approximations"].as_array().unwrap().len()), (true.into(), 0));
    scratch.refuse(&["nir", "import", "net.nir", "-o", "other"], &["says nothing about data", "--config"]);
    scratch.succeed(&["nir", "import", "net.nir", "-o", "other", "--config", "hard.toml"]);
    let loss = |run: &str| json(&scratch, &["eval", run, "--json"])["loss"].as_f64().unwrap();
    assert!((loss("run") - loss("other")).abs() < 1e-9, "{} {}", loss("run"), loss("other"));
}

#[test]
fn files_of_other_tools_are_shown_and_run() {
    let scratch = Scratch::new();
    let shown = json(&scratch, &["nir", "show", &golden("snntorch_cuba.nir"), "--json"]);
    let kinds: Vec<&str> = shown["nodes"].as_array().unwrap().iter().map(|n| n["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Affine", "CubaLIF", "Affine", "LIF", "Input", "Output"]);
    assert_eq!(shown["problems"].as_array().unwrap().len(), 0);

    let case: Value = serde_json::from_slice(&fs::read(golden("snntorch_cuba.json")).unwrap()).unwrap();
    let input: Vec<String> = case["input"].as_array().unwrap().iter().map(|v| v.to_string()).collect();
    let lines: Vec<String> = input.chunks(6).map(|step| step.join(",")).collect();
    fs::write(scratch.path("in.csv"), lines.join("\n")).unwrap();
    let file = golden("snntorch_cuba.nir");
    let found = json(&scratch, &["nir", "run", &file, "--input", "in.csv", "--dt", "1e-4", "-o", "out.csv", "--json"]);
    assert_eq!(found["output"], case["output"]);
    assert_eq!(fs::read_to_string(scratch.path("out.csv")).unwrap().lines().count(), 16);
    scratch.refuse(&["nir", "run", &file, "--input", "in.csv"], &["dt", "keeps no time step", "1e-4"]);
    scratch.refuse(&["nir", "import", &file, "--dt", "1e-4"], &["1: has a synaptic current", "glocal nir run"]);
    fs::write(scratch.path("in.csv"), "1,0,nan").unwrap();
    scratch.refuse(&["nir", "run", &file, "--input", "in.csv", "--dt", "1e-4"], &["in.csv:1", "`nan`"]);
    fs::write(scratch.path("in.csv"), "1,0,1").unwrap();
    scratch.refuse(&["nir", "run", &file, "--input", "in.csv", "--dt", "1e-4"], &["3 input values", "takes 6"]);
}

/// Samples of a data set through a graph. Oracle: the run that it was exported from, whose read-out counts spikes, too.
#[test]
fn a_graph_is_judged_on_a_data_set() {
    let scratch = Scratch::new();
    let text = fs::read_to_string(scratch.path("tiny.toml")).unwrap();
    let text =
        text.replace("phase_time_constant = 40.0\n", "").replace("decay = 0.4 }", "decay = 0.4, reset = \"to-zero\" }");
    let text = text.replace("steps = 4\n", "steps = 4\nreadout = { kind = \"rate\" }\n");
    fs::write(scratch.path("rate.toml"), text.replace("learning_rule = \"hybrid\"", "learning_rule = \"global\""))
        .unwrap();
    scratch.succeed(&["train", "rate.toml", "-o", "run"]);
    scratch.succeed(&["nir", "export", "run", "-o", "net.nir", "--strict"]);
    let judged = json(&scratch, &["eval", "run", "--json"]);
    let found = json(&scratch, &["nir", "run", "net.nir", "--samples", "4000000000", "--json"]);
    assert_eq!((&found["samples"], &found["steps"]), (&judged["samples"], &4.into()));
    assert_eq!(found["correct"], judged["correct"]);
    let spikes = found["spikes"]["layer1_neurons"].as_f64().unwrap();
    assert!(spikes > 0.0, "{found}");
    let some =
        scratch.succeed(&["nir", "run", "net.nir", "--config", "rate.toml", "--split", "train", "--samples", "7"]);
    assert!(
        some.contains("of 7 train samples of embedded-fashion-mnist, 4 steps") && some.contains("spikes a sample"),
        "{some}"
    );

    let bare = ["nir", "run", &golden("snntorch_lif.nir"), "--dt", "1e-4"];
    scratch.refuse(&bare, &["says nothing about data", "--config"]);
    scratch.refuse(&[&bare[..], &["--config", "rate.toml"]].concat(), &["5 outputs", "10 classes"]);
    scratch.refuse(&[&bare[..], &["--config", "nowhere.toml"]].concat(), &["nowhere.toml"]);
}

/// A picture through a graph. Oracle: the same numbers as a CSV file.
#[test]
fn a_picture_is_an_input() {
    let scratch = trained("global");
    scratch.succeed(&["nir", "export", "run", "-o", "net.nir"]);
    let levels: Vec<u8> = (0..784u32).map(|i| (i * 7 % 256) as u8).collect();
    common::episodes::write_grey(&scratch.path("a.png"), 28, &levels);
    let line: Vec<String> = levels.iter().map(|&level| (f64::from(level) / 255.0).to_string()).collect();
    fs::write(scratch.path("a.csv"), (line.join(",") + "\n").repeat(4)).unwrap();
    let out = |args: &[&str]| scratch.succeed(&[&["nir", "run", "net.nir", "--input"], args].concat());
    // The steps are those of the run.
    assert_eq!(out(&["a.png"]), out(&["a.csv"]));
    assert_eq!(out(&["a.png", "--steps", "9"]).lines().count(), 9);
    fs::write(scratch.path("b.png"), "no picture").unwrap();
    scratch.refuse(&["nir", "run", "net.nir", "--input", "b.png"], &["b.png"]);
    let other = golden("snntorch_lif.nir");
    scratch.refuse(&["nir", "run", &other, "--dt", "1e-4", "--input", "a.png"], &["[6]", "no square"]);
}

#[test]
fn what_cannot_be_said_or_read_is_refused_by_name() {
    let scratch = trained("hybrid");
    scratch
        .refuse(&["nir", "export", "run", "-o", "n.nir", "--strict"], &["layers.0.plasticity", "only be approximate"]);
    scratch.refuse(&["nir", "export", "run", "-o", "n.nir", "--dt", "0"], &["dt = 0", "above 0"]);
    assert!(!scratch.path("n.nir").exists());
    fs::write(scratch.path("n.nir"), "no HDF5").unwrap();
    scratch.refuse(&["nir", "show", "n.nir"], &["n.nir", "cannot be read as HDF5"]);
    scratch.refuse(&["nir", "show", "nowhere.nir"], &["nowhere.nir"]);
    let whole = fs::read(golden("norse_lif.nir")).unwrap();
    fs::write(scratch.path("n.nir"), &whole[..whole.len() / 2]).unwrap();
    scratch.refuse(&["nir", "import", "n.nir", "--dt", "1e-3"], &["n.nir", "cut short"]);
}
