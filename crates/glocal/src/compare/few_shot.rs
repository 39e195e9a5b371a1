//! Test accuracy in episodes of several sizes.

use glocal_core::{EpisodeReadout, Learner, PlasticEval};
use glocal_data::episodes::EpisodeShape;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, evaluate};
use crate::run_folder::RunFolder;
use crate::samples::{Damage, Part, RunSamples};

/// Name of the file in the run folder.
const FILE: &str = "few-shot.json";

/// Test accuracy of one network in episodes of several sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FewShotFigures {
    /// One for each size that was asked for and that the network can meet.
    pub tasks: Vec<TaskFigure>,
    /// Sizes that were asked for, and looks at each picture.
    pub asked: Vec<(EpisodeShape, usize)>,
    /// Episodes of each.
    pub episodes: usize,
}

/// Test accuracy in episodes of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskFigure {
    /// Size of an episode.
    pub shape: EpisodeShape,
    /// Looks at each picture: once as it is, then varied a little; the answers to a query are averaged.
    pub looks: usize,
    /// Episodes judged.
    pub episodes: u64,
    /// Mean accuracy, 0..=1.
    pub accuracy: f64,
    /// Half width of its 95 % confidence interval over episodes.
    pub interval: f64,
}

impl FewShotFigures {
    /// Judges `learner` on `episodes` test episodes of each of the sizes and looks `asked` for; a plastic read-out is narrowed to fewer classes
    /// than it learned with, and left out where they are more.
    ///
    /// # Errors
    /// Too few test classes or pictures, or a loss that is not finite.
    pub fn measure(
        learner: &Learner,
        samples: &mut RunSamples<'_>,
        config: &RunConfig,
        asked: &[(EpisodeShape, usize)],
        episodes: usize,
    ) -> Result<FewShotFigures, GlocalError> {
        let mut tasks = Vec::new();
        for &(shape, looks) in asked {
            if !can_meet(config, shape.ways) {
                continue;
            }
            samples.judge_by(shape, episodes, looks)?;
            let mut narrowed = learner.narrowed(shape.ways)?;
            let plastic = PlasticEval::Moving;
            let options = EvalOptions { plastic, damage: Damage::none(), batch: config.eval_batch() };
            let judged = evaluate(&mut narrowed, samples, Part::Test, &options)?;
            if let Some(spread) = judged.episodes {
                let (accuracy, interval) = (judged.accuracy, spread.interval);
                tasks.push(TaskFigure { shape, looks, episodes: spread.episodes, accuracy, interval });
            }
        }
        Ok(FewShotFigures { tasks, asked: asked.to_vec(), episodes })
    }

    /// The figure for so many ways, shots and looks.
    pub fn task(&self, ways: usize, shots: usize, looks: usize) -> Option<&TaskFigure> {
        self.tasks.iter().find(|task| (task.shape.ways, task.shape.shots, task.looks) == (ways, shots, looks))
    }

    /// Whether it was measured in exactly these sizes, in so many episodes of each.
    pub fn covers(&self, asked: &[(EpisodeShape, usize)], episodes: usize) -> bool {
        self.asked == asked && self.episodes == episodes
    }

    /// The figures in a run folder, if there are any.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(folder: &RunFolder) -> Result<Option<FewShotFigures>, GlocalError> {
        folder.read_json(FILE)
    }

    /// Writes the figures into a run folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, folder: &RunFolder) -> Result<(), GlocalError> {
        folder.write_json(FILE, self)
    }
}

/// Whether a run's network can meet episodes of so many classes.
pub fn can_meet(config: &RunConfig, ways: usize) -> bool {
    let most = match config.learner.network.episode {
        Some(EpisodeReadout::Prototypes {}) => usize::MAX,
        Some(EpisodeReadout::Plastic { .. }) => config.learner.network.layers.last().map_or(0, |layer| layer.size),
        None => 0,
    };
    ways <= most
}
