//! What a file says beside the graph: how it was made, what is approximate, and all that gives the same network back.

use glocal_core::Learner;
use glocal_core::params::{Field, Group};

use super::ExportOptions;
use crate::error::Problem;
use crate::tensor::{Tensor, Values};
use crate::tree::{Tree, Value};

/// Names in a file's metadata.
pub mod keys {
    /// Group with what Glocal says about the file.
    pub const GLOCAL: &str = "glocal";
    /// Group with the plastic weights and what moves them, layer by layer.
    pub const PLASTICITY: &str = "hybrid_plasticity";
    /// In [`GLOCAL`]: version of these groups.
    pub const FORMAT_KEY: &str = "format";
    /// That version.
    pub const FORMAT: usize = 1;
    /// In [`GLOCAL`]: the time step in seconds.
    pub const DT: &str = "dt";
    /// In [`GLOCAL`]: what time constants are counted in.
    pub const TIME_UNIT: &str = "time_unit";
    /// In [`GLOCAL`]: who is to read the file.
    pub const READER: &str = "reader";
    /// In [`GLOCAL`]: `exact` or `approximate`.
    pub const EXACTNESS: &str = "exactness";
    /// In [`GLOCAL`]: what is approximate, one a line.
    pub const APPROXIMATIONS: &str = "approximations";
    /// In [`GLOCAL`]: the network's and the learner's config as JSON.
    pub const CONFIG: &str = "learner";
    /// In [`GLOCAL`]: the trained arrays.
    pub const ARRAYS: &str = "arrays";
}

/// The metadata of an exported graph.
pub fn metadata(learner: &Learner, options: &ExportOptions, approximations: &[Problem]) -> Tree {
    let mut about = about(options, approximations);
    about.extend(options.notes.iter().map(|(name, text)| (name.clone(), Value::text(text))));
    let mut plastic = Tree::new();
    if options.lossless {
        about.insert(keys::CONFIG.into(), Value::text(json(learner.config())));
        about.insert(keys::ARRAYS.into(), Value::Group(arrays(learner, |name| !is_plastic(name))));
        plastic = plasticity(learner);
    }
    let mut metadata = Tree::from([(keys::GLOCAL.into(), Value::Group(about))]);
    if !plastic.is_empty() {
        metadata.insert(keys::PLASTICITY.into(), Value::Group(plastic));
    }
    metadata
}

fn about(options: &ExportOptions, approximations: &[Problem]) -> Tree {
    let lines: Vec<String> = approximations.iter().map(Problem::to_string).collect();
    let unit = match options.reader {
        super::Reader::Euler => "seconds",
        super::Reader::Sinabs => "steps",
    };
    let mut about = Tree::from([
        (keys::FORMAT_KEY.into(), Value::integer(keys::FORMAT)),
        (keys::DT.into(), Value::number(options.dt)),
        (keys::TIME_UNIT.into(), Value::text(unit)),
        (keys::READER.into(), Value::text(options.reader.name())),
        (keys::EXACTNESS.into(), Value::text(if lines.is_empty() { "exact" } else { "approximate" })),
    ]);
    if !lines.is_empty() {
        about.insert(keys::APPROXIMATIONS.into(), Value::text(lines.join("\n")));
    }
    about
}

/// The plastic layers: rule, decay, bounds and gains, and the plastic weights, beside the folded form in the graph.
fn plasticity(learner: &Learner) -> Tree {
    let layers = learner.config().network.layers.iter().enumerate();
    let plastic = layers.filter_map(|(index, layer)| Some((index, layer.plasticity.as_ref()?)));
    let groups = plastic.map(|(index, config)| {
        let prefix = format!("layers.{index}.");
        let mut group = arrays(learner, |name| is_plastic(name) && name.starts_with(&prefix));
        group.insert("rule".into(), Value::text(json(&config.rule)));
        group.insert("coupling".into(), Value::text(json(&config.coupling)));
        group.insert("decay".into(), Value::number(config.decay));
        group.extend(config.clamp.map(|clamp| ("clamp".into(), Value::number(clamp))));
        (format!("layer{index}"), Value::Group(group))
    });
    groups.collect()
}

/// Whether an array is a plastic weight or moves one.
fn is_plastic(name: &str) -> bool {
    let field = name.rsplit('.').next().unwrap_or(name);
    let meta = [Field::PlasticityGain, Field::LocalLearningRate, Field::SlidingThreshold];
    debug_assert!(meta.iter().all(|field| field.group() == Group::Meta));
    field == "plastic_weight" || meta.iter().any(|meta| meta.name() == field)
}

fn arrays(learner: &Learner, wanted: impl Fn(&str) -> bool) -> Tree {
    let named = learner.arrays().into_iter().filter(|(name, ..)| wanted(name));
    let tensor =
        |shape, values: &[f32]| Tensor::new(shape, Values::F32(values.to_vec())).expect("arrays have their shape");
    named.map(|(name, shape, values)| (name, Value::Numbers(tensor(shape, values)))).collect()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("configs are trees of numbers and words")
}
