//! Damage to recordings, to measure how much of it a network bears.

use std::{fmt, ops::Range, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    Event, EventTransform, Polarity, Recording, SensorSize, pixels,
    poisson::{merge, poisson},
};
use crate::{
    DataError, Draw, mask,
    random::Draws,
    text::{Chain, Clause, check, serde_as_text},
};

/// A kind of damage and its strength, written as `background-noise=5`.
///
/// # Equation
/// - `background-noise=RATE`: each pixel adds events of a Poisson process of that rate, on and off evenly, from the
///   first to the last event of the recording
/// - `event-drop=SHARE`: each event is lost with probability SHARE
/// - `dead-pixels=SHARE`: each pixel is dead with probability SHARE; events of dead pixels are lost
/// - `hot-pixels=SHARE,RATE`: each pixel is hot with probability SHARE; hot pixels add on events of a Poisson process
///   of that rate
/// - `border=WIDTH`: events within WIDTH pixels of the edge are lost
/// - `centre=HALF`: events in the centred square of side 2·HALF are lost
/// - `time-jitter=DEVIATION`: as of [`EventTransform::TimeJitter`]
///
/// Dead and hot pixels are defects of the sensor: the same in all recordings that are damaged by one [`Draw`].
///
/// # Units
/// Rates in events a second and pixel; widths in pixels; deviations in microseconds.
///
/// # References
/// Y. Nozaki, T. Delbruck, "Temperature and parasitic photocurrent effects in dynamic vision sensors" (2017),
/// doi:10.1109/TED.2017.2717848: leakage makes on events.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EventCorruption {
    /// Events without cause.
    BackgroundNoise {
        /// Events a second and pixel.
        rate_hz: f64,
    },
    /// Lost events.
    EventDrop {
        /// Share of the events.
        share: f64,
    },
    /// Pixels that never fire.
    DeadPixels {
        /// Share of the pixels.
        share: f64,
    },
    /// Pixels that fire without cause.
    HotPixels {
        /// Share of the pixels.
        share: f64,
        /// Events a second and hot pixel.
        rate_hz: f64,
    },
    /// A field of view cropped to a centred window.
    Border {
        /// Pixels that it loses at each side.
        width: u32,
    },
    /// A field of view with a hole in the middle.
    Centre {
        /// Half the hole's side in pixels.
        half: u32,
    },
    /// Inexact times.
    TimeJitter {
        /// Standard deviation in microseconds.
        deviation_us: f64,
    },
}

/// Corruptions applied one after the other, written as `event-drop=0.1+background-noise=5`.
pub type EventCorruptions = Chain<EventCorruption>;

const WHAT: &str = "event corruption";

/// The kinds of damage to events that fault tolerance is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensorFault {
    /// A field of view with a hole in the middle.
    Centre,
    /// A field of view that has become smaller.
    FieldOfView,
    /// Events without cause, all over the sensor.
    BackgroundNoise,
    /// Lost events.
    EventDrop,
    /// Pixels that never fire.
    DeadPixels,
    /// Pixels that fire without cause.
    HotPixels,
    /// Times that are wrong.
    TimeJitter,
}

impl SensorFault {
    /// All kinds.
    pub const ALL: [SensorFault; 7] = [
        SensorFault::Centre,
        SensorFault::FieldOfView,
        SensorFault::BackgroundNoise,
        SensorFault::EventDrop,
        SensorFault::DeadPixels,
        SensorFault::HotPixels,
        SensorFault::TimeJitter,
    ];

    /// The damage of a level, 0 to [`Fault::MOST`](crate::Fault::MOST); level 0 does none.
    ///
    /// # Equation
    /// Level i covers the centred square of side 2i, or i pixels at each edge; adds 10·i events a second and pixel; loses
    /// 0.06·i of the events, or those of 0.06·i of the pixels; makes 0.01·i of the pixels fire 100 times a second; moves
    /// each event by a normal time of deviation 2·i milliseconds. The published scripts have no ladder for events: this
    /// one is ours, made so that level 14 leaves little.
    ///
    /// # Errors
    /// [`DataError::Parameter`] above level 14.
    pub fn level(self, level: u32) -> Result<EventCorruption, DataError> {
        check(level <= crate::Fault::MOST, "fault level", level, "0 to 14")?;
        let share = |hundredths: u32| f64::from(hundredths * level) / 100.0;
        Ok(match self {
            SensorFault::Centre => EventCorruption::Centre { half: level },
            SensorFault::FieldOfView => EventCorruption::Border { width: level },
            SensorFault::BackgroundNoise => EventCorruption::BackgroundNoise { rate_hz: f64::from(10 * level) },
            SensorFault::EventDrop => EventCorruption::EventDrop { share: share(6) },
            SensorFault::DeadPixels => EventCorruption::DeadPixels { share: share(6) },
            SensorFault::HotPixels => EventCorruption::HotPixels { share: share(1), rate_hz: 100.0 },
            SensorFault::TimeJitter => EventCorruption::TimeJitter { deviation_us: f64::from(2_000 * level) },
        })
    }
}

impl EventCorruption {
    /// Checks the strength; [`EventCorruption::apply`] does so, too.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        let at_least_0 = |value: f64| value >= 0.0 && value.is_finite();
        let (good, expected) = match *self {
            EventCorruption::BackgroundNoise { rate_hz } => (at_least_0(rate_hz), "a rate of at least 0"),
            EventCorruption::EventDrop { share } => ((0.0..=1.0).contains(&share), "a share of the events, 0 to 1"),
            EventCorruption::DeadPixels { share } => ((0.0..=1.0).contains(&share), "a share of the pixels, 0 to 1"),
            EventCorruption::HotPixels { share, rate_hz } => (
                (0.0..=1.0).contains(&share) && at_least_0(rate_hz),
                "a share of the pixels, 0 to 1, and a rate of at least 0, as in hot-pixels=0.01,100",
            ),
            EventCorruption::TimeJitter { deviation_us } => {
                (at_least_0(deviation_us), "a standard deviation of at least 0")
            }
            EventCorruption::Border { .. } | EventCorruption::Centre { .. } => (true, ""),
        };
        check(good, WHAT, self, expected)
    }

    /// Damages a recording in place; what is drawn depends on `draw` and `number`, that of the sample, alone.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if the strength is out of range, the sensor too large, or too many events would be
    /// added; the recording is then as it was.
    pub fn apply(&self, recording: &mut Recording, draw: &Draw, number: u32) -> Result<(), DataError> {
        self.validate()?;
        let sensor = recording.sensor;
        let size = [usize::from(sensor.height), usize::from(sensor.width)];
        let place = |event: &Event| [usize::from(event.y), usize::from(event.x)];
        match *self {
            EventCorruption::BackgroundNoise { rate_hz } => {
                let added = background(recording.span_us(), sensor, rate_hz, &mut draw.of_sample(number))?;
                merge(recording, added);
            }
            EventCorruption::EventDrop { share } => {
                let mut draws = draw.of_sample(number);
                recording.events.retain(|_| draws.uniform_f64() >= share);
            }
            EventCorruption::DeadPixels { share } => {
                let dead = defects(sensor, share, &mut draw.shared("dead pixels"))?;
                recording.events.retain(|event| dead.binary_search(&position(event, sensor)).is_err());
            }
            EventCorruption::HotPixels { share, rate_hz } => {
                let hot = defects(sensor, share, &mut draw.shared("hot pixels"))?;
                let added = leakage(recording, &hot, rate_hz, &mut draw.of_sample(number))?;
                merge(recording, added);
            }
            EventCorruption::Border { width } => {
                recording.events.retain(|event| !mask::in_border(place(event), size, width));
            }
            EventCorruption::Centre { half } => {
                recording.events.retain(|event| !mask::in_centre(place(event), size, half));
            }
            EventCorruption::TimeJitter { deviation_us } => {
                EventTransform::TimeJitter { deviation_us }.apply(recording, &draw.stream_of(number))?;
            }
        }
        Ok(())
    }
}

impl Chain<EventCorruption> {
    /// Damages a recording in place, by each corruption in order. Each has random numbers of its own; those of the
    /// first are the ones that it has alone.
    ///
    /// # Errors
    /// As [`EventCorruption::apply`], for the first that does not fit; those before it have been applied.
    pub fn apply(&self, recording: &mut Recording, draw: &Draw, number: u32) -> Result<(), DataError> {
        self.links().iter().try_for_each(EventCorruption::validate)?;
        self.links().iter().zip(0..).try_for_each(|(link, at)| link.apply(recording, &draw.of_link(at), number))
    }
}

/// Events of every pixel: one process of the whole sensor's rate, whose events fall on all pixels evenly.
pub(crate) fn background(
    span_us: Range<u64>,
    sensor: SensorSize,
    rate_hz: f64,
    draws: &mut Draws,
) -> Result<Vec<Event>, DataError> {
    let mut added = Vec::new();
    poisson(span_us, rate_hz * sensor.pixels() as f64, draws, |t_us, draws| {
        let [x, y] = [sensor.width, sensor.height].map(|size| draws.below(u64::from(size)) as u16);
        let polarity = if draws.below(2) == 0 { Polarity::Off } else { Polarity::On };
        added.push(Event { t_us, x, y, polarity });
    })?;
    Ok(added)
}

/// Events of the pixels at these positions, evenly.
fn leakage(recording: &Recording, hot: &[usize], rate_hz: f64, draws: &mut Draws) -> Result<Vec<Event>, DataError> {
    let width = usize::from(recording.sensor.width).max(1);
    let mut added = Vec::new();
    poisson(recording.span_us(), rate_hz * hot.len() as f64, draws, |t_us, draws| {
        if let Some(&at) = hot.get(draws.below(hot.len() as u64) as usize) {
            added.push(Event { t_us, x: (at % width) as u16, y: (at / width) as u16, polarity: Polarity::On });
        }
    })?;
    Ok(added)
}

fn position(event: &Event, sensor: SensorSize) -> usize {
    usize::from(event.y) * usize::from(sensor.width) + usize::from(event.x)
}

/// Positions of the pixels with a defect, ascending; a greater share hits the same pixels and more.
fn defects(sensor: SensorSize, share: f64, draws: &mut Draws) -> Result<Vec<usize>, DataError> {
    pixels::check_size(sensor)?;
    Ok((0..sensor.pixels()).filter(|_| draws.uniform_f64() < share).collect())
}

impl fmt::Display for EventCorruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventCorruption::BackgroundNoise { rate_hz } => write!(f, "background-noise={rate_hz}"),
            EventCorruption::EventDrop { share } => write!(f, "event-drop={share}"),
            EventCorruption::DeadPixels { share } => write!(f, "dead-pixels={share}"),
            EventCorruption::HotPixels { share, rate_hz } => write!(f, "hot-pixels={share},{rate_hz}"),
            EventCorruption::Border { width } => write!(f, "border={width}"),
            EventCorruption::Centre { half } => write!(f, "centre={half}"),
            EventCorruption::TimeJitter { deviation_us } => write!(f, "time-jitter={deviation_us}"),
        }
    }
}

const FORMS: &str = "KIND=NUMBER with KIND background-noise, event-drop, dead-pixels, hot-pixels (=SHARE,RATE), border, \
    centre or time-jitter";

impl FromStr for EventCorruption {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let clause = Clause::parse(WHAT, text, FORMS)?;
        let real = || clause.number("a number after the =");
        let pixels = || clause.number("a whole number of pixels");
        let corruption = match clause.kind {
            "background-noise" => EventCorruption::BackgroundNoise { rate_hz: real()? },
            "event-drop" => EventCorruption::EventDrop { share: real()? },
            "dead-pixels" => EventCorruption::DeadPixels { share: real()? },
            "hot-pixels" => {
                let [share, rate_hz] = clause.numbers("two numbers, SHARE,RATE")?;
                EventCorruption::HotPixels { share, rate_hz }
            }
            "border" => EventCorruption::Border { width: pixels()? },
            "centre" => EventCorruption::Centre { half: pixels()? },
            "time-jitter" => EventCorruption::TimeJitter { deviation_us: real()? },
            _ => return Err(clause.unknown(FORMS)),
        };
        corruption.validate().map(|()| corruption)
    }
}

serde_as_text!(EventCorruption);
