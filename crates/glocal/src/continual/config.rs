//! What a config says of tasks in a row.

use glocal_core::config::{LayerConfig, Operator};
use glocal_core::error::ConfigErrors;
use glocal_core::{LearnerConfig, LearningRule};
use glocal_data::tasks::TaskKind;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;

/// Several tasks for one network: a run whose config has this learns them in turn, or all together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinualConfig {
    /// How tasks are made of the data set.
    pub tasks: TaskKind,
    /// Data sets beside `data.dataset`, for tasks of kind `sets`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_datasets: Vec<String>,
    /// What keeps earlier tasks.
    pub method: Method,
    /// Whether tasks come one after the other.
    #[serde(default, skip_serializing_if = "Order::is_in_turn")]
    pub order: Order,
    /// Test images of each task that fill the task-by-task matrix after every task; after the last task all count.
    #[serde(default = "thousand")]
    pub matrix_images: usize,
    /// Test images of each task that are judged without telling which task they are of, after the last one; 0: none.
    #[serde(default)]
    pub unnamed_images: usize,
}

/// Whether tasks come one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// One after the other, `training.epochs` epochs each.
    #[default]
    InTurn,
    /// All at once, batches of all tasks in random order: multi-task learning, the upper reference of learning in turn.
    ///
    /// # Equation
    /// In an epoch the largest task, of N images, is seen once; a task of n images gives √(n/N) times as many batches.
    Together,
}

impl Order {
    fn is_in_turn(&self) -> bool {
        *self == Order::InTurn
    }
}

/// What keeps earlier tasks while later ones are learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Nothing: all weights learn from all tasks.
    FineTuning {},
    /// Each task learns the synapses of a mask of its own, as `mask` of each layer says; other methods have all synapses.
    Masks {
        /// How masks of different tasks meet.
        #[serde(default)]
        sharing: MaskSharing,
        /// Meta-parameters alone learn once more from earlier tasks; absent: they do not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meta_phase: Option<MetaPhase>,
    },
    /// Each task has a part of every hidden layer's neurons, the others are silent.
    ///
    /// # References
    /// N. Masse, G. Grant, D. Freedman, "Alleviating catastrophic forgetting using context-dependent gating and synaptic
    /// stabilization", PNAS 115 (2018), doi:10.1073/pnas.1803839115.
    ContextGating {
        /// Share of a hidden layer's neurons that a task has.
        share: f64,
    },
    /// Elastic weight consolidation.
    Ewc {
        /// λ.
        strength: f64,
        /// Training images whose gradients measure each task's importance.
        #[serde(default = "thousand")]
        samples: usize,
        /// Whose labels these images have while their importance is measured.
        #[serde(default)]
        labels: FisherLabels,
        /// Whether each task's importance is divided by its mean over all weights, so that a task that was learned badly holds
        /// the weights no more firmly than others. λ is of that measure then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        normalised: bool,
        /// γ: one importance for all tasks that fades from task to task, instead of one for each task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        online: Option<f64>,
    },
    /// Synaptic intelligence.
    SynapticIntelligence {
        /// c.
        strength: f64,
        /// ξ.
        #[serde(default = "tenth")]
        damping: f64,
    },
    /// Some training images of each task are kept and learned again with every later one.
    Rehearsal {
        /// Images of each task.
        images: usize,
    },
}

/// Labels of the images that measure a task's importance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FisherLabels {
    /// Drawn from the network's own answers: the Fisher information.
    #[default]
    Drawn,
    /// Their own: the empirical Fisher information.
    Given,
}

/// How masks of different tasks meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskSharing {
    /// Synapses are dealt like cards: none is any later task's until all have been dealt.
    #[default]
    Dealt,
    /// Each task's synapses are drawn without regard to the others', as published.
    Independent,
}

/// After each of the first tasks, meta-parameters alone learn from earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetaPhase {
    /// After so many tasks.
    pub tasks: usize,
    /// Parts of the phase, which is as long as an epoch: each visits one earlier task, drawn at random.
    #[serde(default = "twenty")]
    pub visits: usize,
}

fn thousand() -> usize {
    1000
}

fn twenty() -> usize {
    20
}

fn tenth() -> f64 {
    0.1
}

impl Method {
    /// Its name in tables; `rule` tells sparse GP from HP.
    pub fn name(&self, rule: LearningRule) -> &'static str {
        match (self, rule) {
            (Method::FineTuning {}, LearningRule::Global) => "GP, fine-tuned",
            (Method::FineTuning {}, _) => "Fine-tuned",
            (Method::Masks { .. }, LearningRule::Global) => "GP on masks",
            (Method::Masks { .. }, LearningRule::Local) => "LP beside masks",
            (Method::Masks { .. }, LearningRule::Hybrid) => "HP on masks",
            (Method::ContextGating { .. }, _) => "Context gating",
            (Method::Ewc { online: None, .. }, _) => "EWC",
            (Method::Ewc { online: Some(_), .. }, _) => "EWC, online",
            (Method::SynapticIntelligence { .. }, _) => "Synaptic intelligence",
            (Method::Rehearsal { .. }, _) => "Rehearsal",
        }
    }

    /// Whether it is told at test which task an image is of.
    pub fn is_told(&self) -> bool {
        matches!(self, Method::Masks { .. } | Method::ContextGating { .. })
    }

    /// Whether it is one of the three arms, not another way to keep tasks.
    pub fn is_arm(&self) -> bool {
        matches!(self, Method::FineTuning {} | Method::Masks { .. })
    }

    fn has_masks(&self) -> bool {
        matches!(self, Method::Masks { .. })
    }

    /// The network that it trains: with the masks that the config describes, or without any.
    pub(super) fn network(&self, learner: &LearnerConfig) -> LearnerConfig {
        let mut own = learner.clone();
        if !self.has_masks() {
            for layer in &mut own.network.layers {
                // Plastic weights beside a mask have no place without it.
                if layer.mask.take().is_some() {
                    layer.plasticity = None;
                }
            }
        }
        own
    }
}

impl ContinualConfig {
    pub(crate) fn collect_violations(&self, learner: &LearnerConfig, found: &mut ConfigErrors) {
        let at_least_one = |found: &mut ConfigErrors, key: &str, value: usize| {
            found.require(value > 0, format!("continual.{key}"), value, "must be at least 1");
        };
        at_least_one(found, "matrix_images", self.matrix_images);
        let sets = matches!(self.tasks, TaskKind::Sets { .. });
        let more = self.more_datasets.len();
        found.require(sets || more == 0, "continual.more_datasets", more, "is for tasks of kind sets");
        let layers = &learner.network.layers;
        let masked = layers.iter().any(|layer| layer.mask.is_some());
        let dense = |layer: &LayerConfig| layer.operator == Operator::Dense;
        match self.method {
            Method::FineTuning {} => {}
            Method::Masks { meta_phase, .. } => {
                if let Some(phase) = meta_phase {
                    at_least_one(found, "method.meta_phase.visits", phase.visits);
                }
                let message = "needs layers with `mask = { density = 0.03 }`";
                found.require(masked, "continual.method.kind", "masks", message);
            }
            Method::ContextGating { share } => {
                let inside = share > 0.0 && share <= 1.0;
                found.require(inside, "continual.method.share", share, "must be above 0 and at most 1");
                let message = "gates dense layers without recurrence";
                found.require(layers.iter().all(dense), "continual.method.kind", "context-gating", message);
            }
            Method::Ewc { strength, samples, online, .. } => {
                found.require(strength >= 0.0, "continual.method.strength", strength, "must not be negative");
                at_least_one(found, "method.samples", samples);
                let fades = online.is_none_or(|keep| (0.0..=1.0).contains(&keep));
                found.require(fades, "continual.method.online", online.unwrap_or(0.0), "must be from 0 to 1");
            }
            Method::SynapticIntelligence { strength, damping } => {
                found.require(strength >= 0.0, "continual.method.strength", strength, "must not be negative");
                found.require(damping > 0.0, "continual.method.damping", damping, "must be above 0");
            }
            Method::Rehearsal { images } => at_least_one(found, "method.images", images),
        }
        let plastic = |layer: &LayerConfig| layer.plasticity.is_some();
        let plastic = learner.network.learning_rule != LearningRule::Global && layers.iter().any(plastic);
        let keeps = self.method.has_masks() || (self.method == (Method::FineTuning {}) && !masked);
        let message = "keeps no plastic weights apart: set learner.network.learning_rule = \"global\"";
        let method = self.method.name(LearningRule::Global);
        found.require(!plastic || keeps, "continual.method.kind", method, message);
        let phase = matches!(self.method, Method::Masks { meta_phase: Some(_), .. });
        let together = self.order == Order::Together;
        let message = "is for tasks in turn: together they are learned with masks, without a phase, or by fine-tuning";
        found.require(!together || (self.method.is_arm() && !phase), "continual.method.kind", method, message);
    }
}

/// Whether `new` is `old` with a longer sequence of tasks: a run may go on so.
pub(crate) fn may_differ(old: &RunConfig, new: &RunConfig) -> bool {
    let count = |config: &RunConfig| config.continual.as_ref().and_then(|c| number_of_tasks(c.tasks));
    matches!((count(old), count(new)), (Some(old), Some(new)) if new >= old) && of_any_length(old) == of_any_length(new)
}

fn number_of_tasks(kind: TaskKind) -> Option<usize> {
    match kind {
        TaskKind::Permuted { tasks } | TaskKind::Rotated { tasks, .. } => Some(tasks),
        TaskKind::Split { .. } | TaskKind::Sets { .. } => None,
    }
}

/// The config of a sequence however long it is.
pub(super) fn of_any_length(config: &RunConfig) -> RunConfig {
    let mut config = config.clone();
    if let Some(TaskKind::Permuted { tasks } | TaskKind::Rotated { tasks, .. }) =
        config.continual.as_mut().map(|c| &mut c.tasks)
    {
        *tasks = 1;
    }
    config
}
