//! Event Stream, version 2, events of a DVS.
//!
//! ```text
//! "Event Stream", 3 bytes of version, 1 byte of kind (1: DVS), u16 width, u16 height (little-endian)
//! byte < 0xfe  an event: bits 1..8 time since the one before, bit 0 polarity; u16 x, u16 y follow
//! 0xff         127 us pass
//! 0xfe         nothing: it sets a reader that lost its place back to the start of an event
//! ```
//!
//! Rows count from the lower edge and are turned.
//!
//! # References
//! A. Marcireau et al., "The Event Stream format", github.com/neuromorphic-paris/event_stream.

use crate::{
    Event, Polarity, SensorSize,
    events::{
        EventFault, ReadOptions,
        decode::{Decode, StartError, Started, mirrored, take},
        sink::Sink,
        window::Window,
    },
};

const EVENT_BYTES: usize = 5;
const HEADER_BYTES: usize = 20;
const OVERFLOW: u8 = 0xff;
const OVERFLOW_US: u64 = 127;
const RESET: u8 = 0xfe;

struct EventStream {
    t_us: u64,
    height: u16,
    needs: usize,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let head = window.fill(HEADER_BYTES)?;
    let fault = |offset, fault| Err(StartError::at(offset, fault));
    match (head.starts_with(b"Event Stream"), take::<4>(head, 12)) {
        (true, Some([2, _, _, 1])) => {}
        (true, Some([2, _, _, kind])) => {
            let found = ["generic", "DVS", "ATIS", "asynchronous ATIS", "colour"].get(usize::from(kind));
            let found = found.map_or_else(|| kind.to_string(), |&name| name.to_owned());
            return fault(15, EventFault::Unsupported { what: "kind of Event Stream", found });
        }
        (true, Some([major, minor, patch, _])) => {
            let found = format!("{major}.{minor}.{patch}");
            return fault(12, EventFault::Unsupported { what: "Event Stream version", found });
        }
        _ => return fault(0, EventFault::Header { expected: "`Event Stream`, version and kind" }),
    }
    let Some([w0, w1, h0, h1]) = take::<4>(head, 16) else {
        return fault(16, EventFault::Header { expected: "width and height" });
    };
    window.consume(HEADER_BYTES);
    let own = SensorSize { width: u16::from_le_bytes([w0, w1]), height: u16::from_le_bytes([h0, h1]) };
    let sensor = options.sensor.unwrap_or(own);
    Ok(Started { decoder: Box::new(EventStream { t_us: 0, height: sensor.height, needs: 1 }), sensor })
}

impl Decode for EventStream {
    fn needs(&self) -> usize {
        self.needs
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        let mut at = 0;
        self.needs = 1;
        while let Some(&first) = bytes.get(at) {
            match first {
                OVERFLOW => self.t_us = self.t_us.saturating_add(OVERFLOW_US),
                RESET => {}
                _ => {
                    let Some([_, x0, x1, y0, y1]) = take::<EVENT_BYTES>(bytes, at) else {
                        self.needs = EVENT_BYTES;
                        break;
                    };
                    self.t_us = self.t_us.saturating_add(u64::from(first >> 1));
                    let polarity = if first & 1 == 1 { Polarity::On } else { Polarity::Off };
                    let (x, y) = (u16::from_le_bytes([x0, x1]), u16::from_le_bytes([y0, y1]));
                    let event = Event { t_us: self.t_us, x, y: mirrored(y, self.height), polarity };
                    sink.push(event, offset + at as u64);
                    at += EVENT_BYTES - 1;
                }
            }
            at += 1;
        }
        at
    }

    fn unit(&self) -> &'static str {
        "an event of five bytes"
    }
}
