//! `glocal train`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use glocal::board::BoardOutput;
use glocal::compare::letters;
use glocal::config::parse::Source;
use glocal::continual::ContinualFigures;
use glocal::train::{Start, Summary};
use glocal::{GlocalError, RunConfig, RunFolder, TrainOptions, train};
use serde::Serialize;

use crate::args::Context;

/// Options of `glocal train`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal train experiments/fashion-demo/hp.toml --out runs/hp
  glocal train hp.toml --set training.epochs=5 --set learner.network.layers.0.size=256 --seed 7
  glocal train --resume runs/hp
  glocal train --from runs/hp --set learner.weight_bits=4 --set training.epochs=2 -o runs/hp-4bits    fine-tunes
  glocal train --resume runs/tasks --set continual.tasks.tasks=60    a finished run of tasks in a row, made longer

A run folder holds config.toml (resolved), metrics.jsonl, checkpoints/, summary.json and event files: `tensorboard --logdir
runs` shows them. Ctrl-C saves and exits with
code 130; a killed run loses at most the time since its last checkpoint. Either way --resume ends with the same bits as
a run that was never stopped.")]
pub struct TrainArgs {
    /// Run config, TOML; with --from: [default: that run's]
    #[arg(value_name = "CONFIG", required_unless_present_any = ["resume", "from"])]
    config: Option<PathBuf>,
    /// Replace a value of the config, such as training.epochs=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seed of weights, split, order and encoder; short for --set training.seed=N
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Folder for the run, new or empty [default: runs/CONFIG-seedN]
    #[arg(long, short, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Begin with the network of the run in this folder; where learner.weight_bits is set, normalisations are folded into its
    /// weights first, as on a chip
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    from: Option<PathBuf>,
    /// Save and stop after so many steps, as Ctrl-C would
    #[arg(long, value_name = "STEPS")]
    stop_after: Option<u64>,
    /// Longest time between checkpoints within an epoch, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    checkpoint_secs: u64,
    /// Write no event files for TensorBoard
    #[arg(long)]
    no_tensorboard: bool,
}

/// A finished run as JSON prints it.
#[derive(Debug, Serialize)]
struct Trained<'a> {
    run: &'a Path,
    #[serde(flatten)]
    summary: &'a Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    continual: Option<&'a ContinualFigures>,
}

/// Trains and prints the result.
///
/// # Errors
/// As [`train`].
pub fn run(args: &TrainArgs, context: &Context) -> Result<(), GlocalError> {
    let (config, source) = args.config()?;
    let (out, start) = match &args.resume {
        Some(folder) => (folder.clone(), Start::Resume),
        None => (args.out.clone().unwrap_or_else(|| args.default_out(&config)), Start::New),
    };
    let options = TrainOptions {
        start,
        label: label(&config),
        source: Some(source),
        stop_after_steps: args.stop_after,
        board: BoardOutput::unless(args.no_tensorboard),
        checkpoint_interval: Duration::from_secs(args.checkpoint_secs),
        ..context.train_options()?
    };
    let summary = train(&config, &out, &options)?;
    if let Some(figures) = ContinualFigures::read(&RunFolder::read_only(&out)?)? {
        let trained = Trained { run: &out, summary: &summary, continual: Some(&figures) };
        context.print(&trained, || format!("{}: {}\n{}\n", label(&config), figures.in_words(), out.display()))?;
        context.progress.say(&format!("next: glocal report {}", out.display()));
        return Ok(());
    }
    let trained = Trained { run: &out, summary: &summary, continual: None };
    context.print(&trained, || in_words(&summary, &config, &out))?;
    let damage = if config.events.is_some() { "event-drop=0.5" } else { "gaussian=0.06" };
    context.progress.say(&format!("next: glocal eval {} --corrupt {damage}", out.display()));
    Ok(())
}

impl TrainArgs {
    fn config(&self) -> Result<(RunConfig, Source), GlocalError> {
        let mut overrides = self.set.clone();
        overrides.extend(self.seed.map(|seed| format!("training.seed={seed}")));
        let file = match (&self.config, self.resume.as_ref().or(self.from.as_ref())) {
            (Some(file), _) => file.clone(),
            (None, Some(run)) => RunFolder::read_only(run)?.path("config.toml"),
            (None, None) => PathBuf::new(),
        };
        let (mut config, source) = RunConfig::load_with_source(&file, &overrides)?;
        if let Some(from) = &self.from {
            config.training.from = Some(from.clone());
            if config.learner.weight_bits.is_some() {
                config.learner.network.layers.iter_mut().for_each(|layer| layer.norm = None);
            }
        }
        Ok((config, source))
    }

    fn default_out(&self, config: &RunConfig) -> PathBuf {
        let named = self.config.as_deref().or(self.from.as_deref());
        let stem = named.and_then(Path::file_stem).unwrap_or_default().to_string_lossy();
        Path::new("runs").join(format!("{stem}-seed{}", config.training.seed))
    }
}

fn label(config: &RunConfig) -> String {
    format!("{} seed {}", letters(config.learner.network.learning_rule), config.training.seed)
}

fn in_words(summary: &Summary, config: &RunConfig, out: &Path) -> String {
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let moving = summary.test_moving.as_ref();
    let moving =
        moving.map_or(String::new(), |m| format!(" (plastic weights frozen; moving: {})", percent(m.accuracy)));
    let validation =
        summary.validation_accuracy.map_or(String::new(), |a| format!(", best validation accuracy {}", percent(a)));
    format!(
        "{}: test accuracy {}{moving}\nnetwork of epoch {} of {}{validation}\n{}\n",
        label(config),
        percent(summary.test.accuracy),
        summary.selected_epoch,
        summary.epochs,
        out.display()
    )
}
