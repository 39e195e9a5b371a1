//! `glocal reproduce`.

mod chip;
mod classification;
mod continual;
mod demo;
mod faults;
mod few_shot;
mod multi_task;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use glocal::board::BoardOutput;
use glocal::experiments::{
    arm_of_letters, chip as on_chip, classification as classify, continual as tasks, fashion_demo, fault_tolerance,
    few_shot as episodes, multi_task as together,
};
use glocal::report::LearningRule;
use glocal::train::Start;
use glocal::{GlocalError, TrainOptions};

use crate::args::Context;

/// Options of `glocal reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal reproduce fashion-demo
  glocal reproduce fashion-demo --seeds 1 --epochs 5 --out runs/short
  glocal reproduce fault-tolerance --quick
  glocal reproduce classification
  glocal reproduce few-shot --only hp,prototypes
  glocal reproduce continual --quick
  glocal reproduce continual --only hp,gp-sparse --tasks 10
  glocal reproduce continual --only hp --tasks 60 --resume    ten tasks more
  glocal reproduce multi-task --arms gp,hp
  glocal reproduce chip --seeds 1
  glocal reproduce chip --quick --few-shot runs/few-shot/hp-seed1
  glocal reproduce fashion-demo --resume                go on after Ctrl-C; finished runs are kept

few-shot needs Omniglot, continual MNIST, multi-task both and Fashion-MNIST, the others the full Fashion-MNIST: `glocal data fetch fashion-mnist`, or on Debian
`apt install dataset-fashion-mnist`; classification MNIST and (a part of) N-MNIST, too: `glocal data list`.")]
pub struct ReproduceArgs {
    /// Which published result
    name: Published,
    /// Folder for runs, results.json and report.html [default: runs/NAME]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seeds, one run of each arm per seed [default: 1,2,3; of classification, few-shot and continual 1]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    seeds: Vec<u64>,
    /// Epochs [default: those of the config files]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    epochs: Option<u64>,
    /// Arms: lp (local), gp (global), hp (hybrid); classification has hp only, few-shot and continual take --only
    #[arg(long, value_name = "ARM,ARM,...", value_delimiter = ',', default_value = "lp,gp,hp", value_parser = arm)]
    arms: Vec<LearningRule>,
    /// Only these runs. few-shot: hp, hp-second-order, gp, lp, prototypes, hp-spiking, hp-events; continual: hp, gp-sparse,
    /// gp-dense, ewc, ewc-online, si, context-gating, rehearsal
    #[arg(long, value_name = "NAME,NAME,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Tasks of continual [default: 50]; with --resume more than before make finished runs longer
    #[arg(long, value_name = "N", value_parser = tasks_in_a_row)]
    tasks: Option<usize>,
    /// continual: tries the grid that learning rates and strengths were chosen from, by validation images
    #[arg(long)]
    tune: bool,
    /// chip: brings this few-shot run's episodes onto the chip, too
    #[arg(long, value_name = "RUN")]
    few_shot: Option<PathBuf>,
    /// A taste in minutes: few epochs, part of the data, few levels of damage, one seed
    #[arg(long)]
    quick: bool,
    /// Go on in the folder; finished runs are kept
    #[arg(long)]
    resume: bool,
    /// Write no event files for TensorBoard
    #[arg(long)]
    no_tensorboard: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Published {
    /// Fashion-MNIST under gaussian noise, 784-512-10
    FashionDemo,
    /// Fashion-MNIST, images and events, as damage of many kinds grows
    FaultTolerance,
    /// Convolutional networks on MNIST, Fashion-MNIST and N-MNIST
    Classification,
    /// Omniglot: new characters from one example
    FewShot,
    /// Permuted MNIST: many tasks in a row without forgetting
    Continual,
    /// MNIST, Fashion-MNIST and alphabets of Omniglot at once, by one network
    MultiTask,
    /// Fashion-MNIST on the cores of a chip, 784-512-10, backprop alone and with local plasticity
    Chip,
}

impl Published {
    fn name(self) -> &'static str {
        match self {
            Published::FashionDemo => fashion_demo::NAME,
            Published::FaultTolerance => fault_tolerance::NAME,
            Published::Classification => classify::NAME,
            Published::FewShot => episodes::NAME,
            Published::Continual => tasks::NAME,
            Published::MultiTask => together::NAME,
            Published::Chip => on_chip::NAME,
        }
    }
}

fn arm(word: &str) -> Result<LearningRule, String> {
    arm_of_letters(word).ok_or_else(|| "known are lp, gp and hp".into())
}

fn tasks_in_a_row(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|tasks| (1..=10_000).contains(tasks)).ok_or_else(|| "give a number from 1 to 10000".into())
}

/// Carries out the experiment and prints its tables.
///
/// # Errors
/// Data that are not there, an occupied folder, Ctrl-C, or whatever a run meets.
pub fn run(args: &ReproduceArgs, context: &Context) -> Result<(), GlocalError> {
    match args.name {
        Published::FashionDemo => demo::run(args, context),
        Published::FaultTolerance => faults::run(args, context),
        Published::Classification => classification::run(args, context),
        Published::FewShot => few_shot::run(args, context),
        Published::Continual => continual::run(args, context),
        Published::MultiTask => multi_task::run(args, context),
        Published::Chip => chip::run(args, context),
    }
}

/// Each value once, in the order given: the same run twice would be the same folder twice.
fn unique<T: Copy + PartialEq>(values: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    values.iter().for_each(|value| {
        if !kept.contains(value) {
            kept.push(*value)
        }
    });
    kept
}

impl ReproduceArgs {
    fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(self.name.name()))
    }

    fn arms(&self) -> Vec<LearningRule> {
        unique(&self.arms)
    }

    /// Seeds asked for; else the experiment's, of which the quick form takes the first.
    fn seeds(&self, default: &[u64]) -> Vec<u64> {
        match (self.seeds.is_empty(), self.quick) {
            (false, _) => unique(&self.seeds),
            (true, true) => default[..1].to_vec(),
            (true, false) => default.to_vec(),
        }
    }

    fn options(&self, context: &Context, command: &str) -> Result<TrainOptions, GlocalError> {
        Ok(TrainOptions {
            start: if self.resume { Start::NewOrResume } else { Start::New },
            board: BoardOutput::unless(self.no_tensorboard),
            resume_command: Some(format!("{command} --resume")),
            ..context.train_options()?
        })
    }

    fn command(&self, out: &Path, seeds: &[u64]) -> String {
        let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
        let arms: Vec<String> = self.arms().iter().map(|&rule| glocal::compare::letters(rule).to_lowercase()).collect();
        let arms = match self.name {
            Published::Classification => String::new(),
            Published::FewShot | Published::Continual if self.only.is_empty() => String::new(),
            Published::FewShot | Published::Continual => format!(" --only {}", self.only.join(",")),
            _ => format!(" --arms {}", arms.join(",")),
        };
        let epochs = self.epochs.map_or(String::new(), |epochs| format!(" --epochs {epochs}"));
        let quick = if self.quick { " --quick" } else { "" };
        let tasks = self.tasks.map_or(String::new(), |tasks| format!(" --tasks {tasks}"));
        let tune = if self.tune { " --tune" } else { "" };
        let board = if self.no_tensorboard { " --no-tensorboard" } else { "" };
        let few_shot = self.few_shot.as_ref().map_or(String::new(), |run| format!(" --few-shot {}", run.display()));
        let options = format!("--seeds {}{arms}{tasks}{epochs}{quick}{tune}{few_shot}{board}", seeds.join(","));
        format!("glocal reproduce {} {options} --out {}", self.name.name(), out.display())
    }
}
