//! Trained networks to NIR graphs.
//!
//! # Equation
//! Glocal's neuron is v_t = decay · u_{t-1} + I_t, a spike if v_t > θ, u_t = 0 after it. NIR's LIF by Euler steps is
//! v_t = v_{t-1} + dt/tau (v_leak - v_{t-1} + r I_t), a spike if v_t > v_threshold, v_t = v_reset after it. With
//! v_leak = v_reset = 0, r = 1 and tau = dt/(1 - decay) the latter is v_t = decay · v_{t-1} + (1 - decay) I_t: Glocal's
//! potential times (1 - decay). So v_threshold = (1 - decay) θ gives the same spikes, and weights stay as they are, to the bit.
//! r = 1 is what norse computes with whatever the file says.

mod layer;
mod obstacles;
mod record;

use glocal_core::Learner;
use glocal_core::config::Pool;
use glocal_core::shape::Shape;

use crate::error::{NirError, Problem};
use crate::graph::{Graph, Node};

pub(crate) use layer::channels_first;
pub(crate) use record::keys;

/// How a network is exported.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportOptions {
    /// Time step in seconds. NIR keeps none, so readers must be told the same; snnTorch takes 1e-4, norse 1e-3 unless told.
    pub dt: f64,
    /// Who is to read the file.
    pub reader: Reader,
    /// Whether to refuse what would be approximate.
    pub strict: bool,
    /// Whether the file keeps all that import needs to give back the same network: two to three times the size.
    pub lossless: bool,
    /// Texts of the caller's own to keep beside the network (a run's config).
    pub notes: Vec<(String, String)>,
}

impl Default for ExportOptions {
    fn default() -> Self {
        ExportOptions { dt: 1e-4, reader: Reader::Euler, strict: false, lossless: true, notes: Vec::new() }
    }
}

/// Who is to read the file: readers differ in what they make of a neuron's time constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// Readers that follow NIR's equations by Euler steps of dt, with a hard reset: norse, snnTorch and most others.
    #[default]
    Euler,
    /// sinabs: tau is in steps, as in exp(-1/tau); as many spikes in a step as thresholds fit into v, each taken off.
    Sinabs,
}

impl Reader {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Reader::Euler => "euler",
            Reader::Sinabs => "sinabs",
        }
    }

    /// The reader of that name.
    pub fn from_name(name: &str) -> Option<Reader> {
        [Reader::Euler, Reader::Sinabs].into_iter().find(|reader| reader.name() == name)
    }
}

/// An exported network.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The graph.
    pub graph: Graph,
    /// In what it differs from the network; the file says so, too. Empty: same input, same spikes.
    pub approximations: Vec<Problem>,
}

/// The graph of a trained network, its plastic weights folded into the trained ones.
///
/// # Units
/// Time constants in seconds, or in steps for [`Reader::Sinabs`].
///
/// # Errors
/// Everything in the network that NIR cannot say, or with `strict` everything that it can say only nearly.
pub fn export(learner: &Learner, options: &ExportOptions) -> Result<Export, NirError> {
    if !(options.dt.is_finite() && options.dt > 0.0) {
        let message = "must be a time step above 0, in seconds";
        return Err(NirError::Option { name: "dt", value: options.dt.to_string(), message });
    }
    let config = &learner.config().network;
    let obstacles = obstacles::of(config, options.reader);
    if !obstacles.is_empty() {
        return Err(NirError::NotExportable(obstacles));
    }
    let approximations = obstacles::approximations(config, options.reader);
    if options.strict && !approximations.is_empty() {
        return Err(NirError::Approximate(approximations));
    }
    let mut graph = Graph::chain(nodes(learner, options));
    graph.metadata = record::metadata(learner, options, &approximations);
    Ok(Export { graph, approximations })
}

fn nodes(learner: &Learner, options: &ExportOptions) -> Vec<(String, Node)> {
    let config = &learner.config().network;
    let folded = learner.network().fold(learner.params(), learner.plastic());
    let starts_with_map = config.layers.first().is_some_and(|layer| layer.convolution().is_some());
    let mut shape = if starts_with_map { config.shape() } else { Shape::Flat(config.inputs) };
    let mut nodes = vec![("input".to_owned(), Node::Input { shape: sides(shape) })];
    let mut scale = 1.0;
    for (index, layer) in config.layers.iter().enumerate() {
        let place = layer::Place { learner, layer, index, input: shape, folded: &folded[index], scale, options };
        nodes.extend(place.nodes());
        shape = layer.output_shape(shape).unwrap_or(Shape::Flat(layer.size));
        scale = match (options.reader, layer.pool) {
            // sinabs has sums alone: the next layer's weights take the mean.
            (Reader::Sinabs, Some(Pool::Average(side))) => 1.0 / (side * side) as f64,
            _ => 1.0,
        };
    }
    nodes.push(("output".into(), Node::Output { shape: sides(shape) }));
    nodes
}

/// A shape as NIR writes it, channels first.
pub(crate) fn sides(shape: Shape) -> Vec<usize> {
    match shape {
        Shape::Flat(len) => vec![len],
        Shape::Map { channels, height, width } => vec![channels, height, width],
    }
}
