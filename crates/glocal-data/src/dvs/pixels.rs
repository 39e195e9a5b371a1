//! The pixels of an event camera.

use std::ops::Range;

use super::DvsPixelConfig;
use crate::{
    DataError, Event, Polarity, SensorSize, Stream,
    events::pixels::check_size,
    text::{check, refuse},
};

/// Pixels looked at together.
const CHUNK: usize = 16;

/// Most events that are kept: 1.6 GB.
const MOST_EVENTS: usize = 100_000_000;

/// The pixels of an event camera, each with its thresholds, its reference and its last event.
///
/// Takes samples of the logarithm of the light, in the order of their times, and gives the events between them.
#[derive(Clone, Debug)]
pub struct DvsPixels {
    sensor: SensorSize,
    refractory_us: u64,
    threshold_on: Vec<f32>,
    threshold_off: Vec<f32>,
    /// Levels at which the next event of either polarity is due.
    next_on: Vec<f32>,
    next_off: Vec<f32>,
    last_us: Vec<Option<u64>>,
    before: Vec<f32>,
    time_us: Option<u64>,
}

impl DvsPixels {
    /// Pixels that have seen nothing yet; `stream` decides their mismatch.
    ///
    /// # Errors
    /// [`DataError::Parameter`] for parameters out of range or a sensor too large.
    pub fn new(sensor: SensorSize, config: &DvsPixelConfig, stream: &Stream) -> Result<Self, DataError> {
        check_size(sensor)?;
        config.validate()?;
        let mut draws = stream.draws();
        let mut thresholds = |mean: f64| -> Vec<f32> {
            let threshold = |_| (mean * (1.0 + config.mismatch * draws.normal()).max(0.1)) as f32;
            (0..sensor.pixels()).map(threshold).collect()
        };
        let (threshold_on, threshold_off) = (thresholds(config.threshold_on), thresholds(config.threshold_off));
        let zeros = || vec![0.0; sensor.pixels()];
        Ok(DvsPixels {
            sensor,
            refractory_us: config.refractory_us,
            threshold_on,
            threshold_off,
            next_on: zeros(),
            next_off: zeros(),
            last_us: vec![None; sensor.pixels()],
            before: zeros(),
            time_us: None,
        })
    }

    /// Takes the logarithm of the light at `time_us`, `[height, width]`, and appends the events since the last sample,
    /// in the order of their times. The first sample sets the references and gives none.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if the light is not of the sensor's size or not finite, the time not after that of the
    /// last sample, or `events` grows beyond 10^8.
    pub fn sample(&mut self, time_us: u64, log_light: &[f32], events: &mut Vec<Event>) -> Result<(), DataError> {
        if log_light.len() != self.sensor.pixels() || !log_light.iter().fold(true, |all, light| all & light.is_finite())
        {
            return Err(refuse("dvs light", log_light.len(), "a finite number for each pixel of the sensor"));
        }
        match self.time_us.replace(time_us) {
            None => self.set_references(log_light),
            Some(before_us) if time_us > before_us => {
                let first = events.len();
                self.find_events([before_us, time_us], log_light, events)?;
                events[first..].sort_by_key(|event| event.t_us);
            }
            Some(before_us) if time_us < before_us => {
                return Err(refuse("dvs time", time_us, "a time after that of the last sample"));
            }
            Some(_) => {}
        }
        self.before.copy_from_slice(log_light);
        Ok(())
    }

    fn set_references(&mut self, log_light: &[f32]) {
        for (pixel, &light) in log_light.iter().enumerate() {
            self.next_on[pixel] = light + self.threshold_on[pixel];
            self.next_off[pixel] = light - self.threshold_off[pixel];
        }
    }

    fn find_events(&mut self, span_us: [u64; 2], log_light: &[f32], events: &mut Vec<Event>) -> Result<(), DataError> {
        let width = usize::from(self.sensor.width);
        for start in (0..log_light.len()).step_by(CHUNK) {
            let end = (start + CHUNK).min(log_light.len());
            if !self.any_crosses(start..end, log_light) {
                continue;
            }
            for (pixel, &light) in (start..end).zip(&log_light[start..end]) {
                if light >= self.next_on[pixel] || light <= self.next_off[pixel] {
                    self.fire(pixel, span_us, light, [pixel % width, pixel / width], events);
                    check(events.len() <= MOST_EVENTS, "dvs events", events.len(), "at most 10^8: higher thresholds")?;
                }
            }
        }
        Ok(())
    }

    /// Whether any of some pixels has an event due: without a branch for each, as most have none.
    fn any_crosses(&self, pixels: Range<usize>, log_light: &[f32]) -> bool {
        let (on, off) = (&self.next_on[pixels.clone()], &self.next_off[pixels.clone()]);
        let due = |((&light, &on), &off): ((&f32, &f32), &f32)| (light >= on) | (light <= off);
        log_light[pixels].iter().zip(on).zip(off).fold(false, |any, pixel| any | due(pixel))
    }

    /// All events of one pixel until its light is `light`.
    #[cold]
    fn fire(&mut self, pixel: usize, span_us: [u64; 2], light: f32, [x, y]: [usize; 2], events: &mut Vec<Event>) {
        let polarity = if light >= self.next_on[pixel] { Polarity::On } else { Polarity::Off };
        let due = |pixels: &Self| match polarity {
            Polarity::On => Some(pixels.next_on[pixel]).filter(|&level| light >= level),
            Polarity::Off => Some(pixels.next_off[pixel]).filter(|&level| light <= level),
        };
        while let Some(level) = due(self) {
            let t_us = crossing_us(span_us, [self.before[pixel], light], level);
            let rests = self.last_us[pixel].is_some_and(|last| t_us - last.min(t_us) < self.refractory_us);
            if !rests {
                self.last_us[pixel] = Some(t_us);
                events.push(Event { t_us, x: x as u16, y: y as u16, polarity });
            }
            if !self.move_reference(pixel, level, polarity) {
                break;
            }
        }
    }

    /// Sets the reference to `level`; false if that is no step at all, as with thresholds below a float's precision.
    fn move_reference(&mut self, pixel: usize, level: f32, polarity: Polarity) -> bool {
        let before = (self.next_on[pixel], self.next_off[pixel]);
        self.next_on[pixel] = level + self.threshold_on[pixel];
        self.next_off[pixel] = level - self.threshold_off[pixel];
        match polarity {
            Polarity::On => self.next_on[pixel] > before.0,
            Polarity::Off => self.next_off[pixel] < before.1,
        }
    }
}

/// When light that goes evenly from one value to another reaches `level`, rounded to microseconds.
///
/// # Equation
/// t = t₀ + (t₁ - t₀) · (level - L₀) / (L₁ - L₀), within t₀..t₁
fn crossing_us([from_us, to_us]: [u64; 2], [before, after]: [f32; 2], level: f32) -> u64 {
    let share = (f64::from(level) - f64::from(before)) / (f64::from(after) - f64::from(before));
    let wait = ((to_us - from_us) as f64 * share.clamp(0.0, 1.0) + 0.5) as u64;
    from_us + wait.min(to_us - from_us)
}
