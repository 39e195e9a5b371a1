//! AEDAT 4: packets of FlatBuffers, compressed or not, as the DV software writes them.
//!
//! ```text
//! "#!AER-DAT4.0\r\n"
//! u32 bytes, FlatBuffer IOHE: i32 compression, i64 place of the table of packets (-1: none), string of XML
//! packets: i32 stream, i32 bytes, then that many compressed bytes of: u32 bytes, FlatBuffer
//! FlatBuffer EVTS: vector of events of 16 bytes: i64 time in microseconds, i16 x, i16 y, u8 polarity, 3 bytes empty
//! ```
//!
//! The XML names the streams; the one of events (`EVTS`) with the lowest number is read, packets of the others (frames,
//! motion, triggers) are counted as [`other`](crate::events::LeftOut::other). Rows count from the upper edge.
//!
//! # References
//! iniVation, "AEDAT file formats", version 4.0, docs.inivation.com; the schemas of dv-processing.

use std::io::Read;

use crate::{
    Event, Polarity, SensorSize,
    events::{
        EventFault, Limits, ReadOptions,
        decode::{Decode, StartError, Started, flatbuffer::Table, take},
        sink::Sink,
        window::Window,
    },
};

const MAGIC: &[u8] = b"#!AER-DAT4.0\r\n";
const EVENT_BYTES: usize = 16;
const PACKET_HEADER_BYTES: usize = 8;
/// More than any header needs: its XML has some kilobytes per stream.
const HEADER_CAP: u64 = 1 << 20;
/// Elements within elements of the header's XML; real ones have six.
const DEPTH_CAP: usize = 64;
/// Bytes of a tag and the text after it; real ones have some hundred.
const TAG_CAP: usize = 1 << 14;

/// How packets are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Lz4,
    Zstd,
}

struct Aedat4 {
    compression: Compression,
    stream: i32,
    /// Where the packets end, if the file says.
    end: Option<u64>,
    limits: Limits,
    needs: usize,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let size_at = MAGIC.len();
    let fault = |fault| StartError::at(size_at as u64, fault);
    let head = window.fill(size_at + 4)?;
    if !head.starts_with(MAGIC) {
        return Err(StartError::at(0, EventFault::Header { expected: "a line `#!AER-DAT4.0`" }));
    }
    let size = u64::from(take(head, size_at).map_or(0, u32::from_le_bytes));
    if size > HEADER_CAP {
        return Err(fault(EventFault::TooLarge { what: "bytes of the header", found: size, cap: HEADER_CAP }));
    }
    window.consume(size_at + 4);
    let buffer = window.fill(size as usize)?;
    let header = buffer.get(..size as usize).and_then(|buffer| read_header(buffer, options.limits));
    let Some((mut decoder, xml)) = header else {
        return Err(fault(EventFault::Header { expected: "a FlatBuffer IOHE with compression and streams" }));
    };
    let stream = event_stream(&xml).map_err(fault)?;
    window.consume(size as usize);
    decoder.stream = stream.0;
    let sensor = options.sensor.or(stream.1).ok_or_else(|| fault(EventFault::UnknownSensor))?;
    Ok(Started { decoder: Box::new(decoder), sensor })
}

/// The decoder, its stream still open, and the header's XML.
fn read_header(buffer: &[u8], limits: Limits) -> Option<(Aedat4, String)> {
    let table = Table::root(buffer, b"IOHE")?;
    let compression = match table.field(0).map_or(0, i32::from_le_bytes) {
        0 => Compression::None,
        1 | 2 => Compression::Lz4,
        3 | 4 => Compression::Zstd,
        _ => return None,
    };
    let end = table.field(1).map_or(-1, i64::from_le_bytes);
    let xml = String::from_utf8(table.vector(2, 1)??.to_vec()).ok()?;
    let end = u64::try_from(end).ok().filter(|&end| end > 0);
    Some((Aedat4 { compression, stream: 0, end, limits, needs: PACKET_HEADER_BYTES }, xml))
}

/// Number and sensor of the first stream of events.
fn event_stream(xml: &str) -> Result<(i32, Option<SensorSize>), EventFault> {
    let damaged = |found: String| EventFault::Damaged { what: "XML of the header", found };
    if is_excessive(xml) {
        return Err(damaged(format!("elements more than {DEPTH_CAP} deep, or of more than {TAG_CAP} bytes")));
    }
    let document = roxmltree::Document::parse(xml).map_err(|error| damaged(error.to_string()))?;
    let streams = document.descendants().filter(|node| attribute(*node, "typeIdentifier") == Some("EVTS"));
    let numbered = streams.filter_map(|node| Some((node.attribute("name")?.parse::<i32>().ok()?, node)));
    let (number, node) = numbered.min_by_key(|(number, _)| *number).ok_or(EventFault::Unsupported {
        what: "a file without a stream of events; the streams",
        found: stream_kinds(&document),
    })?;
    let info = node.children().find(|child| child.attribute("name") == Some("info"));
    let size = |key| info.and_then(|info| attribute(info, key)?.parse().ok()).filter(|&n: &u16| n > 0);
    Ok((number, size("sizeX").zip(size("sizeY")).map(|(width, height)| SensorSize { width, height })))
}

/// The text of the child `<attr key="...">`.
fn attribute<'a>(node: roxmltree::Node<'a, '_>, key: &str) -> Option<&'a str> {
    let is_it = |child: &roxmltree::Node<'_, '_>| child.has_tag_name("attr") && child.attribute("key") == Some(key);
    node.children().find(is_it)?.text()
}

fn stream_kinds(document: &roxmltree::Document<'_>) -> String {
    let kinds = document.descendants().filter_map(|node| attribute(node, "typeIdentifier"));
    kinds.take(8).collect::<Vec<_>>().join(", ")
}

/// Whether the XML is so deep or its tags are so long that parsing it could exhaust the stack or the user's patience.
fn is_excessive(xml: &str) -> bool {
    let mut depth = 0_usize;
    xml.split('<').skip(1).any(|tag| {
        match tag.as_bytes().first() {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'?' | b'!') => {}
            _ if tag.contains("/>") => {}
            _ => depth += 1,
        }
        depth > DEPTH_CAP || tag.len() > TAG_CAP
    })
}

impl Decode for Aedat4 {
    fn needs(&self) -> usize {
        self.needs
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        if self.end.is_some_and(|end| offset >= end) {
            sink.ended = true;
            return 0;
        }
        let stream = take(bytes, 0).map_or(-1, i32::from_le_bytes);
        let size = take(bytes, 4).map_or(-1, i32::from_le_bytes);
        let whole = match self.whole_packet(size, offset) {
            Ok(whole) => whole,
            Err(fault) => {
                sink.end_with(offset, fault);
                return 0;
            }
        };
        let Some(packet) = bytes.get(PACKET_HEADER_BYTES..whole) else {
            self.needs = whole;
            return 0;
        };
        self.needs = PACKET_HEADER_BYTES;
        if stream == self.stream {
            self.packet(packet, offset, sink);
        } else {
            sink.left_out.other += 1;
        }
        whole
    }

    fn unit(&self) -> &'static str {
        "a packet"
    }

    fn finish(&mut self, rest: &[u8], offset: u64, sink: &mut Sink) {
        let at_end = self.end.map_or(rest.is_empty(), |end| offset >= end);
        if !at_end {
            let missing = (self.needs - rest.len()) as u64;
            sink.fault(offset, EventFault::CutOff { missing, within: self.unit() });
        }
        sink.ended = true;
    }
}

impl Aedat4 {
    /// Bytes of a packet with its header.
    fn whole_packet(&self, size: i32, offset: u64) -> Result<usize, EventFault> {
        let what = "packet's header";
        let bytes = u64::try_from(size).map_err(|_| EventFault::Damaged { what, found: format!("{size} bytes") })?;
        let cap = self.limits.packet_bytes;
        if bytes > cap {
            return Err(EventFault::TooLarge { what: "bytes of a packet", found: bytes, cap });
        }
        let whole = bytes + PACKET_HEADER_BYTES as u64;
        if self.end.is_some_and(|end| offset.saturating_add(whole) > end) {
            return Err(EventFault::Damaged { what, found: format!("{size} bytes, beyond the end of all packets") });
        }
        usize::try_from(whole).map_err(|_| EventFault::TooLarge { what: "bytes of a packet", found: bytes, cap })
    }

    fn packet(&self, packed: &[u8], offset: u64, sink: &mut Sink) {
        let unpacked = match unpack(self.compression, packed, &self.limits) {
            Ok(unpacked) => unpacked,
            Err(fault) => return sink.fault(offset, fault),
        };
        // The buffer comes with its size before it.
        let table = unpacked.get(4..).and_then(|buffer| Table::root(buffer, b"EVTS"));
        match table.and_then(|table| table.vector(0, EVENT_BYTES)) {
            Some(elements) => events(elements.unwrap_or_default(), offset, sink),
            None => sink.fault(offset, EventFault::Damaged { what: "packet", found: "no FlatBuffer EVTS".into() }),
        }
    }
}

fn unpack(compression: Compression, packed: &[u8], limits: &Limits) -> Result<Vec<u8>, EventFault> {
    let cap = limits.unpacked_bytes(packed.len() as u64);
    let mut unpacked = Vec::new();
    let read = |source: &mut dyn Read, unpacked: &mut Vec<u8>| source.take(cap + 1).read_to_end(unpacked);
    let message = match compression {
        Compression::None => read(&mut &*packed, &mut unpacked).err().map(|error| error.to_string()),
        Compression::Lz4 => {
            read(&mut lz4_flex::frame::FrameDecoder::new(packed), &mut unpacked).err().map(|error| error.to_string())
        }
        Compression::Zstd => match ruzstd::decoding::StreamingDecoder::new_with_max_window_size(packed, cap) {
            Ok(mut decoder) => read(&mut decoder, &mut unpacked).err().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        },
    };
    match message {
        Some(message) => Err(EventFault::Unpack { what: "a packet", message }),
        None if unpacked.len() as u64 > cap => {
            Err(EventFault::TooLarge { what: "unpacked bytes of a packet", found: unpacked.len() as u64, cap })
        }
        None => Ok(unpacked),
    }
}

fn events(elements: &[u8], offset: u64, sink: &mut Sink) {
    for element in elements.as_chunks::<EVENT_BYTES>().0 {
        let word = u128::from_le_bytes(*element);
        let time = word as i64;
        let Ok(t_us) = u64::try_from(time) else {
            sink.fault(offset, EventFault::Time { found: time });
            continue;
        };
        // A negative coordinate is a large unsigned one, and as such off the sensor.
        let (x, y) = ((word >> 64) as u16, (word >> 80) as u16);
        let polarity = if word >> 96 & 0xff != 0 { Polarity::On } else { Polarity::Off };
        sink.push(Event { t_us, x, y, polarity }, offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excess_is_seen_before_the_parser_meets_it() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(!is_excessive(&nested(64)) && is_excessive(&nested(65)));
        assert!(!is_excessive(&format!("<?xml?><a>{}{}</a>", "<b/>".repeat(100), "<c></c>".repeat(100))));
        assert!(is_excessive(&format!("<a {}/>", "b=\"\" ".repeat(4000))));
        assert!(event_stream(&nested(100_000)).is_err());
    }
}
