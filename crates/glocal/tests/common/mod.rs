//! What the tests of the command line share: a tiny run, the built program, and folders compared byte by byte.
#![allow(dead_code, missing_docs)]

pub mod episodes;
pub mod event_file;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A hybrid network so small that a run takes a blink, with everything in it that a resume could get wrong: a schedule,
/// an encoder that draws, two update intervals, plastic weights that live on, validation that selects.
pub const TINY: &str = r#"
[data]
dataset = "embedded-fashion-mnist"
validation = 60
train_limit = 240

[encoder]
kind = "poisson-rate"
max_rate = 0.8

[learner.network]
inputs = 784
steps = 4
learning_rule = "hybrid"
phase_time_constant = 40.0

[[learner.network.layers]]
size = 24
neuron = { kind = "lif", threshold = 0.35, decay = 0.4 }

[learner.network.layers.plasticity]
rule = { kind = "hebbian" }
decay = 0.95
clamp = 4.0

[[learner.network.layers]]
size = 10
learning = "global"
neuron = { kind = "lif", threshold = 0.35, decay = 0.4 }

[learner.weights]
learning_rate = 2e-3
schedule = { kind = "step", every = 1, factor = 0.7 }

[learner.meta]
learning_rate = 5e-4
update_interval = 2

[training]
epochs = 3
batch_size = 20
seed = 5
select = "best-validation"
"#;

/// Steps of an epoch of [`TINY`].
pub const STEPS_PER_EPOCH: u64 = 12;

/// A scratch folder with [`TINY`] in `tiny.toml`.
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    pub fn new() -> Scratch {
        let scratch = Scratch(tempfile::tempdir().unwrap());
        fs::write(scratch.path("tiny.toml"), TINY).unwrap();
        scratch
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, to run in the scratch folder; no data set of the machine is seen.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glocal"));
        command.args(args).current_dir(self.0.path());
        command.env_remove("GLOCAL_DATA").env_remove("RUST_LOG").env("HOME", self.0.path()).env_remove("XDG_DATA_HOME");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs and expects success; returns stdout.
    pub fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs and expects a refusal: exit code 2, one error that holds every needle, a hint, nothing on stdout, and every
    /// file as it was.
    #[track_caller]
    pub fn refuse(&self, args: &[&str], needles: &[&str]) {
        let before = snapshot(self.0.path());
        let output = self.run(args);
        assert_refused(&output, needles);
        assert_eq!(before, snapshot(self.0.path()), "{args:?} changed files");
    }

    /// Trains [`TINY`] into `out`.
    pub fn train(&self, out: &str) {
        self.succeed(&["train", "tiny.toml", "--out", out]);
    }
}

#[track_caller]
pub fn assert_refused(output: &Output, needles: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.matches("error:").count(), 1, "{text}");
    assert!(text.contains("hint:"), "no hint: {text}");
    assert!(!text.contains("panicked"), "{text}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    for needle in needles {
        assert!(text.contains(needle), "`{needle}` is not in: {text}");
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below `folder` with its bytes; locks and folders do not count.
pub fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != ".lock" {
                files.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// What a run folder says, less the clock and the thread count.
pub fn result_of(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let checkpoint = |name: &str| fs::read(run.join("checkpoints").join(name)).unwrap();
    let timeless = |text: String| {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let fields = value.as_object_mut().unwrap();
        for clock in ["samples_per_s", "seconds", "step_ms", "train_seconds", "threads"] {
            fields.remove(clock);
        }
        value.to_string() + "\n"
    };
    let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
    let metrics: String = read("metrics.jsonl").lines().map(|line| timeless(line.into())).collect();
    BTreeMap::from([
        ("last".into(), checkpoint("last.safetensors")),
        ("best".into(), checkpoint("best.safetensors")),
        ("config".into(), read("config.toml").into_bytes()),
        ("metrics".into(), metrics.into_bytes()),
        ("summary".into(), timeless(read("summary.json")).into_bytes()),
    ])
}

/// Compares two runs; says which file differs rather than printing its bytes.
#[track_caller]
pub fn assert_same_result(run: &Path, other: &Path) {
    let (ours, theirs) = (result_of(run), result_of(other));
    for (file, bytes) in &ours {
        if file == "metrics" || file == "summary" {
            assert_eq!(String::from_utf8_lossy(bytes), String::from_utf8_lossy(&theirs[file]), "{file}");
        }
        assert!(*bytes == theirs[file], "{file} of {} and {} differ", run.display(), other.display());
    }
}

/// A small data set in IDX files, as `mnist` below the folder `data`: 40 + 20 images of 28 x 28.
pub struct IdxSet {
    pub folder: PathBuf,
}

impl IdxSet {
    pub fn new(scratch: &Scratch) -> IdxSet {
        let folder = scratch.path("data/mnist");
        fs::create_dir_all(&folder).unwrap();
        let set = IdxSet { folder };
        for (split, count) in [("train", 40_u32), ("t10k", 20)] {
            let pixels: Vec<u8> = (0..count * 784).map(|i| (i * 7919 % 251) as u8).collect();
            set.write(&format!("{split}-images-idx3-ubyte"), 8, &[count, 28, 28], &pixels);
            let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
            set.write(&format!("{split}-labels-idx1-ubyte"), 8, &[count], &labels);
        }
        set
    }

    pub fn write(&self, name: &str, element_type: u8, shape: &[u32], data: &[u8]) {
        let mut bytes = vec![0, 0, element_type, shape.len() as u8];
        shape.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
        bytes.extend(data);
        fs::write(self.folder.join(name), bytes).unwrap();
    }
}

/// The Python that `GLOCAL_INTEROP_PYTHON` names, if it has `module`; else it is said that the test is skipped.
pub fn python_with(module: &str) -> Option<PathBuf> {
    let named = std::env::var_os("GLOCAL_INTEROP_PYTHON").map(PathBuf::from);
    let has = |python: &PathBuf| {
        Command::new(python)
            .args(["-c", &format!("import {module}")])
            .output()
            .is_ok_and(|found| found.status.success())
    };
    let found = named.filter(has);
    if found.is_none() {
        eprintln!("skipped: GLOCAL_INTEROP_PYTHON names no Python with {module}");
    }
    found
}
