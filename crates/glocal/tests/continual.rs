//! Tasks in a row: learned, stopped, resumed, made longer and judged.

mod common;

use std::fs;
use std::path::Path;

use common::Scratch;
use glocal::config::RunConfig;
use glocal::continual::ContinualFigures;
use glocal::experiments::continual::{CONTESTANTS, HYBRID, plan};
use glocal::experiments::multi_task::HYBRID as MULTI_TASK;
use glocal::train::{Start, TrainOptions, train};
use glocal::{GlocalError, RunFolder};
use glocal_data::Locations;

/// The experiment's hybrid network, small, on the embedded images.
const SMALL: [&str; 10] = [
    "data.dataset=\"embedded-fashion-mnist\"",
    "data.validation=40",
    "data.train_limit=240",
    "data.test_limit=100",
    "continual.matrix_images=60",
    "continual.unnamed_images=10",
    "learner.network.layers.0.size=60",
    "learner.network.layers.1.size=50",
    "training.epochs=2",
    "training.batch_size=20",
];

fn config(more: &[&str]) -> RunConfig {
    let overrides: Vec<String> = SMALL.iter().chain(more).map(|&text| text.to_owned()).collect();
    RunConfig::parse(None, HYBRID, &overrides).unwrap()
}

fn learn(config: &RunConfig, out: &Path, start: Start, stop: Option<u64>) -> Result<(), GlocalError> {
    let options = TrainOptions { start, stop_after_steps: stop, ..TrainOptions::new(Locations::default()) };
    train(config, out, &options).map(|_| ())
}

fn result(out: &Path) -> (ContinualFigures, Vec<u8>) {
    let figures = ContinualFigures::read(&RunFolder::read_only(out).unwrap()).unwrap().unwrap();
    (figures, fs::read(out.join("checkpoints/last.safetensors")).unwrap())
}

const FEW_TASKS: &str = "continual.tasks.tasks=4";
const PHASES: &str = "continual.method={kind=\"masks\",meta_phase={tasks=3,visits=2}}";

/// Stopped again and again, in the middle of tasks, epochs and phases: the same bits in the end.
#[test]
fn a_stopped_run_goes_on_to_the_same_bits() {
    let scratch = Scratch::new();
    let config = config(&[FEW_TASKS, PHASES]);
    learn(&config, &scratch.path("whole"), Start::New, None).unwrap();
    let parts = scratch.path("parts");
    let mut stops = 0;
    // A task has 24 steps: each process ends one at most.
    while let Err(error) = learn(&config, &parts, Start::NewOrResume, Some(30)) {
        assert!(matches!(error, GlocalError::Stopped { .. }), "{error}");
        let learned = result(&parts).0.tasks();
        assert!(error.to_string().ends_with(&format!("is saved as it was before task {}", learned + 1)), "{error}");
        stops += 1;
        assert!(stops < 9);
    }
    assert!(stops > 2, "{stops}");
    let (whole, parts) = (result(&scratch.path("whole")), result(&parts));
    assert_eq!(whole.0, parts.0);
    assert!(whole.1 == parts.1);
}

/// Two tasks, then two more: as four in one go.
#[test]
fn a_finished_run_is_made_longer() {
    let scratch = Scratch::new();
    let long = config(&[FEW_TASKS, PHASES]);
    learn(&long, &scratch.path("long"), Start::New, None).unwrap();
    let (out, short) = (scratch.path("short"), config(&["continual.tasks.tasks=2", PHASES]));
    learn(&short, &out, Start::New, None).unwrap();
    let (before, _) = result(&out);
    assert_eq!((before.tasks(), before.last.len()), (2, 2));
    learn(&long, &out, Start::Resume, None).unwrap();
    assert_eq!(result(&out).0, result(&scratch.path("long")).0);
    assert!(result(&out).1 == result(&scratch.path("long")).1);

    // Fewer tasks, or another network, are refused, and nothing is lost.
    for other in [short, config(&[FEW_TASKS, PHASES, "learner.network.layers.0.size=61"])] {
        let error = learn(&other, &out, Start::Resume, None).unwrap_err();
        assert!(matches!(error, GlocalError::ConfigChanged { .. }), "{error}");
    }
    assert_eq!(result(&out).0, result(&scratch.path("long")).0);
}

/// All methods of the experiment, two tasks each: figures of the right shapes, what a method keeps survives a stop.
#[test]
fn every_method_learns_and_resumes() {
    let scratch = Scratch::new();
    for (contestant, planned) in CONTESTANTS.iter().zip(plan(&[], &[1], (None, Some(2)), false).unwrap()) {
        let mut config = planned.config;
        let small = config_of_size(&mut config);
        let whole = scratch.path(&format!("{}-whole", contestant.name));
        learn(small, &whole, Start::New, None).unwrap();
        let (figures, bytes) = result(&whole);
        assert_eq!(figures.matrix.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
        assert_eq!((figures.untrained.len(), figures.last.len(), figures.validation.len()), (2, 2, 2));
        let method = small.continual.as_ref().unwrap().method;
        assert_eq!(figures.unnamed.is_some(), method.is_told(), "{}", contestant.name);
        assert!(figures.average_accuracy() > 0.15, "{}: {}", contestant.name, figures.average_accuracy());
        let parts = scratch.path(&format!("{}-parts", contestant.name));
        // In the second task.
        let stopped = learn(small, &parts, Start::New, Some(80));
        assert!(matches!(stopped, Err(GlocalError::Stopped { .. })), "{}", contestant.name);
        learn(small, &parts, Start::Resume, None).unwrap();
        assert!(result(&parts).1 == bytes, "{}", contestant.name);
    }
}

/// Labels that importance is measured with, and what it is measured by, matter from the second task on.
#[test]
fn importance_is_of_drawn_or_given_labels_and_normalised_on_demand() {
    let scratch = Scratch::new();
    let [drawn, given, unsaid, normalised] =
        [",labels=\"drawn\"", ",labels=\"given\"", "", ",normalised=true"].map(|more| {
            let out = scratch.path(&format!("ewc{}", more.replace([',', '"', '='], "-")));
            let method = format!("continual.method={{kind=\"ewc\",strength=1e5,samples=40{more}}}");
            let global = "learner.network.learning_rule=\"global\"";
            learn(&config(&[global, &method, "continual.tasks.tasks=2"]), &out, Start::New, None).unwrap();
            result(&out)
        });
    assert_eq!(drawn.0.matrix[0], given.0.matrix[0]);
    assert!(drawn.1 != given.1);
    assert!(drawn.1 == unsaid.1);
    assert_eq!(normalised.0.matrix[0], unsaid.0.matrix[0]);
    assert!(normalised.1 != unsaid.1);
}

fn config_of_size(config: &mut RunConfig) -> &RunConfig {
    let small = self::config(&[]);
    config.data = small.data;
    for (layer, size) in config.learner.network.layers.iter_mut().zip([60, 50]) {
        layer.size = size;
    }
    (config.training.epochs, config.training.batch_size) = (6, 20);
    let continual = config.continual.as_mut().unwrap();
    (continual.matrix_images, continual.unnamed_images) = (60, 10);
    config
}

/// Masks keep what fine-tuning loses.
#[test]
fn masks_forget_less_than_fine_tuning() {
    let scratch = Scratch::new();
    let forgetting = |name: &str, more: &[&str]| {
        let out = scratch.path(name);
        let longer = ["continual.tasks.tasks=4", "training.epochs=8", "learner.network.learning_rule=\"global\""];
        learn(&config(&[&longer, more].concat()), &out, Start::New, None).unwrap();
        result(&out).0.forgetting().unwrap()
    };
    let masks = forgetting("masks", &[]);
    let dense = forgetting("dense", &["continual.method={kind=\"fine-tuning\"}"]);
    assert!(masks < dense - 0.05, "masks {masks}, fine-tuning {dense}");
}

/// Two sets at once: with all synapses for both, and with a mask for each.
fn together(masks: bool, more: &[&str]) -> RunConfig {
    let sets = ["embedded-fashion-mnist"; 2];
    let mut overrides: Vec<String> = SMALL.iter().chain(more).map(|&text| text.to_owned()).collect();
    overrides.push(format!("continual.more_datasets=[\"{}\"]", sets[1]));
    let masked = ["0.mask={density=0.5}", "1.mask={density=0.5}", "2.mask={density=0.5}"]
        .into_iter()
        .chain(["0.plasticity.coupling={kind=\"masked\"}", "1.plasticity.coupling={kind=\"masked\"}"]);
    if masks {
        overrides.push("continual.method={kind=\"masks\"}".into());
        overrides.extend(masked.map(|text| format!("learner.network.layers.{text}")));
    }
    overrides.push("training.epochs=3".into());
    RunConfig::parse(None, MULTI_TASK, &overrides).unwrap()
}

/// Stopped in the middle of epochs: the same bits in the end; every task is judged, and learned.
#[test]
fn tasks_are_learned_together() {
    let scratch = Scratch::new();
    for masks in [false, true] {
        let config = together(masks, &[]);
        let (whole, parts) = (scratch.path(&format!("whole{masks}")), scratch.path(&format!("parts{masks}")));
        learn(&config, &whole, Start::New, None).unwrap();
        let mut stops = 0;
        // An epoch has 2 x 12 steps: each process ends one at most.
        while let Err(error) = learn(&config, &parts, Start::NewOrResume, Some(30)) {
            assert!(matches!(error, GlocalError::Stopped { .. }), "{error}");
            stops += 1;
            assert!(stops < 4);
        }
        assert!(stops > 1, "{stops}");
        let ((figures, bytes), (again, other)) = (result(&whole), result(&parts));
        assert_eq!(figures, again);
        assert!(bytes == other);
        assert_eq!((figures.tasks(), figures.last.len(), figures.validation.len()), (2, 2, 2));
        assert!(figures.matrix.is_empty() && figures.unnamed.is_some() == masks);
        assert!(figures.last.iter().all(|share| *share > 0.3), "{:?}", figures.last);
        let own = if masks { 0.5 } else { 1.0 };
        let all = f64::from(784 * 60 + 60 * 50 + 50 * 10);
        assert_eq!(figures.cost.operations as f64, own * all * 3.0);
    }
    let page = scratch.path("page.html");
    scratch.succeed(&["report", "wholefalse", "wholetrue", "-o", "page.html"]);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("id=\"multi-task\"") && page.contains("HP, masks"));
    let changed = learn(&together(true, &["training.seed=2"]), &scratch.path("wholetrue"), Start::Resume, None);
    assert!(matches!(changed, Err(GlocalError::ConfigChanged { .. })));
}

/// What is wrong with tasks is said before anything is learned.
#[test]
fn bad_tasks_are_refused() {
    let refused = |more: &[&str]| {
        let overrides: Vec<String> = SMALL.iter().chain(more).map(|&text| text.to_owned()).collect();
        RunConfig::parse(None, HYBRID, &overrides).unwrap_err().to_string()
    };
    for (set, needle) in [
        ("continual.method={kind=\"ewc\",strength=-1.0}", "continual.method.strength"),
        ("continual.method={kind=\"context-gating\",share=1.5}", "continual.method.share"),
        ("continual.method={kind=\"rehearsal\",images=0}", "continual.method.images"),
        ("continual.method={kind=\"masks\",meta_phase={tasks=3,visits=0}}", "continual.method.meta_phase.visits"),
        ("continual.matrix_images=0", "continual.matrix_images"),
        ("continual.more_datasets=[\"mnist\"]", "continual.more_datasets"),
        ("training.select=\"best-validation\"", "training.select"),
        ("continual.method={kind=\"fine-tuning\"}", "continual.method.kind"),
    ] {
        assert!(refused(&[set]).contains(needle), "{set}: {}", refused(&[set]));
    }
    let lone = ["continual.order=\"together\"", "learner.network.learning_rule=\"global\""];
    for method in ["{kind=\"ewc\",strength=1.0}", "{kind=\"masks\",meta_phase={tasks=3}}"] {
        let error = refused(&[&lone[..], &[&format!("continual.method={method}")]].concat());
        assert!(error.contains("tasks in turn"), "{error}");
    }
    let scratch = Scratch::new();
    let fails =
        |more: &[&str]| learn(&config(more), &scratch.path("bad"), Start::NewOrResume, None).unwrap_err().to_string();
    assert!(fails(&["continual.tasks={kind=\"permuted\",tasks=0}"]).contains("tasks"));
    let thirds = fails(&["continual.tasks={kind=\"split\",classes=3}"]);
    assert!(thirds.contains("10 classes"), "{thirds}");
    let outputs = fails(&["continual.tasks={kind=\"split\",classes=2}"]);
    assert!(outputs.contains("layers[2].size"), "{outputs}");
}

/// Learned, made longer, shown on a page and judged by commands.
#[test]
fn from_the_command_line() {
    let scratch = Scratch::new();
    fs::write(scratch.path("tasks.toml"), HYBRID).unwrap();
    let sets = SMALL.iter().copied().chain(["continual.tasks.tasks=2"]).flat_map(|set| ["--set", set]);
    let args: Vec<&str> = ["train", "tasks.toml", "--out", "run"].into_iter().chain(sets).collect();
    let text = scratch.succeed(&args);
    assert!(text.contains("mean over 2 tasks") && text.contains("backward transfer"), "{text}");
    let text = scratch.succeed(&["train", "--resume", "run", "--set", "continual.tasks.tasks=3"]);
    assert!(text.contains("mean over 3 tasks"), "{text}");
    scratch
        .refuse(&["train", "--resume", "run", "--set", "continual.tasks.tasks=2"], &["continual.tasks.tasks (3 -> 2)"]);
    scratch.refuse(&["train", "--resume", "run", "--set", "training.epochs=9"], &["training.epochs"]);
    scratch.succeed(&["report", "run", "-o", "page.html"]);
    let page = fs::read_to_string(scratch.path("page.html")).unwrap();
    assert!(page.contains("id=\"continual\"") && page.contains("3 tasks"));
    scratch.refuse(&["eval", "run"], &["learned several tasks"]);
}
