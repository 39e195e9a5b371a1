//! The network that Glocal keeps beside a graph.

use std::collections::BTreeMap;

use glocal_core::checkpoint::{self, Named};
use glocal_core::params::array_specs;
use glocal_core::{Learner, LearnerConfig, NetworkConfig};

use crate::error::{NirError, Problem};
use crate::export::{self, ExportOptions, Reader, keys};
use crate::graph::Graph;
use crate::run::Discretisation;
use crate::tensor::{Tensor, Values};
use crate::tree::{Tree, Value};

/// What Glocal says about a file that it wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Time step in seconds.
    pub dt: Option<f64>,
    /// Who was to read the file.
    pub reader: Option<Reader>,
    /// In what the graph differs from the network; empty if in nothing.
    pub approximations: Vec<String>,
    /// The network's and the learner's config as JSON, if the file keeps the network.
    pub learner: Option<String>,
    /// Every other text, by its name.
    pub notes: BTreeMap<String, String>,
}

impl Record {
    /// What the time constants of the file mean, if it says so.
    pub fn discretisation(&self) -> Option<Discretisation> {
        match self.reader {
            Some(Reader::Sinabs) => Some(Discretisation::Sinabs),
            _ => self.dt.map(|dt| Discretisation::Euler { dt }),
        }
    }
}

/// What Glocal says about the file; `None` if another tool wrote it.
///
/// # Errors
/// It is of a format that this version does not know.
pub fn record(graph: &Graph) -> Result<Option<Record>, NirError> {
    let Some(Value::Group(about)) = graph.metadata.get(keys::GLOCAL) else { return Ok(None) };
    let format = about.get(keys::FORMAT_KEY).and_then(Value::to_number);
    if format != Some(keys::FORMAT as f64) {
        let found = format.map_or("no format".into(), |format| format!("format {format}"));
        let message = format!("has {found}, this program reads format {}", keys::FORMAT);
        return Err(NirError::Graph(vec![Problem::at("metadata", keys::GLOCAL, message)]));
    }
    let texts = about.iter().filter_map(|(name, value)| match value {
        Value::Text(text) => Some((name.clone(), text.clone())),
        _ => None,
    });
    let mut notes: BTreeMap<String, String> = texts.collect();
    let lines = notes.remove(keys::APPROXIMATIONS).unwrap_or_default();
    notes.remove(keys::EXACTNESS);
    notes.remove(keys::TIME_UNIT);
    Ok(Some(Record {
        dt: about.get(keys::DT).and_then(Value::to_number),
        reader: notes.remove(keys::READER).and_then(|name| Reader::from_name(&name)),
        approximations: lines.lines().map(str::to_owned).collect(),
        learner: notes.remove(keys::CONFIG),
        notes,
    }))
}

/// The network that the file keeps, to the bit; `None` if it keeps none.
///
/// # Errors
/// It is damaged, or it is not the graph's: another tool changed the graph.
pub fn restore(graph: &Graph, record: &Record) -> Result<Option<Learner>, NirError> {
    let Some(config) = &record.learner else { return Ok(None) };
    let damaged = |message: String| NirError::Graph(vec![Problem::at("metadata", keys::GLOCAL, message)]);
    let config: LearnerConfig =
        serde_json::from_str(config).map_err(|error| damaged(format!("keeps an unreadable network: {error}")))?;
    config.validate().map_err(glocal_core::CoreError::from)?;
    let arrays = kept(graph);
    // Before anything of the config's sizes is allocated.
    for spec in array_specs(&config.network) {
        let name = spec.name();
        match arrays.get(name.as_str()) {
            Some(tensor) if tensor.shape() == spec.shape => {}
            Some(tensor) => {
                let message =
                    format!("keeps `{name}` of shape {:?}, its network needs {:?}", tensor.shape(), spec.shape);
                return Err(damaged(message));
            }
            None => return Err(damaged(format!("lacks `{name}`, which its network needs"))),
        }
    }
    same_sizes(graph, &config.network)?;
    let learner = fill(config, &arrays)?;
    unchanged(graph, record, &learner)?;
    Ok(Some(learner))
}

/// The graph's arrays must be as large as the kept network's would be: exporting it again then takes no more than the file.
fn same_sizes(graph: &Graph, network: &NetworkConfig) -> Result<(), NirError> {
    let arrays = |name: &str| graph.nodes.get(name).map(|entry| entry.node.arrays()).unwrap_or_default();
    let mut unlike = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        let (map, neurons) = (format!("layer{index}"), format!("layer{index}_neurons"));
        let inputs = network.layer_inputs(index);
        let weights = arrays(&map).first().map_or(0, |(_, weight)| weight.len());
        if layer.convolution().is_none() && layer.size.checked_mul(inputs) != Some(weights) {
            unlike.push(map);
        }
        let count = network.layer_neurons(index);
        let all = arrays(&neurons);
        if all.is_empty() || all.iter().any(|(_, values)| values.len() != count) {
            unlike.push(neurons);
        }
    }
    if unlike.is_empty() { Ok(()) } else { Err(NirError::Changed { nodes: unlike.join(", ") }) }
}

/// The arrays of the network, by name.
fn kept(graph: &Graph) -> BTreeMap<&str, &Tensor> {
    let mut found = BTreeMap::new();
    if let Some(Value::Group(about)) = graph.metadata.get(keys::GLOCAL)
        && let Some(Value::Group(arrays)) = about.get(keys::ARRAYS)
    {
        found.extend(tensors(arrays));
    }
    if let Some(Value::Group(plastic)) = graph.metadata.get(keys::PLASTICITY) {
        for layer in plastic.values() {
            if let Value::Group(layer) = layer {
                found.extend(tensors(layer).filter(|(name, _)| name.starts_with("layers.")));
            }
        }
    }
    found
}

fn tensors(tree: &Tree) -> impl Iterator<Item = (&str, &Tensor)> {
    tree.iter().filter_map(|(name, value)| match value {
        Value::Numbers(tensor) => Some((name.as_str(), tensor)),
        _ => None,
    })
}

fn fill(config: LearnerConfig, arrays: &BTreeMap<&str, &Tensor>) -> Result<Learner, NirError> {
    let single = |(name, tensor): (&&str, &&Tensor)| match tensor.values() {
        Values::F32(values) => Some((name.to_string(), tensor.shape().to_vec(), values.clone())),
        Values::F64(_) => None,
    };
    let singles: Vec<(String, Vec<usize>, Vec<f32>)> = arrays.iter().filter_map(single).collect();
    let named: Vec<Named<'_, f32>> = singles
        .iter()
        .map(|(name, shape, values)| Named { name: name.clone(), shape: shape.clone(), values })
        .collect();
    let bytes = checkpoint::write(&named, &BTreeMap::new());
    let mut learner = Learner::new(config, 0)?;
    let (mut arrays, _) = checkpoint::read(&bytes)?;
    learner.take_arrays("", &mut arrays)?;
    arrays.finish()?;
    Ok(learner)
}

/// The graph must be that of the kept network: a tool may have trained it on and kept the metadata.
fn unchanged(graph: &Graph, record: &Record, learner: &Learner) -> Result<(), NirError> {
    let (Some(dt), Some(reader)) = (record.dt, record.reader) else { return Ok(()) };
    let options = ExportOptions { dt, reader, lossless: false, ..ExportOptions::default() };
    let again = export::export(learner, &options)?.graph;
    let differs = |name: &&String| graph.nodes.get(*name).map(|e| &e.node) != again.nodes.get(*name).map(|e| &e.node);
    let names = again.nodes.keys().chain(graph.nodes.keys().filter(|name| !again.nodes.contains_key(*name)));
    let changed: Vec<&str> = names.filter(differs).map(String::as_str).collect();
    match changed[..] {
        [] if same_edges(graph, &again) => Ok(()),
        [] => Err(NirError::Changed { nodes: "the edges".into() }),
        [..] => Err(NirError::Changed { nodes: changed.join(", ") }),
    }
}

fn same_edges(a: &Graph, b: &Graph) -> bool {
    let sorted = |graph: &Graph| {
        let mut edges = graph.edges.clone();
        edges.sort();
        edges
    };
    sorted(a) == sorted(b)
}
