//! What a method keeps of earlier tasks beside the weights.

use glocal_core::checkpoint::{Arrays, Named};
use glocal_core::consolidation::normalise;
use glocal_core::loss::draw;
use glocal_core::params::{ArraySpec, Params};
use glocal_core::{Anchor, Consolidation, Examples, Fisher, Learner, PathIntegral};
use glocal_data::random::Draws;

use super::bank::{named, read_named};
use super::{FisherLabels, Method};
use crate::error::GlocalError;
use crate::samples::{Feed, RunSamples};

/// Anchors of the weights, where the method has some.
pub(super) enum Memory {
    /// None.
    Nothing,
    /// Elastic weight consolidation.
    Ewc { anchor: Anchor<f32>, samples: usize, labels: FisherLabels, normalised: bool, online: Option<f64> },
    /// Synaptic intelligence.
    Path(Box<PathIntegral<f32>>),
}

impl Memory {
    /// Before the first task of `learner`.
    pub fn new(method: Method, learner: &Learner) -> Memory {
        let (specs, params) = (learner.specs(), learner.params());
        match method {
            Method::Ewc { strength, samples, labels, normalised, online } => {
                let anchor = Anchor::new(specs, params.len(), strength);
                Memory::Ewc { anchor, samples, labels, normalised, online }
            }
            Method::SynapticIntelligence { strength, damping } => {
                Memory::Path(Box::new(PathIntegral::new(specs, params, strength, damping)))
            }
            _ => Memory::Nothing,
        }
    }

    /// What stands beside each step.
    pub fn beside(&mut self) -> Option<&mut dyn Consolidation<f32>> {
        match self {
            Memory::Nothing => None,
            Memory::Ewc { anchor, .. } => Some(anchor),
            Memory::Path(path) => Some(&mut **path),
        }
    }

    /// A task was learned from the training images of `images`. `draws`: for labels.
    ///
    /// # Errors
    /// Images that cannot be read.
    pub fn end_task(
        &mut self,
        learner: &mut Learner,
        images: &RunSamples<'_>,
        epoch: u64,
        mut draws: Draws,
    ) -> Result<(), GlocalError> {
        match self {
            Memory::Nothing => {}
            Memory::Path(path) => path.end_task(learner.specs(), learner.params()),
            Memory::Ewc { anchor, samples, labels, normalised, online } => {
                let mut fisher = Fisher::new(learner.specs(), learner.params().len());
                let mut feed = Feed::default();
                let order = images.training_order(epoch);
                for number in order.iter().take(*samples) {
                    images.training_batch(&mut feed, &[*number], epoch)?;
                    let examples = feed.examples();
                    let drawn;
                    let labels = match labels {
                        FisherLabels::Given => examples.labels,
                        FisherLabels::Drawn => {
                            drawn = [draw(learner.answer(examples)?, draws.uniform_f64())];
                            &drawn
                        }
                    };
                    learner.loss_and_gradients_on(Examples { labels, ..examples })?;
                    fisher.add(learner.specs(), learner.gradients());
                }
                let mut importance = fisher.mean(learner.specs());
                if *normalised {
                    normalise(learner.specs(), &mut importance);
                }
                match online {
                    Some(keep) => anchor.hold_here(learner.specs(), learner.params(), &importance, *keep),
                    None => anchor.hold(learner.specs(), learner.params(), &importance),
                }
            }
        }
        Ok(())
    }

    fn anchor(&self) -> Option<&Anchor<f32>> {
        match self {
            Memory::Nothing => None,
            Memory::Ewc { anchor, .. } => Some(anchor),
            Memory::Path(path) => Some(path.anchor()),
        }
    }

    /// For a checkpoint between two tasks.
    pub fn arrays(&self, specs: &[ArraySpec]) -> Vec<Named<'_, f32>> {
        let Some(anchor) = self.anchor() else { return Vec::new() };
        let mut arrays = named("importance", specs, &anchor.importance);
        arrays.extend(named("pull", specs, &anchor.pull));
        arrays
    }

    /// Reads what [`Memory::arrays`] wrote; `learner` has the weights of that moment.
    ///
    /// # Errors
    /// Arrays of another network.
    pub fn read(&mut self, learner: &Learner, arrays: &mut Arrays<'_>) -> Result<(), GlocalError> {
        let Some(anchor) = self.anchor() else { return Ok(()) };
        let read = |prefix: &str, like: &Params<f32>, arrays: &mut Arrays<'_>| {
            read_named(prefix, learner.specs(), like, arrays)
        };
        let importance = read("importance", &anchor.importance, arrays)?;
        let pull = read("pull", &anchor.pull, arrays)?;
        match self {
            Memory::Nothing => {}
            Memory::Ewc { anchor, .. } => (anchor.importance, anchor.pull) = (importance, pull),
            Memory::Path(path) => path.hold(learner.params(), importance, pull),
        }
        Ok(())
    }
}
