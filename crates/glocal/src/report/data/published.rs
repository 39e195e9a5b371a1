//! Figures that others published, to stand beside ours.

use glocal_core::LearningRule;
use serde::{Deserialize, Serialize};

use super::number;

/// The figures of one published source.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Published {
    /// The source's tag, for instance `[repro]` or `[paper-code]`.
    pub source: String,
    /// Its figures.
    pub points: Vec<PublishedPoint>,
}

/// One published figure.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PublishedPoint {
    /// The variance of the noise.
    #[serde(deserialize_with = "number::one")]
    pub variance: f64,
    /// Accuracy in per cent.
    #[serde(deserialize_with = "number::one")]
    pub percent: f64,
}

/// The independent re-run's accuracies at variance 0, 0.01, ... 0.06, and the scripts' own at 0 and 0.06.
type FashionDemo = ([f64; 7], [f64; 2]);

impl Published {
    /// The Fashion-MNIST demo under gaussian noise: what an independent re-run of the authors' demo gave, and what the
    /// authors' scripts and their readme files state.
    ///
    /// References: docs/equations.md, section 4.1.
    pub fn fashion_demo(rule: LearningRule) -> Vec<Self> {
        let (rerun, scripts): FashionDemo = match rule {
            LearningRule::Local => ([73.6, 72.6, 71.0, 69.9, 68.4, 66.7, 65.7], [75.8, 69.2]),
            LearningRule::Global => ([87.3, 81.5, 76.4, 71.5, 67.9, 64.2, 61.2], [87.9, 65.5]),
            LearningRule::Hybrid => ([88.2, 82.7, 78.7, 74.7, 72.6, 69.6, 67.7], [88.3, 72.2]),
        };
        let variances = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06];
        vec![
            Self::new("[repro]", variances.into_iter().zip(rerun)),
            Self::new("[paper-code]", [0.0, 0.06].into_iter().zip(scripts)),
        ]
    }

    /// A source with its `(variance, per cent)` pairs.
    pub fn new(source: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().map(|(variance, percent)| PublishedPoint { variance, percent }).collect();
        Self { source: source.into(), points }
    }
}
