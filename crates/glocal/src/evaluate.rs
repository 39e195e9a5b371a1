//! Judging a trained network on samples, clean or damaged.

use glocal_core::{CoreError, Learner, PlasticEval};
use serde::{Deserialize, Serialize};
use tracing::debug_span;

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
    /// Images of each class (row) taken for each class (column); empty in files of older versions.
    #[serde(default)]
    pub confusion: Vec<Vec<u64>>,
    /// Spread over episodes; absent where samples stand for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episodes: Option<EpisodeSpread>,
}

impl Evaluation {
    /// Several judgements, of samples of the same classes, as one.
    pub fn total(parts: &[Evaluation]) -> Evaluation {
        let samples: u64 = parts.iter().map(|part| part.samples).sum();
        let correct: u64 = parts.iter().map(|part| part.correct).sum();
        let share = |sum: f64| sum / samples.max(1) as f64;
        let classes = parts.iter().map(|part| part.per_class.len()).max().unwrap_or(0);
        let mut per_class = vec![[0; 2]; classes];
        let mut confusion = vec![vec![0; classes]; classes];
        for part in parts {
            for (sum, own) in per_class.iter_mut().zip(&part.per_class) {
                sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
            for (sums, own) in confusion.iter_mut().zip(&part.confusion) {
                sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
        }
        Evaluation {
            samples,
            correct,
            accuracy: share(correct as f64),
            loss: share(parts.iter().map(|part| part.loss * part.samples as f64).sum()),
            per_class,
            confusion,
            episodes: None,
        }
    }
}

/// How accuracy differs from episode to episode.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeSpread {
    /// Episodes judged.
    pub episodes: u64,
    /// Half width of the 95 % confidence interval of the mean accuracy, as a share: 1.96 deviations over √episodes.
    pub interval: f64,
}

/// Judges `learner` on one part of a run's samples, in their own order.
///
/// # Errors
/// Samples that do not fit the network, or a loss that is not finite.
pub fn evaluate(
    learner: &mut Learner,
    samples: &RunSamples<'_>,
    part: Part,
    options: &EvalOptions,
) -> Result<Evaluation, GlocalError> {
    let EvalOptions { plastic, damage, batch } = options;
    let _span = debug_span!("evaluate", part = %part, ?plastic, batch).entered();
    let [evaluation] = evaluate_each(learner, samples, part, damage, *batch, [*plastic])?;
    Ok(evaluation)
}

/// As [`evaluate`], once for each way in which the plastic state may behave; every batch is made only once.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_each<const N: usize>(
    learner: &mut Learner,
    samples: &RunSamples<'_>,
    part: Part,
    damage: &Damage,
    batch: usize,
    plastic: [PlasticEval; N],
) -> Result<[Evaluation; N], GlocalError> {
    let mut tallies = plastic.map(|plastic| (plastic, Tally::new(samples.classes())));
    let mut feed = Feed::default();
    for numbers in samples.numbers(part).chunks(batch.max(1)) {
        samples.evaluation_batch(&mut feed, part, numbers, damage)?;
        for (plastic, tally) in &mut tallies {
            let report = match feed.looks() {
                0 | 1 => learner.evaluate_on(feed.examples(), *plastic)?,
                looks => learner.evaluate_looks(feed.examples(), looks)?,
            };
            tally.count(&report, &feed.asked(), feed.queries());
        }
    }
    let evaluations = tallies.map(|(_, tally)| tally.finish());
    match evaluations.iter().all(|evaluation| evaluation.loss.is_finite()) {
        true => Ok(evaluations),
        false => Err(not_finite(learner).into()),
    }
}

fn not_finite(learner: &Learner) -> CoreError {
    CoreError::Diverged { step: learner.steps_taken(), layer: "read-out".into(), what: "evaluation loss".into() }
}

pub(crate) fn spread(accuracies: &[f64]) -> Option<EpisodeSpread> {
    let n = accuracies.len() as f64;
    let mean = accuracies.iter().sum::<f64>() / n;
    let variance = accuracies.iter().map(|a| (a - mean) * (a - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    (!accuracies.is_empty())
        .then(|| EpisodeSpread { episodes: accuracies.len() as u64, interval: 1.96 * (variance / n).sqrt() })
}

struct Tally {
    loss_sum: f64,
    confusion: Vec<Vec<u64>>,
    /// Accuracy of each episode.
    episodes: Vec<f64>,
}

impl Tally {
    fn new(classes: usize) -> Self {
        Tally { loss_sum: 0.0, confusion: vec![vec![0; classes]; classes], episodes: Vec::new() }
    }

    fn count(&mut self, report: &glocal_core::EvalReport, labels: &[u32], queries: Option<usize>) {
        if let Some(queries) = queries {
            let episodes = labels.chunks_exact(queries).zip(report.predictions.chunks_exact(queries));
            let correct = |(labels, found): (&[u32], &[u32])| labels.iter().zip(found).filter(|(l, f)| l == f).count();
            self.episodes.extend(episodes.map(|episode| correct(episode) as f64 / queries as f64));
        }
        self.loss_sum += report.loss * labels.len() as f64;
        for (&label, &prediction) in labels.iter().zip(&report.predictions) {
            let taken_for = self.confusion.get_mut(label as usize).and_then(|row| row.get_mut(prediction as usize));
            taken_for.into_iter().for_each(|count| *count += 1);
        }
    }

    fn finish(self) -> Evaluation {
        let class = |(class, row): (usize, &Vec<u64>)| [row.iter().sum(), row[class]];
        let per_class: Vec<[u64; 2]> = self.confusion.iter().enumerate().map(class).collect();
        let total = |index: usize| per_class.iter().map(|class| class[index]).sum::<u64>();
        let (samples, correct) = (total(0), total(1));
        let share = |sum: f64| sum / samples.max(1) as f64;
        Evaluation {
            samples,
            correct,
            accuracy: share(correct as f64),
            loss: share(self.loss_sum),
            per_class,
            confusion: self.confusion,
            episodes: spread(&self.episodes),
        }
    }
}
