//! One network in training: parameters, plastic state, two optimisers, and the step that moves them.

use crate::config::LearnerConfig;
use crate::error::CoreError;
use crate::network::Input;

/// A network with everything that training moves. Knows no file, data set or epoch count.
pub struct Learner {
    config: LearnerConfig,
}

/// What one training step saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Mean loss over the batch, before the update.
    pub loss: f64,
    /// Samples whose largest read-out was their label.
    pub correct: usize,
}

/// What one evaluation batch saw.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalReport {
    /// Mean loss over the batch.
    pub loss: f64,
    /// Samples whose largest read-out was their label.
    pub correct: usize,
    /// Predicted class of each sample.
    pub predictions: Vec<u32>,
}

/// What the plastic state does while a network is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlasticEval {
    /// It moves within the batch, from the trained value, restarted for each batch (as the published scripts do): a
    /// prediction then depends on the other images of its batch.
    Moving,
    /// It keeps its trained value: W + gP is folded into one weight.
    Frozen,
}

/// How serious a health finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Usually hurts.
    Warning,
}

/// One finding of the health check.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// How serious.
    pub severity: Severity,
    /// Which layer, `layers.0`.
    pub layer: String,
    /// What is seen, with the figure.
    pub what: String,
    /// What usually helps.
    pub hint: String,
}

/// What one sample did inside the network, for pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerRecording {
    /// Neurons O.
    pub neurons: usize,
    /// Spikes `[T,O]`.
    pub spikes: Vec<f32>,
    /// Membrane potentials `[T,O]`.
    pub membrane_potentials: Vec<f32>,
    /// Firing threshold.
    pub threshold: f64,
}

impl Learner {
    /// A network with drawn weights, zero plastic state and fresh optimisers. Same seed, same bits.
    ///
    /// # Errors
    /// Every violation of the config.
    pub fn new(config: LearnerConfig, seed: u64) -> Result<Self, CoreError> {
        config.validate()?;
        let _ = seed;
        todo!()
    }

    /// The config it was made from.
    pub fn config(&self) -> &LearnerConfig {
        &self.config
    }

    /// Optimiser steps taken so far.
    pub fn steps_taken(&self) -> u64 {
        todo!()
    }

    /// Tells the schedules which epoch begins (from 0) and resets the per-epoch health statistics.
    pub fn begin_epoch(&mut self, epoch: u64) {
        let _ = epoch;
        todo!()
    }

    /// One training step on a batch: forward, backward, both optimisers.
    ///
    /// # Errors
    /// Wrong shapes, labels out of range, or divergence (nothing is updated then).
    pub fn step(&mut self, input: Input<'_, f32>, labels: &[u32]) -> Result<StepReport, CoreError> {
        let _ = (input, labels);
        todo!()
    }

    /// Evaluates one batch; the learner itself does not change.
    ///
    /// # Errors
    /// Wrong shapes or labels out of range.
    pub fn evaluate(
        &mut self,
        input: Input<'_, f32>,
        labels: &[u32],
        plastic: PlasticEval,
    ) -> Result<EvalReport, CoreError> {
        let _ = (input, labels, plastic);
        todo!()
    }

    /// What the epoch's steps showed: silent and saturated layers, vanishing or exploding gradients, clamped plastic weights.
    pub fn health(&self) -> Vec<Finding> {
        todo!()
    }

    /// Runs one sample (B = 1) and records every layer.
    ///
    /// # Errors
    /// Wrong shapes.
    pub fn record(&mut self, input: Input<'_, f32>) -> Result<Vec<LayerRecording>, CoreError> {
        let _ = input;
        todo!()
    }

    /// Named arrays of the trained network (`layers.0.weight`, `layers.0.plastic_weight`, ...), with shapes.
    pub fn arrays(&self) -> Vec<(String, Vec<usize>, &[f32])> {
        todo!()
    }

    /// Everything that training moves, as the bytes of a safetensors file; `metadata` travels along.
    pub fn to_bytes(&self, metadata: &std::collections::BTreeMap<String, String>) -> Vec<u8> {
        let _ = metadata;
        todo!()
    }

    /// The learner and metadata that [`Learner::to_bytes`] wrote; continuing from it gives the same bits.
    ///
    /// # Errors
    /// Damaged bytes, or arrays of another network.
    pub fn from_bytes(
        config: LearnerConfig,
        bytes: &[u8],
    ) -> Result<(Self, std::collections::BTreeMap<String, String>), CoreError> {
        let _ = (config, bytes);
        todo!()
    }
}
