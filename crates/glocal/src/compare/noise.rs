//! Test accuracy against noise: the figure that tells the arms apart.

use glocal_core::{Learner, PlasticEval};
use glocal_data::Corruption;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::evaluate::{EvalOptions, evaluate};
use crate::run_folder::RunFolder;
use crate::samples::{Damage, Part, RunSamples};

/// Name of the file in the run folder.
const FILE: &str = "noise.json";

/// A network's test accuracy at several noise variances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NoiseCurve {
    /// Images judged at each variance.
    pub samples: u64,
    /// Images per batch; it matters where the plastic weights move.
    pub batch: usize,
    /// In order of variance.
    pub points: Vec<NoisePoint>,
}

/// Test accuracy at one variance of gaussian noise, clipped to 0..=1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoisePoint {
    /// In squared intensities, where white is 1.
    pub variance: f64,
    /// Share of the test images, 0..=1, plastic weights as trained.
    pub frozen: f64,
    /// The same with the plastic weights moving within each batch; absent without plastic weights.
    pub moving: Option<f64>,
}

impl NoiseCurve {
    /// Judges `learner` on the test images under noise of each variance.
    ///
    /// # Errors
    /// Images that do not fit the network, or a loss that is not finite.
    pub fn measure(
        learner: &mut Learner,
        images: &RunSamples<'_>,
        config: &RunConfig,
        variances: &[f64],
    ) -> Result<NoiseCurve, GlocalError> {
        let batch = config.eval_batch();
        let mut accuracy = |variance: f64, plastic| {
            let damage = if variance > 0.0 { Corruption::Gaussian { variance }.into() } else { Damage::none() };
            Ok::<_, GlocalError>(
                evaluate(learner, images, Part::Test, &EvalOptions { plastic, damage, batch })?.accuracy,
            )
        };
        let mut point = |variance: f64| {
            let frozen = accuracy(variance, PlasticEval::Frozen)?;
            let moving = config.is_plastic().then(|| accuracy(variance, PlasticEval::Moving)).transpose()?;
            Ok::<_, GlocalError>(NoisePoint { variance, frozen, moving })
        };
        let points = variances.iter().map(|&variance| point(variance)).collect::<Result<_, _>>()?;
        Ok(NoiseCurve { samples: images.numbers(Part::Test).len() as u64, batch, points })
    }

    /// Whether it was measured at exactly these variances.
    pub fn covers(&self, variances: &[f64]) -> bool {
        self.points.iter().map(|point| point.variance).eq(variances.iter().copied())
    }

    /// The curve in a run folder, if there is one.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(folder: &RunFolder) -> Result<Option<NoiseCurve>, GlocalError> {
        folder.read_json(FILE)
    }

    /// Writes the curve into its run's folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, folder: &RunFolder) -> Result<(), GlocalError> {
        folder.write_json(FILE, self)
    }
}
