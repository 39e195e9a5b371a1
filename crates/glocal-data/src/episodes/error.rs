//! Why episodes cannot be drawn from classes.

use thiserror::Error;

use super::ClassId;
use crate::ImageShape;

/// Errors of class splits and episode samplers.
#[derive(Debug, Error)]
pub enum EpisodeError {
    /// The split needs published halves, and the set has none.
    #[error("{set}: has no classes that are published to test with")]
    NoHalves {
        /// Set of pictures.
        set: String,
    },
    /// The split is one of another set.
    #[error("{set}: {found} classes, but the split of the literature is one of {expected} characters")]
    OtherSet {
        /// Set of pictures.
        set: String,
        /// Classes of the set that the split is of.
        expected: usize,
        /// Classes of this one.
        found: usize,
    },
    /// More classes set aside than leave some to learn from.
    #[error("{set}: {asked} {what} of {of}: none are left to learn from")]
    NoneLeft {
        /// Set of pictures.
        set: String,
        /// What they are set aside for.
        what: &'static str,
        /// Classes to be set aside.
        asked: usize,
        /// Classes to set them aside from.
        of: usize,
    },
    /// Odd quarter turns of pictures that are not square.
    #[error("{set}: pictures of {shape} change their shape by a quarter turn")]
    NotSquare {
        /// Set of pictures.
        set: String,
        /// Their size.
        shape: ImageShape,
    },
    /// An episode of more classes than there are.
    #[error("{set}: {found} classes, but an episode has {ways} ways")]
    TooFewClasses {
        /// Set of pictures.
        set: String,
        /// Classes of an episode.
        ways: usize,
        /// Classes to draw from.
        found: usize,
    },
    /// A class with fewer pictures than an episode takes of it.
    #[error(
        "{set}: class {class} has {found} pictures, but an episode takes {shots} to learn from and {queries} to judge by"
    )]
    TooFewPictures {
        /// Set of pictures.
        set: String,
        /// Class.
        class: String,
        /// Pictures of a class in the support.
        shots: usize,
        /// Pictures of a class among the queries.
        queries: usize,
        /// Pictures of this class.
        found: usize,
    },
    /// A class that is not in the set.
    #[error("{set}: has {classes} classes, there is no {}", quoted(*id))]
    NoSuchClass {
        /// Set of pictures.
        set: String,
        /// The class asked for.
        id: ClassId,
        /// Classes there are.
        classes: usize,
    },
    /// A class that is listed twice: it would be two ways of one episode.
    #[error("{set}: {} is listed twice", quoted(*id))]
    Twice {
        /// Set of pictures.
        set: String,
        /// The class.
        id: ClassId,
    },
}

fn quoted(ClassId { class, quarter_turns }: ClassId) -> String {
    format!("class number {class} with {quarter_turns} quarter turns")
}

impl EpisodeError {
    /// What the user can do about it, for a `hint:` line.
    pub fn hint(&self) -> String {
        match self {
            EpisodeError::NoHalves { .. } | EpisodeError::OtherSet { .. } => {
                "use the split `hold-out`, which sets aside classes of any set".into()
            }
            EpisodeError::NoneLeft { of, .. } => format!("set fewer than {of} aside"),
            EpisodeError::NotSquare { .. } => {
                "let the pictures be scaled to a side, or learn without quarter turns".into()
            }
            EpisodeError::TooFewClasses { found, .. } => {
                format!("use at most {found} ways, or put more classes into this part of the split")
            }
            EpisodeError::TooFewPictures { found, .. } => {
                format!("use at most {found} shots and queries together, or add pictures to the class")
            }
            EpisodeError::NoSuchClass { .. } => "give a number below that of the classes, and 0 to 3 turns".into(),
            EpisodeError::Twice { .. } => "list each class and turn once".into(),
        }
    }
}
