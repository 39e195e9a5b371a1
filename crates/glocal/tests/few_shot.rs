//! Few-shot learning from the command line: made-up characters, trained, judged, and asked about one's own pictures.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::Scratch;
use common::episodes::{EPISODES, write_grey};
use glocal::config::RunConfig;
use glocal::{Part, RunSamples, Samples};
use glocal_data::Locations;

/// Grey PNG of 12 x 12: dark strokes on light paper, drawn from the class, moved by the drawing.
fn write_character(path: &Path, class: u64, drawing: u64) {
    let mut levels = vec![255u8; 144];
    let mut state = class.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for _ in 0..4 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (row, column, down) = ((state >> 33) % 8, (state >> 43) % 8, (state >> 60) % 2);
        for step in 0..4 {
            let (r, c) = (row + if down == 1 { step } else { 0 }, column + if down == 1 { 0 } else { step });
            let (r, c) = (r + drawing % 2, c + drawing / 2 % 2);
            levels[(r.min(11) * 12 + c.min(11)) as usize] = 0;
        }
    }
    write_grey(path, 12, &levels);
}

/// 24 classes of 6 drawings in `characters`, and a config that learns them in episodes.
fn characters() -> Scratch {
    let scratch = Scratch::new();
    for class in 0..24 {
        for drawing in 0..6 {
            write_character(&scratch.path(&format!("characters/c{class}/{drawing}.png")), class, drawing);
        }
    }
    fs::write(scratch.path("episodes.toml"), EPISODES).unwrap();
    scratch
}

fn summary(scratch: &Scratch, run: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(scratch.path(run).join("summary.json")).unwrap()).unwrap()
}

/// Every arm and schedule trains; plastic weights tell new classes apart, without them it is chance.
#[test]
fn arms_and_schedules_train_and_plastic_weights_tell_new_classes_apart() {
    let scratch = characters();
    let accuracy = |out: &str, sets: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let args: Vec<&str> =
            ["train", "episodes.toml", "--set", "training.epochs=8", "--out", out].into_iter().chain(sets).collect();
        scratch.succeed(&args);
        let summary = summary(&scratch, out);
        assert_eq!(summary["test"]["episodes"]["episodes"], 40);
        assert_eq!(summary["test"]["samples"], 240);
        assert!(summary["test"]["episodes"]["interval"].as_f64().unwrap() > 0.0);
        summary["test"]["accuracy"].as_f64().unwrap()
    };
    let hybrid = accuracy("hp", &[]);
    let global = accuracy("gp", &["learner.network.learning_rule=global"]);
    assert!(hybrid > 0.6, "{hybrid}");
    assert!(global < 0.5, "{global}");
    assert!(accuracy("lp", &["learner.network.learning_rule=local"]) > 0.5);
    let second = "training.meta_schedule={kind=\"second-order\",weight_steps=2}";
    assert!(accuracy("second-order", &[second]) > 0.5);
}

/// Stopped and continued, and on one thread or two, a run ends with the same bits.
#[test]
fn runs_in_episodes_end_with_the_same_bits() {
    let scratch = characters();
    let second = "training.meta_schedule={kind=\"second-order\",weight_steps=2}";
    for (out, threads) in [("one", "1"), ("two", "2")] {
        scratch.succeed(&["train", "episodes.toml", "--set", second, "--out", out, "--threads", threads]);
    }
    common::assert_same_result(&scratch.path("one"), &scratch.path("two"));
}

/// No class that judges is ever drawn to learn from: not in any episode of any epoch, nor for the hypergradient.
#[test]
fn no_class_that_judges_reaches_training() {
    let scratch = characters();
    let name = format!("data.dataset=\"classes:{}\"", scratch.path("characters").display());
    let config = RunConfig::parse(None, EPISODES, &[name]).unwrap();
    let samples = Samples::of(&config, &Locations::default()).unwrap();
    let run = RunSamples::new(&samples, &config, None).unwrap();
    let classes = |part: Part, episodes: u32| -> BTreeSet<usize> {
        (0..episodes).flat_map(|n| run.episode(part, n).unwrap().1.classes).map(|id| id.class).collect()
    };
    let learned = classes(Part::Train, 3 * 48 + 1000);
    let judged: BTreeSet<usize> = &classes(Part::Validation, 500) | &classes(Part::Test, 500);
    assert_eq!((learned.len(), judged.len()), (13, 11));
    assert!(learned.is_disjoint(&judged));
}

#[test]
fn ones_own_pictures_are_answered() {
    let scratch = characters();
    scratch.succeed(&["train", "episodes.toml", "--out", "run"]);
    for class in [100, 101] {
        for drawing in 0..4 {
            let folder = if drawing < 2 { "mine" } else { "asked" };
            write_character(&scratch.path(&format!("{folder}/k{class}/{drawing}.png")), class, drawing);
        }
    }
    let text = scratch.succeed(&["fewshot", "run", "--support", "mine", "--query", "asked"]);
    assert!(text.contains("of 4 right") && text.contains("k101"), "{text}");
    let json = scratch.succeed(&["fewshot", "run", "--support", "mine", "--query", "asked/k100/2.png", "--json"]);
    let answers: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answers["classes"], serde_json::json!(["k100", "k101"]));
    assert_eq!(answers["answers"][0]["scores"].as_array().unwrap().len(), 2);

    let looking = ["fewshot", "run", "--support", "mine", "--query", "asked", "--looks", "3"];
    scratch.refuse(&looking, &["varied no pictures"]);
    scratch.succeed(&["train", "episodes.toml", "--set", "data.augment=affine=5,0.1,0.1,1", "--out", "varied"]);
    let text = scratch.succeed(&["fewshot", "varied", "--support", "mine", "--query", "asked", "--looks", "3"]);
    assert!(text.contains("of 4 right"), "{text}");

    let refuse = |support: &str, query: &str, needles: &[&str]| {
        scratch.refuse(&["fewshot", "run", "--support", support, "--query", query], needles)
    };
    refuse("nowhere", "asked", &["nowhere"]);
    refuse("mine", "nowhere.png", &["nowhere.png"]);
    refuse("characters", "asked", &["24 classes", "2 to 3"]);
    fs::create_dir_all(scratch.path("empty/k")).unwrap();
    refuse("empty", "asked", &["empty"]);
    fs::create_dir_all(scratch.path("torn/a")).unwrap();
    fs::copy(scratch.path("mine/k100/0.png"), scratch.path("torn/a/1.png")).unwrap();
    fs::create_dir_all(scratch.path("torn/b")).unwrap();
    fs::write(scratch.path("torn/b/1.png"), b"no picture").unwrap();
    refuse("torn", "asked", &["torn/b/1.png"]);
    scratch.train("plain");
    scratch.refuse(&["fewshot", "plain", "--support", "mine", "--query", "asked"], &["did not learn in episodes"]);
}

/// Classes that come in sessions. Oracles: the protocol's numbers, prototypes, which do not care when a class came, and a run without
/// plastic weights, which answers by chance.
#[test]
fn classes_come_in_sessions() {
    let scratch = characters();
    scratch.succeed(&["train", "episodes.toml", "--set", "training.epochs=8", "--out", "run"]);
    let measure = |run: &str, more: &[&str]| -> serde_json::Value {
        let args = ["class-incremental", run, "--shots", "2", "--queries", "3", "--repetitions", "8", "--json"];
        serde_json::from_str(&scratch.succeed(&[&args[..], more].concat())).unwrap()
    };
    let sessions = ["--base", "2", "--sessions", "2", "--ways", "2"];
    let found = measure("run", &sessions);
    assert_eq!(found["trained_ways"], 3);
    let [plastic, prototypes] = [0, 1].map(|method| found["methods"][method].clone());
    assert_eq!((&plastic["method"], &prototypes["method"]), (&"plastic".into(), &"prototypes".into()));
    let number = |of: &serde_json::Value, at: &str| of.pointer(at).and_then(serde_json::Value::as_f64).unwrap();
    for (session, classes) in [2, 4, 6].into_iter().enumerate() {
        let own = &plastic["sessions"][session];
        assert_eq!((&own["classes"], own["new"].is_null()), (&classes.into(), session == 0));
        // All classes are asked about equally often.
        let new = own.pointer("/new/mean").and_then(serde_json::Value::as_f64).unwrap_or(0.0);
        let parts = (2.0 * number(own, "/base/mean") + (classes - 2) as f64 * new) / classes as f64;
        assert!((parts - number(own, "/all/mean")).abs() < 1e-9, "{own}");
        assert!(number(own, "/all/mean") > 1.5 / classes as f64, "{own}");
    }
    let mean: f64 = (0..3).map(|session| number(&plastic, &format!("/sessions/{session}/all/mean"))).sum::<f64>() / 3.0;
    assert!((mean - number(&plastic, "/mean/mean")).abs() < 1e-9);
    let at_once = measure("run", &["--base", "6", "--sessions", "0"]);
    assert_eq!(at_once["methods"][1]["sessions"][0]["all"], prototypes["sessions"][2]["all"]);
    assert_eq!(measure("run", &sessions), found, "the same again");

    let page = fs::read_to_string(scratch.path(scratch.succeed(&["report", "run"]).trim())).unwrap();
    assert!(page.contains("id=\"class-incremental\"") && page.contains("prototypes"), "the page has the section");
    let words =
        scratch.succeed(&["class-incremental", "run", "--base", "3", "--sessions", "1", "--ways", "3", "--shots", "1"]);
    assert!(words.contains("plastic read-out: base") && words.contains("over 30 repetitions"), "{words}");

    let global = ["--set", "learner.network.learning_rule=global", "--set", "training.epochs=1"];
    scratch.succeed(&[&["train", "episodes.toml", "--out", "global"][..], &global].concat());
    let chance = measure("global", &sessions);
    for (session, classes) in [2.0, 4.0, 6.0].into_iter().enumerate() {
        let all = number(&chance, &format!("/methods/0/sessions/{session}/all/mean"));
        assert!((all - 1.0 / classes).abs() < 1e-9, "without plastic weights nothing is stored: {chance}");
    }
}

#[test]
fn sessions_that_cannot_be_drawn_are_refused() {
    let scratch = characters();
    scratch.succeed(&["train", "episodes.toml", "--set", "training.epochs=1", "--out", "run"]);
    let two = ["--shots", "2", "--queries", "2"];
    for (args, needles) in [
        (&["--base", "5"][..], &["5 classes", "10 sessions of 10", "6 test classes"][..]),
        (&["--base", "1"], &["--base 1", "too few"]),
        (&["--base", "2", "--sessions", "1", "--ways", "0"], &["--ways 0"]),
        (&["--base", "2", "--sessions", "18446744073709551615", "--ways", "2"], &["more than all"]),
    ] {
        scratch.refuse(&[&["class-incremental", "run"], &two[..], args].concat(), needles);
    }
    for (shots, queries) in [("4", "3"), ("18446744073709551615", "1"), ("1", "18446744073709551615")] {
        let args = ["class-incremental", "run", "--base", "4", "--sessions", "1", "--ways", "2", "--shots", shots];
        scratch.refuse(&[&args[..], &["--queries", queries]].concat(), &["has 6 pictures", shots, queries]);
    }
    scratch.refuse(&["class-incremental", "run", "--shots", "0"], &["--base-shots 0", "at least 1"]);
    assert!(!scratch.path("run/class-incremental.json").exists());
    scratch.train("plain");
    scratch.refuse(&["class-incremental", "plain"], &["plain", "did not learn in episodes"]);
    scratch.refuse(&["class-incremental", "nowhere"], &["nowhere", "not a run folder"]);
}

/// What a picture costs: once through the embedding, one step of the read-out.
#[test]
fn the_cost_of_a_picture_is_counted() {
    let scratch = characters();
    scratch.succeed(&["train", "episodes.toml", "--set", "training.epochs=1", "--out", "run"]);
    let summary = summary(&scratch, "run");
    let cost = &summary["cost"];
    // 12 episodes of 3 labelled pictures and 6 queries.
    assert_eq!(cost["samples"], 108);
    // Windows of 3 with a stride of 2 on 12 pixels and a border have 2 + 5 · 3 taps each way; 16 channels of 6 x 6, then 3 neurons.
    let read_out = 16 * 36 * 3;
    assert_eq!(cost["neurobench"]["Footprint"], 4 * (9 * 16 + 16 + read_out));
    let operations = &cost["neurobench"]["SynapticOperations"];
    assert_eq!(operations["Dense"], f64::from(17 * 17 * 16 + read_out));
    // Pictures of ink and paper are 0 and 1, tanh units are no spikes.
    let [acs, macs] = ["Effective_ACs", "Effective_MACs"].map(|name| operations[name].as_f64().unwrap());
    assert!(acs > 0.0 && acs < f64::from(17 * 17 * 16) && macs > 0.0 && macs <= f64::from(read_out), "{operations}");
    // A third of the pictures is written.
    assert_eq!(cost["plastic"]["writes"], f64::from(read_out) / 3.0);
    // P, a gate for each synapse, rates and thresholds.
    assert_eq!(cost["plastic"]["footprint"], 4 * (2 * read_out + 16 * 36 + 3));
    let said = scratch.succeed(&["eval", "run"]);
    assert!(said.contains("multiply-accumulates") && said.contains("moving plastic weights"), "{said}");
    let judged: serde_json::Value = serde_json::from_str(&scratch.succeed(&["eval", "run", "--json"])).unwrap();
    assert_eq!(judged["cost"], *cost);
}

/// Plastic weights end with their episode: the event file shows those of a validation episode.
#[test]
fn event_files_show_the_plastic_weights_of_an_episode() {
    let scratch = characters();
    scratch.succeed(&["train", "episodes.toml", "--out", "run"]);
    let shown = common::event_file::read(&scratch.path("run"));
    for tag in ["layers.0/weight", "layers.1/weight", "layers.1/plasticity_gain", "layers.1/plastic_weight"] {
        let steps: Vec<i64> = shown.histograms[tag].iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [1, 2, 3], "{tag}");
    }
    let [count, sum, _] = shown.histograms["layers.1/plastic_weight"][2].1;
    assert!(count == 3.0 * 576.0 && sum != 0.0, "{count} {sum}");
    assert_eq!(shown.images["layers.1/plastic_weight/picture"].len(), 3);
    scratch.succeed(&["train", "episodes.toml", "--out", "without", "--no-tensorboard"]);
    assert_eq!(common::event_file::read(&scratch.path("without")).files, 0);
    common::assert_same_result(&scratch.path("run"), &scratch.path("without"));
}

#[test]
fn episodes_that_cannot_be_drawn_are_refused() {
    let scratch = characters();
    for (set, needles) in [
        ("episodes.ways=0", vec!["episodes.ways = 0"]),
        ("episodes.shots=6", vec!["6"]),
        ("episodes.ways=4", vec!["size = 3", "must be 4"]),
        ("episodes.split={kind=\"hold-out\",characters=30,validation=5}", vec!["30"]),
        ("episodes.split={kind=\"hold-out\",characters=2,validation=5}", vec!["2"]),
        ("episodes.split={kind=\"official\",validation=5}", vec!["characters"]),
        ("data.dataset=embedded-fashion-mnist", vec!["no set to draw episodes from"]),
        ("data.validation=5", vec!["data.validation"]),
        ("learner.network.readout={kind=\"rate\"}", vec!["readout"]),
        ("learner.network.layers.1.plasticity.scope=\"run\"", vec!["scope"]),
    ] {
        scratch.refuse(&["train", "episodes.toml", "--set", set, "--out", "run"], &needles);
    }
    let second = "training.meta_schedule={kind=\"second-order\"}";
    scratch.refuse(&["train", "tiny.toml", "--set", second, "--out", "run"], &["needs [episodes]"]);
    scratch.refuse(&["reproduce", "few-shot", "--only", "maml"], &["maml", "prototypes"]);
}

/// The configs of the experiment survive their own text.
#[test]
fn every_config_reads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/few-shot");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let config = RunConfig::load(&path, &[]).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert_eq!(RunConfig::parse(None, &config.to_toml(), &[]).unwrap(), config, "{}", path.display());
            count += 1;
        }
    }
    assert_eq!(count, 4);
}
