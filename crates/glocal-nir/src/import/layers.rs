//! A chain of nodes as layers: map, neurons, pooling, and again.

use glocal_core::config::{
    Convolution as Window, LayerConfig, Loss, NetworkConfig, OptimiserConfig, OptimiserMethod, Pool, Readout, Schedule,
};
use glocal_core::neuron::NeuronConfig;
use glocal_core::{Learner, LearnerConfig, LearningRule};

use super::arrays::{Arrays, dense, window};
use super::neuron::neurons;
use super::{Imported, Origin};
use crate::error::{NirError, Problem};
use crate::graph::{Convolution, Graph, Node, Order, Padding, Pool as Windows, Shapes, check};
use crate::run::Discretisation;

/// The network that a chain of nodes makes.
pub fn import(graph: &Graph, how: Discretisation, steps: usize) -> Result<Imported, NirError> {
    let graph = graph.flattened();
    let (order, shapes) = check(&graph).map_err(NirError::Graph)?;
    let mut chain = Chain {
        graph: &graph,
        shapes: &shapes,
        how,
        layers: vec![],
        problems: vec![],
        notes: vec![],
        scale: 1.0,
        flattened: None,
    };
    chain.branches(&order);
    chain.walk(&order.names);
    let Chain { layers, mut problems, notes, .. } = chain;
    if layers.is_empty() && problems.is_empty() {
        problems.push(Problem::of("graph", "has no layer of neurons"));
    }
    if !problems.is_empty() {
        return Err(NirError::NotImportable(problems));
    }
    let input = &shapes[&order.names[0]].output;
    let config = learner_config(input, steps, layers.iter().map(|(layer, _)| layer.clone()).collect());
    config.validate().map_err(glocal_core::CoreError::from)?;
    let mut learner = Learner::new(config, 0)?;
    for (own, (_, arrays)) in learner.params_mut().iter_mut().zip(layers) {
        (own.weight, own.bias) = (arrays.weight, arrays.bias);
    }
    Ok(Imported { learner, origin: Origin::Nodes, approximations: notes })
}

/// What is known of a chain of nodes so far.
struct Chain<'a> {
    graph: &'a Graph,
    shapes: &'a Shapes,
    how: Discretisation,
    layers: Vec<(LayerConfig, Arrays)>,
    problems: Vec<Problem>,
    notes: Vec<Problem>,
    /// What the next layer's weights take over from sums that stand for means.
    scale: f64,
    /// Shape that was flattened into the next layer's inputs.
    flattened: Option<Vec<usize>>,
}

impl Chain<'_> {
    fn node(&self, name: &str) -> &Node {
        &self.graph.nodes[name].node
    }

    fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Problem::of(name, message));
    }

    fn branches(&mut self, order: &Order) {
        let mut targets = vec![0; order.names.len()];
        order.sources.iter().flatten().for_each(|&source| targets[source] += 1);
        for ((name, sources), targets) in order.names.iter().zip(&order.sources).zip(targets) {
            if sources.len() > 1 {
                self.refuse(name, "adds what several edges bring; layers follow one another");
            }
            if targets > 1 {
                self.refuse(name, "feeds several nodes; layers follow one another");
            }
        }
    }

    fn walk(&mut self, names: &[String]) {
        let mut names = names.iter().peekable();
        while let Some(name) = names.next() {
            match self.node(name).clone() {
                Node::Input { .. } | Node::Output { .. } => {}
                Node::Flatten(_) => self.flattened = Some(self.shapes[name].input.clone()),
                Node::Affine { .. } | Node::Linear { .. } | Node::Conv2d(_) => {
                    let next = names.next_if(|next| is_neuron(self.node(next)));
                    match next {
                        Some(neurons) => self.layer(name, neurons),
                        None => self.refuse(name, "is not followed by neurons (LIF, IF, LI or I)"),
                    }
                }
                Node::SumPool2d(pool) => {
                    let largest = names.next_if(|next| self.is_maximum(next)).is_some();
                    self.pool(name, &pool, if largest { Pool::Max } else { Pool::Average }, !largest);
                }
                Node::AvgPool2d(pool) => self.pool(name, &pool, Pool::Average, false),
                node if is_neuron(&node) => self.refuse(name, "has no weights before it (Affine, Linear or Conv2d)"),
                Node::CubaLi { .. } | Node::CubaLif { .. } => {
                    self.refuse(name, "has a synaptic current (tau_syn), which the engine's neurons lack")
                }
                node => self.refuse(name, format!("is a {}, which the engine has no layer for", node.kind())),
            }
        }
    }

    fn layer(&mut self, name: &str, neuron: &str) {
        let shape = &self.shapes[name];
        let made = neurons(neuron, self.node(neuron), self.how);
        let neurons = match made {
            Ok(neurons) => neurons,
            Err(problems) => return self.problems.extend(problems),
        };
        self.notes.extend(neurons.approximation.map(|text| Problem::of(neuron, text)));
        let scale = std::mem::replace(&mut self.scale, 1.0);
        let flattened = self.flattened.take();
        let made = match self.node(name) {
            Node::Conv2d(convolution) => fitting(name, convolution).and_then(|own| {
                let layer = LayerConfig::convolution_of(shape.output[0], own, neurons.config);
                Ok((
                    layer,
                    window(convolution, &neurons.factors, scale, &shape.output)
                        .map_err(|m| vec![Problem::of(neuron, m)])?,
                ))
            }),
            node => {
                // Below the first layer the engine keeps maps channels last; the network's own input it takes as it is.
                let before = flattened.filter(|shape| shape.len() == 3 && !self.layers.is_empty());
                let layer = LayerConfig::new(shape.output[0], neurons.config);
                Ok((layer, dense(node, &neurons.factors, scale, before.as_deref())))
            }
        };
        match made {
            Ok(layer) => self.layers.push(layer),
            Err(problems) => self.problems.extend(problems),
        }
    }

    /// Whether a node turns sums of spikes into their maximum.
    fn is_maximum(&self, name: &str) -> bool {
        let Node::If { r, v_threshold, v_reset } = self.node(name) else { return false };
        let within = |low: f64, high: f64, (from, to): (f64, f64)| low <= from && to < high;
        let one = r.range() == Some((1.0, 1.0)) && v_reset.range() == Some((0.0, 0.0));
        let spikes = self.layers.last().is_some_and(|(layer, _)| matches!(layer.neuron, NeuronConfig::Lif { .. }));
        spikes && one && v_threshold.range().is_some_and(|range| within(0.0, 1.0, range))
    }

    fn pool(&mut self, name: &str, pool: &Windows, kind: impl Fn(usize) -> Pool, sums: bool) {
        let [side, width] = pool.kernel_size;
        if width != side || pool.stride != pool.kernel_size || pool.padding != [0, 0] {
            return self.refuse(name, "the engine pools over square windows that do not overlap, without padding");
        }
        match self.layers.last_mut() {
            Some((layer, _)) if layer.convolution().is_some() && layer.pool.is_none() => {
                layer.pool = Some(kind(side));
                if sums {
                    self.scale = (side * side) as f64;
                }
            }
            _ => self.refuse(name, "must follow the neurons of a Conv2d"),
        }
    }
}

fn is_neuron(node: &Node) -> bool {
    matches!(node, Node::Lif { .. } | Node::If { .. } | Node::Li { .. } | Node::I { .. })
}

/// The window, if the engine has such ones.
fn fitting(name: &str, convolution: &Convolution) -> Result<Window, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut square = |attribute: &str, sides: &[usize]| match *sides {
        [side, width] if side == width => side,
        _ => {
            problems.push(Problem::at(name, attribute, format!("{sides:?} must be the same in both directions")));
            1
        }
    };
    let kernel = square("weight", convolution.kernel());
    let stride = square("stride", &convolution.stride);
    let padding = match &convolution.padding {
        Padding::Valid => 0,
        Padding::Zeros(zeros) => square("padding", zeros),
        Padding::Same if kernel % 2 == 1 => kernel / 2,
        Padding::Same => square("padding", &[0, 1]),
    };
    if convolution.dilation.iter().any(|&dilation| dilation != 1) {
        let message = format!("{:?}: the engine's windows have no gaps", convolution.dilation);
        problems.push(Problem::at(name, "dilation", message));
    }
    if convolution.groups != 1 {
        problems.push(Problem::at(name, "groups", format!("{}: in the engine all channels mix", convolution.groups)));
    }
    if problems.is_empty() { Ok(Window { kernel, stride, padding }) } else { Err(problems) }
}

fn learner_config(input: &[usize], steps: usize, layers: Vec<LayerConfig>) -> LearnerConfig {
    let spikes = layers.last().is_some_and(|layer| matches!(layer.neuron, NeuronConfig::Lif { .. }));
    let sides = if let [1, rest @ ..] = input
        && rest.len() == 3
    {
        rest
    } else {
        input
    };
    let network = NetworkConfig {
        inputs: input.iter().product(),
        input_shape: <[usize; 3]>::try_from(sides).ok(),
        steps,
        learning_rule: LearningRule::Global,
        phase_time_constant: None,
        readout: if spikes { Readout::Rate } else { Readout::Membrane { cap: None } },
        episode: None,
        layers,
    };
    let optimiser = OptimiserConfig {
        method: OptimiserMethod::default(),
        learning_rate: 1e-3,
        schedule: Schedule::Constant,
        clip_norm: None,
        update_interval: 1,
    };
    LearnerConfig { network, loss: Loss::CrossEntropy, weights: optimiser.clone(), meta: optimiser, weight_bits: None }
}
