//! Events counted per pixel, polarity and window of time.

use glocal_data::{Event, Polarity, Recording};

/// Counts of one pixel in one window: darker, brighter.
pub(super) type Counts = [u32; 2];

/// A recording cut into windows of equal length.
pub(super) struct Windows<'a> {
    recording: &'a Recording,
    window_us: u64,
    /// Sensor pixels per counted pixel, along each side: sensors larger than the picture are binned.
    bin: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'a> Windows<'a> {
    /// Windows whose longer side counts at most about twice `side` pixels.
    pub(super) fn new(recording: &'a Recording, window_us: u64, side: usize) -> Self {
        let (width, height) = (usize::from(recording.sensor.width), usize::from(recording.sensor.height));
        let bin = width.max(height).div_ceil(2 * side).max(1);
        let binned = |size: usize| size.div_ceil(bin).max(1);
        Windows { recording, window_us, bin, width: binned(width), height: binned(height) }
    }

    /// How many windows there are; one without events.
    pub(super) fn count(&self) -> usize {
        let span = self.recording.span_us();
        (span.end - span.start).div_ceil(self.window_us).max(1) as usize
    }

    /// Length of a window in microseconds.
    pub(super) fn window_us(&self) -> u64 {
        self.window_us
    }

    /// Counts the events of one window into `counts`, row by row.
    pub(super) fn fill(&self, window: usize, counts: &mut Vec<Counts>) {
        counts.clear();
        counts.resize(self.width * self.height, [0; 2]);
        for event in self.events(window) {
            let (x, y) = (usize::from(event.x) / self.bin, usize::from(event.y) / self.bin);
            counts[y * self.width + x][usize::from(event.polarity == Polarity::On)] += 1;
        }
    }

    /// The count that nineteen of twenty counts that are not zero stay within, over all windows; at least 1.
    pub(super) fn usual_most(&self) -> u32 {
        const HIGHEST: usize = 255;
        let mut histogram = [0_u64; HIGHEST + 1];
        let mut counts = Vec::new();
        for window in 0..self.count() {
            self.fill(window, &mut counts);
            for count in counts.iter().flatten() {
                histogram[(*count as usize).min(HIGHEST)] += u64::from(*count > 0);
            }
        }
        let total: u64 = histogram.iter().sum();
        let mut below = 0;
        let place = histogram.iter().position(|n| {
            below += n;
            below * 20 >= total * 19
        });
        place.unwrap_or(HIGHEST).max(1) as u32
    }

    fn events(&self, window: usize) -> &'a [Event] {
        let events = &self.recording.events;
        let start_us = self.recording.span_us().start.saturating_add(window as u64 * self.window_us);
        let from = events.partition_point(|event| event.t_us < start_us);
        let to = events.partition_point(|event| event.t_us < start_us.saturating_add(self.window_us));
        &events[from..to]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glocal_data::SensorSize;

    #[test]
    fn every_event_is_counted_once_where_it_lies() {
        let event = |t_us, x, y, polarity| Event { t_us, x, y, polarity };
        let events =
            vec![event(10, 0, 0, Polarity::On), event(19, 1, 2, Polarity::Off), event(20, 1, 2, Polarity::Off)];
        let recording = Recording { sensor: SensorSize { width: 2, height: 3 }, events };
        let windows = Windows::new(&recording, 10, 100);
        let mut counts = Vec::new();
        assert_eq!(windows.count(), 2);
        windows.fill(0, &mut counts);
        assert_eq!(counts, [[0, 1], [0, 0], [0, 0], [0, 0], [0, 0], [1, 0]]);
        windows.fill(1, &mut counts);
        assert_eq!(counts, [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [1, 0]]);
        assert_eq!(windows.usual_most(), 1);
        let binned = Windows::new(&recording, 100, 1);
        binned.fill(0, &mut counts);
        assert_eq!((binned.width, binned.height, counts.as_slice()), (1, 2, [[0, 1], [2, 0]].as_slice()));
    }
}
