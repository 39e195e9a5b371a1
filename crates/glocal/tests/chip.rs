//! A trained network in integers and on a chip, from the command line.

mod common;

use std::fs;

use common::Scratch;
use serde_json::Value;

/// A short run that has learned something.
fn trained(rule: &str) -> Scratch {
    let scratch = Scratch::new();
    let rule = format!("learner.network.learning_rule=\"{rule}\"");
    let longer = ["encoder={kind=\"direct\"}", "data.train_limit=1000", "training.epochs=6"];
    let sets = longer.into_iter().chain(["learner.weights.learning_rate=4e-3", &rule]).flat_map(|set| ["--set", set]);
    scratch.succeed(&["train", "tiny.toml", "-o", "run"].into_iter().chain(sets).collect::<Vec<&str>>());
    scratch
}

fn json(scratch: &Scratch, args: &[&str]) -> Value {
    serde_json::from_str(&scratch.succeed(args)).unwrap()
}

#[test]
fn a_hybrid_network_is_quantised_checked_and_simulated() {
    let scratch = trained("hybrid");
    let quantised = json(&scratch, &["chip", "quantise", "run", "--json"]);
    let accuracy = quantised["accuracy"].as_array().unwrap();
    let words: Vec<&str> = accuracy.iter().map(|of| of["plastic_weights"].as_str().unwrap()).collect();
    assert_eq!(words, ["moving", "moving, in rank form", "resting", "folded into the others"]);
    for of in accuracy {
        let (float, integer) = (of["float"].as_f64().unwrap(), of["integer"]["accuracy"].as_f64().unwrap());
        assert!((float - integer).abs() < 0.05 && float > 0.25, "{of}");
        assert_eq!(of["integer"]["samples"], 1000);
    }
    assert_eq!(quantised["layers"][0]["plastic_weights"], 784 * 24);
    let fewer = json(&scratch, &["chip", "quantise", "run", "--images", "50", "--json"]);
    assert_eq!(fewer["accuracy"][0]["integer"]["samples"], 50);

    // Four blocks of 784 inputs and a core for ten neurons; every core used is within its limits.
    let fit = json(&scratch, &["chip", "check", "run", "--json"]);
    assert_eq!((fit["chip"].as_str().unwrap(), fit["steps"].as_u64().unwrap()), ("tianjic-lp", 4));
    let layers = fit["layers"].as_array().unwrap();
    let cores: u64 = layers.iter().map(|layer| layer["cores"].as_u64().unwrap()).sum();
    assert_eq!(fit["cores"], cores);
    assert!(layers.iter().all(|layer| layer["memory_percent"].as_f64().unwrap() <= 100.0));
    assert_eq!(layers[1]["plastic"], 0, "the last layer learns by backprop alone");

    for more in [&[][..], &["--apart"], &["--reduce"], &["--plastic", "resting"]] {
        let args = [&["chip", "simulate", "run", "--images", "200", "--json"], more].concat();
        let found = json(&scratch, &args);
        assert_eq!(found["on_chip"]["accuracy"], found["reference"], "{more:?}");
        let factors = found["on_chip"]["factor_packets"].as_f64().unwrap();
        assert_eq!(factors > 0.0, more != ["--plastic", "resting"], "{more:?}");
    }
    // Every form by its name; the host's answers are those of cores that learn.
    let accuracy = |more: &[&str]| {
        let args = [&["chip", "simulate", "run", "--images", "200", "--timed", "2", "--json"], more].concat();
        let found = json(&scratch, &args);
        assert_eq!(found["on_chip"]["accuracy"], found["reference"], "{more:?}");
        found
    };
    let on_chip = accuracy(&[]);
    assert_eq!((&on_chip["fit"]["plasticity"], on_chip["timed"]["link"].is_null()), (&"on-chip".into(), true));
    let rank = accuracy(&["--plasticity", "rank"]);
    assert_eq!(rank["timed"]["plasticity"], "rank");
    assert!(rank["on_chip"]["score_packets"].as_f64().unwrap() > 0.0);
    let part = |name: &str| {
        let parts = rank["timed"]["components"].as_array().unwrap();
        parts.iter().any(|part| part["name"] == name)
    };
    assert!(part("keys and values written") && !part("plastic weights written"), "{rank}");
    let host = accuracy(&["--plasticity", "host-lp", "--chip", "tianjic"]);
    assert_eq!(host["on_chip"]["accuracy"], on_chip["on_chip"]["accuracy"]);
    let link = &host["timed"]["link"];
    assert!(link["bytes_written"].as_f64().unwrap() > 0.0 && link["microseconds"].as_f64().unwrap() > 0.0, "{host}");
    let most = host["fit"]["link"]["microseconds_at_most"].as_f64().unwrap();
    assert!(link["microseconds"].as_f64().unwrap() <= most + 1e-9);

    let text = scratch.succeed(&["chip", "simulate", "run", "--images", "100"]);
    assert!(text.contains("fits tianjic-lp") && text.contains("by the integer reference (100 images)"), "{text}");
}

/// Places, tables, time, energy and damage from the command line.
#[test]
fn a_network_is_placed_timed_and_damaged() {
    let scratch = trained("hybrid");
    let mapped = json(&scratch, &["chip", "map", "run", "-o", "mapped", "--json"]);
    let cost = |key: &str| mapped[key].as_f64().unwrap();
    assert!(cost("cost") <= cost("row_major_cost"), "{mapped}");
    let cores = fs::read_to_string(scratch.path("mapped/cores.csv")).unwrap();
    assert_eq!(cores.lines().count() as u64, 1 + mapped["fit"]["cores"].as_u64().unwrap());
    assert!(cores.starts_with("core,layer,column,row,chip,"), "{cores}");
    let messages = fs::read_to_string(scratch.path("mapped/messages.csv")).unwrap();
    assert_eq!(messages.lines().count() as u64, 1 + mapped["messages"].as_u64().unwrap());

    let simulate = |more: &[&str]| {
        let args = [&["chip", "simulate", "run", "--images", "200", "--timed", "5", "--json"], more].concat();
        json(&scratch, &args)
    };
    let whole = simulate(&[]);
    let timed = &whole["timed"];
    assert_eq!(timed["images"], 5);
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect::<Vec<f64>>();
    let parts: f64 = timed["components"].as_array().unwrap().iter().map(|part| numbers(&part["nanojoules"])[1]).sum();
    assert!((parts / numbers(&timed["nanojoules"])[1] - 1.0).abs() < 1e-9, "{timed}");
    assert!(timed["microseconds"].as_f64().unwrap() <= whole["fit"]["microseconds"].as_f64().unwrap());
    assert_eq!(timed["meshes"].as_array().unwrap().len(), 3);

    // Known before, a dead core costs nothing but way; unknown, it costs answers. Packets that never wait are no later.
    let avoided = simulate(&["--dead-core", "0,0", "--dead-link", "1,0,south"]);
    assert_eq!(avoided["on_chip"]["accuracy"], whole["on_chip"]["accuracy"]);
    let unbuffered = simulate(&["--unbuffered"])["timed"]["microseconds"].as_f64().unwrap();
    assert!(unbuffered <= timed["microseconds"].as_f64().unwrap());
    for damage in ["--dead-cores", "--stuck-bits", "--dropped-packets"] {
        let damaged = simulate(&[damage, "0.5"]);
        assert_ne!(damaged["on_chip"]["accuracy"], whole["on_chip"]["accuracy"], "{damage}");
        assert_eq!(damaged["reference"], whole["reference"], "{damage}");
    }
    for (wrong, needle) in [(["--stuck-bits", "2"], "share from 0 to 1"), (["--dead-link", "1,2"], "3,4,east")] {
        let output = scratch.run(&[&["chip", "simulate", "run"][..], &wrong].concat());
        assert!(!output.status.success() && common::stderr(&output).contains(needle), "{wrong:?}");
    }

    // What one image's neurons, plastic weights and packets do.
    let probed = json(&scratch, &["chip", "probe", "run", "--image", "7", "-o", "probes", "--json"]);
    assert_eq!(probed["values"].as_array().unwrap().len(), 10);
    let lines = |name: &str| fs::read_to_string(scratch.path("probes").join(name)).unwrap().lines().count();
    assert_eq!(lines("neurons.csv"), 1 + 4 * (24 + 10));
    assert_eq!(lines("plastic.csv"), 1 + 4 * 24 * 784);
    assert_eq!(lines("packets.csv") as u64, 1 + 4 * mapped["messages"].as_u64().unwrap());
    scratch.refuse(&["chip", "probe", "run", "--image", "100000", "-o", "x"], &["no image 100000", "from 0"]);

    let text = scratch.succeed(&["chip", "simulate", "run", "--images", "50"]);
    assert!(text.contains("nJ by component") && text.contains("loading"), "{text}");
}

/// The published demo's networks onto chips, quickly: figures and page.
#[test]
fn the_experiment_runs() {
    let scratch = Scratch::new();
    if !scratch.run(&["data", "verify", "fashion-mnist"]).status.success() {
        eprintln!("skipped: no Fashion-MNIST on this machine");
        return;
    }
    let args = ["reproduce", "chip", "--quick", "--epochs", "1", "--seeds", "1", "--out", "chips"];
    let text = scratch.succeed(&args);
    assert!(text.contains("HP, plastic weights moving"), "{text}");
    let results: Value =
        serde_json::from_str(&fs::read_to_string(scratch.path("chips/results.json")).unwrap()).unwrap();
    let networks = results["networks"].as_array().unwrap();
    // GP; HP folded, resting, moving in the cores and by the host; in rank form if no clamp can be reached.
    assert!((5..=6).contains(&networks.len()), "{}", networks.len());
    for network in networks {
        assert_eq!(network["integer"], network["on_chip"], "{}", network["label"]);
        assert_eq!(network["faults"].as_array().unwrap().len(), 3);
        assert_eq!((network["images"].as_u64(), network["placed"]["images"].as_u64()), (Some(500), Some(100)));
    }
    let page = fs::read_to_string(scratch.path("chips/report.html")).unwrap();
    assert!(page.contains("tianjic-lp") && page.contains("Assumed, not measured"));
}

/// Fine-tuned with weights of three bits, the network on the chip is the one that was trained: integers answer as floats do, better
/// than three bits found afterwards.
#[test]
fn a_network_is_fine_tuned_for_few_bits() {
    let scratch = trained("hybrid");
    let judged = |run: &str| {
        let found = json(&scratch, &["chip", "quantise", run, "--weight-bits", "3", "--json"]);
        let of = &found["accuracy"][1];
        (of["float"].as_f64().unwrap(), of["integer"]["accuracy"].as_f64().unwrap())
    };
    let few = ["--set", "learner.weight_bits=3", "--set", "training.epochs=4"];
    scratch.succeed(&[&["train", "--from", "run", "-o", "few"][..], &few].concat());
    let ((_, afterwards), (float, integer)) = (judged("run"), judged("few"));
    assert!((float - integer).abs() < 0.02, "{float} {integer}");
    assert!(integer > afterwards, "{integer} {afterwards}");
    // Stopped before its first checkpoint, it begins with the same network again.
    let cut = scratch.run(&[&["train", "--from", "run", "-o", "cut", "--stop-after", "1"][..], &few].concat());
    assert!(common::stderr(&cut).contains("stopped"));
    scratch.succeed(&["train", "--resume", "cut"]);
    common::assert_same_result(&scratch.path("cut"), &scratch.path("few"));

    scratch.refuse(&["train", "--from", "nowhere", "-o", "x"], &["nowhere"]);
    let other = ["train", "--from", "run", "-o", "x", "--set", "learner.network.layers.0.size=7"];
    scratch.refuse(&other, &["of another network", "layers.0.weight"]);
    scratch
        .refuse(&["train", "--from", "run", "-o", "x", "--set", "learner.weight_bits=9"], &["weight_bits", "2 to 8"]);
}

#[test]
fn mistakes_are_explained() {
    let scratch = trained("hybrid");
    scratch.refuse(&["chip", "check", "run", "--chip", "tianjic"], &["layers.0", "tianjic moves none", "tianjic-lp"]);
    // Which form fits instead, and which option makes no sense.
    scratch.refuse(&["chip", "check", "run", "--chip", "tianjic"], &["`--plasticity host-lp` fits (", "cores)"]);
    let said = ["tianjic moves none", "`--plasticity host-lp` fits"];
    scratch.refuse(&["chip", "check", "run", "--chip", "tianjic", "--plasticity", "rank"], &said);
    let args = ["chip", "check", "run", "--plastic", "resting", "--plasticity", "rank"];
    scratch.refuse(&args, &["`--plasticity rank` says how plastic weights move", "--plastic moving"]);
    let checked = json(&scratch, &["chip", "check", "run", "--chip", "tianjic", "--plasticity", "host-lp", "--json"]);
    let fits: Vec<bool> = checked["forms"].as_array().unwrap().iter().map(|of| of["fits"].as_bool().unwrap()).collect();
    assert_eq!((fits, &checked["plasticity"]), (vec![false, false, true], &"host-lp".into()));
    assert!(checked["forms"][1]["reasons"][0].as_str().unwrap().contains("layers.0"), "{checked}");
    let text = scratch.succeed(&["chip", "check", "run", "--plasticity", "rank"]);
    assert!(text.contains("plastic weights move in the form rank") && text.contains("that remember"), "{text}");
    assert!(scratch.succeed(&["chip", "show", "tianjic"]).contains("can move on it: host-lp"));
    assert_eq!(json(&scratch, &["chip", "show", "tianjic-lp", "--json"])["plastic_forms"][1], "rank");

    scratch.refuse(&["chip", "check", "run", "--chip", "tianjik"], &["no chip and no file", "tianjic"]);
    scratch.refuse(&["chip", "check", "nowhere"], &["nowhere"]);
    fs::create_dir(scratch.path("empty")).unwrap();
    scratch.refuse(&["chip", "quantise", "empty"], &["empty"]);

    // A description of one's own, and what is wrong with it.
    let description = scratch.succeed(&["chip", "show", "tianjic-lp"]);
    fs::write(scratch.path("own.toml"), description.replace("value = 256", "value = 64")).unwrap();
    let fit = json(&scratch, &["chip", "check", "run", "--chip", "own.toml", "--json"]);
    assert!(fit["cores"].as_u64().unwrap() > 13, "{fit}");
    fs::write(scratch.path("small.toml"), description.replace("value = 65536", "value = 3")).unwrap();
    let said = ["layers.0", "a core of 3 bytes holds no neuron of 784 inputs"];
    scratch.refuse(&["chip", "check", "run", "--chip", "small.toml"], &said);
    fs::write(scratch.path("bad.toml"), description.replace("value = 256", "value = 0")).unwrap();
    scratch.refuse(&["chip", "check", "run", "--chip", "bad.toml"], &["core.axons", "core.neurons"]);
    fs::write(scratch.path("odd.toml"), description.replace("[grid]", "[gird]")).unwrap();
    scratch.refuse(&["chip", "check", "run", "--chip", "odd.toml"], &["gird", "glocal chip show"]);
}

/// A run that was stopped before its first checkpoint has no network.
#[test]
fn a_run_that_was_never_trained_is_refused() {
    let scratch = trained("global");
    let folded = json(&scratch, &["chip", "check", "run", "--chip", "tianjic", "--json"]);
    assert_eq!(folded["layers"][0]["plastic"], 0);
    fs::remove_dir_all(scratch.path("run/checkpoints")).unwrap();
    scratch.refuse(&["chip", "simulate", "run"], &["has no checkpoint yet", "train it first"]);
}
