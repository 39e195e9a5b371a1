//! Networks and numbers that several tests use.
#![allow(dead_code)]

use glocal_core::LearnerConfig;
use glocal_core::config::*;
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::surrogate::SurrogateGradient;

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
    PlasticityConfig {
        rule: RuleConfig::Hebbian { post: PostFactor::Tanh, sign: 1.0 },
        decay: 0.95,
        clamp: Some(4.0),
        coupling: Coupling::default(),
        sharing: Sharing::Batch,
        scope: PlasticScope::Run,
        meta_init: 0.01,
        rate_bounds: None,
        execution: Execution::Auto,
    }
}

pub fn adam(learning_rate: f64) -> OptimiserConfig {
    OptimiserConfig {
        method: OptimiserMethod::default(),
        learning_rate,
        schedule: Schedule::Constant,
        clip_norm: None,
        update_interval: 1,
    }
}

/// The published demo's network at any size.
pub fn demo(rule: LearningRule, sizes: [usize; 3], steps: usize) -> LearnerConfig {
    let layer = |size| LayerConfig {
        size,
        bias: true,
        learning: None,
        neuron: lif(Reset::Subtract, SurrogateGradient::Rectangle { half_width: 0.5 }),
        plasticity: Some(hebbian()),
    };
    LearnerConfig {
        network: NetworkConfig {
            inputs: sizes[0],
            steps,
            learning_rule: rule,
            phase_time_constant: Some(40.0),
            readout: Readout::Membrane { cap: Some(1.1) },
            layers: vec![layer(sizes[1]), layer(sizes[2])],
        },
        loss: Loss::MeanSquaredError,
        weights: adam(1e-3),
        meta: adam(5e-4),
    }
}

/// Largest |a - b| over largest |b|.
pub fn relative(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let top = b.iter().fold(1e-30f64, |m, x| m.max(x.abs()));
    a.iter().zip(b).fold(0.0f64, |m, (a, b)| m.max((a - b).abs())) / top
}
