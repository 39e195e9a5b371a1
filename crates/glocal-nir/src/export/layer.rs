//! One layer as nodes: an affine map or a convolution, neurons, pooling.

use glocal_core::Learner;
use glocal_core::config::{Convolution as Window, LayerConfig, Pool as LayerPool};
use glocal_core::neuron::NeuronConfig;
use glocal_core::params::LayerArrays;
use glocal_core::shape::Shape;

use super::{ExportOptions, Reader, sides};
use crate::graph::{Convolution, Flatten, Node, Padding, Pool};
use crate::tensor::{Tensor, Values, element_count};

/// A layer, and where it stands.
pub struct Place<'a> {
    /// The network.
    pub learner: &'a Learner,
    /// The layer.
    pub layer: &'a LayerConfig,
    /// Its index.
    pub index: usize,
    /// What comes in.
    pub input: Shape,
    /// Its arrays, with plastic weights and normalisations folded in.
    pub folded: &'a LayerArrays<f32>,
    /// What its weights have to take over from the layer below.
    pub scale: f64,
    /// How to export.
    pub options: &'a ExportOptions,
}

impl Place<'_> {
    /// Its nodes, in turn.
    pub fn nodes(&self) -> Vec<(String, Node)> {
        let name = |part: &str| format!("layer{}{part}", self.index);
        let mut nodes = Vec::new();
        let neurons = match (self.layer.convolution(), self.input) {
            (Some(window), Shape::Map { channels, height, width }) => {
                nodes.push((name(""), Node::Conv2d(self.convolution(window, channels, [height, width]))));
                self.layer.unpooled().output_shape(self.input).unwrap_or(self.input)
            }
            (_, input) => {
                if let Shape::Map { .. } = input {
                    let input_shape = Some(sides(input));
                    nodes.push((name("_flatten"), Node::Flatten(Flatten { start_dim: 0, end_dim: -1, input_shape })));
                }
                nodes.push((name(""), Node::Affine { weight: self.matrix(), bias: self.bias() }));
                Shape::Flat(self.layer.size)
            }
        };
        nodes.push((name("_neurons"), self.neurons(&sides(neurons))));
        if let Some(pool) = self.layer.pool.filter(|pool| pool.side() > 1) {
            nodes.extend(self.pooling(pool, neurons, &name));
        }
        nodes
    }

    fn scaled(&self, weight: f32) -> f32 {
        (f64::from(weight) * self.scale) as f32
    }

    fn bias(&self) -> Tensor {
        let bias = &self.folded.bias;
        Tensor::row(if bias.is_empty() { vec![0.0; self.layer.size] } else { bias.clone() })
    }

    /// The weight `[O,I]`, zero where a mask leaves no synapse, its columns in the order of NIR's flattening.
    fn matrix(&self) -> Tensor {
        let (outputs, inputs) = (self.layer.size, self.input.len());
        let mut whole = vec![0.0; outputs * inputs];
        match self.learner.synapses(self.index).filter(|places| places.len() == self.folded.weight.len()) {
            Some(places) => places.iter().zip(&self.folded.weight).for_each(|(&at, &w)| whole[at as usize] = w),
            None => whole.copy_from_slice(&self.folded.weight),
        }
        let order = channels_first(self.input);
        let rows = whole.chunks_exact(inputs).flat_map(|row| order.iter().map(|&column| self.scaled(row[column])));
        Tensor::new(vec![outputs, inputs], Values::F32(rows.collect())).expect("a weight for each input and output")
    }

    /// From `[O,K,K,C]` to `[O,C,K,K]`.
    fn convolution(&self, window: Window, channels: usize, input_shape: [usize; 2]) -> Convolution {
        let (side, outputs) = (window.kernel, self.layer.size);
        let taps = side * side;
        let weight = |o: usize, c: usize, tap: usize| self.scaled(self.folded.weight[(o * taps + tap) * channels + c]);
        let values =
            (0..outputs * channels * taps).map(|i| weight(i / (channels * taps), i / taps % channels, i % taps));
        let shape = vec![outputs, channels, side, side];
        Convolution {
            weight: Tensor::new(shape, Values::F32(values.collect())).expect("a weight for each tap"),
            bias: self.bias(),
            stride: vec![window.stride; 2],
            padding: Padding::Zeros(vec![window.padding; 2]),
            dilation: vec![1; 2],
            groups: 1,
            input_shape: Some(input_shape.to_vec()),
        }
    }

    fn neurons(&self, shape: &[usize]) -> Node {
        let count = element_count(shape).unwrap_or(0);
        let all = |value: f64| Tensor::filled(count, value).reshaped(shape.to_vec()).expect("a value for each neuron");
        let spiking = |r: f64, tau: f64, v_threshold: f64| Node::Lif {
            tau: all(tau),
            r: all(r),
            v_leak: all(0.0),
            v_threshold: all(v_threshold),
            v_reset: all(0.0),
        };
        let dt = self.options.dt;
        match (self.layer.neuron, self.options.reader) {
            (NeuronConfig::Lif { decay: 1.0, threshold, .. }, _) => {
                Node::If { r: all(1.0), v_threshold: all(threshold), v_reset: all(0.0) }
            }
            (NeuronConfig::Lif { decay, threshold, .. }, Reader::Euler) => {
                let share = 1.0 - decay;
                spiking(1.0, dt / share, share * threshold)
            }
            (NeuronConfig::Lif { decay, threshold, .. }, Reader::Sinabs) => spiking(1.0, steps(decay), threshold),
            (NeuronConfig::LeakyIntegrator { decay: 1.0, .. }, _) => Node::I { r: all(1.0) },
            (NeuronConfig::LeakyIntegrator { decay, .. }, Reader::Euler) => {
                let share = 1.0 - decay;
                Node::Li { tau: all(dt / share), r: all(1.0 / share), v_leak: all(0.0) }
            }
            (NeuronConfig::LeakyIntegrator { decay, .. }, Reader::Sinabs) => {
                Node::Li { tau: all(steps(decay)), r: all(1.0), v_leak: all(0.0) }
            }
            // Refused before; a graph with such a node is never written.
            (NeuronConfig::AdaptiveLif { .. } | NeuronConfig::Tanh {}, _) => {
                Node::Unsupported { kind: format!("{:?}", self.layer.neuron) }
            }
        }
    }

    fn pooling(&self, pool: LayerPool, neurons: Shape, name: &impl Fn(&str) -> String) -> Vec<(String, Node)> {
        let side = [pool.side(); 2];
        let windows = Pool { kernel_size: side, stride: side, padding: [0, 0] };
        match (pool, self.options.reader) {
            (LayerPool::Average(_), Reader::Euler) => vec![(name("_pool"), Node::AvgPool2d(windows))],
            (LayerPool::Average(_), Reader::Sinabs) => vec![(name("_pool"), Node::SumPool2d(windows))],
            // The largest of spikes is 1 where their sum is above 1/2: a neuron that forgets nothing and keeps nothing, as
            // each sum is 0 or takes it over the threshold.
            (LayerPool::Max(_), _) => {
                let shape = sides(self.layer.output_shape(self.input).unwrap_or(neurons));
                let count = element_count(&shape).unwrap_or(0);
                let all = |value: f64| Tensor::filled(count, value).reshaped(shape.clone()).expect("as many");
                let spikes = Node::If { r: all(1.0), v_threshold: all(MAX_POOL_THRESHOLD), v_reset: all(0.0) };
                vec![(name("_pool"), Node::SumPool2d(windows)), (name("_pool_max"), spikes)]
            }
        }
    }
}

/// Threshold of the neurons that make a sum of spikes their maximum.
const MAX_POOL_THRESHOLD: f64 = 0.5;

/// tau in steps with exp(-1/tau) = decay. No tau gives 0: one that is 0 in single precision.
fn steps(decay: f64) -> f64 {
    if decay > 0.0 { -1.0 / libm::log(decay) } else { 1e-3 }
}

/// For each place of NIR's flattening, channels first, the place in Glocal's, channels last.
pub fn channels_first(shape: Shape) -> Vec<usize> {
    match shape {
        Shape::Flat(len) => (0..len).collect(),
        Shape::Map { channels, height, width } => {
            let places = height * width;
            (0..channels * places).map(|i| (i % places) * channels + i / places).collect()
        }
    }
}
