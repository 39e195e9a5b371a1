//! Train, test and save from a program: no config file, no run folder, no command line.
//!
//! ```text
//! cargo run --release --example 04_train_in_code
//! ```
//!
//! The core knows no file and no epoch, so the loop is yours. What `glocal train` adds is bookkeeping: metrics,
//! checkpoints, resuming, Ctrl-C. Images of your own come from `glocal_data::load_idx`, or from any `Vec<f32>` through
//! `Batch::from_values`.

use std::collections::BTreeMap;

use glocal_core::config::{
    LayerConfig, LearnerConfig, Loss, NetworkConfig, OptimiserConfig, PlasticityConfig, Readout,
};
use glocal_core::neuron::{NeuronConfig, Reset};
use glocal_core::plasticity::{PostFactor, RuleConfig};
use glocal_core::surrogate::SurrogateGradient;
use glocal_core::{Input, Learner, LearningRule, PlasticEval};
use glocal_data::{Batch, Corruption, Draw, ImageDataset, Split, Stream, embedded, epoch_order};

const SEED: u64 = 1;
const EPOCHS: u64 = 3;
const BATCH: usize = 100;

/// Data or network may refuse.
pub type Failure = Box<dyn std::error::Error>;

/// Trains, tests and saves.
pub fn main() -> Result<(), Failure> {
    let (train, test) = (embedded::fashion_mnist(Split::Train)?, embedded::fashion_mnist(Split::Test)?);
    println!("{train}\n{test}");

    // Everything random is forked by name from one seed: same seed, same bits, at any number of threads.
    let stream = Stream::new(SEED);
    let split = train.split_validation(500, &stream.fork("validation"))?;
    let mut learner = Learner::new(config(&train), SEED)?;

    let mut batch = Batch::new();
    for epoch in 0..EPOCHS {
        learner.begin_epoch(epoch);
        for numbers in epoch_order(&split.train, &stream.fork("order"), epoch).chunks(BATCH) {
            train.gather(numbers, &mut batch)?;
            learner.step(Input::Constant(batch.values()), batch.labels())?;
        }
        let accuracy = accuracy(&mut learner, &train, &split.validation, None)?;
        println!("epoch {}: validation accuracy {:.1} %", epoch + 1, 100.0 * accuracy);
        // Silent or saturated layers, vanishing gradients, plastic weights at the clamp: named, with what helps.
        learner.health().iter().for_each(|f| println!("  {}: {} (hint: {})", f.layer, f.what, f.hint));
    }

    let numbers: Vec<u32> = (0..test.len() as u32).collect();
    for corruption in [None, Some("gaussian=0.06".parse()?)] {
        let accuracy = accuracy(&mut learner, &test, &numbers, corruption)?;
        let images = corruption.map_or("clean".into(), |c: Corruption| c.to_string());
        println!("test accuracy, {images}: {:.1} %", 100.0 * accuracy);
    }

    // A checkpoint is bytes (safetensors); where they go is yours. Training goes on from them to the same bits.
    let bytes = learner.to_bytes(&BTreeMap::new());
    let (again, _) = Learner::from_bytes(config(&train), &bytes)?;
    println!("checkpoint: {} bytes, {} steps taken", bytes.len(), again.steps_taken());
    Ok(())
}

/// Share of the images `numbers` that are classified rightly, with the plastic weights at rest.
fn accuracy(
    learner: &mut Learner,
    images: &ImageDataset,
    numbers: &[u32],
    corruption: Option<Corruption>,
) -> Result<f64, Failure> {
    let noise = Draw::new(&Stream::new(SEED).fork("corruption"), 0);
    let (mut batch, mut correct) = (Batch::new(), 0);
    for numbers in numbers.chunks(BATCH) {
        images.gather(numbers, &mut batch)?;
        if let Some(corruption) = corruption {
            corruption.apply(&mut batch, &noise)?;
        }
        let report = learner.evaluate(Input::Constant(batch.values()), batch.labels(), PlasticEval::Frozen)?;
        correct += report.correct;
    }
    Ok(correct as f64 / numbers.len() as f64)
}

/// The published demo's network, with a smaller hidden layer.
fn config(images: &ImageDataset) -> LearnerConfig {
    let neuron = NeuronConfig::Lif {
        threshold: 0.35,
        decay: 0.4,
        reset: Reset::Subtract,
        surrogate: SurrogateGradient::Rectangle { half_width: 0.5 },
    };
    // W + g P, one P for the batch, kept for the whole run; decay 0.95 per step.
    let rule = RuleConfig::Hebbian { post: PostFactor::Tanh, sign: 1.0 };
    let plasticity = PlasticityConfig { clamp: Some(4.0), ..PlasticityConfig::new(rule, 0.95) };
    let hidden = LayerConfig { plasticity: Some(plasticity), ..LayerConfig::new(128, neuron) };
    let readout = LayerConfig { learning: Some(LearningRule::Global), ..LayerConfig::new(images.classes(), neuron) };
    LearnerConfig {
        network: NetworkConfig {
            inputs: images.inputs(),
            input_shape: None,
            steps: 10,
            learning_rule: LearningRule::Hybrid,
            phase_time_constant: Some(40.0),
            readout: Readout::default(), // min(v_T/threshold, 1.1)
            episode: None,
            layers: vec![hidden, readout],
        },
        loss: Loss::MeanSquaredError,
        weights: OptimiserConfig::adam(1e-3),
        meta: OptimiserConfig::adam(5e-4),
        weight_bits: None,
    }
}
