//! The convolutional network of `glocal bench`: the one that other libraries are timed on (backprop only, max pooling).

use glocal_core::config::{
    Convolution, LayerConfig, LearnerConfig, Loss, NetworkConfig, OptimiserConfig, Pool, Readout,
};
use glocal_core::{CoreError, Input, Learner, LearningRule};
use glocal_data::Stream;

use super::{Least, lif, median_ms};

const STEPS: usize = 8;
const BATCH: usize = 32;
const SIDE: usize = 28;
const CHANNELS: [usize; 2] = [16, 32];
const HIDDEN: usize = 512;
const CLASSES: usize = 10;

/// What is measured, in words.
pub(super) fn name() -> String {
    let [first, second] = CHANNELS;
    format!("1-{first}P-{second}P-{HIDDEN}-{CLASSES}, {SIDE} by {SIDE}, T={STEPS}, batch {BATCH}")
}

/// Median time of a training step.
///
/// # Errors
/// What training reports.
pub(super) fn step_ms(seconds: f64) -> Result<f64, CoreError> {
    let mut learner = Learner::new(config(), 1)?;
    let mut draws = Stream::new(0).fork("bench").draws();
    let x: Vec<f32> = (0..BATCH * SIDE * SIDE).map(|_| (2.0 * draws.uniform() - 1.0).max(0.0)).collect();
    let labels: Vec<u32> = (0..BATCH).map(|_| draws.below(CLASSES as u64) as u32).collect();
    median_ms(Least::default(), seconds, || learner.step(Input::Constant(&x), &labels).map(|_| ()))
}

/// Multiply-adds of a step: the first convolution, whose input is constant, once forward and once for its weight gradient;
/// all else forward, for the weight and for the input gradient at every step.
pub(super) fn multiply_adds() -> f64 {
    let [first, second] = CHANNELS.map(|n| n as f64);
    let (b, t, places) = (BATCH as f64, STEPS as f64, (SIDE * SIDE) as f64);
    let (h, c) = (HIDDEN as f64, CLASSES as f64);
    let constant = 2.0 * b * places * 9.0 * first;
    let convolution = places / 4.0 * 9.0 * first * second;
    let dense = places / 16.0 * second * h + h * c;
    constant + 3.0 * t * b * (convolution + dense)
}

fn config() -> LearnerConfig {
    let window = Convolution { kernel: 3, stride: 1, padding: 1 };
    let convolution =
        |channels| LayerConfig { pool: Some(Pool::Max(2)), ..LayerConfig::convolution_of(channels, window, lif()) };
    LearnerConfig {
        network: NetworkConfig {
            inputs: SIDE * SIDE,
            input_shape: Some([1, SIDE, SIDE]),
            steps: STEPS,
            learning_rule: LearningRule::Global,
            phase_time_constant: None,
            readout: Readout::Rate,
            episode: None,
            layers: vec![
                convolution(CHANNELS[0]),
                convolution(CHANNELS[1]),
                LayerConfig::new(HIDDEN, lif()),
                LayerConfig::new(CLASSES, lif()),
            ],
        },
        loss: Loss::MeanSquaredError,
        weights: OptimiserConfig::adam(1e-3),
        meta: OptimiserConfig::adam(5e-4),
        weight_bits: None,
    }
}
