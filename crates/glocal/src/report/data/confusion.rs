//! Which classes were taken for which.

use serde::{Deserialize, Serialize};

/// The counts of one classifier's answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Confusion {
    /// Whose answers, on what, for instance `HP, seed 1, clean test images`.
    pub label: String,
    /// The names of the classes, in the order of the rows and columns.
    pub classes: Vec<String>,
    /// `counts[true][predicted]`, in samples. A row or entry that is missing counts nothing.
    pub counts: Vec<Vec<u64>>,
}
