//! Test accuracy as damage of several kinds grows, over images or over the events of a camera.

use glocal_core::{Learner, PlasticEval};
use glocal_data::{Fault, SensorFault};
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::evaluate::evaluate_each;
use crate::run_folder::RunFolder;
use crate::samples::{Damage, Part, RunSamples};

/// Name of the file in the run folder.
const FILE: &str = "faults.json";

/// A ladder of damage, of images or of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ladder {
    /// Of images.
    Image(Fault),
    /// Of events.
    Sensor(SensorFault),
}

impl Ladder {
    /// The ladders that a run's samples can be put on.
    pub fn of(config: &RunConfig) -> Vec<Ladder> {
        match config.events {
            None => Fault::ALL.map(Ladder::Image).to_vec(),
            Some(_) => SensorFault::ALL.map(Ladder::Sensor).to_vec(),
        }
    }

    /// The damage of a level; level 0 does none.
    ///
    /// # Errors
    /// A level above 14.
    pub fn damage(self, level: u32) -> Result<Damage, GlocalError> {
        Ok(match (self, level) {
            (_, 0) => Damage::none(),
            (Ladder::Image(fault), _) => fault.level(level)?.into(),
            (Ladder::Sensor(fault), _) => fault.level(level)?.into(),
        })
    }

    /// Its name, and what a level is, in words.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Ladder::Image(fault) => match fault {
                Fault::Crop => ("centre crop", "level i: the centred square of side 2i is black"),
                Fault::Gaussian => ("gaussian noise", "level i: variance 0.01 i"),
                Fault::Salt => ("salt", "level i: 0.01 i of the pixels are white"),
                Fault::Pepper => ("pepper", "level i: 0.06 i of the pixels are black"),
                Fault::SaltAndPepper => ("salt and pepper", "level i: 0.02 i of the pixels are white or black"),
                Fault::Speckle => ("speckle", "level i: multiplicative variance 100 i"),
            },
            Ladder::Sensor(fault) => match fault {
                SensorFault::Centre => ("events: hole", "level i: no events in the centred square of side 2i"),
                SensorFault::FieldOfView => ("events: field of view", "level i: no events within i pixels of the edge"),
                SensorFault::BackgroundNoise => ("events: background", "level i: 10 i added events a second and pixel"),
                SensorFault::EventDrop => ("events: drop", "level i: 0.06 i of the events are lost"),
                SensorFault::DeadPixels => ("events: dead pixels", "level i: 0.06 i of the pixels never fire"),
                SensorFault::HotPixels => {
                    ("events: hot pixels", "level i: 0.01 i of the pixels fire 100 times a second")
                }
                SensorFault::TimeJitter => ("events: time jitter", "level i: deviation 2 i ms"),
            },
        }
    }
}

/// A network's test accuracy on several ladders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FaultCurves {
    /// Samples judged at each level.
    pub samples: u64,
    /// Samples per batch; it matters where the plastic weights move.
    pub batch: usize,
    /// One for each ladder.
    pub curves: Vec<FaultCurve>,
}

/// Test accuracy on one ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultCurve {
    /// The ladder.
    pub ladder: Ladder,
    /// In order of level.
    pub points: Vec<FaultPoint>,
}

/// Test accuracy at one level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultPoint {
    /// 0 to 14.
    pub level: u32,
    /// The damage, as `glocal eval --corrupt` takes it.
    pub damage: String,
    /// Share of the test samples, 0..=1, plastic weights as trained.
    pub frozen: f64,
    /// The same with the plastic weights moving within each batch; absent without plastic weights.
    pub moving: Option<f64>,
}

impl FaultCurves {
    /// Judges `learner` on the test samples at each of `levels` of every ladder.
    ///
    /// # Errors
    /// Samples that do not fit the network, or a loss that is not finite.
    pub fn measure(
        learner: &mut Learner,
        samples: &RunSamples<'_>,
        config: &RunConfig,
        levels: &[u32],
    ) -> Result<FaultCurves, GlocalError> {
        let batch = config.eval_batch();
        let mut accuracies = |damage: &Damage| {
            Ok::<_, GlocalError>(if config.is_plastic() {
                let both = [PlasticEval::Frozen, PlasticEval::Moving];
                let [frozen, moving] = evaluate_each(learner, samples, Part::Test, damage, batch, both)?;
                (frozen.accuracy, Some(moving.accuracy))
            } else {
                let [frozen] = evaluate_each(learner, samples, Part::Test, damage, batch, [PlasticEval::Frozen])?;
                (frozen.accuracy, None)
            })
        };
        // Level 0 is the same on every ladder.
        let clean = accuracies(&Damage::none())?;
        let mut point = |ladder: Ladder, level: u32| {
            let damage = ladder.damage(level)?;
            let (frozen, moving) = if level == 0 { clean } else { accuracies(&damage)? };
            Ok::<_, GlocalError>(FaultPoint { level, damage: damage.to_string(), frozen, moving })
        };
        let mut curve = |ladder: Ladder| {
            let points = levels.iter().map(|&level| point(ladder, level)).collect::<Result<_, _>>()?;
            Ok::<_, GlocalError>(FaultCurve { ladder, points })
        };
        let curves = Ladder::of(config).into_iter().map(&mut curve).collect::<Result<_, _>>()?;
        Ok(FaultCurves { samples: samples.numbers(Part::Test).len() as u64, batch, curves })
    }

    /// Whether it was measured at exactly these levels.
    pub fn covers(&self, levels: &[u32]) -> bool {
        let same = |curve: &FaultCurve| curve.points.iter().map(|point| point.level).eq(levels.iter().copied());
        !self.curves.is_empty() && self.curves.iter().all(same)
    }

    /// The curves in a run folder, if there are any.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(folder: &RunFolder) -> Result<Option<FaultCurves>, GlocalError> {
        folder.read_json(FILE)
    }

    /// Writes the curves into their run's folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, folder: &RunFolder) -> Result<(), GlocalError> {
        folder.write_json(FILE, self)
    }
}

impl FaultCurve {
    /// Area under the curve.
    ///
    /// # Equation
    /// The mean accuracy over the levels; with moving plastic weights if `moving` and there are any.
    pub fn area(&self, moving: bool) -> f64 {
        let accuracy = |point: &FaultPoint| point.moving.filter(|_| moving).unwrap_or(point.frozen);
        self.points.iter().map(accuracy).sum::<f64>() / self.points.len().max(1) as f64
    }
}
