//! What the optimiser moves: weights and meta-parameters, by name; and the running statistics of normalised layers.

use crate::config::{Coupling, GainShape, LearningRule, NetworkConfig, Norm, Operator};
use crate::random::uniform;
use crate::scalar::Float;
use crate::shape::Shape;

/// Which optimiser moves an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Weights and biases.
    Weights,
    /// Meta-parameters of plasticity.
    Meta,
}

impl Group {
    /// Both.
    pub const ALL: [Group; 2] = [Group::Weights, Group::Meta];
}

/// An array of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `[O,I]`; of a convolution `[O,K,K,C]`.
    Weight,
    /// `[O]`.
    Bias,
    /// `[O,O]`: from the spikes of the previous step.
    RecurrentWeight,
    /// λ of a normalisation, `[O]`.
    NormScale,
    /// β of a normalisation, `[O]`.
    NormShift,
    /// Mean of a normalisation for evaluation, `[O]`, or `[T,O]` if each step has its own. It follows the batches.
    RunningMean,
    /// Variance of a normalisation for evaluation, as `RunningMean`.
    RunningVariance,
    /// `[1]`, `[O]` or `[O,I]`; a gate is always `[O,I]`.
    PlasticityGain,
    /// `[I]`.
    LocalLearningRate,
    /// `[O]`.
    SlidingThreshold,
}

impl Field {
    /// Every array of a layer.
    pub const ALL: [Field; 10] = [
        Field::Weight,
        Field::Bias,
        Field::RecurrentWeight,
        Field::NormScale,
        Field::NormShift,
        Field::RunningMean,
        Field::RunningVariance,
        Field::PlasticityGain,
        Field::LocalLearningRate,
        Field::SlidingThreshold,
    ];

    /// Name in checkpoints and messages.
    pub fn name(self) -> &'static str {
        match self {
            Field::Weight => "weight",
            Field::Bias => "bias",
            Field::RecurrentWeight => "recurrent_weight",
            Field::NormScale => "norm_scale",
            Field::NormShift => "norm_shift",
            Field::RunningMean => "running_mean",
            Field::RunningVariance => "running_variance",
            Field::PlasticityGain => "plasticity_gain",
            Field::LocalLearningRate => "local_learning_rate",
            Field::SlidingThreshold => "sliding_threshold",
        }
    }

    /// Its optimiser.
    pub fn group(self) -> Group {
        match self {
            Field::PlasticityGain | Field::LocalLearningRate | Field::SlidingThreshold => Group::Meta,
            _ => Group::Weights,
        }
    }
}

/// The arrays of one layer: parameters, or anything of the same shapes (gradients, moments). Absent ones are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerArrays<F> {
    /// `[O,I]`; of a convolution `[O,K,K,C]`.
    pub weight: Vec<F>,
    /// `[O]`.
    pub bias: Vec<F>,
    /// `[O,O]`.
    pub recurrent_weight: Vec<F>,
    /// `[O]`.
    pub norm_scale: Vec<F>,
    /// `[O]`.
    pub norm_shift: Vec<F>,
    /// `[O]` or `[T,O]`.
    pub running_mean: Vec<F>,
    /// `[O]` or `[T,O]`.
    pub running_variance: Vec<F>,
    /// `[1]`, `[O]` or `[O,I]`.
    pub plasticity_gain: Vec<F>,
    /// `[I]`.
    pub local_learning_rate: Vec<F>,
    /// `[O]`.
    pub sliding_threshold: Vec<F>,
}

impl<F> LayerArrays<F> {
    /// One of them.
    pub fn get(&self, field: Field) -> &Vec<F> {
        match field {
            Field::Weight => &self.weight,
            Field::Bias => &self.bias,
            Field::RecurrentWeight => &self.recurrent_weight,
            Field::NormScale => &self.norm_scale,
            Field::NormShift => &self.norm_shift,
            Field::RunningMean => &self.running_mean,
            Field::RunningVariance => &self.running_variance,
            Field::PlasticityGain => &self.plasticity_gain,
            Field::LocalLearningRate => &self.local_learning_rate,
            Field::SlidingThreshold => &self.sliding_threshold,
        }
    }

    /// One of them, to write.
    pub fn get_mut(&mut self, field: Field) -> &mut Vec<F> {
        match field {
            Field::Weight => &mut self.weight,
            Field::Bias => &mut self.bias,
            Field::RecurrentWeight => &mut self.recurrent_weight,
            Field::NormScale => &mut self.norm_scale,
            Field::NormShift => &mut self.norm_shift,
            Field::RunningMean => &mut self.running_mean,
            Field::RunningVariance => &mut self.running_variance,
            Field::PlasticityGain => &mut self.plasticity_gain,
            Field::LocalLearningRate => &mut self.local_learning_rate,
            Field::SlidingThreshold => &mut self.sliding_threshold,
        }
    }
}

/// The arrays of a network, layer by layer.
pub type Params<F> = Vec<LayerArrays<F>>;

/// Where an array belongs, how large it is and how it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ArraySpec {
    /// Layer index.
    pub layer: usize,
    /// Which array of the layer.
    pub field: Field,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Whether the arm lets the optimiser move it.
    pub trained: bool,
    /// Bounds of the uniform draw it starts from.
    pub start: (f64, f64),
}

impl ArraySpec {
    /// `layers.N.field`.
    pub fn name(&self) -> String {
        format!("layers.{}.{}", self.layer, self.field.name())
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Every array of the network that `config` describes, in the one order that all code uses.
pub fn array_specs(config: &NetworkConfig) -> Vec<ArraySpec> {
    let mut specs = Vec::new();
    for (layer, c) in config.layers.iter().enumerate() {
        let rule = config.layer_rule(layer);
        let (outputs, inputs) = (c.size, config.layer_inputs(layer));
        let trained = rule != LearningRule::Local;
        let weight = weight_shape(config, layer);
        let bound = 1.0 / (weight[1..].iter().product::<usize>() as f64).sqrt();
        let mut keep = |field, shape, start, trained| specs.push(ArraySpec { layer, field, shape, trained, start });
        let mut push = |field, shape, start| keep(field, shape, start, trained);
        push(Field::Weight, weight, (-bound, bound));
        if c.has_bias() {
            push(Field::Bias, vec![outputs], (-bound, bound));
        }
        if c.operator == Operator::Recurrent {
            let bound = 1.0 / (outputs as f64).sqrt();
            push(Field::RecurrentWeight, vec![outputs, outputs], (-bound, bound));
        }
        if c.norm.is_some() {
            push(Field::NormScale, vec![outputs], (1.0, 1.0));
            push(Field::NormShift, vec![outputs], (0.0, 0.0));
        }
        if let (Some(plasticity), true) = (&c.plasticity, rule != LearningRule::Global) {
            let start = (0.0, plasticity.meta_init);
            match plasticity.coupling {
                Coupling::Additive { gain: GainShape::Scalar } | Coupling::Masked => {
                    push(Field::PlasticityGain, vec![1], start)
                }
                Coupling::Additive { gain: GainShape::PerNeuron } => push(Field::PlasticityGain, vec![outputs], start),
                Coupling::Additive { gain: GainShape::PerSynapse } => {
                    push(Field::PlasticityGain, vec![outputs, inputs], start)
                }
                // A gate begins half open, with the meta-parameters' spread.
                Coupling::Gated => {
                    let half = plasticity.meta_init / 2.0;
                    push(Field::PlasticityGain, vec![outputs, inputs], (0.5 - half, 0.5 + half))
                }
            }
            push(Field::LocalLearningRate, vec![inputs], start);
            push(Field::SlidingThreshold, vec![outputs], start);
        }
        if let Some(norm) = c.norm {
            let shape = if norm == Norm::PerStep { vec![config.steps, outputs] } else { vec![outputs] };
            keep(Field::RunningMean, shape.clone(), (0.0, 0.0), false);
            keep(Field::RunningVariance, shape, (1.0, 1.0), false);
        }
    }
    specs
}

/// Row-major shape of layer `layer`'s weight, O first.
fn weight_shape(config: &NetworkConfig, layer: usize) -> Vec<usize> {
    let c = &config.layers[layer];
    match (c.convolution(), config.layer_input_shape(layer)) {
        (Some(window), Some(Shape::Map { channels, .. })) => vec![c.size, window.kernel, window.kernel, channels],
        _ => {
            let inputs = config.layer_inputs(layer);
            vec![c.size, c.mask.map_or(inputs, |mask| mask.fan_in(inputs))]
        }
    }
}

/// Parameters drawn uniformly in their starting bounds. Same seed, same bits, whatever else the network holds.
pub fn draw<F: Float>(config: &NetworkConfig, seed: u64) -> Params<F> {
    build(config, |spec| {
        let name = spec.name();
        let (low, high) = spec.start;
        // Rounded through f32, so that single and double precision start from the same numbers.
        let value = |i| F::of((low + (high - low) * uniform(seed, &name, i as u64)) as f32 as f64);
        (0..spec.len()).map(value).collect()
    })
}

/// Arrays of zeros.
pub fn zeros<F: Float>(config: &NetworkConfig) -> Params<F> {
    build(config, |spec| vec![F::of(0.0); spec.len()])
}

fn build<F: Float>(config: &NetworkConfig, mut make: impl FnMut(&ArraySpec) -> Vec<F>) -> Params<F> {
    let mut params: Params<F> = config.layers.iter().map(|_| LayerArrays::default()).collect();
    for spec in array_specs(config) {
        *params[spec.layer].get_mut(spec.field) = make(&spec);
    }
    params
}
