//! What the three Prophesee EVT formats share: the header and the kinds of words.
//!
//! ```text
//! % evt 2.0                                or  % format EVT2;height=480;width=640
//! % geometry 640x480
//! % end                                    (optional)
//! ```
//!
//! # References
//! Prophesee, "RAW file format" and "Data encoding formats", docs.prophesee.ai/stable/data.

use crate::{
    SensorSize,
    events::{
        EventFault, Format, ReadOptions,
        decode::{StartError, header::TextHeader},
        window::{WINDOW_BYTES, Window},
    },
};

/// Kinds of words, their upper four bits, in EVT 2.0 and 2.1.
pub(super) mod kind {
    pub const OFF: u32 = 0x0;
    pub const ON: u32 = 0x1;
    pub const TIME_HIGH: u32 = 0x8;
    pub const TRIGGER: u32 = 0xa;
    pub const OTHERS: u32 = 0xe;
    pub const CONTINUED: u32 = 0xf;
}

/// Largest sensor that writes these formats, for headers that do not say.
const LARGEST: SensorSize = SensorSize { width: 1280, height: 720 };

/// Sensors by what the header's lines call them.
const KNOWN_SENSORS: [(&str, SensorSize); 3] = [
    ("gen31", SensorSize { width: 640, height: 480 }),
    ("gen3", SensorSize { width: 640, height: 480 }),
    ("genx320", SensorSize { width: 320, height: 320 }),
];

/// What a header tells.
pub(super) struct EvtHeader {
    pub(super) sensor: SensorSize,
    lines: TextHeader,
}

impl EvtHeader {
    /// Reads and consumes the header.
    pub(super) fn read(window: &mut Window<'_>, options: &ReadOptions) -> Result<EvtHeader, StartError> {
        let lines = read_lines(window.fill(WINDOW_BYTES)?);
        window.consume(lines.len);
        let own = || geometry(&lines).or_else(|| by_name(&lines)).unwrap_or(LARGEST);
        Ok(EvtHeader { sensor: options.sensor.unwrap_or_else(own), lines })
    }

    /// An option of the format line, such as `height` in `format EVT3;height=720`.
    pub(super) fn option(&self, key: &str) -> Option<&str> {
        format_option(&self.lines, key)
    }
}

/// The format that the header of `head` names, if `head` has a header that names one.
pub(crate) fn format_by_header(head: &[u8]) -> Result<Option<Format>, EventFault> {
    let header = read_lines(head);
    let named = header.value("format").map(|line| line.split(';').next().unwrap_or_default());
    let Some(name) = named.or(header.value("evt")) else {
        let dat = header.lines.iter().any(|line| line.starts_with("Data file containing"));
        return Ok(dat.then_some(Format::Dat));
    };
    match name.trim() {
        "EVT2" | "2.0" => Ok(Some(Format::Evt2)),
        "EVT21" | "2.1" => Ok(Some(Format::Evt21)),
        "EVT3" | "3.0" => Ok(Some(Format::Evt3)),
        other => Err(EventFault::Unsupported { what: "Prophesee format", found: other.chars().take(20).collect() }),
    }
}

fn read_lines(head: &[u8]) -> TextHeader {
    TextHeader::read(head, b"% ", &["end"])
}

fn format_option<'a>(lines: &'a TextHeader, key: &str) -> Option<&'a str> {
    lines.value("format")?.split(';').find_map(|part| part.trim().strip_prefix(key)?.strip_prefix('='))
}

fn geometry(lines: &TextHeader) -> Option<SensorSize> {
    let by_line = lines.value("geometry").and_then(|size| size.split_once('x'));
    let (width, height) = by_line.or_else(|| format_option(lines, "width").zip(format_option(lines, "height")))?;
    let pixels = |text: &str| text.trim().parse().ok().filter(|&n: &u16| n > 0);
    Some(SensorSize { width: pixels(width)?, height: pixels(height)? })
}

fn by_name(lines: &TextHeader) -> Option<SensorSize> {
    let names = lines.value("plugin_name").or(lines.value("sensor_name"))?.to_lowercase();
    KNOWN_SENSORS.iter().find(|(name, _)| names.contains(name)).map(|(_, sensor)| *sensor)
}
