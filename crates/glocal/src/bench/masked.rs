//! The continual-learning network of `glocal bench`: a mask leaves 3 % of the trained synapses, plastic weights stand beside.

use glocal_core::config::{
    Coupling, Execution, LayerConfig, LearnerConfig, Loss, MaskConfig, NetworkConfig, OptimiserConfig, PlasticScope,
    PlasticityConfig, Readout,
};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{CoreError, Input, Learner, LearningRule};

use super::{BATCH, Data, median_ms};

const SIZES: [usize; 4] = [784, 1024, 1024, 10];
const STEPS: usize = 3;
const DENSITY: f64 = 0.03;

/// What is measured, in words.
pub(super) fn name() -> String {
    let [inputs, first, second, classes] = SIZES;
    format!(
        "{inputs}-{first}-{second}-{classes}, T={STEPS}, batch {BATCH}, {} % of the synapses trained",
        100.0 * DENSITY
    )
}

/// Time of the hybrid step over synapses alone, and of the same step executed densely.
///
/// # Errors
/// What training reports.
pub(super) fn step_ms(data: &Data, seconds: f64) -> Result<[f64; 2], CoreError> {
    let measure = |execution| {
        let mut learner = Learner::<f32>::new(config(execution), 1)?;
        median_ms(seconds, || learner.step(Input::Constant(&data.x), &data.labels).map(|_| ()))
    };
    Ok([measure(Execution::Auto)?, measure(Execution::Dense)?])
}

fn config(execution: Execution) -> LearnerConfig {
    let neuron = NeuronConfig::Lif {
        threshold: 0.5,
        decay: 0.8,
        reset: Reset::Subtract,
        surrogate: SurrogateGradient::Rectangle { half_width: 0.5 },
    };
    let plasticity = PlasticityConfig {
        coupling: Coupling::Masked,
        scope: PlasticScope::Sample,
        execution,
        ..PlasticityConfig::new(RuleConfig::Hebbian { post: PostFactor::Tanh, sign: 1.0 }, 0.8)
    };
    let layer = |size, plasticity| LayerConfig {
        mask: Some(MaskConfig { density: DENSITY, seed: 1 }),
        bias: false,
        plasticity,
        ..LayerConfig::new(size, neuron)
    };
    let [inputs, first, second, classes] = SIZES;
    let read_out = LayerConfig { learning: Some(LearningRule::Global), ..layer(classes, None) };
    LearnerConfig {
        network: NetworkConfig {
            inputs,
            input_shape: None,
            steps: STEPS,
            learning_rule: LearningRule::Hybrid,
            phase_time_constant: Some(50.0),
            readout: Readout::Membrane { cap: None },
            episode: None,
            layers: vec![layer(first, Some(plasticity.clone())), layer(second, Some(plasticity)), read_out],
        },
        loss: Loss::CrossEntropy,
        weights: OptimiserConfig::adam(1e-3),
        meta: OptimiserConfig::adam(5e-4),
    }
}
