//! Runs that learnt in episodes: which episodes judge, and what cores make of them.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use glocal::chip::{
    EpisodeEvaluation, EpisodeTask, Fit, OnChip, judge_episodes, judge_episodes_in_floats, judge_episodes_on_chip,
    placed_network, share_of, time_episodes,
};
use glocal::report::{ChipCost, PlacedNetwork};
use glocal::samples::core_shape;
use glocal::{GlocalError, Part, RunConfig, RunSamples, Samples};
use glocal_chip::simulate::Network;
use glocal_data::episodes::EpisodeShape;
use serde::Serialize;

use super::check::in_words;
use super::quantise::images;
use super::simulate::SimulateArgs;
use super::subject::Loaded;
use crate::args::Context;

/// Episodes whose packets are followed unless asked otherwise.
const TIMED: usize = 3;

/// Pictures of an episode, all together.
const MOST_PICTURES: usize = 4096;

/// A number of episodes.
fn episodes(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|count| (1..=1_000_000).contains(count))
        .ok_or_else(|| "give a number from 1 to 1000000".into())
}

/// Which episodes judge a run that learnt in episodes.
#[derive(Debug, Args)]
pub(super) struct EpisodeArgs {
    /// Classes of an episode, for a run in episodes [default: the run's]
    #[arg(long, value_name = "N", value_parser = images)]
    ways: Option<usize>,
    /// Labelled pictures of each class [default: the run's]
    #[arg(long, value_name = "N", value_parser = images)]
    shots: Option<usize>,
    /// Pictures of each class that are asked about [default: the run's]
    #[arg(long, value_name = "N", value_parser = images)]
    queries: Option<usize>,
    /// Episodes to judge by [default: the run's]
    #[arg(long, value_name = "N", value_parser = episodes)]
    episodes: Option<usize>,
    /// Whose characters judge [default: test]
    #[arg(long, value_name = "SPLIT")]
    split: Option<Split>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Split {
    /// Those that chose the model
    Validation,
    /// Those never met before
    Test,
}

impl EpisodeArgs {
    /// The episodes that judge a run; none where it did not learn in episodes.
    ///
    /// # Errors
    /// Options of episodes for another run.
    pub(super) fn task(&self, config: &RunConfig, run: &Path) -> Result<Option<EpisodeTask>, GlocalError> {
        let Some(own) = &config.episodes else {
            let sizes = [self.ways, self.shots, self.queries, self.episodes];
            return match sizes.iter().any(Option::is_some) || self.split.is_some() {
                false => Ok(None),
                true => Err(GlocalError::Usage {
                    message: format!("{} did not learn in episodes: it has no ways, shots or queries", run.display()),
                    hint: "leave --ways, --shots, --queries, --episodes and --split out".into(),
                }),
            };
        };
        let EpisodeShape { ways, shots, queries } = own.judged();
        let shape = EpisodeShape {
            ways: self.ways.unwrap_or(ways),
            shots: self.shots.unwrap_or(shots),
            queries: self.queries.unwrap_or(queries),
        };
        let sizes = [shape.ways, shape.shots, shape.queries];
        if sizes.iter().any(|&size| size > MOST_PICTURES) || shape.ways * (shape.shots + shape.queries) > MOST_PICTURES
        {
            let [ways, shots, queries] = sizes;
            return Err(GlocalError::Usage {
                message: format!(
                    "{ways} classes of {shots} + {queries} pictures are more than {MOST_PICTURES} pictures"
                ),
                hint: "give fewer --ways, --shots or --queries".into(),
            });
        }
        let (part, own) = match self.split {
            Some(Split::Validation) => (Part::Validation, own.validation),
            Some(Split::Test) | None => (Part::Test, own.test),
        };
        Ok(Some(EpisodeTask { shape, part, episodes: self.episodes.unwrap_or(own) }))
    }
}

/// Images make no sense where episodes judge.
///
/// # Errors
/// Images asked for.
pub(super) fn refuse_images(images: Option<usize>, run: &Path) -> Result<(), GlocalError> {
    match images {
        None => Ok(()),
        Some(_) => Err(GlocalError::Usage {
            message: format!("{} is judged by episodes, not by images", run.display()),
            hint: "give --episodes in place of --images".into(),
        }),
    }
}

/// The episodes that judged.
#[derive(Debug, Serialize)]
pub(super) struct TaskInWords {
    #[serde(flatten)]
    shape: EpisodeShape,
    split: String,
}

impl From<EpisodeTask> for TaskInWords {
    fn from(task: EpisodeTask) -> Self {
        TaskInWords { shape: task.shape, split: task.part.to_string() }
    }
}

impl fmt::Display for TaskInWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-way {}-shot, {} episodes", self.shape.ways, self.shape.shots, self.split)
    }
}

/// Accuracy with its interval.
pub(super) fn percent(judged: &EpisodeEvaluation) -> String {
    format!("{:.2} ± {:.2} % ({} episodes)", 100.0 * judged.accuracy, 100.0 * judged.interval, judged.episodes)
}

/// What a simulation found.
#[derive(Debug, Serialize)]
struct Simulated {
    run: PathBuf,
    task: TaskInWords,
    fit: Fit,
    float: EpisodeEvaluation,
    /// The integer reference on the same episodes.
    reference: EpisodeEvaluation,
    on_chip: EpisodeEvaluation,
    /// Time and energy; absent if no episode was followed.
    timed: Option<Timed>,
}

/// Means over the episodes that were followed.
#[derive(Debug, Serialize)]
struct Timed {
    /// A class stored, all its pictures.
    class: ChipCost,
    /// A query answered.
    query: ChipCost,
    /// The whole support.
    stored: PlacedNetwork,
    /// All queries.
    asked: PlacedNetwork,
}

/// Runs a run's episodes on the cores.
///
/// # Errors
/// As `glocal chip simulate`.
pub(super) fn simulate(
    args: &SimulateArgs,
    loaded: Loaded,
    task: EpisodeTask,
    context: &Context,
) -> Result<(), GlocalError> {
    refuse_images(args.images, &args.subject.run)?;
    let Loaded { mut config, mut learner, network, .. } = loaded;
    let on_chip = args.subject.on_chip(&network)?;
    let fit = args.subject.fit(&on_chip, Some(task))?;
    task.limit(&mut config);
    let samples = Samples::of(&config, &context.locations)?;
    let mut samples = RunSamples::new(&samples, &config, None)?;
    samples.judge_by(task.shape, task.episodes, 1)?;
    let float = judge_episodes_in_floats(&mut learner, &samples, task, config.eval_batch())?;
    let reference = judge_episodes(&network, &samples, task)?;
    let judged = judge_episodes_on_chip(&on_chip, &samples, task, args.faults.faults())?;
    let timed = match args.timed.unwrap_or(TIMED) {
        0 => None,
        episodes => Some(timed(args, &on_chip, &samples, EpisodeTask { episodes, ..task })?),
    };
    let run = args.subject.run.clone();
    let found = Simulated { run, task: task.into(), fit, float, reference, on_chip: judged, timed };
    context.print(&found, || found.in_words())
}

fn timed(
    args: &SimulateArgs,
    on_chip: &OnChip<'_>,
    samples: &RunSamples<'_>,
    task: EpisodeTask,
) -> Result<Timed, GlocalError> {
    let how = if args.unbuffered { Network::Load } else { Network::Buffers };
    let sizes = core_shape(task.shape);
    let [store, ask] = args.places.placed(on_chip)?.of_episode(sizes.supports, sizes.queries)?;
    let [stored, asked] = time_episodes(on_chip, [&store, &ask], how, samples, task)?;
    let (stored, asked) = (placed_network(on_chip, &store, &stored)?, placed_network(on_chip, &ask, &asked)?);
    let class = share_of(&stored, task.shape.ways);
    let query = share_of(&asked, sizes.queries);
    Ok(Timed { class, query, stored, asked })
}

impl Simulated {
    fn in_words(&self) -> String {
        format!(
            "{}\n{}\n  {} on the chip\n  {} by the integer reference\n  {} in floats\n{}",
            in_words(&self.fit),
            self.task,
            percent(&self.on_chip),
            percent(&self.reference),
            percent(&self.float),
            self.timed.as_ref().map_or(String::new(), Timed::in_words),
        )
    }
}

impl Timed {
    fn in_words(&self) -> String {
        let cost = |cost: &ChipCost| {
            let [low, nominal, high] = cost.nanojoules;
            format!("{:.1} us and {nominal:.0} nJ ({low:.0} to {high:.0})", cost.microseconds)
        };
        let parts = |of: &PlacedNetwork| {
            let mut parts: Vec<_> = of.components.iter().collect();
            parts.sort_by(|a, b| b.nanojoules[1].total_cmp(&a.nanojoules[1]));
            let parts: Vec<String> =
                parts.iter().map(|part| format!("{} {:.1}", part.name, part.nanojoules[1])).collect();
            parts.join(", ")
        };
        format!(
            "a class stored: {}; a query answered: {}; mean of {} episodes\nnJ of a support by component: {}\nnJ of the queries: \
             {}\n",
            cost(&self.class),
            cost(&self.query),
            self.stored.images,
            parts(&self.stored),
            parts(&self.asked),
        )
    }
}
