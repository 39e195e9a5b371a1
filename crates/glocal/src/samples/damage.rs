//! Damage to samples before they are judged.

use std::fmt;

use glocal_data::{Corruption, Corruptions, EventCorruption, EventCorruptions};
use serde::{Serialize, Serializer};

/// What is done to images, then to the events that a camera makes of them, each in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Damage {
    /// To images.
    pub images: Corruptions,
    /// To recordings.
    pub events: EventCorruptions,
}

impl Damage {
    /// No damage.
    pub fn none() -> Self {
        Damage::default()
    }

    /// Whether nothing is done.
    pub fn is_none(&self) -> bool {
        self.images.is_empty() && self.events.is_empty()
    }
}

impl From<Corruption> for Damage {
    fn from(corruption: Corruption) -> Self {
        Damage { images: corruption.into(), ..Damage::none() }
    }
}

impl From<EventCorruption> for Damage {
    fn from(corruption: EventCorruption) -> Self {
        Damage { events: corruption.into(), ..Damage::none() }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.images.is_empty(), self.events.is_empty()) {
            (false, false) => write!(f, "{}+{}", self.images, self.events),
            (true, false) => self.events.fmt(f),
            _ => self.images.fmt(f),
        }
    }
}

impl Serialize for Damage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
