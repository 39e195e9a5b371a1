//! The science of Glocal: spiking neural networks that learn globally (backprop through time with surrogate gradients)
//! and locally (meta-learned synaptic plasticity) at once.
//!
//! References: Wu et al., "Brain-inspired global-local learning incorporated with neuromorphic computing",
//! Nat. Commun. 13:65 (2022), doi 10.1038/s41467-021-27653-2.

pub mod checkpoint;
pub mod config;
pub mod consolidation;
pub mod convolution;
pub mod dropout;
pub mod dual;
pub mod episode;
pub mod error;
pub mod health;
pub mod layer;
pub mod learner;
pub mod linalg;
pub mod loss;
pub mod network;
pub mod neuron;
pub mod optimiser;
pub mod params;
pub mod plasticity;
pub mod quantisation;
pub mod random;
pub mod readout;
mod rows;
pub mod scalar;
pub mod sessions;
pub mod shape;
pub mod simd;
pub mod smooth;
pub mod surrogate;
pub mod view;

pub use config::{LearnerConfig, LearningRule, NetworkConfig};
pub use consolidation::{Anchor, Consolidation, Fisher, PathIntegral};
pub use episode::{EpisodeReadout, EpisodeShape};
pub use error::{ConfigErrors, CoreError};
pub use learner::{
    EpisodeRecording, EvalReport, Finding, HyperGradient, LayerRecording, Learner, PlasticEval, Severity, StepReport,
};
pub use network::{Examples, Input, Models, Potentials};
pub use sessions::ClassMemory;
