//! Changes of recordings: what part of them a network sees, and how finely.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Event, Polarity, Recording, SensorSize, pixels::PixelMap};
use crate::{
    DataError, Stream,
    random::Draws,
    text::{Chain, Clause, check, serde_as_text},
};

/// A change of a recording, written as `downsample=2`.
///
/// # Equation
/// Event k has time t, column x, row y; n is normal with mean 0 and the given standard deviation, u uniform in 0..1,
/// drawn for each event.
/// - `crop=X,Y,WIDTH,HEIGHT`: kept if X <= x < X + WIDTH and Y <= y < Y + HEIGHT; then x - X, y - Y
/// - `downsample=FACTOR`: ⌊x / FACTOR⌋, ⌊y / FACTOR⌋; the sensor has ⌈WIDTH / FACTOR⌉ columns, and rows likewise
/// - `spatial-jitter=DEVIATION`: x + n_x and y + n_y, rounded; dropped if that is beside the sensor
/// - `time-jitter=DEVIATION`: t + n, rounded, but at least 0; then sorted by time, equal times as they came
/// - `polarity-flip=PROBABILITY`: the other polarity if u < PROBABILITY
/// - `refractory=PERIOD`: dropped if t - t' < PERIOD, t' the last event of this pixel that was kept
/// - `denoise=PERIOD`: kept if t - t' <= PERIOD, t' the last event, kept or not, of any of the eight neighbours
///
/// # Units
/// Pixels; microseconds.
///
/// # References
/// `denoise` is the background-activity filter of T. Delbruck, "Frame-free dynamic digital vision" (2008),
/// doi:10.5167/uzh-17620.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EventTransform {
    /// A window of the field of view.
    Crop {
        /// First column.
        x: u16,
        /// First row.
        y: u16,
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// Squares of pixels become one pixel; no event is lost.
    Downsample {
        /// Side of the squares.
        factor: u16,
    },
    /// Events move to nearby pixels.
    SpatialJitter {
        /// Standard deviation in pixels, for each of x and y.
        deviation_pixels: f64,
    },
    /// Events move in time.
    TimeJitter {
        /// Standard deviation in microseconds.
        deviation_us: f64,
    },
    /// Some events say the opposite.
    PolarityFlip {
        /// Share of the events.
        probability: f64,
    },
    /// A pixel rests after each event.
    Refractory {
        /// For so many microseconds.
        period_us: u64,
    },
    /// Only what a neighbour confirms.
    Denoise {
        /// Within so many microseconds.
        period_us: u64,
    },
}

/// Transforms applied one after the other, written as `denoise=5000+downsample=2`.
pub type EventTransforms = Chain<EventTransform>;

const WHAT: &str = "event transform";

impl EventTransform {
    /// Checks the parameters that need no sensor; [`EventTransform::apply`] does so, too.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        let (good, expected) = match *self {
            EventTransform::Crop { width, height, .. } => (width > 0 && height > 0, "a window of at least one pixel"),
            EventTransform::Downsample { factor } => (factor > 0, "a factor of at least 1"),
            EventTransform::SpatialJitter { deviation_pixels: deviation }
            | EventTransform::TimeJitter { deviation_us: deviation } => {
                (deviation >= 0.0 && deviation.is_finite(), "a standard deviation of at least 0")
            }
            EventTransform::PolarityFlip { probability } => {
                ((0.0..=1.0).contains(&probability), "a probability, 0 to 1")
            }
            EventTransform::Refractory { .. } | EventTransform::Denoise { .. } => (true, ""),
        };
        check(good, WHAT, self, expected)
    }

    /// Begins to transform the events of a sensor, one at a time, in bounded memory.
    ///
    /// # Errors
    /// [`DataError::Parameter`] for parameters out of range, a window beside the sensor, or a sensor too large.
    pub fn begin(&self, sensor: SensorSize, stream: &Stream) -> Result<TransformStage, DataError> {
        self.validate()?;
        let work = match *self {
            EventTransform::Crop { x, y, width, height } => {
                let fits = |from: u16, size: u16, most: u16| from.checked_add(size).is_some_and(|end| end <= most);
                let good = fits(x, width, sensor.width) && fits(y, height, sensor.height);
                check(good, WHAT, self, "a window that lies on the sensor")?;
                Work::Crop { x, y, window: SensorSize { width, height } }
            }
            EventTransform::Downsample { factor } => Work::Downsample { factor },
            EventTransform::SpatialJitter { deviation_pixels } => Work::SpatialJitter { deviation_pixels, sensor },
            EventTransform::TimeJitter { deviation_us } => Work::TimeJitter { deviation_us },
            EventTransform::PolarityFlip { probability } => Work::PolarityFlip { probability },
            EventTransform::Refractory { period_us } => {
                Work::Refractory { period_us, last_kept: PixelMap::new(sensor, None)? }
            }
            EventTransform::Denoise { period_us } => Work::Denoise { period_us, last: PixelMap::new(sensor, None)? },
        };
        Ok(TransformStage { work, sensor, draws: stream.draws() })
    }

    /// Transforms a whole recording in place; what is drawn depends on `stream` alone.
    ///
    /// # Errors
    /// As [`EventTransform::begin`]; the recording is then as it was.
    pub fn apply(&self, recording: &mut Recording, stream: &Stream) -> Result<(), DataError> {
        let mut stage = self.begin(recording.sensor, stream)?;
        recording.sensor = stage.sensor();
        recording.events.retain_mut(|event| match stage.pass(*event) {
            Some(passed) => {
                *event = passed;
                true
            }
            None => false,
        });
        if stage.reorders() {
            recording.events.sort_by_key(|event| event.t_us);
        }
        Ok(())
    }
}

impl Chain<EventTransform> {
    /// Applies the transforms in order, each with random numbers of its own.
    ///
    /// # Errors
    /// As [`EventTransform::begin`], for the first that does not fit; those before it have been applied.
    pub fn apply(&self, recording: &mut Recording, stream: &Stream) -> Result<(), DataError> {
        self.links().iter().zip(0..).try_for_each(|(link, at)| link.apply(recording, &stream.fork_index(at)))
    }
}

/// A transform under way: event in, event or nothing out.
#[derive(Clone, Debug)]
pub struct TransformStage {
    work: Work,
    sensor: SensorSize,
    draws: Draws,
}

#[derive(Clone, Debug)]
enum Work {
    Crop { x: u16, y: u16, window: SensorSize },
    Downsample { factor: u16 },
    SpatialJitter { deviation_pixels: f64, sensor: SensorSize },
    TimeJitter { deviation_us: f64 },
    PolarityFlip { probability: f64 },
    Refractory { period_us: u64, last_kept: PixelMap<Option<u64>> },
    Denoise { period_us: u64, last: PixelMap<Option<u64>> },
}

impl TransformStage {
    /// The sensor of the events that come out.
    pub fn sensor(&self) -> SensorSize {
        match self.work {
            Work::Crop { window, .. } => window,
            Work::Downsample { factor } => {
                SensorSize { width: self.sensor.width.div_ceil(factor), height: self.sensor.height.div_ceil(factor) }
            }
            _ => self.sensor,
        }
    }

    /// Whether events may come out in another order than their times'.
    pub fn reorders(&self) -> bool {
        matches!(self.work, Work::TimeJitter { .. })
    }

    /// What becomes of the next event; nothing of one that is beside the sensor.
    pub fn pass(&mut self, event: Event) -> Option<Event> {
        if !self.sensor.contains(event.x, event.y) {
            return None;
        }
        let Event { t_us, x, y, polarity } = event;
        match &mut self.work {
            Work::Crop { x: left, y: top, window } => {
                let (x, y) = (x.checked_sub(*left)?, y.checked_sub(*top)?);
                window.contains(x, y).then_some(Event { x, y, ..event })
            }
            Work::Downsample { factor } => Some(Event { x: x / *factor, y: y / *factor, ..event }),
            Work::SpatialJitter { deviation_pixels, sensor } => {
                let mut moved = |at: u16| moved_pixel(at, *deviation_pixels * self.draws.normal());
                let (x, y) = (moved(x), moved(y));
                let (x, y) = (x?, y?);
                sensor.contains(x, y).then_some(Event { x, y, ..event })
            }
            Work::TimeJitter { deviation_us } => {
                Some(Event { t_us: moved_time(t_us, *deviation_us * self.draws.normal()), ..event })
            }
            Work::PolarityFlip { probability } => {
                let flips = self.draws.uniform_f64() < *probability;
                Some(Event { polarity: if flips { opposite(polarity) } else { polarity }, ..event })
            }
            Work::Refractory { period_us, last_kept } => {
                let last = last_kept.get_mut(x, y)?;
                let rests = last.is_some_and(|last| t_us.saturating_sub(last) < *period_us);
                if rests {
                    return None;
                }
                *last = Some(t_us);
                Some(event)
            }
            Work::Denoise { period_us, last } => {
                let recent = |last: &Option<u64>| last.is_some_and(|last| t_us.saturating_sub(last) <= *period_us);
                let confirmed = last.neighbours(x, y).any(recent);
                *last.get_mut(x, y)? = Some(t_us);
                confirmed.then_some(event)
            }
        }
    }
}

/// `None` left of or above the sensor; a cast from float to integer saturates.
fn moved_pixel(at: u16, by: f64) -> Option<u16> {
    let moved = (f64::from(at) + by).round();
    (0.0..=f64::from(u16::MAX)).contains(&moved).then_some(moved as u16)
}

/// Only the shift is rounded: a time of 2^53 us and more keeps its last digits.
fn moved_time(t_us: u64, by_us: f64) -> u64 {
    t_us.saturating_add_signed(by_us.round() as i64)
}

fn opposite(polarity: Polarity) -> Polarity {
    match polarity {
        Polarity::On => Polarity::Off,
        Polarity::Off => Polarity::On,
    }
}

impl fmt::Display for EventTransform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventTransform::Crop { x, y, width, height } => write!(f, "crop={x},{y},{width},{height}"),
            EventTransform::Downsample { factor } => write!(f, "downsample={factor}"),
            EventTransform::SpatialJitter { deviation_pixels } => write!(f, "spatial-jitter={deviation_pixels}"),
            EventTransform::TimeJitter { deviation_us } => write!(f, "time-jitter={deviation_us}"),
            EventTransform::PolarityFlip { probability } => write!(f, "polarity-flip={probability}"),
            EventTransform::Refractory { period_us } => write!(f, "refractory={period_us}"),
            EventTransform::Denoise { period_us } => write!(f, "denoise={period_us}"),
        }
    }
}

const FORMS: &str = "KIND=NUMBER with KIND crop (=X,Y,WIDTH,HEIGHT), downsample, spatial-jitter, time-jitter, \
    polarity-flip, refractory or denoise";

impl FromStr for EventTransform {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let clause = Clause::parse(WHAT, text, FORMS)?;
        let real = || clause.number("a number after the =");
        let whole_us = || clause.number("a whole number of microseconds");
        let transform = match clause.kind {
            "crop" => {
                let [x, y, width, height] = clause.numbers("four whole numbers of pixels, X,Y,WIDTH,HEIGHT")?;
                EventTransform::Crop { x, y, width, height }
            }
            "downsample" => EventTransform::Downsample { factor: clause.number("a whole number of pixels")? },
            "spatial-jitter" => EventTransform::SpatialJitter { deviation_pixels: real()? },
            "time-jitter" => EventTransform::TimeJitter { deviation_us: real()? },
            "polarity-flip" => EventTransform::PolarityFlip { probability: real()? },
            "refractory" => EventTransform::Refractory { period_us: whole_us()? },
            "denoise" => EventTransform::Denoise { period_us: whole_us()? },
            _ => return Err(clause.unknown(FORMS)),
        };
        transform.validate().map(|()| transform)
    }
}

serde_as_text!(EventTransform);
