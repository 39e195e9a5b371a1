//! Networks and numbers that several tests use.
#![allow(dead_code)]

use glocal_core::config::*;
use glocal_core::layer::PlasticWeight;
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::{Field, Params, array_specs, zeros};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::scalar::Float;
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Learner, LearnerConfig};

/// SplitMix64 as of golden.py: numbers in 0..1.
pub fn splitmix(seed: u64, n: usize) -> Vec<f64> {
    (1..=n as u64)
        .map(|i| {
            let mut z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 40) as f64 * 2f64.powi(-24)
        })
        .collect()
}

/// float32(low + (high - low) u), as of golden.py.
pub fn uniform(seed: u64, n: usize, low: f64, high: f64) -> Vec<f64> {
    splitmix(seed, n).into_iter().map(|u| (low + (high - low) * u) as f32 as f64).collect()
}

pub fn lif(reset: Reset, surrogate: SurrogateGradient) -> NeuronConfig {
    NeuronConfig::Lif { threshold: 0.35, decay: 0.4, reset, surrogate }
}

pub fn hebbian() -> PlasticityConfig {
    let rule = RuleConfig::Hebbian { post: PostFactor::Tanh, sign: 1.0 };
    PlasticityConfig { clamp: Some(4.0), ..PlasticityConfig::new(rule, 0.95) }
}

/// The published demo's network at any size.
pub fn demo(rule: LearningRule, sizes: [usize; 3], steps: usize) -> LearnerConfig {
    let layer = |size| LayerConfig {
        plasticity: Some(hebbian()),
        ..LayerConfig::new(size, lif(Reset::Subtract, SurrogateGradient::Rectangle { half_width: 0.5 }))
    };
    LearnerConfig {
        network: NetworkConfig {
            inputs: sizes[0],
            input_shape: None,
            steps,
            learning_rule: rule,
            phase_time_constant: Some(40.0),
            readout: Readout::Membrane { cap: Some(1.1) },
            episode: None,
            layers: vec![layer(sizes[1]), layer(sizes[2])],
        },
        loss: Loss::MeanSquaredError,
        weights: OptimiserConfig::adam(1e-3),
        meta: OptimiserConfig::adam(5e-4),
        weight_bits: None,
    }
}

/// Largest |a - b| over largest |b|.
pub fn relative(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let top = b.iter().fold(1e-30f64, |m, x| m.max(x.abs()));
    a.iter().zip(b).fold(0.0f64, |m, (a, b)| m.max((a - b).abs())) / top
}

/// Numbers of a stream: a new seed for each call.
pub struct Stream(pub u64);

impl Stream {
    /// `n` numbers in `low..high`.
    pub fn take(&mut self, n: usize, low: f64, high: f64) -> Vec<f64> {
        self.0 = self.0.wrapping_add(0x1234_5678_9ABC_DEF1);
        uniform(self.0, n, low, high)
    }

    /// One of `n`.
    pub fn pick(&mut self, n: usize) -> usize {
        (self.take(1, 0.0, n as f64)[0] as usize).min(n - 1)
    }
}

pub const FIELDS: [Field; 5] =
    [Field::Weight, Field::Bias, Field::PlasticityGain, Field::LocalLearningRate, Field::SlidingThreshold];

/// Parameters large enough that every one of them matters.
pub fn lively_params<F: Float>(config: &NetworkConfig, stream: &mut Stream) -> Params<F> {
    let mut params: Params<F> = zeros(config);
    for spec in array_specs(config) {
        let bound = 1.5 / (config.layer_inputs(spec.layer) as f64).sqrt();
        let (low, high) = match spec.field {
            Field::Weight => (-0.6 * bound, bound),
            Field::Bias => (0.0, 0.2),
            Field::PlasticityGain => (0.2, 0.6),
            Field::LocalLearningRate => (0.1, 0.4),
            Field::SlidingThreshold => (-0.2, 0.3),
            Field::RecurrentWeight => (-0.3, 0.4),
            Field::NormScale => (0.5, 1.5),
            Field::NormShift => (0.0, 0.4),
            Field::RunningMean => (-0.2, 0.2),
            Field::RunningVariance => (0.5, 1.5),
        };
        *params[spec.layer].get_mut(spec.field) = of(&stream.take(spec.len(), low, high));
    }
    params
}

/// Plastic weights that are not at rest, for scopes that outlive the sample.
pub fn lively_plastic<F: Float>(config: &NetworkConfig, batch: usize, stream: &mut Stream) -> Vec<PlasticWeight<F>> {
    let of_layer = |(index, layer): (usize, &LayerConfig)| {
        let synapses = layer.size * config.layer_inputs(index);
        let copies = match &layer.plasticity {
            Some(p) if p.scope != PlasticScope::Sample && config.layer_rule(index) != LearningRule::Global => {
                if p.sharing == Sharing::Batch { 1 } else { batch }
            }
            _ => 0,
        };
        PlasticWeight { values: of(&stream.take(copies * synapses, -0.3, 0.3)) }
    };
    config.layers.iter().enumerate().map(of_layer).collect()
}

pub fn of<F: Float>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&v| F::of(v)).collect()
}

pub fn wide<F: Float>(values: &[F]) -> Vec<f64> {
    values.iter().map(|v| v.to_f64()).collect()
}

pub fn rules() -> [RuleConfig; 7] {
    [
        RuleConfig::Hebbian { post: PostFactor::Tanh, sign: 1.0 },
        RuleConfig::Hebbian { post: PostFactor::Identity, sign: -1.0 },
        RuleConfig::Hebbian { post: PostFactor::Softmax, sign: 1.0 },
        RuleConfig::Oja { forgetting: 0.1 },
        RuleConfig::Bcm { average_decay: 0.6 },
        RuleConfig::Stdp { potentiation: 0.8, depression: 0.5, pre_trace_decay: 0.6, post_trace_decay: 0.7 },
        RuleConfig::ThreeFactor { eligibility_decay: 0.7, reward_onset: 1, reward: -0.8 },
    ]
}

pub fn couplings() -> [Coupling; 5] {
    [
        Coupling::Additive { gain: GainShape::Scalar },
        Coupling::Additive { gain: GainShape::PerNeuron },
        Coupling::Additive { gain: GainShape::PerSynapse },
        Coupling::Gated,
        Coupling::Masked,
    ]
}

/// Gives a plastic layer this coupling, and the mask that masked coupling needs.
pub fn couple(layer: &mut LayerConfig, coupling: Coupling) {
    plasticity_of(layer).coupling = coupling;
    layer.mask = (coupling == Coupling::Masked).then_some(MaskConfig { density: 0.2, seed: 3, part: 0, block: 1 });
}

pub const SCOPES: [PlasticScope; 4] =
    [PlasticScope::Sample, PlasticScope::Episode, PlasticScope::Task, PlasticScope::Run];

/// Whether the low-rank execution can run this layer (without a clamp).
pub fn low_rank_possible(plasticity: &PlasticityConfig) -> bool {
    let one_factor = matches!(plasticity.rule, RuleConfig::Hebbian { .. } | RuleConfig::Bcm { .. });
    let row_gain = match plasticity.coupling {
        Coupling::Additive { gain } => gain != GainShape::PerSynapse,
        Coupling::Masked => one_factor,
        Coupling::Gated => false,
    };
    let forgets = matches!(plasticity.rule, RuleConfig::Oja { .. });
    let keeps_samples = plasticity.sharing == Sharing::PerSample && plasticity.scope != PlasticScope::Sample;
    row_gain && !forgets && !keeps_samples
}

/// A plastic layer without a clamp.
pub fn plastic_layer(size: usize, neuron: NeuronConfig, rule: RuleConfig) -> LayerConfig {
    let plasticity = PlasticityConfig { rule, clamp: None, decay: 0.9, ..hebbian() };
    LayerConfig { plasticity: Some(plasticity), ..LayerConfig::new(size, neuron) }
}

/// The first layer's plasticity.
pub fn plasticity_of(layer: &mut LayerConfig) -> &mut PlasticityConfig {
    layer.plasticity.as_mut().expect("a plastic layer")
}

pub fn network_of(inputs: usize, steps: usize, layers: Vec<LayerConfig>) -> NetworkConfig {
    NetworkConfig {
        inputs,
        input_shape: None,
        steps,
        learning_rule: LearningRule::Hybrid,
        phase_time_constant: Some(15.0),
        readout: Readout::Membrane { cap: None },
        episode: None,
        layers,
    }
}

pub fn learner_of(network: NetworkConfig) -> LearnerConfig {
    LearnerConfig {
        network,
        loss: Loss::MeanSquaredError,
        weights: OptimiserConfig::adam(1e-2),
        meta: OptimiserConfig::adam(5e-3),
        weight_bits: None,
    }
}

/// Labels 0, 1, .. in turn.
pub fn labels_of(batch: usize, classes: usize) -> Vec<u32> {
    (0..batch).map(|b| ((2 * b + 1) % classes) as u32).collect()
}

/// Every bit of a learner's parameters and plastic weights.
pub fn bits<F: Float>(learner: &Learner<F>) -> Vec<u8> {
    learner.arrays().iter().flat_map(|(_, _, values)| F::to_bytes(values)).collect()
}
