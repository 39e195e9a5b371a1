//! A network that meets its classes in episodes, in integers and on a chip, from the command line.

mod common;

use std::fs;

use common::Scratch;
use common::episodes::{changed, write_grey};
use glocal::experiments::chip_episodes;
use glocal::progress::Progress;
use glocal_data::Locations;
use serde_json::Value;

/// Classes of 12 x 12 pictures: two dark bars each, moved by the drawing. And a short run in episodes.
fn trained(sets: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    for class in 0..24_u64 {
        for drawing in 0..10_u64 {
            let mut levels = vec![255_u8; 144];
            let (row, column) = (1 + class % 5 * 2, 1 + class / 5 * 2);
            for at in 0..10 {
                levels[((row + drawing % 2) * 12 + (at + drawing / 2 % 2)) as usize] = 0;
                levels[((at + drawing % 2) * 12 + column + drawing / 2 % 2) as usize] = 0;
            }
            levels[(drawing * 13 % 144) as usize] = 0;
            write_grey(&scratch.path(&format!("characters/c{class}/{drawing}.png")), 12, &levels);
        }
    }
    let folder = format!("classes:{}", scratch.path("characters").display());
    let config = changed(&[
        ("classes:characters", &folder),
        ("ways = 3", "ways = 5"),
        ("validation = 20", "validation = 10"),
        ("test = 40", "test = 20"),
        ("episode = { kind = \"plastic\" }", "episode = { kind = \"plastic\", drive = 1000.0 }"),
        ("channels = 16", "channels = 8"),
        ("size = 3", "size = 5"),
        ("decay = 0.99", "decay = 1.0"),
    ]);
    fs::write(scratch.path("episodes.toml"), config).unwrap();
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    scratch.succeed(&["train", "episodes.toml", "--out", "run"].into_iter().chain(sets).collect::<Vec<_>>());
    scratch
}

fn json(scratch: &Scratch, args: &[&str]) -> Value {
    serde_json::from_str(&scratch.succeed(args)).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn classes_are_stored_on_the_chip() {
    let scratch = trained(&[]);
    let quantised = json(&scratch, &["chip", "quantise", "run", "--json"]);
    let (float, integer) = (&quantised["float"], &quantised["integer"]);
    assert!((number(&float["accuracy"]) - number(&integer["accuracy"])).abs() < 0.08, "{quantised}");
    assert!(number(&integer["accuracy"]) > 0.5 && number(&integer["interval"]) > 0.0, "{quantised}");
    assert_eq!((&integer["episodes"], &integer["queries"]), (&20.into(), &200.into()));
    assert_eq!(quantised["layers"][1]["plastic_weights"], 5 * 6 * 6 * 8);
    // What `glocal eval` says of the same episodes.
    let judged = json(&scratch, &["eval", "run", "--json"]);
    assert_eq!(judged["accuracy"], float["accuracy"]);
    assert_eq!(judged["episodes"]["interval"], float["interval"]);

    // Other episodes of other characters: three classes of the validation part.
    let sizes = ["--ways", "3", "--shots", "2", "--queries", "3", "--episodes", "7", "--split", "validation"];
    let other = json(&scratch, &[&["chip", "quantise", "run", "--json"][..], &sizes].concat());
    assert_eq!((&other["integer"]["episodes"], &other["integer"]["queries"]), (&7.into(), &63.into()));
    assert_eq!((&other["task"]["ways"], &other["task"]["split"]), (&3.into(), &"validation".into()));

    let fit = json(&scratch, &["chip", "check", "run", "--json"]);
    let episode = &fit["episode"];
    assert!(number(&episode["store_microseconds"]) < 5.0 * number(&fit["microseconds"]), "pictures share the pipeline");
    let text = scratch.succeed(&["chip", "check", "run", "--chip", "ideal"]);
    assert!(text.contains("5-way 1-shot") && text.contains("to answer 10 queries"), "{text}");

    let sets: [&[&str]; 4] = [&[], &["--fold"], &["--apart", "--placement", "greedy"], &["--chip", "ideal"]];
    let mut nanojoules = Vec::new();
    for more in sets {
        let found = json(&scratch, &[&["chip", "simulate", "run", "--timed", "2", "--json"], more].concat());
        assert_eq!((&found["on_chip"], &found["reference"]), (integer, integer), "{more:?}");
        let timed = &found["timed"];
        assert_eq!(timed["stored"]["images"], 2);
        let (class, query) = (&timed["class"]["nanojoules"][1], &timed["query"]["nanojoules"][1]);
        assert!((5.0 * number(class) / number(&timed["stored"]["nanojoules"][1]) - 1.0).abs() < 1e-9);
        nanojoules.push((number(class), number(query)));
    }
    // On a chip without static power a class stored costs more than a query: plastic weights are written.
    assert!(nanojoules[3].0 > nanojoules[3].1, "{nanojoules:?}");

    let mapped = json(&scratch, &["chip", "map", "run", "-o", "mapped", "--json"]);
    assert_eq!(mapped["fit"]["cores"], fit["cores"]);
    let probed = json(&scratch, &["chip", "probe", "run", "--image", "3", "-o", "probes", "--json"]);
    assert_eq!(probed["pictures"].as_array().unwrap().len(), 15);
    let lines = |name: &str| fs::read_to_string(scratch.path("probes").join(name)).unwrap().lines().count();
    assert_eq!((lines("pictures.csv"), lines("neurons.csv")), (1 + 15, 1 + 15 * (288 + 5)));
    assert_eq!(lines("plastic.csv"), 1 + 15 * 5 * 288);
    // Of the first support: half a gate open, a rate of about 0.06, features up to 1. Whatever H's format, no larger.
    let table = fs::read_to_string(scratch.path("probes/plastic.csv")).unwrap();
    let weights = table.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap().abs());
    let largest = weights.fold(0.0, f64::max);
    assert!((0.003..0.3).contains(&largest), "{largest}");
    let damaged = json(&scratch, &["chip", "simulate", "run", "--dead-cores", "0.5", "--timed", "0", "--json"]);
    assert_ne!(damaged["on_chip"], damaged["reference"]);
    assert!(damaged["timed"].is_null());
}

/// Neurons that spike: the read-out counts over a picture's steps.
#[test]
fn a_spiking_embedding_stores_classes() {
    let spiking = [
        "learner.network.steps=4",
        "learner.network.layers.0.neuron={kind=\"lif\",threshold=0.5,decay=0.5,reset=\"subtract\"}",
    ];
    let scratch = trained(&spiking);
    let found = json(&scratch, &["chip", "simulate", "run", "--timed", "1", "--json"]);
    assert_eq!(found["on_chip"], found["reference"]);
    assert!((number(&found["float"]["accuracy"]) - number(&found["reference"]["accuracy"])).abs() < 0.08, "{found}");
    assert!(number(&found["timed"]["class"]["microseconds"]) > 0.0);
}

/// The part of `glocal reproduce chip` that a few-shot run makes: two tasks that five neurons can tell, folded and unfolded.
#[test]
fn the_experiment_brings_a_few_shot_run_along() {
    let scratch = trained(&[]);
    let run = scratch.path("run");
    let found = chip_episodes::measure(&run, &Locations::default(), true, &Progress::Silent).unwrap();
    let tasks: Vec<(usize, usize, &str)> = found.iter().map(|of| (of.ways, of.shots, &of.label[..])).collect();
    let expected = [(5, 1, "HP, folded"), (5, 1, "HP, unfolded"), (5, 5, "HP, folded"), (5, 5, "HP, unfolded")];
    assert_eq!(tasks, expected);
    for of in &found {
        assert_eq!(of.integer, of.on_chip, "{}", of.label);
        assert_eq!((of.on_chip.episodes, of.followed), (Some(20), 2));
        assert!(of.float.percent > 50.0 && of.class.nanojoules[1] > 0.0 && of.query.microseconds > 0.0, "{of:?}");
    }
    assert!(found[0].cores <= found[1].cores);
}

#[test]
fn what_does_not_go_is_explained() {
    let scratch = trained(&["training.epochs=1"]);
    let refuse = |args: &[&str], needles: &[&str]| scratch.refuse(&[&["chip"][..], args].concat(), needles);
    refuse(&["check", "run", "--ways", "9"], &["9 classes asked for", "can tell 5"]);
    refuse(&["check", "run", "--plastic", "folded"], &["plastic weights that move", "leave --plastic out"]);
    refuse(&["check", "run", "--chip", "tianjic"], &["layers.1", "tianjic moves none"]);
    refuse(&["quantise", "run", "--images", "5"], &["judged by episodes", "--episodes"]);
    refuse(&["simulate", "run", "--shots", "9", "--queries", "2"], &["10"]);
    refuse(&["simulate", "run", "--shots", "4000", "--queries", "5000"], &["more than 4096 pictures", "fewer --ways"]);
    refuse(&["probe", "run", "--image", "99999999999", "-o", "x"], &["no episode 99999999999", "from 0"]);
    scratch.train("plain");
    refuse(&["quantise", "plain", "--ways", "5"], &["did not learn in episodes"]);
    scratch
        .refuse(&["reproduce", "chip", "--quick", "--few-shot", "plain", "--out", "x"], &["did not learn in episodes"]);
    let several = ["learner.network.steps=2", "training.epochs=1"].iter().flat_map(|set| ["--set", set]);
    scratch.succeed(&["train", "episodes.toml", "--out", "several"].into_iter().chain(several).collect::<Vec<_>>());
    refuse(&["quantise", "several"], &["layers.0", "tanh units for several steps"]);
}
