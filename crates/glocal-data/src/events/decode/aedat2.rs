//! AEDAT 2.0: big-endian pairs of address and time, of DVS128 and DAVIS cameras.
//!
//! ```text
//! header   lines that begin with '#', the first "#!AER-DAT2.0"
//! 8 bytes  per event: u32 address, u32 time in microseconds
//! DVS128   bit 15 or 31 trigger; bits 8..15 row, 1..8 column (from the right), bit 0 polarity (0 is On)
//! DAVIS    bit 31 sample of a frame or of motion, bit 10 trigger; bits 22..31 row, 12..22 column (from the right),
//!          bit 11 polarity (1 is On)
//! ```
//!
//! Columns and polarity are those of jAER, the software of the cameras; rows count from the lower edge and are turned.
//! A header line names the camera (`AEChip`); unknown ones are refused unless the sensor is given. Without that line, the
//! camera is a DAVIS240 if one of the first addresses has more than 16 bits, else a DVS128. The time wraps after 71 minutes and is continued.
//!
//! # References
//! iniVation, "AEDAT file formats", docs.inivation.com; jAER, classes `DVS128` and `DavisBaseCamera`.

use crate::{
    Event, Polarity, SensorSize,
    events::{
        EventFault, ReadOptions,
        counter::WrappingCounter,
        decode::{Decode, StartError, Started, header::TextHeader, mirrored},
        sink::Sink,
        window::{WINDOW_BYTES, Window},
    },
};

const EVENT_BYTES: usize = 8;

/// How an address tells of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Camera {
    Dvs128,
    Davis,
}

/// Cameras by what header lines call them. AEDAT 3.1 uses the same names.
pub(super) const SENSORS: [(&str, SensorSize); 7] = [
    ("DVS128", SensorSize { width: 128, height: 128 }),
    ("DAVIS128", SensorSize { width: 128, height: 128 }),
    ("DAVIS208", SensorSize { width: 208, height: 192 }),
    ("DAVIS240", SensorSize { width: 240, height: 180 }),
    ("DAVIS346", SensorSize { width: 346, height: 260 }),
    ("DAVIS640", SensorSize { width: 640, height: 480 }),
    ("DVXPLORER", SensorSize { width: 640, height: 480 }),
];

struct Aedat2 {
    camera: Camera,
    sensor: SensorSize,
    time: WrappingCounter,
}

pub(super) fn start(window: &mut Window<'_>, options: &ReadOptions) -> Result<Started, StartError> {
    let head = window.fill(WINDOW_BYTES)?;
    let header = TextHeader::read(head, b"#", &["End Of ASCII Header"]);
    if !header.lines.first().is_some_and(|line| line.starts_with("!AER-DAT2.0")) {
        return Err(StartError::at(0, EventFault::Header { expected: "a line `#!AER-DAT2.0`" }));
    }
    window.consume(header.len);
    let chip = header.lines.iter().find(|line| line.contains("AEChip"));
    let (camera, own) = match chip.map(|chip| (chip, by_name(chip))) {
        Some((_, Some(known))) => known,
        // Ears and other chips have addresses of their own. Who gives a sensor knows that this is an eye.
        Some((chip, None)) if options.sensor.is_none() => {
            let found = chip.chars().take(80).collect();
            return Err(StartError::at(0, EventFault::Unsupported { what: "AEDAT 2.0 chip", found }));
        }
        _ => by_addresses(window.bytes()),
    };
    let sensor = options.sensor.unwrap_or(own);
    Ok(Started { decoder: Box::new(Aedat2 { camera, sensor, time: WrappingCounter::new(32) }), sensor })
}

fn by_name(chip: &str) -> Option<(Camera, SensorSize)> {
    let chip = chip.to_uppercase();
    let (name, sensor) = SENSORS.iter().find(|(name, _)| chip.contains(name))?;
    Some((if *name == "DVS128" { Camera::Dvs128 } else { Camera::Davis }, *sensor))
}

fn by_addresses(bytes: &[u8]) -> (Camera, SensorSize) {
    let is_long = |event: &[u8; EVENT_BYTES]| event[0] != 0 || event[1] != 0;
    if bytes.as_chunks().0.iter().any(is_long) {
        (Camera::Davis, SensorSize { width: 240, height: 180 })
    } else {
        (Camera::Dvs128, SensorSize { width: 128, height: 128 })
    }
}

impl Decode for Aedat2 {
    fn needs(&self) -> usize {
        EVENT_BYTES
    }

    fn decode(&mut self, bytes: &[u8], offset: u64, sink: &mut Sink) -> usize {
        let (events, _) = bytes.as_chunks::<EVENT_BYTES>();
        for (event, at) in events.iter().zip((offset..).step_by(EVENT_BYTES)) {
            let word = u64::from_be_bytes(*event);
            let t_us = self.time.next(word & 0xffff_ffff);
            match self.pixel((word >> 32) as u32) {
                Some((x, y, polarity)) => sink.push(Event { t_us, x, y, polarity }, at),
                None => sink.left_out.other += 1,
            }
        }
        events.len() * EVENT_BYTES
    }

    fn unit(&self) -> &'static str {
        "an event of eight bytes"
    }
}

impl Aedat2 {
    /// Column, row and polarity; `None` if the address tells of something else.
    #[inline]
    fn pixel(&self, address: u32) -> Option<(u16, u16, Polarity)> {
        let field = |from: u32, bits: u32| (address >> from & ((1 << bits) - 1)) as u16;
        let (special, x, y, is_on) = match self.camera {
            Camera::Dvs128 => (address & 0x8000_8000, field(1, 7), field(8, 7), address & 1 == 0),
            Camera::Davis => (address & 0x8000_0400, field(12, 10), field(22, 9), address >> 11 & 1 == 1),
        };
        let upright = (mirrored(x, self.sensor.width), mirrored(y, self.sensor.height));
        (special == 0).then_some((upright.0, upright.1, if is_on { Polarity::On } else { Polarity::Off }))
    }
}
