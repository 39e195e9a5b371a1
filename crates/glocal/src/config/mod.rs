//! The run config: everything that decides a run's result, as one printable value.
//!
//! ```toml
//! [data]
//! dataset = "embedded-fashion-mnist"
//! validation = 500
//!
//! [encoder]
//! kind = "direct"
//!
//! [learner]                  # glocal_core::LearnerConfig: network, loss, weights, meta
//!
//! [training]
//! epochs = 5
//! batch_size = 100
//! ```
//!
//! Text is parsed, overridden, typed and checked once ([`RunConfig::load`]) and trusted from then on.

pub mod parse;
pub mod path;
pub mod problem;

use std::path::{Path, PathBuf};

use glocal_core::error::ConfigErrors;
use glocal_core::{EpisodeReadout, HyperGradient, LearnerConfig, LearningRule};
use glocal_data::encode::Encoder;
use glocal_data::episodes::{ClassSplit, EpisodeShape, MOST_SIDE};
use glocal_data::events::Framing;
use glocal_data::{Augmentations, DvsConfig, EventTransforms};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::continual::ContinualConfig;
use crate::error::GlocalError;
use crate::samples::unknown_dataset_hint;
use parse::Source;
use path::{KeyPath, leaves};
use problem::{Origin, Problem};

/// How recordings become the network's input: one frame for each time step, channels off and on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsConfig {
    /// Where frames begin and end, and what they hold.
    pub framing: Framing,
    /// What is done to each recording first, as `background-filter=...+downsample=2`.
    #[serde(default)]
    pub transforms: EventTransforms,
    /// The camera that looks at a set of images; absent: the data set holds recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulate: Option<DvsConfig>,
}

/// Few-shot learning: how episodes are drawn from the classes of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodesConfig {
    /// Which classes are learned from, which choose the model, which judge it.
    pub split: ClassSplit,
    /// Whether each quarter turn of a class to learn from is a class of its own.
    #[serde(default = "yes")]
    pub rotations: bool,
    /// Variations of the classes to learn from: in an episode, all pictures of a class are varied alike, so that each
    /// episode meets new ones. Those of single pictures stand in `data.augment`.
    #[serde(default, skip_serializing_if = "Augmentations::is_empty")]
    pub class_augment: Augmentations,
    /// Pictures are scaled to this many rows and columns.
    #[serde(default = "default_side")]
    pub side: usize,
    /// Classes of an episode.
    pub ways: usize,
    /// Labelled pictures of each class.
    pub shots: usize,
    /// Pictures of each class that the network is asked about while it learns.
    #[serde(default = "one_usize")]
    pub queries: usize,
    /// The same while it is judged.
    #[serde(default = "five")]
    pub judged_queries: usize,
    /// Episodes of a training epoch; `training.batch_size` of them make a step.
    pub training: usize,
    /// Episodes that choose the model.
    pub validation: usize,
    /// Episodes that judge it.
    #[serde(default = "thousand")]
    pub test: usize,
}

impl EpisodesConfig {
    /// Size of the episodes to learn from.
    pub fn shape(&self) -> EpisodeShape {
        EpisodeShape { ways: self.ways, shots: self.shots, queries: self.queries }
    }

    /// Size of the episodes that judge.
    pub fn judged(&self) -> EpisodeShape {
        EpisodeShape { queries: self.judged_queries, ..self.shape() }
    }
}

/// How weights and meta-parameters take turns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum MetaSchedule {
    /// Both learn from the same batch.
    Joint {},
    /// Weights learn from each batch; after every so many, the meta-parameters follow the second-order hypergradient of
    /// other episodes through a step on the last batch.
    SecondOrder {
        /// Steps of the weights between two of the meta-parameters.
        #[serde(default = "five_u64")]
        weight_steps: u64,
        /// How it is differentiated.
        #[serde(default)]
        gradient: HyperGradient,
    },
}

impl MetaSchedule {
    /// Whether both learn from the same batch. It is left out of canonical text, which so is that of older versions.
    pub fn is_joint(&self) -> bool {
        *self == MetaSchedule::Joint {}
    }
}

impl Default for MetaSchedule {
    fn default() -> Self {
        MetaSchedule::Joint {}
    }
}

/// The whole config of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Which images.
    pub data: DataConfig,
    /// How an image becomes the network's input.
    #[serde(default)]
    pub encoder: Encoder,
    /// How events become the network's input; absent: the data set holds images, which the encoder encodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventsConfig>,
    /// Few-shot learning; absent: every sample stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episodes: Option<EpisodesConfig>,
    /// Tasks in a row; absent: there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continual: Option<ContinualConfig>,
    /// Network, loss and optimisers.
    pub learner: LearnerConfig,
    /// Epochs, batches, seed.
    pub training: TrainingConfig,
}

/// Which images a run learns from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A name of `glocal data list`, `embedded-fashion-mnist`, or `idx:FOLDER`: a folder with MNIST's four file names,
    /// or `pictures:FOLDER`: `train` and `test`, each with a folder of pictures for each class.
    pub dataset: String,
    /// Random variations of the training images, as `crop=2+flip=0.5`.
    #[serde(default, skip_serializing_if = "Augmentations::is_empty")]
    pub augment: Augmentations,
    /// Training images set aside to choose the model by; 0: none.
    #[serde(default)]
    pub validation: usize,
    /// Use only the first so many training images (after the validation split); absent: all.
    #[serde(default)]
    pub train_limit: Option<usize>,
    /// Judge by the first so many test images only; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
}

/// How long and in which portions a run trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Passes over the training images.
    pub epochs: u64,
    /// Images per step; the last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// Images per evaluation batch; absent: `batch_size`. It matters to the result where the plastic state moves.
    #[serde(default)]
    pub eval_batch: Option<usize>,
    /// Whether each epoch has an order of its own.
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// Seed of weights, split, order and encoder.
    #[serde(default)]
    pub seed: u64,
    /// Which epoch's network is the result.
    #[serde(default)]
    pub select: Select,
    /// Epochs between checkpoints.
    #[serde(default = "one")]
    pub checkpoint_every: u64,
    /// What the plastic state does while validation images are judged.
    #[serde(default)]
    pub validation_plastic: PlasticMode,
    /// How weights and meta-parameters take turns.
    #[serde(default, skip_serializing_if = "MetaSchedule::is_joint")]
    pub meta_schedule: MetaSchedule,
    /// Run folder whose network training begins with, such as one trained in floats before weights get few bits; absent: a
    /// network as drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
}

/// Which epoch's network is the result of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The one with the best validation accuracy (the earliest of equals).
    BestValidation,
    /// The last.
    #[default]
    Last,
}

/// What the plastic state does during evaluation; see [`glocal_core::PlasticEval`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlasticMode {
    /// It moves within a batch, restarted for each batch.
    Moving,
    /// It keeps its trained value.
    #[default]
    Frozen,
}

impl From<PlasticMode> for glocal_core::PlasticEval {
    fn from(mode: PlasticMode) -> Self {
        match mode {
            PlasticMode::Moving => glocal_core::PlasticEval::Moving,
            PlasticMode::Frozen => glocal_core::PlasticEval::Frozen,
        }
    }
}

fn yes() -> bool {
    true
}

fn one() -> u64 {
    1
}

fn five_u64() -> u64 {
    5
}

fn one_usize() -> usize {
    1
}

fn five() -> usize {
    5
}

fn thousand() -> usize {
    1000
}

fn default_side() -> usize {
    31
}

impl RunConfig {
    /// Reads a config file and applies `--set` overrides.
    ///
    /// # Errors
    /// An unreadable file, or everything that is wrong with it.
    pub fn load(file: &Path, overrides: &[String]) -> Result<RunConfig, GlocalError> {
        Ok(Self::load_with_source(file, overrides)?.0)
    }

    /// As [`RunConfig::load`], with the source: it knows the line of each value, for later messages.
    ///
    /// # Errors
    /// As [`RunConfig::load`].
    pub fn load_with_source(file: &Path, overrides: &[String]) -> Result<(RunConfig, Source), GlocalError> {
        let text = std::fs::read_to_string(file).map_err(|source| GlocalError::Read {
            path: file.to_owned(),
            source,
            hint: "give the path of a run config (TOML)".into(),
        })?;
        Self::parse_with_source(Some(file), &text, overrides)
    }

    /// Reads config text; `file` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: Option<&Path>, text: &str, overrides: &[String]) -> Result<RunConfig, GlocalError> {
        Ok(Self::parse_with_source(file, text, overrides)?.0)
    }

    fn parse_with_source(
        file: Option<&Path>,
        text: &str,
        overrides: &[String],
    ) -> Result<(RunConfig, Source), GlocalError> {
        let mut source = Source::new(file, text).map_err(GlocalError::Config)?;
        let refused: Vec<Problem> = overrides.iter().filter_map(|text| source.set(text).err()).collect();
        if !refused.is_empty() {
            return Err(GlocalError::Config(refused));
        }
        let config: RunConfig = source.read().map_err(GlocalError::Config)?;
        let problems = config.problems(|path| source.origin(path));
        if problems.is_empty() { Ok((config, source)) } else { Err(GlocalError::Config(problems)) }
    }

    /// Checks a config built in the program.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn validate(&self) -> Result<(), GlocalError> {
        let problems = self.problems(|_| Origin::BuiltIn);
        if problems.is_empty() { Ok(()) } else { Err(GlocalError::Config(problems)) }
    }

    /// The config with every default written out; reading it gives this value.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a config is a tree of tables, lists, numbers and words")
    }

    /// SHA-256 of [`RunConfig::to_toml`].
    pub fn hash(&self) -> String {
        Sha256::digest(self.to_toml()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The keys in which two configs differ, each with this and the other value.
    pub fn differences(&self, other: &RunConfig) -> Vec<String> {
        let tree = |config: &RunConfig| leaves(&toml::Value::try_from(config).expect("as in to_toml"));
        let (ours, theirs) = (tree(self), tree(other));
        let value = |side: &[(KeyPath, toml::Value)], key: &KeyPath| {
            side.iter().find(|(k, _)| k == key).map_or("absent".to_owned(), |(_, v)| v.to_string())
        };
        let mut keys: Vec<&KeyPath> = ours.iter().chain(&theirs).map(|(key, _)| key).collect();
        keys.sort();
        keys.dedup();
        let differing = keys.into_iter().filter(|key| value(&ours, key) != value(&theirs, key));
        differing.map(|key| format!("{key} ({} -> {})", value(&ours, key), value(&theirs, key))).collect()
    }

    /// Whether any layer has plastic weights that count.
    pub fn is_plastic(&self) -> bool {
        let network = &self.learner.network;
        (0..network.layers.len()).any(|index| {
            network.layers[index].plasticity.is_some() && network.layer_rule(index) != LearningRule::Global
        })
    }

    /// Images per evaluation batch.
    pub fn eval_batch(&self) -> usize {
        self.training.eval_batch.unwrap_or(self.training.batch_size)
    }

    /// Checks the network against the samples it is to learn, `[channels, height, width]`: one input per pixel (and
    /// polarity), one read-out neuron per class.
    /// `source` tells where the values stand.
    ///
    /// # Errors
    /// Each mismatch, with both figures.
    pub fn check_shapes(&self, shape: &[usize; 3], classes: usize, source: Option<&Source>) -> Result<(), GlocalError> {
        let inputs: usize = shape.iter().product();
        let network = &self.learner.network;
        let mut found = ConfigErrors::default();
        let name = &self.data.dataset;
        let per = if self.events.is_some() { "pixel and polarity" } else { "pixel" };
        let wants = format!("must be {inputs}: one input per {per} of `{name}`");
        found.require(network.inputs == inputs, "learner.network.inputs", network.inputs, &wants);
        if let Some(last) = network.layers.len().checked_sub(1) {
            let whose = if self.episodes.is_some() { "of an episode".into() } else { format!("of `{name}`") };
            let wants = format!("must be {classes}: one neuron per class {whose}");
            let size = network.layers[last].size;
            let embeds = matches!(network.episode, Some(EpisodeReadout::Prototypes {}));
            found.require(embeds || size == classes, format!("learner.network.layers[{last}].size"), size, &wants);
        }
        let origin = |path: &KeyPath| source.map_or(Origin::BuiltIn, |source| source.origin(path));
        let problems = core_problems(&found, &origin);
        if problems.is_empty() { Ok(()) } else { Err(GlocalError::Config(problems)) }
    }

    fn problems(&self, origin: impl Fn(&KeyPath) -> Origin) -> Vec<Problem> {
        let mut found = self.learner.validate().err().unwrap_or_default();
        found.violations.iter_mut().for_each(|v| v.key = format!("learner.{}", v.key));
        self.training.collect_violations(&self.data, self.episodes.is_some(), &mut found);
        self.collect_event_violations(&mut found);
        self.collect_episode_violations(&mut found);
        self.collect_task_violations(&mut found);
        let unknown = self.data.unknown_dataset(&origin);
        unknown.into_iter().chain(core_problems(&found, &origin)).collect()
    }
}

impl RunConfig {
    /// Whether the network's input is the same at every step.
    pub fn is_constant_input(&self) -> bool {
        self.events.is_none() && self.encoder.is_constant()
    }

    fn collect_episode_violations(&self, found: &mut ConfigErrors) {
        let readout = self.learner.network.episode;
        let Some(episodes) = &self.episodes else {
            let message = "needs a table [episodes], which says how they are drawn";
            found.require(readout.is_none(), "learner.network.episode", "given", message);
            let joint = self.training.meta_schedule.is_joint();
            let message = "second-order needs [episodes]: the hypergradient compares two of them";
            found.require(joint, "training.meta_schedule", "second-order", message);
            return;
        };
        let message = "is needed: { kind = \"plastic\" } or { kind = \"prototypes\" }";
        found.require(readout.is_some(), "learner.network.episode", "absent", message);
        let least = |found: &mut ConfigErrors, key: &str, value: usize| {
            found.require(value > 0, format!("episodes.{key}"), value, "must be at least 1");
        };
        least(found, "ways", episodes.ways);
        least(found, "shots", episodes.shots);
        least(found, "queries", episodes.queries);
        least(found, "judged_queries", episodes.judged_queries);
        least(found, "training", episodes.training);
        least(found, "validation", episodes.validation);
        least(found, "test", episodes.test);
        least(found, "side", episodes.side);
        let message = format!("must be at most {MOST_SIDE}");
        found.require(episodes.side <= MOST_SIDE, "episodes.side", episodes.side, &message);
        let direct = self.encoder == Encoder::default();
        found.require(direct, "encoder.kind", "not direct", "pictures of episodes are shown as they are: leave it out");
        let whole = self.data.validation == 0 && self.data.train_limit.is_none() && self.data.test_limit.is_none();
        let message = "has no meaning in episodes: set episodes.training, episodes.validation, episodes.test";
        found.require(whole, "data.validation", "or a limit", message);
        let simulated = self.events.as_ref().is_none_or(|events| events.simulate.is_some());
        found.require(simulated, "events.simulate", "absent", "is needed: the data set holds pictures");
        if let MetaSchedule::SecondOrder { weight_steps, .. } = self.training.meta_schedule {
            let key = "training.meta_schedule.weight_steps";
            found.require(weight_steps > 0, key, weight_steps, "must be at least 1");
        }
    }

    fn collect_task_violations(&self, found: &mut ConfigErrors) {
        let Some(continual) = &self.continual else { return };
        continual.collect_violations(&self.learner, found);
        found.require(self.episodes.is_none(), "continual", "given", "and [episodes] exclude each other");
        found.require(self.events.is_none(), "continual", "given", "is for images: leave [events] out");
        let whole = self.learner.weight_bits.is_none();
        found.require(whole, "learner.weight_bits", "given", "is not for several tasks: leave it out");
        found.require(self.training.from.is_none(), "training.from", "given", "is not for several tasks: leave it out");
        let last = self.training.select == Select::Last;
        found.require(last, "training.select", "best-validation", "must be \"last\": tasks are not chosen from");
    }

    fn collect_event_violations(&self, found: &mut ConfigErrors) {
        let Some(events) = &self.events else { return };
        let (frames, steps) = (events.framing.frames(), self.learner.network.steps);
        let wants = format!("must be {frames}: one time step for each frame of events.framing");
        found.require(steps == frames, "learner.network.steps", steps, &wants);
        let direct = self.encoder == Encoder::default();
        found.require(direct, "encoder.kind", "not direct", "frames of events are the input: leave [encoder] out");
        let still = self.data.augment.is_empty() || self.episodes.is_some();
        found.require(still, "data.augment", &self.data.augment, "varies images, not events: use events.transforms");
    }
}

impl DataConfig {
    fn unknown_dataset(&self, origin: &impl Fn(&KeyPath) -> Origin) -> Option<Problem> {
        let hint = unknown_dataset_hint(&self.dataset)?;
        let path = KeyPath::default().key("data").key("dataset");
        let message = format!("`{path} = \"{}\"`: unknown data set", self.dataset);
        Some(Problem { origin: origin(&path), message, hint: Some(hint) })
    }
}

impl TrainingConfig {
    fn collect_violations(&self, data: &DataConfig, episodes: bool, found: &mut ConfigErrors) {
        found.require(self.epochs > 0, "training.epochs", self.epochs, "must be at least 1");
        found.require(self.batch_size > 0, "training.batch_size", self.batch_size, "must be at least 1");
        if let Some(size) = self.eval_batch {
            found.require(size > 0, "training.eval_batch", size, "must be at least 1");
        }
        if let Some(limit) = data.train_limit {
            found.require(limit > 0, "data.train_limit", limit, "must be at least 1");
        }
        if let Some(limit) = data.test_limit {
            found.require(limit > 0, "data.test_limit", limit, "must be at least 1");
        }
        found.require(
            self.checkpoint_every > 0,
            "training.checkpoint_every",
            self.checkpoint_every,
            "must be at least 1",
        );
        found.require(self.seed <= i64::MAX as u64, "training.seed", self.seed, "must be below 2^63");
        let possible = self.select == Select::Last || data.validation > 0 || episodes;
        found.require(
            possible,
            "training.select",
            "best-validation",
            "needs validation images: set data.validation, or select = \"last\"",
        );
    }
}

fn core_problems(found: &ConfigErrors, origin: &impl Fn(&KeyPath) -> Origin) -> Vec<Problem> {
    let to_problem = |v: &glocal_core::error::Violation| Problem {
        origin: v.key.parse().map_or(Origin::BuiltIn, |path| origin(&path)),
        message: format!("`{} = {}`: {}", v.key, v.value, v.message),
        hint: None,
    };
    found.violations.iter().map(to_problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::fashion_demo::config_text;

    fn problems(text: &str, overrides: &[&str]) -> Vec<String> {
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        match RunConfig::parse(Some(Path::new("run.toml")), text, &overrides) {
            Err(GlocalError::Config(problems)) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_config_survives_its_own_text() {
        for rule in [LearningRule::Local, LearningRule::Global, LearningRule::Hybrid] {
            let config = RunConfig::parse(None, config_text(rule), &[]).unwrap();
            let again = RunConfig::parse(None, &config.to_toml(), &[]).unwrap();
            assert_eq!(config, again);
            assert_eq!(config.hash(), again.hash());
        }
    }

    #[test]
    fn every_kind_of_problem_is_found_in_one_pass() {
        let text = config_text(LearningRule::Hybrid)
            .replace("dataset = \"fashion-mnist\"", "")
            .replace("steps = 10 ", "steps = \"ten\" ")
            .replace("threshold = 0.35", "treshold = 0.35")
            .replace("reset = \"subtract\"", "reset = \"substract\"")
            .replace("clamp = 4.0", "clamp = true")
            .replace("batch_size = 100", "batch_sise = 100");
        let found = problems(&text, &[]);
        let expected = [
            "`data.dataset` is missing",
            "`learner.network.steps = \"ten\"`",
            "unknown key `learner.network.layers[0].neuron.treshold`",
            "`learner.network.layers[0].neuron.reset = \"substract\"`",
            "`learner.network.layers[0].plasticity.clamp = true`",
            "unknown key `learner.network.layers[1].neuron.treshold`",
            "`learner.network.layers[1].neuron.reset = \"substract\"`",
            "`learner.network.layers[1].plasticity.clamp = true`",
            "unknown key `training.batch_sise`",
        ];
        for needle in expected {
            assert_eq!(found.iter().filter(|p| p.contains(needle)).count(), 1, "{needle} in {found:#?}");
        }
        assert_eq!(found.len(), expected.len(), "{found:#?}");
    }

    #[test]
    fn any_value_in_the_place_of_any_other_is_read_or_named() {
        let tree: toml::Value = config_text(LearningRule::Hybrid).parse::<toml::Table>().unwrap().into();
        for (place, before) in leaves(&tree) {
            for value in ["1", "-1", "0.5", "nan", "true", "\"word\"", "[]", "[1, {}]", "{}", "{ a = 1 }", "1979-05-27"]
            {
                let set = format!("{place}={value}");
                match RunConfig::parse(None, config_text(LearningRule::Hybrid), std::slice::from_ref(&set)) {
                    Ok(_) => {}
                    Err(GlocalError::Config(found)) => {
                        let named =
                            found.iter().any(|p| p.to_string().contains(&place.last()) && p.to_string().contains(&set));
                        assert!(named, "{set} (was {before}): {found:#?}");
                    }
                    Err(other) => panic!("{set}: {other}"),
                }
            }
        }
    }

    #[test]
    fn any_misspelt_key_is_named_with_what_was_meant() {
        let text = config_text(LearningRule::Hybrid);
        let tree: toml::Value = text.parse::<toml::Table>().unwrap().into();
        for (place, _) in leaves(&tree) {
            let key = place.last();
            let found = problems(&text.replacen(&format!("{key} = "), &format!("{key}x = "), 1), &[]);
            let named = found.iter().any(|p| p.contains(&format!("{key}x")));
            // Without its kind, serde cannot tell which keys a choice may have.
            assert!(named || key == "kind" && found[0].contains("kind"), "{key}: {found:#?}");
        }
    }

    #[test]
    fn an_override_is_named_as_such() {
        let found = problems(config_text(LearningRule::Global), &["training.epochs=0", "training.batch_size=-1"]);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with("--set training.batch_size=-1: "), "{found:#?}");
        let found = problems(config_text(LearningRule::Global), &["training.epochs=0"]);
        assert!(found[0].starts_with("--set training.epochs=0: `training.epochs = 0`"), "{found:#?}");
    }
}
