//! Judging a trained network on images, clean or corrupted.

use glocal_core::{CoreError, Learner, PlasticEval};
use serde::{Deserialize, Serialize};

use crate::error::GlocalError;
use crate::samples::{Damage, Feed, Part, RunSamples};

/// How to judge.
#[derive(Clone, Debug)]
pub struct EvalOptions {
    /// What the plastic state does meanwhile.
    pub plastic: PlasticEval,
    /// What is done to the samples first.
    pub damage: Damage,
    /// Images per batch; it matters to the result where the plastic state moves.
    pub batch: usize,
}

/// What a network made of some images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Images judged.
    pub samples: u64,
    /// Of these, classified rightly.
    pub correct: u64,
    /// `correct / samples`, 0..=1.
    pub accuracy: f64,
    /// Mean loss over the images.
    pub loss: f64,
    /// Per class: images, and of these classified rightly.
    pub per_class: Vec<[u64; 2]>,
}

/// Judges `learner` on one part of a run's images, in their own order.
///
/// # Errors
/// Images that do not fit the network, or a loss that is not finite.
pub fn evaluate(
    learner: &mut Learner,
    images: &RunSamples<'_>,
    part: Part,
    options: &EvalOptions,
) -> Result<Evaluation, GlocalError> {
    let mut tally = Tally::new(images.classes());
    let mut feed = Feed::default();
    for numbers in images.numbers(part).chunks(options.batch.max(1)) {
        images.evaluation_batch(&mut feed, part, numbers, &options.damage)?;
        let report = learner.evaluate(feed.input(), feed.labels(), options.plastic)?;
        tally.count(&report, feed.labels());
    }
    let evaluation = tally.finish();
    if evaluation.loss.is_finite() { Ok(evaluation) } else { Err(not_finite(learner).into()) }
}

fn not_finite(learner: &Learner) -> CoreError {
    CoreError::Diverged { step: learner.steps_taken(), layer: "read-out".into(), what: "evaluation loss".into() }
}

struct Tally {
    loss_sum: f64,
    per_class: Vec<[u64; 2]>,
}

impl Tally {
    fn new(classes: usize) -> Self {
        Tally { loss_sum: 0.0, per_class: vec![[0; 2]; classes] }
    }

    fn count(&mut self, report: &glocal_core::EvalReport, labels: &[u32]) {
        self.loss_sum += report.loss * labels.len() as f64;
        for (&label, &prediction) in labels.iter().zip(&report.predictions) {
            if let Some([seen, correct]) = self.per_class.get_mut(label as usize) {
                *seen += 1;
                *correct += u64::from(prediction == label);
            }
        }
    }

    fn finish(self) -> Evaluation {
        let total = |index: usize| self.per_class.iter().map(|class| class[index]).sum::<u64>();
        let (samples, correct) = (total(0), total(1));
        let share = |sum: f64| sum / samples.max(1) as f64;
        Evaluation {
            samples,
            correct,
            accuracy: share(correct as f64),
            loss: share(self.loss_sum),
            per_class: self.per_class,
        }
    }
}
