//! Events of neuromorphic vision sensors: what a camera says when the light at one pixel changes.

pub mod corrupt;
pub mod frames;
pub(crate) mod pixels;
pub(crate) mod poisson;
pub mod transform;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use corrupt::{EventCorruption, EventCorruptions};
pub use frames::{FrameCut, FrameValue, Frames, Framing, Place};
pub use pixels::MOST_PIXELS;
pub use transform::{EventTransform, EventTransforms, TransformStage};

/// Whether light grew or fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Polarity {
    /// Darker.
    Off = 0,
    /// Brighter.
    On = 1,
}

/// One change of light at one pixel.
///
/// # Units
/// Time in microseconds; pixels from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Time in microseconds.
    pub t_us: u64,
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// Direction of the change.
    pub polarity: Polarity,
}

/// Pixels of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SensorSize {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl SensorSize {
    /// Number of pixels.
    pub fn pixels(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    /// Whether a pixel lies on the sensor.
    pub fn contains(self, x: u16, y: u16) -> bool {
        x < self.width && y < self.height
    }
}

/// Events of one recording, in the order of their times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The sensor.
    pub sensor: SensorSize,
    /// Its events; times never run backwards, and every event lies on the sensor.
    pub events: Vec<Event>,
}

impl Recording {
    /// Times from the first event to just after the last, in microseconds; empty without events.
    pub fn span_us(&self) -> Range<u64> {
        match (self.events.first(), self.events.last()) {
            (Some(first), Some(last)) => first.t_us..last.t_us.saturating_add(1),
            _ => 0..0,
        }
    }

    /// Share of the events at which light grew, 0 to 1; 0 without events.
    pub fn on_share(&self) -> f64 {
        let on = self.events.iter().filter(|e| e.polarity == Polarity::On).count();
        if self.events.is_empty() { 0.0 } else { on as f64 / self.events.len() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_and_share_of_three_events() {
        let event = |t_us, polarity| Event { t_us, x: 0, y: 0, polarity };
        let sensor = SensorSize { width: 1, height: 1 };
        let events = vec![event(5, Polarity::On), event(7, Polarity::Off), event(9, Polarity::On)];
        let recording = Recording { sensor, events };
        assert_eq!(recording.span_us(), 5..10);
        assert!((recording.on_share() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(Recording { sensor, events: Vec::new() }.span_us(), 0..0);
    }
}
