//! What a report says: plain values, filled by the caller, printed by [`render`](super::render).

mod activity;
mod arms;
mod chip;
mod chip_episodes;
mod class_incremental;
mod confusion;
mod continual;
mod faults;
mod few_shot;
mod multi_task;
mod number;
mod published;
mod weights;

pub use activity::{Image, LayerRaster, PotentialTrace, SampleActivity, Spike};
pub use arms::{Arm, NoiseAccuracy, SeedCurve};
pub use chip::{
    ChipComponent, ChipFaults, ChipLayer, ChipLink, ChipMesh, ChipNetwork, ChipPhase, Chips, PlacedNetwork,
};
pub(in crate::report) use chip::{Limit, UsedPlace};
pub use chip_episodes::{ChipCost, ChipEpisodes};
pub use class_incremental::{ClassIncremental, SessionAccuracy, SessionCurve};
pub use confusion::Confusion;
pub(in crate::report) use confusion::Mistake;
pub use continual::{Continual, ContinualMethod, TaskMatrix, UnnamedAccuracy};
pub(in crate::report) use continual::{Fall, TaskAccuracy};
pub(in crate::report) use faults::PlasticState;
pub use faults::{FaultArm, FaultExample, FaultKind, FaultTolerance, LevelAccuracy};
pub use few_shot::{ExplainedEpisode, FewShot, FewShotCell, FewShotRow, ShotCurve, ShotPoint, ShownPicture};
pub(in crate::report) use few_shot::{Verdict, highest};
pub use multi_task::{MultiTask, MultiTaskNetwork};
pub use published::{Published, PublishedPoint};
pub use weights::{HybridField, HybridFields, Matrix, PlasticLayer, ReceptiveField, WeightView};

use glocal_core::learner::Severity;
use serde::{Deserialize, Serialize};

/// Everything one page shows. An empty or absent part leaves its section out, so the same type serves one run and a
/// whole reproduction.
///
/// A number that is not finite is kept, written to JSON as `null`, and shown as `not finite`: the page never hides a
/// divergence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The heading of the page.
    pub title: String,
    /// One paragraph in plain words: what was done and what came out.
    pub summary: String,
    /// A line to be read before anything else, for instance that the data are synthetic.
    pub notice: Option<String>,
    /// The few numbers a reader should take home.
    pub headlines: Vec<Headline>,
    /// The learning rules compared, in the order of the table.
    pub arms: Vec<Arm>,
    /// What the horizontal axis of the noise figure is; the variance of gaussian pixel noise if absent.
    pub noise_axis: Option<String>,
    /// How well new classes are told apart after a few pictures of each.
    pub few_shot: Option<FewShot>,
    /// How well classes are known that came session after session.
    pub class_incremental: Option<ClassIncremental>,
    /// What is left of earlier tasks after many in a row.
    pub continual: Option<Continual>,
    /// How well several tasks were learned at once.
    pub multi_task: Option<MultiTask>,
    /// What chips make of trained networks.
    pub chips: Option<Chips>,
    /// How accuracy falls as test samples are damaged in several ways.
    pub fault_tolerance: Option<FaultTolerance>,
    /// Which classes were taken for which.
    pub confusions: Vec<Confusion>,
    /// What single samples did inside the network.
    pub samples: Vec<SampleActivity>,
    /// What the local rule has written.
    pub plastic_layers: Vec<PlasticLayer>,
    /// What the health checks found; `Some` and empty means that they ran and found nothing.
    pub health: Option<Vec<Finding>>,
    /// How to obtain the same numbers again.
    pub provenance: Option<Provenance>,
}

impl Report {
    /// Spikes listed and drawn of one layer: more would weigh megabytes and show no more than a black field.
    pub(in crate::report) const MOST_SPIKES: usize = 20_000;

    /// Classes of a confusion matrix: with more, cells are too small to be seen.
    pub(in crate::report) const MOST_CLASSES: usize = 100;
    /// Pictures of one kind of damage.
    pub(in crate::report) const MOST_EXAMPLES: usize = 16;
    /// Episodes shown in full.
    pub(in crate::report) const MOST_EPISODES: usize = 4;
    /// Labelled pictures, queries and way neurons of one episode: a support of 20 classes with 5 pictures each fits.
    pub(in crate::report) const MOST_OF_EPISODE: [usize; 3] = [100, 12, 40];
    /// Methods, tasks and matrices of continual learning: names of more lines have no room, more cells are too small.
    pub(in crate::report) const MOST_OF_CONTINUAL: [usize; 3] = [24, 100, 4];

    /// Networks and tasks of multi-task learning, likewise.
    pub(in crate::report) const MOST_OF_MULTI_TASK: [usize; 2] = [24, 24];

    /// Curves and sessions of classes that come in sessions.
    pub(in crate::report) const MOST_OF_SESSIONS: [usize; 2] = [24, 1000];

    /// Networks on chips, and places of all their meshes together: every place is an element of the page.
    pub(in crate::report) const MOST_OF_CHIPS: [usize; 2] = [24, 16_384];

    /// The report as it goes into the page: lists of spikes and of damaged samples are thinned, confusion matrices of
    /// very many classes reduced, and long episodes and rows of tasks cut.
    pub(in crate::report) fn bounded(&self) -> Self {
        let mut report = self.clone();
        report.samples.iter_mut().flat_map(|s| &mut s.layers).for_each(|layer| layer.thinned(Self::MOST_SPIKES));
        let kinds = report.fault_tolerance.iter_mut().flat_map(|tolerance| &mut tolerance.kinds);
        kinds.for_each(|kind| kind.thin_examples(Self::MOST_EXAMPLES));
        if let Some(few_shot) = &mut report.few_shot {
            few_shot.episodes.truncate(Self::MOST_EPISODES);
            few_shot.episodes.iter_mut().for_each(|episode| episode.bounded(Self::MOST_OF_EPISODE));
        }
        report.class_incremental.iter_mut().for_each(|found| found.bounded(Self::MOST_OF_SESSIONS));
        report.continual.iter_mut().for_each(|continual| continual.bounded(Self::MOST_OF_CONTINUAL));
        report.multi_task.iter_mut().for_each(|multi_task| multi_task.bounded(Self::MOST_OF_MULTI_TASK));
        report.chips.iter_mut().for_each(|chips| chips.bounded(Self::MOST_OF_CHIPS));
        report.confusions.iter_mut().for_each(|confusion| confusion.reduced(Self::MOST_CLASSES));
        report
    }
}

/// One number to take home.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Headline {
    /// What it is.
    pub label: String,
    /// The number with its unit, already printed.
    pub value: String,
    /// What to compare it with.
    pub note: Option<String>,
}

/// How much a [`Finding`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// The result may suffer.
    Warning,
    /// The result should not be trusted.
    Error,
}

/// One thing the health checks noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// Which run, for instance `HP, seed 1`; absent where the page shows one run only.
    #[serde(default)]
    pub run: Option<String>,
    /// Where; absent for the whole network.
    #[serde(default)]
    pub layer: Option<String>,
    /// What was seen, with its numbers.
    pub what: String,
    /// What to try.
    #[serde(default)]
    pub hint: Option<String>,
}

impl From<glocal_core::Finding> for Finding {
    fn from(finding: glocal_core::Finding) -> Self {
        let level = match finding.severity {
            Severity::Note => Level::Info,
            Severity::Warning => Level::Warning,
        };
        Self { level, run: None, layer: Some(finding.layer), what: finding.what, hint: Some(finding.hint) }
    }
}

/// How to obtain the same numbers again. Absent parts are left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The version of the program.
    pub version: Option<String>,
    /// The hash of the resolved configuration.
    pub config_hash: Option<String>,
    /// The seeds of the runs.
    pub seeds: Vec<u64>,
    /// How many threads ran.
    pub threads: Option<usize>,
    /// The machine: processor, cores, operating system.
    pub machine: Option<String>,
    /// Wall time of everything on the page, in seconds.
    pub wall_time_secs: Option<f64>,
    /// The date, printed by the caller: the report reads no clock.
    pub date: Option<String>,
    /// The command lines that give these numbers again, in order.
    pub commands: Vec<String>,
    /// Anything else worth keeping, as name and value.
    pub more: Vec<(String, String)>,
}
