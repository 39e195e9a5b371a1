//! Networks and inputs that several tests share.

use glocal_core::config::{
    Convolution, Coupling, GainShape, LayerConfig, Loss, NetworkConfig, Norm, OptimiserConfig, OptimiserMethod,
    PlasticityConfig, Pool, Readout, Schedule,
};
use glocal_core::network::Input;
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::random::uniform;
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Learner, LearnerConfig, LearningRule};

pub const STEPS: usize = 12;

pub fn lif(threshold: f64, decay: f64, reset: Reset) -> NeuronConfig {
    NeuronConfig::Lif { threshold, decay, reset, surrogate: SurrogateGradient::default() }
}

fn learner(inputs: usize, input_shape: Option<[usize; 3]>, layers: Vec<LayerConfig>, rule: LearningRule) -> Learner {
    let network = NetworkConfig {
        inputs,
        input_shape,
        steps: STEPS,
        learning_rule: rule,
        phase_time_constant: None,
        readout: Readout::Membrane { cap: None },
        episode: None,
        layers,
    };
    let optimiser = OptimiserConfig {
        method: OptimiserMethod::default(),
        learning_rate: 0.05,
        schedule: Schedule::Constant,
        clip_norm: None,
        update_interval: 1,
    };
    let config = LearnerConfig {
        network,
        loss: Loss::default(),
        weights: optimiser.clone(),
        meta: optimiser,
        weight_bits: None,
    };
    Learner::new(config, 7).expect("a valid network")
}

/// Two dense layers that reset to zero.
pub fn dense() -> Learner {
    let layers =
        vec![LayerConfig::new(20, lif(0.31, 0.7, Reset::ToZero)), LayerConfig::new(5, lif(0.11, 0.45, Reset::ToZero))];
    learner(9, None, layers, LearningRule::Global)
}

/// Two convolutions, one pooled by maximum and one by average, one of them normalised; a leaky integrator reads out.
pub fn convolutional() -> Learner {
    let window = |stride, padding| Convolution { kernel: 3, stride, padding };
    let neuron = |threshold| lif(threshold, 0.6, Reset::ToZero);
    let mut first = LayerConfig::convolution_of(4, window(1, 1), neuron(0.23));
    (first.pool, first.norm) = (Some(Pool::Max(2)), Some(Norm::Tdbn));
    let mut second = LayerConfig::convolution_of(3, window(1, 0), neuron(0.12));
    second.pool = Some(Pool::Average(2));
    let read = LayerConfig::new(4, NeuronConfig::LeakyIntegrator { decay: 0.8, threshold: 1.0 });
    let mut learner = learner(2 * 13 * 12, Some([2, 13, 12]), vec![first, second, read], LearningRule::Global);
    let params = learner.params_mut();
    fill(&mut params[0].running_mean, "mean", -0.1, 0.1);
    fill(&mut params[0].running_variance, "variance", 0.5, 1.5);
    fill(&mut params[0].norm_scale, "scale", 0.8, 1.2);
    fill(&mut params[0].norm_shift, "shift", -0.1, 0.3);
    learner
}

/// Dense layers with plastic weights, which have moved.
pub fn plastic(reset: Reset) -> Learner {
    let rule = serde_json::from_str(r#"{"kind": "hebbian", "post": "tanh"}"#).expect("a rule");
    let plasticity = PlasticityConfig {
        rule,
        decay: 0.95,
        clamp: Some(4.0),
        coupling: Coupling::Additive { gain: GainShape::PerNeuron },
        sharing: Default::default(),
        scope: Default::default(),
        meta_init: 0.3,
        rate_bounds: None,
        execution: Default::default(),
    };
    let mut hidden = LayerConfig::new(12, lif(0.31, 0.7, reset));
    hidden.plasticity = Some(plasticity);
    let mut read = LayerConfig::new(5, lif(0.21, 0.45, reset));
    read.learning = Some(LearningRule::Global);
    let mut learner = learner(9, None, vec![hidden, read], LearningRule::Hybrid);
    let input: Vec<f32> = series(9).iter().map(|&v| v as f32).collect();
    for _ in 0..3 {
        learner.step(Input::Series(&input), &[2]).expect("a step");
    }
    assert!(learner.plastic()[0].values.iter().any(|&p| p != 0.0), "the plastic weights stand still");
    learner
}

fn fill(values: &mut [f32], name: &str, low: f64, high: f64) {
    for (i, value) in values.iter_mut().enumerate() {
        *value = (low + (high - low) * uniform(1, name, i as u64)) as f32;
    }
}

/// A spike at every second place, `[T,I]`.
pub fn series(inputs: usize) -> Vec<f64> {
    (0..STEPS * inputs).map(|i| f64::from(u8::from(uniform(3, "input", i as u64) < 0.5))).collect()
}

/// Spikes of the last layer, `[T,O]`, or its potentials where it does not spike: the engine, with plastic weights at rest.
pub fn engine(learner: &mut Learner, input: &[f64]) -> Vec<f64> {
    let input: Vec<f32> = input.iter().map(|&v| v as f32).collect();
    let layers = learner.record(Input::Series(&input)).expect("a recording");
    let last = layers.last().expect("a layer");
    let spikes = matches!(learner.config().network.layers.last().expect("a layer").neuron, NeuronConfig::Lif { .. });
    let shown = if spikes { &last.spikes } else { &last.membrane_potentials };
    shown.iter().map(|&v| f64::from(v)).collect()
}
