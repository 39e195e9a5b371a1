//! Omniglot, new characters from one example (section 4.4): plastic weights against none, against a random embedding, and
//! against prototypes.

use std::path::{Path, PathBuf};

use glocal_core::LearningRule;
use glocal_core::config::Schedule;
use glocal_data::episodes::EpisodeShape;
use serde::Serialize;

use super::{PlannedRun, carry_out_with};
use crate::compare::{FewShotFigures, RunRecord, TaskFigure};
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::run_folder::{RunFolder, write_json};
use crate::train::TrainOptions;

/// The experiment's name.
pub const NAME: &str = "few-shot";

/// One run of each contestant unless asked otherwise.
pub const SEEDS: [u64; 1] = [1];

/// Episodes that judge each task, and in the quick form.
pub const EPISODES: usize = 1000;
/// As [`EPISODES`], in the quick form.
pub const QUICK_EPISODES: usize = 100;

/// What `--quick` changes: a taste in minutes.
const QUICK: [&str; 4] = ["training.epochs=3", "episodes.training=200", "episodes.validation=50", "episodes.test=100"];

/// Looks at each picture where one example is all there is: chosen by validation episodes, like all else.
pub const LOOKS: usize = 5;

/// The published tasks, more shots of five classes, and several looks at one example; with the looks at each picture.
pub const TASKS: [(EpisodeShape, usize); 9] = [
    (EpisodeShape { ways: 5, shots: 1, queries: 5 }, 1),
    (EpisodeShape { ways: 5, shots: 5, queries: 5 }, 1),
    (EpisodeShape { ways: 20, shots: 1, queries: 2 }, 1),
    (EpisodeShape { ways: 20, shots: 5, queries: 2 }, 1),
    (EpisodeShape { ways: 5, shots: 2, queries: 5 }, 1),
    (EpisodeShape { ways: 5, shots: 3, queries: 5 }, 1),
    (EpisodeShape { ways: 5, shots: 10, queries: 5 }, 1),
    (EpisodeShape { ways: 5, shots: 1, queries: 5 }, LOOKS),
    (EpisodeShape { ways: 20, shots: 1, queries: 2 }, LOOKS),
];

/// Columns of the table: the tasks that others published.
pub const COLUMNS: [(usize, usize); 4] = [(5, 1), (5, 5), (20, 1), (20, 5)];

/// A network that takes part.
#[derive(Clone, Copy, Debug)]
pub struct Contestant {
    /// Its name in folders and options.
    pub name: &'static str,
    /// What it is called in tables.
    pub label: &'static str,
    config: &'static str,
    overrides: &'static [&'static str],
}

/// The hybrid network's config, as text.
pub const HYBRID: &str = include_str!("../../../../experiments/few-shot/hp.toml");

/// All that take part.
pub const CONTESTANTS: [Contestant; 7] = [
    Contestant { name: "hp", label: "HP", config: HYBRID, overrides: &[] },
    Contestant {
        name: "hp-second-order",
        label: "HP, second-order meta-learning",
        config: HYBRID,
        overrides: &[
            "training.meta_schedule={kind=\"second-order\"}",
            "training.epochs=15",
            "learner.weights.schedule.epochs=15",
            "learner.meta.schedule.epochs=15",
        ],
    },
    Contestant {
        name: "gp",
        label: "GP: no plastic weights",
        config: HYBRID,
        overrides: &["learner.network.learning_rule=\"global\"", "training.epochs=3"],
    },
    Contestant {
        name: "lp",
        label: "LP: random embedding",
        config: HYBRID,
        overrides: &["learner.network.learning_rule=\"local\"", "training.epochs=5"],
    },
    Contestant {
        name: "prototypes",
        label: "prototypes, same embedding",
        config: include_str!("../../../../experiments/few-shot/prototypes.toml"),
        overrides: &[],
    },
    Contestant {
        name: "hp-spiking",
        label: "HP, spiking embedding",
        config: include_str!("../../../../experiments/few-shot/hp-spiking.toml"),
        overrides: &[],
    },
    Contestant {
        name: "hp-events",
        label: "HP, spiking, events",
        config: include_str!("../../../../experiments/few-shot/hp-events.toml"),
        overrides: &[],
    },
];

/// What others report on Omniglot, in per cent, in the order of [`COLUMNS`].
pub const PUBLISHED: [(&str, [Option<f64>; 4]); 4] = [
    ("HP, published scripts", [Some(98.8), None, None, None]),
    ("GP, published scripts", [Some(28.7), None, None, None]),
    ("MAML (Finn et al. 2017)", [Some(98.7), Some(99.9), Some(95.8), Some(98.9)]),
    ("prototypical networks (Snell et al. 2017)", [Some(98.8), Some(99.7), Some(96.0), Some(98.9)]),
];

/// The runs: every contestant of `names` (none: all) for every seed.
///
/// # Errors
/// An unknown name; an epoch count or seed that makes no sense.
pub fn plan(names: &[String], seeds: &[u64], epochs: Option<u64>, quick: bool) -> Result<Vec<PlannedRun>, GlocalError> {
    if let Some(unknown) = names.iter().find(|name| !CONTESTANTS.iter().any(|c| c.name == **name)) {
        let known: Vec<&str> = CONTESTANTS.iter().map(|c| c.name).collect();
        return Err(GlocalError::Usage {
            message: format!("no run of {NAME} is called `{unknown}`"),
            hint: format!("known are {}", known.join(", ")),
        });
    }
    let chosen = CONTESTANTS.iter().filter(|c| names.is_empty() || names.iter().any(|name| name == c.name));
    let run = |(contestant, seed): (&Contestant, u64)| {
        let mut overrides: Vec<String> = contestant.overrides.iter().map(|&text| text.to_owned()).collect();
        overrides.extend(QUICK.iter().filter(|_| quick).map(|&text| text.to_owned()));
        overrides.push(format!("training.seed={seed}"));
        let mut config = RunConfig::parse(None, contestant.config, &overrides)?;
        if let Some(epochs) = epochs {
            overrides.extend(in_epochs(&config, epochs));
            config = RunConfig::parse(None, contestant.config, &overrides)?;
        }
        Ok(PlannedRun {
            name: format!("{}-seed{seed}", contestant.name),
            label: format!("{} seed {seed}", contestant.name),
            config,
        })
    };
    chosen.flat_map(|contestant| seeds.iter().map(move |&seed| (contestant, seed))).map(run).collect()
}

/// What makes a training last `epochs`: rates that fell along all of its epochs do so along these.
fn in_epochs(config: &RunConfig, epochs: u64) -> Vec<String> {
    let mut overrides = vec![format!("training.epochs={epochs}")];
    for (group, optimiser) in [("weights", &config.learner.weights), ("meta", &config.learner.meta)] {
        if matches!(optimiser.schedule, Schedule::Cosine { epochs, .. } if epochs == config.training.epochs) {
            overrides.push(format!("learner.{group}.schedule.epochs={epochs}"));
        }
    }
    overrides
}

/// Trains every run of [`plan`] and judges it in all [`TASKS`].
///
/// # Errors
/// As [`carry_out_with`].
pub fn carry_out(
    runs: &[PlannedRun],
    out: &Path,
    options: &TrainOptions,
    episodes: usize,
) -> Result<Vec<RunRecord>, GlocalError> {
    let measured =
        |folder: &RunFolder| Ok(FewShotFigures::read(folder)?.is_some_and(|figures| figures.covers(&TASKS, episodes)));
    carry_out_with(runs, out, options, &measured, &|run, folder, samples, learner| {
        let figures = FewShotFigures::measure(learner, samples, &run.config, &TASKS, episodes)?;
        figures.write(folder)?;
        options.progress.say(&in_one_line(&run.label, &figures));
        Ok(())
    })
}

fn in_one_line(label: &str, figures: &FewShotFigures) -> String {
    let task = |&(ways, shots): &(usize, usize)| {
        figures.task(ways, shots, 1).map(|task| format!("{ways}-way {shots}-shot {}", percent(task)))
    };
    format!("{label}: {}", COLUMNS.iter().filter_map(task).collect::<Vec<_>>().join(", "))
}

/// Accuracy with its confidence interval, `98.31 ± 0.20`.
pub fn percent(task: &TaskFigure) -> String {
    format!("{:.2} ± {:.2}", 100.0 * task.accuracy, 100.0 * task.interval)
}

/// What the experiment found, as results.json holds it.
#[derive(Clone, Debug, Serialize)]
pub struct FewShotResults {
    /// The experiment's name.
    pub experiment: String,
    /// Version of the program.
    pub version: String,
    /// One for each run.
    pub runs: Vec<ContestantResult>,
}

/// One run's figures.
#[derive(Clone, Debug, Serialize)]
pub struct ContestantResult {
    /// Its folder, relative to the experiment's.
    pub run: PathBuf,
    /// What it is called in tables.
    pub label: String,
    /// Its arm; absent for prototypes, which are none of the three.
    pub rule: Option<LearningRule>,
    /// Seed.
    pub seed: u64,
    /// Test accuracies.
    pub figures: FewShotFigures,
    /// Best validation accuracy, in per cent.
    pub validation: Option<f64>,
    /// Wall time of training, in minutes.
    pub train_minutes: f64,
}

impl FewShotResults {
    /// Name of the file in the experiment's folder.
    pub const FILE: &'static str = "results.json";

    /// Sums up the runs.
    pub fn of(records: &[RunRecord]) -> FewShotResults {
        let result = |record: &RunRecord| {
            let (summary, figures) = (record.summary.as_ref()?, record.few_shot.clone()?);
            let run = PathBuf::from(record.root.file_name()?);
            let name = run.to_string_lossy().rsplit_once("-seed").map(|(name, _)| name.to_owned());
            let known = CONTESTANTS.iter().find(|c| Some(c.name) == name.as_deref());
            let prototypes = record.config.learner.network.episode == Some(glocal_core::EpisodeReadout::Prototypes {});
            Some(ContestantResult {
                label: known.map_or_else(|| record.label(), |c| c.label.to_owned()),
                rule: (!prototypes).then_some(record.config.learner.network.learning_rule),
                seed: record.config.training.seed,
                validation: summary.validation_accuracy.map(|share| 100.0 * share),
                train_minutes: summary.train_seconds / 60.0,
                figures,
                run,
            })
        };
        FewShotResults {
            experiment: NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            runs: records.iter().filter_map(result).collect(),
        }
    }

    /// Writes results.json into the experiment's folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, out: &Path) -> Result<(), GlocalError> {
        write_json(&out.join(Self::FILE), self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contestant_reads_and_differs_in_what_it_should() {
        let runs = plan(&[], &SEEDS, None, false).unwrap();
        assert_eq!(runs.len(), CONTESTANTS.len());
        let of = |name: &str| &runs.iter().find(|run| run.name == format!("{name}-seed1")).unwrap().config;
        let keys = |name: &str| of("hp").differences(of(name)).join(" ");
        assert!(keys("gp").starts_with("learner.network.learning_rule"), "{}", keys("gp"));
        assert!(keys("lp").starts_with("learner.network.learning_rule"), "{}", keys("lp"));
        assert!(keys("hp-second-order").contains("meta_schedule"));
        let layers = |name: &str| of(name).learner.network.layers.clone();
        assert_eq!(layers("prototypes")[..], layers("hp")[..4], "the same embedding");
        assert_eq!(of("prototypes").episodes, of("hp").episodes);
        assert!(plan(&["hp".into()], &[1, 2], None, true).unwrap().len() == 2);
        assert!(plan(&["maml".into()], &[1], None, true).is_err());
    }

    /// Fewer epochs end where the whole training does, with the smallest rate; GP's three of many stay the first three.
    #[test]
    fn rates_fall_along_the_epochs_asked_for() {
        let along = |name: &str, epochs| {
            let config = plan(&[name.into()], &SEEDS, epochs, false).unwrap().remove(0).config;
            let of = |schedule| match schedule {
                Schedule::Cosine { epochs, .. } => epochs,
                other => panic!("{other:?}"),
            };
            [config.training.epochs, of(config.learner.weights.schedule), of(config.learner.meta.schedule)]
        };
        assert_eq!(along("hp-events", Some(8)), [8; 3]);
        assert_eq!(along("hp-events", None), [20; 3]);
        assert_eq!(along("hp-second-order", Some(4)), [4; 3]);
        assert_eq!(along("gp", Some(2)), [2, 48, 48]);
        assert!(plan(&["hp".into()], &SEEDS, Some(0), false).is_err());
    }
}
