//! A plasticity rule of your own, and meta-learning through it.
//!
//! ```text
//! cargo run --release --example 03_own_rule
//! ```
//!
//! Every rule is a decay plus rank-1 updates: a postsynaptic factor, which is one function, times a presynaptic factor,
//! which is a linear filter of the input. The rule below is not in the library. The engine trains through it: it picks
//! the dense or the low-rank execution, and moves the rule's meta-parameters (gain, local learning rates, sliding
//! thresholds) by gradients of the loss.

use glocal_core::config::{
    LayerConfig, LearnerConfig, Loss, NetworkConfig, OptimiserConfig, PlasticityConfig, Readout,
};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::params::LayerArrays;
use glocal_core::plasticity::{PlasticityRule, PostFactor, PostFactors, PostSignal, PreFactor, RuleConfig};
use glocal_core::scalar::Scalar;
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Input, Learner, LearningRule, Models};
use glocal_data::{Batch, Split, Stream, embedded, epoch_order};

/// A synapse grows while its neuron is more active than of late, and shrinks while it is less active:
/// y = v/threshold - sliding_threshold, a_t = tanh(y_t - ȳ_t), ȳ_{t+1} = average_decay · ȳ_t + (1 - average_decay) y_t,
/// times a trace of the input.
#[derive(Clone, Copy, Debug)]
struct Covariance {
    average_decay: f64,
    pre: [PreFactor; 1],
}

impl PlasticityRule for Covariance {
    /// `post` keeps ȳ from step to step.
    const HAS_TRACE: bool = true;

    fn pre(&self) -> &[PreFactor] {
        &self.pre
    }

    #[inline(always)]
    fn post<S: Scalar>(&self, average: S, signal: PostSignal<S>) -> (S, PostFactors<S>) {
        let y = signal.normalised();
        let next = average.times(self.average_decay) + y.times(1.0 - self.average_decay);
        (next, PostFactors::one((y - average).tanh()))
    }

    /// |tanh| <= 1: the planner needs a bound to prove that the clamp below is out of reach.
    fn post_bound(&self) -> Option<f64> {
        Some(1.0)
    }
}

/// Data or network may refuse.
pub type Failure = Box<dyn std::error::Error>;

/// The network, with our rule in place of the one that the config names for layer 0.
pub fn learner() -> Result<Learner, Failure> {
    let own = Covariance { average_decay: 0.7, pre: [PreFactor::Trace { decay: 0.5 }] };
    Ok(Learner::with_models(config(), 1, Models::default().rule(0, own))?)
}

/// One pass over the embedded images; gives the mean training loss.
pub fn train(learner: &mut Learner, epoch: u64) -> Result<f64, Failure> {
    let images = embedded::fashion_mnist(Split::Train)?;
    let every: Vec<u32> = (0..images.len() as u32).collect();
    let order = epoch_order(&every, &Stream::new(1).fork("order"), epoch);
    let (mut batch, mut sum) = (Batch::new(), 0.0);
    learner.begin_epoch(epoch);
    for numbers in order.chunks(100) {
        images.gather(numbers, &mut batch)?;
        sum += learner.step(Input::Constant(batch.values()), batch.labels())?.loss * batch.size() as f64;
    }
    Ok(sum / images.len() as f64)
}

/// Trains, and shows the meta-parameters move.
pub fn main() -> Result<(), Failure> {
    let mut learner = learner()?;
    println!("           loss    gain     mean rate  mean sliding threshold");
    tell("before       -  ", &learner.params()[0]);
    for epoch in 0..3 {
        let loss = train(&mut learner, epoch)?;
        tell(&format!("epoch {}  {loss:.4}", epoch + 1), &learner.params()[0]);
    }
    let largest = learner.plastic()[0].values.iter().fold(0.0f32, |top, p| top.max(p.abs()));
    let execution = learner.workspace().layer(0).execution;
    println!("largest plastic weight {largest:.3}; execution of the last step: {execution:?}");
    Ok(())
}

fn tell(when: &str, layer: &LayerArrays<f32>) {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let gain = layer.plasticity_gain[0];
    let (rate, sliding) = (mean(&layer.local_learning_rate), mean(&layer.sliding_threshold));
    println!("{when}  {gain:>7.4}  {rate:>7.4}    {sliding:>7.4}");
}

/// 784-128-10 over 8 steps; the hidden layer learns globally and locally at once.
fn config() -> LearnerConfig {
    let neuron = NeuronConfig::Lif {
        threshold: 0.35,
        decay: 0.4,
        reset: Reset::Subtract,
        surrogate: SurrogateGradient::Rectangle { half_width: 0.5 },
    };
    // The rule that it names gives way to ours.
    let named = RuleConfig::Hebbian { post: PostFactor::Tanh, sign: 1.0 };
    let plasticity = PlasticityConfig { clamp: Some(4.0), ..PlasticityConfig::new(named, 0.95) };
    let hidden = LayerConfig { plasticity: Some(plasticity), ..LayerConfig::new(128, neuron) };
    let readout = LayerConfig { learning: Some(LearningRule::Global), ..LayerConfig::new(10, neuron) };
    LearnerConfig {
        network: NetworkConfig {
            inputs: 784,
            input_shape: None,
            steps: 8,
            learning_rule: LearningRule::Hybrid,
            phase_time_constant: Some(40.0),
            readout: Readout::default(),
            episode: None,
            layers: vec![hidden, readout],
        },
        loss: Loss::MeanSquaredError,
        weights: OptimiserConfig::adam(1e-3),
        meta: OptimiserConfig::adam(5e-4), // a slower schedule for what shapes the plasticity
        weight_bits: None,
    }
}
