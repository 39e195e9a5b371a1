//! A neuron model of your own, trained without a hand-written gradient.
//!
//! ```text
//! cargo run --release --example 02_own_neuron
//! ```
//!
//! The model below is not in the library: a leaky integrate-and-fire neuron whose input passes a synapse with a time
//! constant of its own. Its equation is written once, over any `Scalar`. On `f32` it is the fast forward pass; on dual
//! numbers it yields the derivatives that the backward pass needs.

use glocal_core::config::{LayerConfig, LearnerConfig, Loss, NetworkConfig, OptimiserConfig, Readout};
use glocal_core::neuron::{Neuron, NeuronConfig, NeuronOutput};
use glocal_core::scalar::Scalar;
use glocal_core::surrogate::Triangle;
use glocal_core::{Input, Learner, LearningRule, Models, PlasticEval};
use glocal_data::{Batch, Split, Stream, embedded, epoch_order};

/// i_t = synapse_decay · i_{t-1} + I_t, v_t = decay · u_{t-1} + i_t, s_t = 1[v_t > threshold],
/// u_t = v_t - threshold · s_t.
#[derive(Clone, Copy, Debug)]
struct SynapticLif {
    threshold: f64,
    decay: f64,
    synapse_decay: f64,
    surrogate: Triangle,
}

impl Neuron for SynapticLif {
    /// i and u.
    type State<S: Scalar> = [S; 2];

    #[inline(always)]
    fn step<S: Scalar>(&self, [synapse, potential]: [S; 2], current: S) -> ([S; 2], NeuronOutput<S>) {
        let threshold = S::of(self.threshold);
        let synapse = synapse.times(self.synapse_decay) + current;
        let membrane_potential = potential.times(self.decay) + synapse;
        let spike = (membrane_potential - threshold).spike(&self.surrogate);
        ([synapse, membrane_potential - threshold * spike], NeuronOutput { membrane_potential, output: spike })
    }

    fn threshold(&self) -> f64 {
        self.threshold
    }
}

/// Data or network may refuse.
pub type Failure = Box<dyn std::error::Error>;

/// Trains for `epochs` on the embedded images; gives the network and the training loss of each epoch.
pub fn train(epochs: u64) -> Result<(Learner, Vec<f64>), Failure> {
    let own = SynapticLif { threshold: 0.5, decay: 0.6, synapse_decay: 0.5, surrogate: Triangle { width: 1.0 } };

    // The config names a neuron for every layer; `Models` puts ours in place of layer 0's.
    let mut learner = Learner::with_models(config(), 1, Models::default().neuron(0, own))?;

    let images = embedded::fashion_mnist(Split::Train)?;
    let every: Vec<u32> = (0..images.len() as u32).collect();
    let order = Stream::new(1).fork("order");
    let (mut batch, mut losses) = (Batch::new(), Vec::new());
    for epoch in 0..epochs {
        learner.begin_epoch(epoch);
        let mut sum = 0.0;
        for numbers in epoch_order(&every, &order, epoch).chunks(100) {
            images.gather(numbers, &mut batch)?;
            // Constant: the grey values are the input current of every step.
            sum += learner.step(Input::Constant(batch.values()), batch.labels())?.loss * batch.size() as f64;
        }
        losses.push(sum / images.len() as f64);
    }
    Ok((learner, losses))
}

/// Trains and tests.
pub fn main() -> Result<(), Failure> {
    let (mut learner, losses) = train(3)?;
    losses.iter().enumerate().for_each(|(epoch, loss)| println!("epoch {}: training loss {loss:.4}", epoch + 1));

    let images = embedded::fashion_mnist(Split::Test)?;
    let numbers: Vec<u32> = (0..images.len() as u32).collect();
    let mut batch = Batch::new();
    images.gather(&numbers, &mut batch)?;
    let report = learner.evaluate(Input::Constant(batch.values()), batch.labels(), PlasticEval::Frozen)?;
    println!("test: {} of {} images right", report.correct, images.len());
    Ok(())
}

/// 784-128-10 over 8 steps, trained by backprop through time alone.
fn config() -> LearnerConfig {
    // Ours takes this one's place; the read-out integrates and does not fire.
    let integrator = NeuronConfig::LeakyIntegrator { decay: 0.8, threshold: 1.0 };
    LearnerConfig {
        network: NetworkConfig {
            inputs: 784,
            input_shape: None,
            steps: 8,
            learning_rule: LearningRule::Global,
            phase_time_constant: None,
            readout: Readout::Membrane { cap: None },
            episode: None,
            layers: vec![LayerConfig::new(128, integrator), LayerConfig::new(10, integrator)],
        },
        loss: Loss::CrossEntropy,
        weights: OptimiserConfig::adam(1e-3),
        meta: OptimiserConfig::adam(1e-3),
        weight_bits: None,
    }
}
