//! N-MNIST and N-Caltech101: five bytes per event.
//!
//! ```text
//! byte 0   column
//! byte 1   row
//! byte 2   bit 7: polarity (1 is On); bits 0..7: time, upper bits
//! byte 3   time
//! byte 4   time, lower bits (23 bits in all, big-endian, microseconds)
//! ```
//!
//! An event at row 240 is no event but a mark that 2^13 us passed, as the Python reader of the data sets' authors has it
//! (`eventvision.py`, `read_dataset`); it counts for all events after it. Their MATLAB reader does not know it.
//!
//! # References
//! G. Orchard, A. Jayawant, G. K. Cohen, N. Thakor (2015), doi:10.3389/fnins.2015.00437.

use crate::{
    Event, Polarity,
    events::{
        Format, ReadOptions, SensorSize,
        decode::{Decode, Started},
        sink::Sink,
    },
};

pub(crate) const EVENT_BYTES: usize = 5;
/// The row of events that only tell of time.
pub(crate) const OVERFLOW_ROW: u8 = 240;
const OVERFLOW_US: u64 = 1 << 13;

struct NMnist {
    overflow_us: u64,
}

pub(super) fn start(format: Format, options: &ReadOptions) -> Started {
    let own = format.fixed_sensor().unwrap_or(SensorSize { width: 256, height: 256 });
    Started { decoder: Box::new(NMnist { overflow_us: 0 }), sensor: options.sensor.unwrap_or(own) }
}

impl Decode for NMnist {
    fn needs(&self) -> usize {
        EVENT_BYTES
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        let (events, _) = bytes.as_chunks::<EVENT_BYTES>();
        for (&[x, y, sign, middle, low], at) in events.iter().zip((offset..).step_by(EVENT_BYTES)) {
            if y == OVERFLOW_ROW {
                self.overflow_us += OVERFLOW_US;
                continue;
            }
            let t_us = u64::from(u32::from_be_bytes([0, sign & 0x7f, middle, low])) + self.overflow_us;
            let polarity = if sign >> 7 == 1 { Polarity::On } else { Polarity::Off };
            sink.push(Event { t_us, x: x.into(), y: y.into(), polarity }, at);
        }
        events.len() * EVENT_BYTES
    }

    fn unit(&self) -> &'static str {
        "an event of five bytes"
    }
}
