//! What can go wrong in the science, as values.

use std::fmt;

use thiserror::Error;

/// One rule that a config breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Dotted key, as written in the config file.
    pub key: String,
    /// The offending value.
    pub value: String,
    /// What would be right.
    pub message: String,
}

impl Violation {
    /// A violation of `key` with its value and what would be right.
    pub fn new(key: impl Into<String>, value: impl fmt::Display, message: impl Into<String>) -> Self {
        Violation { key: key.into(), value: value.to_string(), message: message.into() }
    }
}

/// Every violation of a config, reported at once.
#[derive(Clone, Debug, Default, PartialEq, Error)]
pub struct ConfigErrors {
    /// In the order of the config.
    pub violations: Vec<Violation>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, v) in self.violations.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{} = {}: {}", v.key, v.value, v.message)?;
        }
        Ok(())
    }
}

impl ConfigErrors {
    /// Notes a violation unless `holds`.
    pub fn require(&mut self, holds: bool, key: impl Into<String>, value: impl fmt::Display, message: &str) {
        if !holds {
            self.push(Violation::new(key, value, message));
        }
    }

    /// Notes a violation.
    pub fn push(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// `Err(self)` if anything was noted.
    ///
    /// # Errors
    /// All violations noted.
    pub fn into_result(self) -> Result<(), ConfigErrors> {
        if self.violations.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// Errors of `glocal-core`.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CoreError {
    /// The config breaks rules.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// An array does not have the shape that the network needs.
    #[error("{what}: expected shape {expected:?}, found {found}")]
    Shape {
        /// Which array.
        what: String,
        /// Shape needed.
        expected: Vec<usize>,
        /// What was given.
        found: String,
    },
    /// A label names a class that the read-out does not have.
    #[error("label {label} of sample {sample} is out of range: the read-out has {classes} classes")]
    Label {
        /// Position in the batch.
        sample: usize,
        /// The label.
        label: u32,
        /// Classes of the read-out.
        classes: usize,
    },
    /// NaN or infinity in what was given.
    #[error("{what}: sample {sample} of the batch holds a value that is not finite")]
    NotFinite {
        /// Which array.
        what: String,
        /// Position in the batch.
        sample: usize,
    },
    /// NaN or infinity appeared.
    #[error("training diverged at step {step}: {what} of {layer} is not finite")]
    Diverged {
        /// Optimiser step, from 0.
        step: u64,
        /// Which layer (`layers.0`, `read-out`).
        layer: String,
        /// Which quantity (`loss`, `membrane potential`, `gradient of weight`).
        what: String,
    },
    /// A checkpoint is damaged or belongs to another network.
    #[error("checkpoint: {0}")]
    Checkpoint(String),
}

impl CoreError {
    /// What usually helps.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            CoreError::Diverged { .. } => {
                Some("lower the learning rates, set clip_norm, or give the plastic weights a clamp")
            }
            CoreError::Checkpoint(_) => Some(
                "was the config changed since, or the file cut short? start a new run, or restore the run's own config.toml",
            ),
            CoreError::NotFinite { .. } => Some("check the data file, and the encoder's parameters"),
            CoreError::Label { .. } => Some("give the last layer one neuron per class, or check the label file"),
            _ => None,
        }
    }
}
