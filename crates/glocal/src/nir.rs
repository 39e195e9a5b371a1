//! Runs as NIR files, and NIR files as runs.

use std::fs;
use std::path::Path;

use glocal_core::Learner;
use glocal_nir::import::record;
use glocal_nir::{Export, ExportOptions, Graph, ImportOptions, Imported, Origin, Problem, export, import, inspect};

use crate::config::RunConfig;
use crate::error::GlocalError;
use crate::run_folder::{RunFolder, write_atomically};
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
