//! Prophesee DAT, version 2.
//!
//! ```text
//! header   lines that begin with "% ", among them "% Width 640" and "% Height 480"
//! 2 bytes  kind of event: 0 or 12 for changes of light; bytes of an event: 8
//! 8 bytes  per event, little-endian: u32 time in microseconds; then x (14 bits), y (14 bits), polarity (4 bits)
//! ```
//!
//! A header without a size is taken for the first sensor's, 304x240. The time wraps after 71 minutes and is continued.
//!
//! # References
//! Prophesee, "DAT file format", docs.prophesee.ai/stable/data/file_formats/dat.html.

use crate::{
    Event, Polarity, SensorSize,
    events::{
        EventFault, ReadOptions,
        counter::WrappingCounter,
        decode::{Decode, StartError, Started, header::TextHeader, take},
        sink::Sink,
        window::{WINDOW_BYTES, Window},
    },
};

const EVENT_BYTES: usize = 8;
const FIRST_SENSOR: SensorSize = SensorSize { width: 304, height: 240 };

struct Dat {
    time: WrappingCounter,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let head = window.fill(WINDOW_BYTES)?;
    let header = TextHeader::read(head, b"% ", &["end"]);
    let at = header.len as u64;
    if let Some(version) = header.value("Version").filter(|&v| v != "2") {
        let found = version.to_owned();
        return Err(StartError::at(0, EventFault::Unsupported { what: "DAT version", found }));
    }
    match take::<2>(head, header.len) {
        Some([0 | 12, 8]) => {}
        Some([kind, bytes]) => {
            let found = format!("kind {kind} of {bytes} bytes");
            return Err(StartError::at(at, EventFault::Unsupported { what: "DAT event", found }));
        }
        None => return Err(StartError::at(at, EventFault::Header { expected: "kind and size of the events" })),
    }
    window.consume(header.len + 2);
    let sensor = header.pixels("Width").zip(header.pixels("Height"));
    let own = sensor.map_or(FIRST_SENSOR, |(width, height)| SensorSize { width, height });
    Ok(Started { decoder: Box::new(Dat { time: WrappingCounter::new(32) }), sensor: options.sensor.unwrap_or(own) })
}

impl Decode for Dat {
    fn needs(&self) -> usize {
        EVENT_BYTES
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        let (events, _) = bytes.as_chunks::<EVENT_BYTES>();
        sink.events.reserve(events.len());
        let mut time = self.time;
        for (event, at) in events.iter().zip((offset..).step_by(EVENT_BYTES)) {
            let word = u64::from_le_bytes(*event);
            let t_us = time.next(word & 0xffff_ffff);
            let (x, y) = ((word >> 32 & 0x3fff) as u16, (word >> 46 & 0x3fff) as u16);
            let polarity = if word >> 60 == 0 { Polarity::Off } else { Polarity::On };
            sink.push(Event { t_us, x, y, polarity }, at);
        }
        self.time = time;
        events.len() * EVENT_BYTES
    }

    fn unit(&self) -> &'static str {
        "an event of eight bytes"
    }
}
