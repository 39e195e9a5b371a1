//! `glocal eval`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glocal::config::PlasticMode;
use glocal::cost::{self, Cost};
use glocal::train::load_network;
use glocal::{Damage, EvalOptions, Evaluation, GlocalError, Part, RunFolder, RunSamples, Samples, evaluate};
use serde::Serialize;

use crate::args::Context;

/// Options of `glocal eval`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  glocal eval runs/hp
  glocal eval runs/hp --corrupt gaussian=0.06 --plastic moving
  glocal eval runs/hp --corrupt pepper=0.1+centre=4
  glocal eval runs/hp --split validation --json | jq .accuracy

Of images: gaussian, speckle (=VARIANCE), salt, pepper, salt-and-pepper (=SHARE), border, centre,
random-crop (=PIXELS), occlusion (=SHARE). Of recordings: background-noise (=HZ), event-drop, dead-pixels
(=SHARE), hot-pixels (=SHARE,HZ), border, centre (=PIXELS), time-jitter (=MICROSECONDS).
Several with + between them, or --corrupt more than once.")]
pub struct EvalArgs {
    /// Run folder
    run: PathBuf,
    /// Damage the samples first; may be repeated
    #[arg(long, value_name = "KIND=NUMBER")]
    corrupt: Vec<String>,
    /// What the plastic weights do meanwhile
    #[arg(long, value_name = "MODE", default_value = "frozen")]
    plastic: Plastic,
    /// Which images
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    split: Split,
    /// Images per batch [default: the run's]; matters only where the plastic weights move
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Plastic {
    /// They keep their trained value: each image is judged alone
    Frozen,
    /// They move within each batch, as in the published scripts: a prediction depends on the other images of its batch
    Moving,
}

/// Which samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Split {
    /// Images to learn from
    Train,
    /// Training images set aside to choose the model by
    Validation,
    /// Images never learnt from
    Test,
}

/// The result as JSON prints it.
#[derive(Debug, Serialize)]
struct Judgement {
    run: PathBuf,
    dataset: String,
    split: String,
    corruption: Option<Damage>,
    plastic: PlasticMode,
    batch: usize,
    epochs_trained: u64,
    #[serde(flatten)]
    evaluation: Evaluation,
    /// Absent where there are no samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
}

/// Judges and prints.
///
/// # Errors
/// A folder that is no run, a damaged checkpoint, data that are not there, a corruption that makes no sense.
pub fn run(args: &EvalArgs, context: &Context) -> Result<(), GlocalError> {
    let folder = RunFolder::read_only(&args.run)?;
    let config = folder.config()?;
    let part = args.split.part();
    if part == Part::Validation && config.data.validation == 0 && config.episodes.is_none() {
        return Err(no_validation(args));
    }
    let (mut learner, position) = load_network(&folder, &config)?;
    let images = Samples::of(&config, &context.locations)?;
    let images = RunSamples::new(&images, &config, None)?;
    let damage = images.damage(&args.corrupt)?;
    let batch = args.batch.map_or(config.eval_batch(), |batch| batch as usize);
    let plastic = args.plastic_mode();
    let options = EvalOptions { plastic: plastic.into(), damage, batch };
    let evaluation = evaluate(&mut learner, &images, part, &options)?;
    let cost = cost::measure(&mut learner, &images, part, &options.damage)?;
    let judgement = Judgement {
        run: args.run.clone(),
        dataset: config.data.dataset,
        split: part.to_string(),
        corruption: Some(options.damage).filter(|damage| !damage.is_none()),
        plastic,
        batch,
        epochs_trained: position.epoch,
        evaluation,
        cost,
    };
    context.print(&judgement, || judgement.in_words())
}

fn no_validation(args: &EvalArgs) -> GlocalError {
    GlocalError::Usage {
        message: format!("{} set no validation images aside (data.validation = 0)", args.run.display()),
        hint: "use --split test or --split train".into(),
    }
}

impl Split {
    pub(crate) fn part(self) -> Part {
        match self {
            Split::Train => Part::Train,
            Split::Validation => Part::Validation,
            Split::Test => Part::Test,
        }
    }
}

impl EvalArgs {
    fn plastic_mode(&self) -> PlasticMode {
        match self.plastic {
            Plastic::Frozen => PlasticMode::Frozen,
            Plastic::Moving => PlasticMode::Moving,
        }
    }
}

impl Judgement {
    fn cost_in_words(&self) -> String {
        self.cost.map_or(String::new(), |cost| cost.in_words() + "\n")
    }

    fn in_words(&self) -> String {
        let Evaluation { samples, correct, accuracy, loss, .. } = &self.evaluation;
        let damage = self.corruption.as_ref().map_or(String::new(), |corruption| format!(", {corruption}"));
        if let Some(spread) = &self.evaluation.episodes {
            return format!(
                "accuracy {:.2} ± {:.2} %  (95 % interval over {} {} episodes; {correct} of {samples} queries{damage})\n\
                 loss {loss:.6}\n{}",
                100.0 * accuracy,
                100.0 * spread.interval,
                spread.episodes,
                self.split,
                self.cost_in_words(),
            );
        }
        let plastic = match self.plastic {
            PlasticMode::Frozen => "frozen",
            PlasticMode::Moving => "moving",
        };
        format!(
            "accuracy {:.2} %  ({correct} of {samples} {} images{damage}; plastic weights {plastic})\nloss {loss:.6}\n{}",
            100.0 * accuracy,
            self.split,
            self.cost_in_words()
        )
    }
}
