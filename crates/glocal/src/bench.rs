//! `glocal bench`: the training step's time beside the time that its unavoidable operations take.
//!
//! # Equation
//! floor = (multiply-adds that no exact form of the step can avoid) · 2 / (measured rate of f32 matrix products);
//! floor ratio = step time / floor.

mod chip;
mod conv;
mod episodes;
mod events;
mod masked;

use std::time::Instant;

use glocal_core::config::{
    LayerConfig, LearnerConfig, Loss, NetworkConfig, OptimiserConfig, PlasticScope, PlasticityConfig, Readout, Sharing,
};
use glocal_core::linalg::{Into, product};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::view::{MatMut, MatRef};
use glocal_core::{CoreError, Input, Learner, LearningRule};
use glocal_data::Stream;
use serde::Serialize;

use crate::error::GlocalError;

pub use chip::{ChipSpeed, chip_speed};
pub use events::{EventReading, event_reading};

/// The network measured: the published demo's.
const SIZES: [usize; 3] = [784, 512, 10];
const STEPS: usize = 10;
const BATCH: usize = 100;
/// Neurons in a row, and inputs in a row, of a mask's blocks, where synapses come in blocks.
const BLOCK: usize = 16;

/// What a benchmark run measured. Times are medians over training steps.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    /// Backprop only.
    pub gp_step_ms: f64,
    /// Hybrid, plastic weights shared by the batch.
    pub hp_step_ms: f64,
    /// As `hp_step_ms`, but the plastic weights begin at zero in each step and are forgotten after it.
    pub hp_from_zero_step_ms: f64,
    /// Hybrid, plastic weights of each sample.
    pub hp_per_sample_step_ms: f64,
    /// Local only (hidden layer), for completeness.
    pub lp_step_ms: f64,
    /// Backprop only, through two convolutions.
    pub conv_step_ms: f64,
    /// Training episodes in a second: 5-way 1-shot, through four convolutions.
    pub episodes_per_s: f64,
    /// Hybrid, 3 % of the synapses trained and plastic weights beside them.
    pub masked_hp_step_ms: f64,
    /// The same step executed densely, over `masked_hp_step_ms`.
    pub sparse_speedup: f64,
    /// As `masked_hp_step_ms`, plastic weights shared by the batch.
    pub masked_hp_shared_step_ms: f64,
    /// The same step executed densely, over `masked_hp_shared_step_ms`.
    pub sparse_speedup_shared: f64,
    /// Product x Wᵀ over the 3 % of synapses that there are, over the same product with the whole matrix; x of spikes.
    pub mask_forward_share: f64,
    /// The same for the two products of the backward pass.
    pub mask_backward_share: f64,
    /// As `mask_forward_share`, x of any numbers.
    pub mask_forward_share_numbers: f64,
    /// As `mask_backward_share`, x of any numbers.
    pub mask_backward_share_numbers: f64,
    /// As `mask_forward_share_numbers`, of synapses in blocks of 16 neurons and 16 inputs.
    pub mask_block_forward_share: f64,
    /// As `mask_backward_share_numbers`, likewise.
    pub mask_block_backward_share: f64,
    /// Best rate of f32 matrix products of the step's own shapes.
    pub gemm_gflops: f64,
    /// Step over floor.
    pub gp_floor_ratio: f64,
    /// Step over floor.
    pub hp_floor_ratio: f64,
    /// Step over floor.
    pub conv_floor_ratio: f64,
    /// Peak resident memory of the process while it trained with plastic weights of each sample only.
    pub hp_per_sample_peak_mb: f64,
    /// Threads used.
    pub threads: usize,
    /// What was measured.
    pub network: String,
    /// The convolutional network.
    pub conv_network: String,
    /// The few-shot network.
    pub episodes_network: String,
    /// The network with a mask.
    pub masked_network: String,
    /// Files of events, on one core.
    #[serde(flatten)]
    pub event_reading: EventReading,
    /// Networks on a chip.
    #[serde(flatten)]
    pub chip: ChipSpeed,
}

/// Measures everything; takes about `seconds` for each network.
///
/// # Errors
/// What training reports.
pub fn run(seconds: f64) -> Result<BenchReport, GlocalError> {
    let data = Data::new();
    // First, while the process has not yet touched more memory than this network needs.
    let hp_per_sample_step_ms =
        step_ms(LearningRule::Hybrid, Sharing::PerSample, PlasticScope::Sample, &data, seconds)?;
    let hp_per_sample_peak_mb = peak_mb();
    let gp_step_ms = step_ms(LearningRule::Global, Sharing::Batch, PlasticScope::Run, &data, seconds)?;
    let hp_step_ms = step_ms(LearningRule::Hybrid, Sharing::Batch, PlasticScope::Run, &data, seconds)?;
    let hp_from_zero_step_ms = step_ms(LearningRule::Hybrid, Sharing::Batch, PlasticScope::Sample, &data, seconds)?;
    let lp_step_ms = step_ms(LearningRule::Local, Sharing::Batch, PlasticScope::Run, &data, seconds)?;
    let conv_step_ms = conv::step_ms(seconds)?;
    let episodes_per_s = episodes::per_second(seconds)?;
    let [masked_hp_step_ms, masked_dense_step_ms] = masked::step_ms(&data, Sharing::PerSample, seconds)?;
    let [masked_hp_shared_step_ms, dense_shared_step_ms] = masked::step_ms(&data, Sharing::Batch, seconds)?;
    let [mask_forward_share, mask_backward_share] = masked::product_shares(true, 1, seconds)?;
    let [mask_forward_share_numbers, mask_backward_share_numbers] = masked::product_shares(false, 1, seconds)?;
    let [mask_block_forward_share, mask_block_backward_share] = masked::product_shares(false, BLOCK, seconds)?;
    let gemm_gflops = gemm_gflops(seconds);
    let floor_ms = |multiply_adds: f64| 2.0 * multiply_adds / gemm_gflops / 1e6;
    Ok(BenchReport {
        gp_step_ms,
        hp_step_ms,
        hp_from_zero_step_ms,
        hp_per_sample_step_ms,
        lp_step_ms,
        conv_step_ms,
        episodes_per_s,
        masked_hp_step_ms,
        sparse_speedup: masked_dense_step_ms / masked_hp_step_ms,
        masked_hp_shared_step_ms,
        sparse_speedup_shared: dense_shared_step_ms / masked_hp_shared_step_ms,
        mask_forward_share,
        mask_backward_share,
        mask_forward_share_numbers,
        mask_backward_share_numbers,
        mask_block_forward_share,
        mask_block_backward_share,
        gemm_gflops,
        gp_floor_ratio: gp_step_ms / floor_ms(gp_multiply_adds()),
        hp_floor_ratio: hp_step_ms / floor_ms(hp_multiply_adds()),
        conv_floor_ratio: conv_step_ms / floor_ms(conv::multiply_adds()),
        hp_per_sample_peak_mb,
        threads: rayon::current_num_threads(),
        network: format!("{}-{}-{}, T={STEPS}, batch {BATCH}", SIZES[0], SIZES[1], SIZES[2]),
        conv_network: conv::name(),
        episodes_network: episodes::name(),
        masked_network: masked::name(),
        event_reading: event_reading(seconds / 4.0)?,
        chip: chip_speed(seconds)?,
    })
}

/// Multiply-adds of the GP step: the constant first layer once forward and once for its weight gradient; the second
/// layer forward, weight and input gradient at every step.
fn gp_multiply_adds() -> f64 {
    let [i, h, c] = SIZES.map(|n| n as f64);
    let (b, t) = (BATCH as f64, STEPS as f64);
    2.0 * b * i * h + 3.0 * t * b * h * c
}

/// Multiply-adds of the shared HP step in its cheapest exact form. First layer: x P_0ᵀ and P_T; the Gram matrix, and the
/// gradient through it; at every step but the first its product with the postsynaptic factors, its adjoint, and the
/// gradient of the Gram matrix. Second layer, dense: drive and update, and for the gradients of P, of the factors, of the
/// learning rates and of the input one product each.
fn hp_multiply_adds() -> f64 {
    let [i, h, c] = SIZES.map(|n| n as f64);
    let (b, t) = (BATCH as f64, STEPS as f64);
    let first = 2.0 * b * i * h + 2.0 * b * b * i + 3.0 * (t - 1.0) * b * b * h;
    let second = 6.0 * t * b * h * c;
    gp_multiply_adds() + first + second
}

struct Data {
    x: Vec<f32>,
    labels: Vec<u32>,
}

impl Data {
    /// Half of the inputs zero, the others uniform: about what Fashion-MNIST images are.
    fn new() -> Self {
        let mut draws = Stream::new(0).fork("bench").draws();
        let x = (0..BATCH * SIZES[0]).map(|_| (2.0 * draws.uniform() - 1.0).max(0.0)).collect();
        let labels = (0..BATCH).map(|_| draws.below(SIZES[2] as u64) as u32).collect();
        Data { x, labels }
    }
}

fn step_ms(
    rule: LearningRule,
    sharing: Sharing,
    scope: PlasticScope,
    data: &Data,
    seconds: f64,
) -> Result<f64, CoreError> {
    let mut learner = Learner::new(demo(rule, sharing, scope), 1)?;
    median_ms(Least::default(), seconds, || learner.step(Input::Constant(&data.x), &data.labels).map(|_| ()))
}

/// Median time of `step`, over about `seconds`, after a few steps to warm up.
fn median_ms(least: Least, seconds: f64, mut step: impl FnMut() -> Result<(), CoreError>) -> Result<f64, CoreError> {
    for _ in 0..least.before {
        step()?;
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < least.counted || start.elapsed().as_secs_f64() < seconds {
        let one = Instant::now();
        step()?;
        times.push(one.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(times))
}

/// How many steps a median is made of at least, and how many are not counted first.
#[derive(Clone, Copy)]
struct Least {
    before: usize,
    counted: usize,
}

impl Default for Least {
    fn default() -> Self {
        Least { before: 5, counted: 20 }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Best median rate over the two shapes of the first layer, in GFLOP/s.
fn gemm_gflops(seconds: f64) -> f64 {
    let [i, h, _] = SIZES;
    let x = vec![0.5f32; BATCH * i];
    let mut base = vec![0.0f32; BATCH * h];
    let weight = vec![0.25f32; i * h];
    let mut gradient = vec![0.0f32; h * i];
    let flops = 2.0 * (BATCH * i * h) as f64;
    let rate = |work: &mut dyn FnMut()| {
        let mut times = Vec::new();
        let start = Instant::now();
        while times.len() < 20 || start.elapsed().as_secs_f64() < seconds / 4.0 {
            let one = Instant::now();
            work();
            times.push(one.elapsed().as_secs_f64());
        }
        flops / median(times) / 1e9
    };
    let forward = rate(&mut || {
        let (x, weight) = (MatRef::new(&x, BATCH, i), MatRef::new(&weight, i, h));
        product(MatMut::new(&mut base, BATCH, h), Into::Replace, 1.0, x, weight);
    });
    let delta = vec![0.125f32; BATCH * h];
    let backward = rate(&mut || {
        let (delta, x) = (MatRef::new(&delta, BATCH, h).t(), MatRef::new(&x, BATCH, i));
        product(MatMut::new(&mut gradient, h, i), Into::Replace, 1.0, delta, x);
    });
    forward.max(backward)
}

/// Peak resident memory of the process so far; NaN where the system does not tell.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1024.0)
}

/// The published demo's neuron.
fn lif() -> NeuronConfig {
    NeuronConfig::Lif {
        threshold: 0.35,
        decay: 0.4,
        reset: Reset::Subtract,
        surrogate: SurrogateGradient::Rectangle { half_width: 0.5 },
    }
}

/// The published demo's network.
fn demo(rule: LearningRule, sharing: Sharing, scope: PlasticScope) -> LearnerConfig {
    let plasticity = PlasticityConfig {
        clamp: Some(4.0),
        sharing,
        scope,
        ..PlasticityConfig::new(RuleConfig::Hebbian { post: PostFactor::Tanh, sign: 1.0 }, 0.95)
    };
    let layer = |size| LayerConfig { plasticity: Some(plasticity.clone()), ..LayerConfig::new(size, lif()) };
    LearnerConfig {
        network: NetworkConfig {
            inputs: SIZES[0],
            input_shape: None,
            steps: STEPS,
            learning_rule: rule,
            phase_time_constant: Some(40.0),
            readout: Readout::Membrane { cap: Some(1.1) },
            episode: None,
            layers: vec![layer(SIZES[1]), layer(SIZES[2])],
        },
        loss: Loss::MeanSquaredError,
        weights: OptimiserConfig::adam(1e-3),
        meta: OptimiserConfig::adam(5e-4),
        weight_bits: None,
    }
}
