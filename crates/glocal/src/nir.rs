//! Runs as NIR files, and NIR files as runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use glocal_core::loss::prediction;
use glocal_core::{Input, Learner};
use glocal_data::Locations;
use glocal_data::episodes::{Ink, PictureOptions, query_pictures};
use glocal_nir::import::record;
use glocal_nir::run::Interpreter;
use glocal_nir::{
    Discretisation, Export, ExportOptions, Graph, ImportOptions, Imported, Node, Origin, Problem, export, import,
    inspect,
};
use serde::Serialize;

use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::run_folder::{RunFolder, write_atomically};
use crate::samples::{Damage, Feed, Part, RunSamples, Samples};
use crate::train::{create_with_network, load_network};

/// Name, in a NIR file, of the run's config: with it an import has data and training, too.
const RUN_CONFIG: &str = "run_config";

/// Writes the network of a run as a NIR file.
///
/// # Errors
/// A folder that is no run, a network that NIR cannot say, a file that cannot be written.
pub fn export_run(run: &Path, file: &Path, mut options: ExportOptions) -> Result<Export, GlocalError> {
    let folder = RunFolder::read_only(run)?;
    let config = folder.config()?;
    let (learner, _) = load_network(&folder, &config)?;
    if options.lossless {
        options.notes.push((RUN_CONFIG.into(), config.to_toml()));
    }
    let exported = export(&learner, &options).map_err(GlocalError::nir(run))?;
    let bytes = glocal_nir::to_bytes(&exported.graph).map_err(GlocalError::nir(run))?;
    write_atomically(file, &bytes)?;
    Ok(exported)
}

/// The graph in a NIR file.
///
/// # Errors
/// It cannot be read, or everything that is wrong with it.
pub fn read_graph(file: &Path) -> Result<Graph, GlocalError> {
    glocal_nir::read(&bytes(file)?).map_err(GlocalError::nir(file))
}

/// What can be made out of a NIR file, with everything that is wrong in it.
///
/// # Errors
/// It cannot be read, or holds no graph.
pub fn inspect_graph(file: &Path) -> Result<(Graph, Vec<Problem>), GlocalError> {
    inspect(&bytes(file)?).map_err(GlocalError::nir(file))
}

fn bytes(file: &Path) -> Result<Vec<u8>, GlocalError> {
    let hint = "give a NIR file, as `glocal nir export` or `nir.write` of the Python package writes them";
    fs::read(file).map_err(|source| GlocalError::Read { path: file.to_owned(), source, hint: hint.into() })
}

/// The network of a NIR file, and the run that it makes: data, encoder, training, loss, optimisers, steps and read-out are those
/// of `base`, or else of the run that the file was exported from; none, if there is neither.
///
/// # Errors
/// As [`read_graph`], or a graph that the engine has no layers for.
pub fn import_network(
    file: &Path,
    base: Option<RunConfig>,
    mut options: ImportOptions,
) -> Result<(Imported, Option<RunConfig>), GlocalError> {
    let graph = read_graph(file)?;
    let base = match base {
        Some(base) => Some(base),
        None => kept_config(file, &graph)?,
    };
    if let Some(base) = &base {
        options.steps = base.learner.network.steps;
    }
    let imported = import(&graph, &options).map_err(GlocalError::nir(file))?;
    let config = base.map(|base| beside(base, &imported));
    Ok((imported, config))
}

/// The config of the run that the file was exported from.
fn kept_config(file: &Path, graph: &Graph) -> Result<Option<RunConfig>, GlocalError> {
    let record = record(graph).map_err(GlocalError::nir(file))?;
    let text = record.and_then(|record| record.notes.get(RUN_CONFIG).cloned());
    text.map(|text| RunConfig::parse(Some(file), &text, &[])).transpose()
}

/// `config` with the network of a graph.
fn beside(mut config: RunConfig, imported: &Imported) -> RunConfig {
    let (steps, readout) = (config.learner.network.steps, config.learner.network.readout);
    config.learner.network = imported.learner.config().network.clone();
    if imported.origin == Origin::Nodes {
        (config.learner.network.steps, config.learner.network.readout) = (steps, readout);
    }
    config
}

/// Writes an imported network as a run's folder, for `glocal eval`, `glocal train --resume` and all that takes runs.
///
/// # Errors
/// A config that does not fit the network, a folder that is in use or cannot be written.
pub fn create_run(out: &Path, config: &RunConfig, imported: &Imported) -> Result<RunFolder, GlocalError> {
    config.validate()?;
    let mut learner = Learner::new(config.learner.clone(), config.training.seed)?;
    learner.params_mut().clone_from(imported.learner.params());
    learner.plastic_mut().clone_from_slice(imported.learner.plastic());
    create_with_network(out, config, &learner)
}

/// What a graph made of the samples of a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GraphJudgement {
    /// The data set.
    pub dataset: String,
    /// Which samples.
    pub split: String,
    /// Time steps of each.
    pub steps: usize,
    /// Samples run: the first of the split.
    pub samples: u64,
    /// Of these, classified rightly: by the output with the most spikes, or of a last node that does not spike, the highest at
    /// the last step; the first of equals.
    pub correct: u64,
    /// `correct / samples`.
    pub accuracy: f64,
    /// Spikes of a sample, by node.
    pub spikes: BTreeMap<String, f64>,
}

/// The config beside which a graph is run: `base`, or that of the run that the file was exported from.
///
/// # Errors
/// There is neither.
pub fn config_of(file: &Path, graph: &Graph, base: Option<RunConfig>) -> Result<RunConfig, GlocalError> {
    if let Some(config) = base.map_or_else(|| kept_config(file, graph), |base| Ok(Some(base)))? {
        return Ok(config);
    }
    Err(GlocalError::Usage {
        message: format!("{} says nothing about data: no --input and no --config is given", file.display()),
        hint: "give a CSV file or a picture with --input, or a run config, whose data set is run, with --config".into(),
    })
}

/// Runs a graph on the first `count` samples of a part of the data set of `config`, encoded as it says.
///
/// # Errors
/// Data that are not there, samples that do not fit the graph's input, nodes that cannot be run, fewer outputs than classes.
pub fn judge_graph(
    (file, graph): (&Path, &Graph),
    how: Discretisation,
    config: &RunConfig,
    locations: &Locations,
    (part, count): (Part, usize),
) -> Result<GraphJudgement, GlocalError> {
    if config.episodes.is_some() || config.continual.is_some() {
        return Err(GlocalError::Usage {
            message: "the config's samples make episodes or tasks in a row: a graph is run on those of one data set"
                .into(),
            hint: "give a config without [episodes] and [continual]".into(),
        });
    }
    let samples = Samples::of(config, locations)?;
    let samples = RunSamples::new(&samples, config, None)?;
    let interpreter = Interpreter::new(graph, how).map_err(GlocalError::nir(file))?;
    let outputs = interpreter.output_shape().iter().product::<usize>();
    if outputs < samples.classes() {
        return Err(GlocalError::Usage {
            message: format!(
                "{}: {outputs} outputs, but {} has {} classes",
                file.display(),
                config.data.dataset,
                samples.classes()
            ),
            hint: "give a config with the data set that the graph was made for".into(),
        });
    }
    let steps = config.learner.network.steps;
    let spiking = graph_spikes(graph);
    let numbers = samples.numbers(part);
    let numbers = &numbers[..numbers.len().min(count)];
    let (mut feed, mut correct, mut spikes) = (Feed::default(), 0, BTreeMap::<String, f64>::new());
    for number in numbers {
        samples.evaluation_batch(&mut feed, part, &[*number], &Damage::none())?;
        let input: Vec<f64> = match feed.input() {
            Input::Constant(values) => values.repeat(steps),
            Input::Series(values) => values.to_vec(),
        }
        .into_iter()
        .map(f64::from)
        .collect();
        let found = interpreter.clone().run(&input).map_err(GlocalError::nir(file))?;
        correct += u64::from(feed.labels().first() == Some(&class(&found.output, outputs, spiking)));
        for (node, count) in found.spikes {
            *spikes.entry(node).or_default() += count;
        }
    }
    let share = |sum: f64| sum / numbers.len().max(1) as f64;
    spikes.values_mut().for_each(|sum| *sum = share(*sum));
    Ok(GraphJudgement {
        dataset: config.data.dataset.clone(),
        split: part.to_string(),
        steps,
        samples: numbers.len() as u64,
        correct,
        accuracy: share(correct as f64),
        spikes,
    })
}

/// Whether what goes out are spikes.
fn graph_spikes(graph: &Graph) -> bool {
    let graph = graph.flattened();
    let output = graph.output().cloned();
    let mut sources = graph.edges.iter().filter(|(_, to)| Some(to) == output.as_ref());
    sources.any(|(from, _)| graph.nodes.get(from).is_some_and(|entry| entry.node.spikes()))
}

/// The class that an output `[T,O]` says.
fn class(output: &[f64], outputs: usize, spiking: bool) -> u32 {
    let mut values = vec![0.0; outputs];
    for step in output.chunks_exact(outputs.max(1)) {
        match spiking {
            true => values.iter_mut().zip(step).for_each(|(sum, value)| *sum += value),
            false => values.copy_from_slice(step),
        }
    }
    prediction(&values)
}

/// A picture as a graph's input at one step: grey, 0..=1, scaled to the square that the input is.
///
/// # Errors
/// An input that is no square of grey pixels, a picture that cannot be read.
pub fn picture_input(file: &Path, graph: &Graph) -> Result<Vec<f64>, GlocalError> {
    let shape = match graph.input().map(|name| &graph.nodes[name].node) {
        Some(Node::Input { shape }) => shape.clone(),
        _ => Vec::new(),
    };
    let count = shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side)).unwrap_or(0);
    let side = count.isqrt();
    let square =
        side > 0 && side * side == count && !matches!(shape[..], [channels, ..] if shape.len() == 3 && channels != 1);
    if !square {
        return Err(GlocalError::Usage {
            message: format!("{}: the graph's input {shape:?} is no square of grey pixels", file.display()),
            hint: "give a CSV file with a line for each time step".into(),
        });
    }
    let pictures = query_pictures(file, PictureOptions { side: Some(side), ink: Ink::Light })?;
    let levels = pictures.into_iter().next().map(|picture| picture.levels).unwrap_or_default();
    Ok(levels.into_iter().map(|level| f64::from(level) / 255.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_are_counted_and_potentials_read_at_the_end() {
        let output = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0];
        assert_eq!(class(&output, 3, true), 0);
        assert_eq!(class(&output, 3, false), 1);
    }
}
