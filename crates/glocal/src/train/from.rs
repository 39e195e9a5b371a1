//! Training that begins with the network of another run.

use std::path::Path;

use glocal_core::Learner;
use glocal_core::params::Field;

use super::load_network;
use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::run_folder::RunFolder;

/// The network of the run `from` as the beginning of a run of `config`: weights, meta-parameters and plastic weights, with fresh
/// optimisers. Normalisations that `config` leaves out are folded into weights and biases.
///
/// # Errors
/// No run, no checkpoint, or a network of other layers, with all that differs.
pub(super) fn network_from(from: &Path, config: &RunConfig) -> Result<Learner, GlocalError> {
    let folder = RunFolder::read_only(from)?;
    let (source, _) = load_network(&folder, &folder.config()?)?;
    let mut learner = Learner::new(config.learner.clone(), config.training.seed)?;
    let folded = source.network().fold(source.params(), source.plastic());
    let layers = |learner: &Learner| learner.config().network.layers.clone();
    let (theirs, own) = (layers(&source), layers(&learner));
    let mut differing = Vec::new();
    if theirs.len() != own.len() {
        differing.push(format!("it has {} layers, this run {}", theirs.len(), own.len()));
    }
    let specs = learner.specs().to_vec();
    for spec in specs.iter().filter(|spec| spec.layer < theirs.len()) {
        let is_folded = theirs[spec.layer].norm.is_some() && own[spec.layer].norm.is_none();
        let arrays = if is_folded { &folded[spec.layer] } else { &source.params()[spec.layer] };
        let values = arrays.get(spec.field);
        let into = learner.params_mut()[spec.layer].get_mut(spec.field);
        if values.len() == into.len() {
            into.clone_from(values);
        } else if !(spec.field == Field::Bias && values.is_empty()) {
            differing.push(format!("{}: {} numbers, this run has {}", spec.name(), values.len(), into.len()));
        }
    }
    if !differing.is_empty() {
        return Err(GlocalError::RunFolder {
            path: from.to_owned(),
            message: format!("is of another network: {}", differing.join("; ")),
            hint: "begin with a run of the same layers, or leave `training.from` out".into(),
        });
    }
    for (into, of) in learner.plastic_mut().iter_mut().zip(source.plastic()) {
        into.values.clone_from(&of.values);
    }
    learner.take_as_fine();
    Ok(learner)
}
