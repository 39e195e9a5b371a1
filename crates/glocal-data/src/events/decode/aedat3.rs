//! AEDAT 3.1: little-endian packets, as libcaer writes them and DVS128 Gesture has them.
//!
//! ```text
//! header    lines that begin with '#', from "#!AER-DAT3.1" to "#!END-HEADER"
//! 28 bytes  per packet: i16 kind (1: changes of light), i16 source, i32 bytes of an event, i32 place of its time,
//!           i32 upper bits of the times, i32 room, i32 events, i32 valid events
//! 8 bytes   per event of kind 1: u32 with bit 0 valid, bit 1 polarity, bits 2..17 row, 17..32 column; i32 time
//! ```
//!
//! Rows count from the upper edge. A time is (upper bits · 2^31 + time) microseconds.
//!
//! # References
//! iniVation, "AEDAT file formats", version 3.1, docs.inivation.com; libcaer, `events/polarity.h`.

use crate::{
    Event, Polarity,
    events::{
        EventFault, ReadOptions,
        decode::{Decode, StartError, Started, aedat2::SENSORS, header::TextHeader, take},
        sink::Sink,
        window::{WINDOW_BYTES, Window},
    },
};

const PACKET_HEADER_BYTES: usize = 28;
const EVENT_BYTES: usize = 8;
const POLARITY_KIND: i16 = 1;
const END: &str = "!END-HEADER";

/// What the next bytes are.
#[derive(Clone, Copy, Debug)]
enum Next {
    PacketHeader,
    /// Events of one packet that follow, the bytes after them that hold nothing, and the upper bits of their times.
    Events {
        left: u64,
        empty_bytes: u64,
        high_us: u64,
    },
    /// Bytes that hold no events.
    Skip(u64),
}

struct Aedat3 {
    next: Next,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let head = window.fill(WINDOW_BYTES)?;
    let header = TextHeader::read(head, b"#", &[END]);
    let fault = |fault| StartError::at(0, fault);
    if !header.lines.first().is_some_and(|line| line.starts_with("!AER-DAT3.1")) {
        return Err(fault(EventFault::Header { expected: "a line `#!AER-DAT3.1`" }));
    }
    if header.lines.last().is_none_or(|line| line != END) {
        return Err(fault(EventFault::Header { expected: "a line `#!END-HEADER` after lines of text" }));
    }
    if let Some(found) = header.value("Format").filter(|&format| format != "RAW") {
        return Err(fault(EventFault::Unsupported { what: "AEDAT 3.1 coding", found: found.to_owned() }));
    }
    window.consume(header.len);
    let source = header.lines.iter().find(|line| line.starts_with("Source")).map(|line| line.to_uppercase());
    let own = source.and_then(|source| SENSORS.iter().find(|(name, _)| source.contains(name)).map(|(_, size)| *size));
    let sensor = options.sensor.or(own).ok_or_else(|| fault(EventFault::UnknownSensor))?;
    Ok(Started { decoder: Box::new(Aedat3 { next: Next::PacketHeader }), sensor })
}

impl Decode for Aedat3 {
    fn needs(&self) -> usize {
        match self.next {
            Next::PacketHeader => PACKET_HEADER_BYTES,
            Next::Events { .. } => EVENT_BYTES,
            Next::Skip(_) => 1,
        }
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| rest.len() >= self.needs() && !sink.ended) {
            used += self.step(rest, offset + used as u64, sink);
        }
        used
    }

    fn unit(&self) -> &'static str {
        match self.next {
            Next::PacketHeader => "a packet's header",
            Next::Events { .. } | Next::Skip(_) => "a packet",
        }
    }

    fn finish(&mut self, rest: &[u8], offset: u64, sink: &mut Sink) {
        let missing = match self.next {
            Next::PacketHeader if rest.is_empty() => 0,
            Next::PacketHeader => PACKET_HEADER_BYTES as u64,
            Next::Events { left, empty_bytes, .. } => left * EVENT_BYTES as u64 + empty_bytes,
            Next::Skip(bytes) => bytes,
        };
        if missing > 0 {
            let missing = missing.saturating_sub(rest.len() as u64);
            sink.fault(offset, EventFault::CutOff { missing, within: self.unit() });
        }
        sink.ended = true;
    }
}

impl Aedat3 {
    /// Decodes one header, or as many events or empty bytes as there are; at least [`needs`](Decode::needs) bytes are.
    fn step(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        match self.next {
            Next::PacketHeader => {
                match packet(bytes, sink) {
                    Ok(next) => self.next = next,
                    Err(fault) => sink.end_with(offset, fault),
                }
                PACKET_HEADER_BYTES
            }
            Next::Events { left, empty_bytes, high_us } => {
                let here = left.min((bytes.len() / EVENT_BYTES) as u64);
                let used = here as usize * EVENT_BYTES;
                events(bytes.get(..used).unwrap_or_default(), offset, high_us, sink);
                self.next = match left - here {
                    0 => after(empty_bytes),
                    left => Next::Events { left, empty_bytes, high_us },
                };
                used
            }
            Next::Skip(left) => {
                let used = left.min(bytes.len() as u64);
                self.next = after(left - used);
                used as usize
            }
        }
    }
}

fn after(empty_bytes: u64) -> Next {
    if empty_bytes == 0 { Next::PacketHeader } else { Next::Skip(empty_bytes) }
}

/// What a packet's header announces.
fn packet(header: &[u8], sink: &mut Sink) -> Result<Next, EventFault> {
    let kind = take::<2>(header, 0).map_or(-1, i16::from_le_bytes);
    let field = |name: &'static str, at: usize| {
        let value = take::<4>(header, at).map_or(-1, i32::from_le_bytes);
        u64::try_from(value)
            .map_err(|_| EventFault::Damaged { what: "packet's header", found: format!("{name} {value}") })
    };
    let (size, time_at) = (field("bytes of an event", 4)?, field("place of the time", 8)?);
    let (high, room, count) = (field("upper bits of the time", 12)?, field("room", 16)?, field("events", 20)?);
    let is_polarity = kind == POLARITY_KIND;
    if kind < 0 || count > room || is_polarity && (size, time_at) != (EVENT_BYTES as u64, 4) {
        let found = format!("{count} events of kind {kind} and {size} bytes, time at {time_at}, room for {room}");
        return Err(EventFault::Damaged { what: "packet's header", found });
    }
    if !is_polarity {
        sink.left_out.other += count;
        return Ok(after(size * room));
    }
    let empty_bytes = size * (room - count);
    Ok(if count == 0 { after(empty_bytes) } else { Next::Events { left: count, empty_bytes, high_us: high << 31 } })
}

fn events(bytes: &[u8], offset: u64, high_us: u64, sink: &mut Sink) {
    for (event, at) in bytes.as_chunks::<EVENT_BYTES>().0.iter().zip((offset..).step_by(EVENT_BYTES)) {
        let word = u64::from_le_bytes(*event);
        let (pixel, time) = (word as u32, (word >> 32) as u32);
        if pixel & 1 == 0 {
            sink.left_out.other += 1;
            continue;
        }
        if time >> 31 == 1 {
            sink.fault(at, EventFault::Time { found: i64::from(time as i32) });
            continue;
        }
        let polarity = if pixel >> 1 & 1 == 1 { Polarity::On } else { Polarity::Off };
        let (x, y) = ((pixel >> 17) as u16, (pixel >> 2 & 0x7fff) as u16);
        sink.push(Event { t_us: high_us | u64::from(time), x, y, polarity }, at);
    }
}
