//! Recordings to frames that a network takes, one a time step.

use serde::{Deserialize, Serialize};

use super::{Event, Recording, SensorSize, pixels};
use crate::{
    DataError,
    text::{check, refuse},
};

/// Where one frame ends and the next begins.
///
/// # Equation
/// Of N events with times from t₀ to t₁ (just after the last), event i at time t goes to frame
/// - `time`: ⌊(t - t₀) · T / (t₁ - t₀)⌋
/// - `duration`: ⌊(t - t₀) · T / duration⌋, if that is below T
/// - `count`: k such that ⌊k · N / T⌋ <= i < ⌊(k + 1) · N / T⌋
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FrameCut {
    /// Equal times, over the whole recording.
    Time {
        /// Number of frames, T.
        frames: usize,
    },
    /// Equal times, over a duration from the first event on; what comes later is left out.
    Duration {
        /// Number of frames, T.
        frames: usize,
        /// Length of all frames together, in microseconds.
        duration_us: u64,
    },
    /// Equal numbers of events, to within one.
    Count {
        /// Number of frames, T.
        frames: usize,
    },
}

/// What a frame holds at a pixel and polarity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FrameValue {
    /// The number of its events.
    #[default]
    Count,
    /// 1 if there is any event, else 0.
    Binary,
    /// The number of its events, but at most `most`.
    Clipped {
        /// The largest value; at least 1.
        most: u32,
    },
    /// How recently it fired.
    ///
    /// # Equation
    /// exp(-(t - t') / tau), t the end of the frame, t' the last event of this or an earlier frame; 0 if there is
    /// none. A frame cut by count ends with its last event.
    ///
    /// # References
    /// X. Lagorce et al., "HOTS" (2017), doi:10.1109/TPAMI.2016.2574707.
    TimeSurface {
        /// Time constant in microseconds; above 0.
        tau_us: f64,
    },
}

/// How a recording becomes frames.
///
/// # Shapes
/// Events to `[T, 2, height, width]`, off before on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framing {
    /// Where frames begin and end.
    pub cut: FrameCut,
    /// What they hold.
    #[serde(default)]
    pub value: FrameValue,
}

/// Frames of one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Frames {
    /// Number of frames, T.
    pub frames: usize,
    /// Pixels of a frame.
    pub sensor: SensorSize,
    /// `[T, 2, height, width]`, off before on.
    pub values: Vec<f32>,
}

/// Most values of the frames of one recording: 1 GiB.
const MOST_VALUES: usize = 1 << 28;

impl Framing {
    /// Number of frames, T.
    pub fn frames(&self) -> usize {
        match self.cut {
            FrameCut::Time { frames } | FrameCut::Duration { frames, .. } | FrameCut::Count { frames } => frames,
        }
    }

    /// Checks the parameters; all other functions do so, too.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        check(self.frames() > 0, "framing.cut.frames", self.frames(), "at least 1")?;
        if let FrameCut::Duration { duration_us, .. } = self.cut {
            check(duration_us > 0, "framing.cut.duration_us", duration_us, "a time above 0")?;
        }
        match self.value {
            FrameValue::Clipped { most } => check(most > 0, "framing.value.most", most, "at least 1"),
            FrameValue::TimeSurface { tau_us } => {
                check(tau_us > 0.0 && tau_us.is_finite(), "framing.value.tau_us", tau_us, "a time above 0")
            }
            FrameValue::Count | FrameValue::Binary => Ok(()),
        }
    }

    /// The frames of a recording, in new memory.
    ///
    /// # Errors
    /// [`DataError::Parameter`] for parameters out of range, or frames of more than 2^28 values.
    pub fn apply(&self, recording: &Recording) -> Result<Frames, DataError> {
        let mut values = vec![0.0; self.values_of(recording.sensor)?];
        self.fill(recording, &mut values, Place { row: 0, batch: 1 })?;
        Ok(Frames { frames: self.frames(), sensor: recording.sensor, values })
    }

    /// Writes the frames of a recording into its place in those of a batch, `[T, B, 2, height, width]`.
    ///
    /// # Errors
    /// As [`Framing::apply`], and if `series` is not of that shape.
    pub fn fill(&self, recording: &Recording, series: &mut [f32], place: Place) -> Result<(), DataError> {
        let expected = self.values_of(recording.sensor)?.checked_mul(place.batch);
        check(expected == Some(series.len()), "series of frames", series.len(), "T x B x 2 x height x width values")?;
        check(place.row < place.batch, "row of the batch", place.row, "a row below B")?;
        let size = 2 * recording.sensor.pixels();
        let frames = series.chunks_exact_mut(size).skip(place.row).step_by(place.batch);
        let windows = (0..self.frames()).map(|frame| self.window(frame, recording));
        match self.value {
            FrameValue::Count => fill_counts(windows, frames, recording.sensor, f32::MAX),
            FrameValue::Binary => fill_counts(windows, frames, recording.sensor, 1.0),
            FrameValue::Clipped { most } => fill_counts(windows, frames, recording.sensor, most as f32),
            FrameValue::TimeSurface { tau_us } => fill_surfaces(windows, frames, recording.sensor, tau_us),
        }
        Ok(())
    }

    fn values_of(&self, sensor: SensorSize) -> Result<usize, DataError> {
        self.validate()?;
        pixels::check_size(sensor)?;
        let values = (2 * sensor.pixels()).checked_mul(self.frames()).filter(|&values| values <= MOST_VALUES);
        values.ok_or_else(|| refuse("framing.cut.frames", self.frames(), "fewer frames: at most 2^28 values together"))
    }

    /// The events of a frame and the time of its end.
    fn window<'a>(&self, frame: usize, recording: &'a Recording) -> Window<'a> {
        let span = recording.span_us();
        let events = &recording.events[..];
        let between = |duration: u64, frames: usize| {
            let edge = |frame: usize| edge_us(span.start, duration, frame, frames);
            let at = |edge: u64| events.partition_point(|event| event.t_us < edge);
            let (start, end_us) = (at(edge(frame)), edge(frame + 1));
            Window { events: events.get(start..at(end_us)).unwrap_or_default(), end_us }
        };
        match self.cut {
            FrameCut::Time { frames } => between(span.end.saturating_sub(span.start), frames),
            FrameCut::Duration { frames, duration_us } => between(duration_us, frames),
            FrameCut::Count { frames } => {
                let at = |frame: usize| (events.len() as u128 * frame as u128 / frames as u128) as usize;
                let end = at(frame + 1);
                let last = end.checked_sub(1).and_then(|last| events.get(last));
                Window { events: &events[at(frame)..end], end_us: last.map_or(span.start, |event| event.t_us) }
            }
        }
    }
}

/// One recording's place in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which one of the batch it is.
    pub row: usize,
    /// Recordings in the batch, B.
    pub batch: usize,
}

struct Window<'a> {
    events: &'a [Event],
    end_us: u64,
}

/// Where frame `frame` of `frames` begins: the first whole microsecond at or after start + duration · frame / frames.
fn edge_us(start: u64, duration: u64, frame: usize, frames: usize) -> u64 {
    let offset = (u128::from(duration) * frame as u128).div_ceil(frames as u128);
    start.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX))
}

/// Where an event's value stands in a frame `[2, height, width]`; `None` beside the sensor.
fn position(event: &Event, sensor: SensorSize) -> Option<usize> {
    let at = usize::from(event.y) * usize::from(sensor.width) + usize::from(event.x);
    sensor.contains(event.x, event.y).then_some(event.polarity as usize * sensor.pixels() + at)
}

fn fill_counts<'a, 'b>(
    windows: impl Iterator<Item = Window<'a>>,
    frames: impl Iterator<Item = &'b mut [f32]>,
    sensor: SensorSize,
    most: f32,
) {
    for (window, frame) in windows.zip(frames) {
        frame.fill(0.0);
        for value in window.events.iter().filter_map(|event| position(event, sensor)) {
            frame[value] = (frame[value] + 1.0).min(most);
        }
    }
}

fn fill_surfaces<'a, 'b>(
    windows: impl Iterator<Item = Window<'a>>,
    frames: impl Iterator<Item = &'b mut [f32]>,
    sensor: SensorSize,
    tau_us: f64,
) {
    let mut last_us: Vec<Option<u64>> = vec![None; 2 * sensor.pixels()];
    for (window, frame) in windows.zip(frames) {
        window.events.iter().filter_map(|e| Some((position(e, sensor)?, e.t_us))).for_each(|(at, t_us)| {
            last_us[at] = Some(t_us);
        });
        for (value, last) in frame.iter_mut().zip(&last_us) {
            let age = last.map(|last| window.end_us.saturating_sub(last) as f64);
            *value = age.map_or(0.0, |age| libm::exp(-age / tau_us) as f32);
        }
    }
}
