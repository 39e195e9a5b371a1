//! One value for each pixel of a sensor.

use super::SensorSize;
use crate::{DataError, text::check};

/// Most pixels of a sensor: four times those of any event camera on the market, small enough to keep a map of.
pub const MOST_PIXELS: usize = 1 << 22;

/// One value for each pixel of a sensor, row-major.
#[derive(Clone, Debug)]
pub(crate) struct PixelMap<T> {
    sensor: SensorSize,
    values: Vec<T>,
}

impl<T: Clone> PixelMap<T> {
    /// `value` everywhere.
    ///
    /// # Errors
    /// [`DataError::Parameter`] for a sensor larger than [`MOST_PIXELS`].
    pub(crate) fn new(sensor: SensorSize, value: T) -> Result<Self, DataError> {
        check_size(sensor)?;
        Ok(PixelMap { sensor, values: vec![value; sensor.pixels()] })
    }

    /// The value of a pixel; `None` beside the sensor.
    pub(crate) fn get_mut(&mut self, x: u16, y: u16) -> Option<&mut T> {
        let at = usize::from(y) * usize::from(self.sensor.width) + usize::from(x);
        if self.sensor.contains(x, y) { self.values.get_mut(at) } else { None }
    }

    /// The values of the up to eight neighbours of a pixel.
    pub(crate) fn neighbours(&self, x: u16, y: u16) -> impl Iterator<Item = &T> {
        let near = |at: u16, size: u16| {
            usize::from(at.saturating_sub(1))..=usize::from(at.saturating_add(1).min(size.saturating_sub(1)))
        };
        let width = usize::from(self.sensor.width);
        let (columns, here) = (near(x, self.sensor.width), (usize::from(x), usize::from(y)));
        near(y, self.sensor.height)
            .flat_map(move |row| columns.clone().map(move |column| (column, row)))
            .filter(move |&at| at != here)
            .filter_map(move |(column, row)| self.values.get(row * width + column))
    }
}

/// Refuses sensors without pixels and those larger than [`MOST_PIXELS`].
pub(crate) fn check_size(sensor: SensorSize) -> Result<(), DataError> {
    let good = (1..=MOST_PIXELS).contains(&sensor.pixels());
    check(good, "sensor", format!("{} x {}", sensor.width, sensor.height), "1 to 4,194,304 pixels")
}
