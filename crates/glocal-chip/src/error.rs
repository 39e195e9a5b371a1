//! What can be wrong.

use std::fmt;

use thiserror::Error;

/// Why a network cannot be brought to the chip.
#[derive(Debug, Error)]
pub enum ChipError {
    /// Everything about a network that the chip cannot do, at once.
    #[error("the network cannot be quantised:\n{}", lines(.0))]
    Unquantisable(Vec<Obstacle>),
    /// A description of a chip that cannot be read.
    #[error("the chip's description cannot be read: {0}")]
    Unreadable(String),
    /// Everything in a description that contradicts itself, at once.
    #[error("the chip's description contradicts itself:\n{}", lines(.0))]
    Contradictory(Vec<Obstacle>),
    /// Everything about a network that does not fit the chip, at once.
    #[error("the network does not fit {chip}:\n{}", lines(.obstacles))]
    DoesNotFit {
        /// The chip.
        chip: String,
        /// What stands in the way.
        obstacles: Vec<Obstacle>,
    },
    /// An input of another size than the network's.
    #[error("{found} input values given, the network takes {expected} at each of {steps} steps")]
    Input {
        /// Values of a step.
        expected: usize,
        /// Steps; a constant input may be given once.
        steps: usize,
        /// Values given.
        found: usize,
    },
}

/// One thing that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Where: `layers.2`, or the network's own key.
    pub place: String,
    /// What the chip cannot do, with its numbers.
    pub what: String,
    /// What would help.
    pub hint: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}: {}", self.place, self.what)
    }
}

fn lines(obstacles: &[Obstacle]) -> String {
    obstacles.iter().map(Obstacle::to_string).collect::<Vec<_>>().join("\n")
}

impl ChipError {
    /// What usually helps.
    pub fn hint(&self) -> String {
        match self {
            ChipError::Unquantisable(obstacles)
            | ChipError::Contradictory(obstacles)
            | ChipError::DoesNotFit { obstacles, .. } => {
                let mut hints: Vec<&str> = Vec::new();
                for obstacle in obstacles {
                    if !hints.contains(&obstacle.hint.as_str()) {
                        hints.push(&obstacle.hint);
                    }
                }
                hints.join("; ")
            }
            ChipError::Unreadable(_) => {
                let known: Vec<&str> = crate::spec::ChipSpec::presets().collect();
                format!("begin with a description that is built in ({}): `glocal chip show NAME`", known.join(", "))
            }
            ChipError::Input { .. } => "is this the data set that the network was trained on?".into(),
        }
    }
}
