//! NIR graphs to networks that the engine trains and runs.

mod arrays;
mod layers;
mod lossless;
mod neuron;

use glocal_core::Learner;

use crate::error::NirError;
use crate::graph::Graph;
use crate::run::Discretisation;

pub use lossless::{Record, record};

/// How a graph is imported.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportOptions {
    /// What time constants mean. Absent: what the file says, if Glocal wrote it.
    pub discretisation: Option<Discretisation>,
    /// Time steps T of a sample, for graphs that Glocal did not write: NIR keeps none.
    pub steps: usize,
    /// Whether to take the graph alone, and not the network that Glocal kept beside it.
    pub graph_only: bool,
}

/// Where an imported network comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// What Glocal kept in the file: the same network, to the bit, plastic weights and all.
    Kept,
    /// The graph's nodes, as layers.
    Nodes,
}

/// An imported network.
#[derive(Debug)]
pub struct Imported {
    /// The network, with fresh optimisers.
    pub learner: Learner,
    /// Where it comes from.
    pub origin: Origin,
    /// In what it may differ from the graph. Empty: same input, same spikes.
    pub approximations: Vec<crate::Problem>,
}

/// The network of a graph: the one that Glocal kept in the file, or else the graph's nodes as layers.
///
/// # Errors
/// A kept network that is damaged or no longer that of the graph; or everything in the graph that the engine has no layer
/// for, at once.
pub fn import(graph: &Graph, options: &ImportOptions) -> Result<Imported, NirError> {
    let record = record(graph)?;
    if let Some(record) = record.as_ref().filter(|_| !options.graph_only)
        && let Some(learner) = lossless::restore(graph, record)?
    {
        return Ok(Imported { learner, origin: Origin::Kept, approximations: Vec::new() });
    }
    let said = record.and_then(|record| record.discretisation());
    let discretisation = options.discretisation.or(said).ok_or(NirError::NoTimeStep)?;
    layers::import(graph, discretisation, options.steps)
}
