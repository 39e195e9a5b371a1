//! What the steps of an epoch showed.

use std::time::Instant;

use glocal_core::learner::{Finding, StepReport};

use crate::run_folder::EpochMetrics;

/// An epoch under way.
pub(super) struct Tally {
    began: Instant,
    loss: f64,
    correct: usize,
    seen: usize,
    steps: u64,
}

impl Tally {
    pub fn begin() -> Tally {
        Tally { began: Instant::now(), loss: 0.0, correct: 0, seen: 0, steps: 0 }
    }

    /// A step on so many images.
    pub fn count(&mut self, report: &StepReport, images: usize) {
        self.loss += report.loss * images as f64;
        self.correct += report.correct;
        self.seen += images;
        self.steps += 1;
    }

    pub fn metrics(&self, epoch: u64, health: Vec<Finding>) -> EpochMetrics {
        let (seen, seconds) = (self.seen.max(1) as f64, self.began.elapsed().as_secs_f64());
        EpochMetrics {
            epoch,
            train_loss: self.loss / seen,
            train_accuracy: self.correct as f64 / seen,
            validation_loss: None,
            validation_accuracy: None,
            samples_per_s: seen / seconds.max(1e-9),
            seconds,
            step_ms: 1e3 * seconds / self.steps.max(1) as f64,
            health,
        }
    }
}
