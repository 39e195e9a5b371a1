//! EVT 2.0; the layout is in the decoder of the same name.

use crate::{
    Recording,
    events::{
        EventFault, Format,
        decode::evt2::{TIME_HIGH_BITS, TIME_LOW_BITS},
        write::does_not_fit,
    },
};

/// Coordinates have 11 bits.
const SIZE_CAP: u16 = 1 << 11;
const TIME_CAP_US: u64 = 1 << (TIME_HIGH_BITS + TIME_LOW_BITS);
const TIME_WORD: u32 = 8 << 28;

pub(super) fn encode(recording: &Recording) -> Result<Vec<u8>, EventFault> {
    let sensor = recording.sensor;
    if sensor.width > SIZE_CAP || sensor.height > SIZE_CAP {
        return Err(does_not_fit(Format::Evt2, "sensor of", sensor, "sides have at most 2048 pixels"));
    }
    let last_us = recording.events.last().map_or(0, |event| event.t_us);
    if last_us >= TIME_CAP_US {
        return Err(does_not_fit(Format::Evt2, "time in us", last_us, format!("times are below {TIME_CAP_US}")));
    }
    let (width, height) = (sensor.width, sensor.height);
    let header =
        format!("% evt 2.0\n% format EVT2;height={height};width={width}\n% geometry {width}x{height}\n% end\n");
    let mut bytes = header.into_bytes();
    let mut high = None;
    for event in &recording.events {
        let now = event.t_us >> TIME_LOW_BITS;
        if high.replace(now) != Some(now) {
            bytes.extend((TIME_WORD | now as u32).to_le_bytes());
        }
        let low = (event.t_us & ((1 << TIME_LOW_BITS) - 1)) as u32;
        let word = (event.polarity as u32) << 28 | low << 22 | u32::from(event.x) << 11 | u32::from(event.y);
        bytes.extend(word.to_le_bytes());
    }
    Ok(bytes)
}
