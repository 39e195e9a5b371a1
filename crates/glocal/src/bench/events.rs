//! How fast files of events are read: one core, from memory, events checked and handed out in chunks.

use std::path::Path;
use std::time::Instant;

use glocal_data::events::{EventReader, Format, ReadOptions};
use glocal_data::{DataError, Stream};
use serde::Serialize;

/// Sensor, events and events per second of the recording that is read: that of a busy scene.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;
const EVENTS: usize = 4_000_000;
/// Mean microseconds between two events, as a power of two: 4 million events per second of scene.
const EVENTS_PER_US: u64 = 4;

/// What was measured: millions of events per second on one core, medians.
#[derive(Clone, Debug, Serialize)]
pub struct EventReading {
    /// EVT 2.0.
    pub evt2_mevents_per_s: f64,
    /// DAT.
    pub dat_mevents_per_s: f64,
    /// EVT 3.0, single events without vectors.
    pub evt3_mevents_per_s: f64,
    /// Five bytes per event, as N-MNIST has them.
    pub n_mnist_mevents_per_s: f64,
    /// Events in each file.
    pub events_per_file: usize,
}

/// Measures for about `seconds` per format.
///
/// # Errors
/// None that the generated files cause.
pub fn event_reading(seconds: f64) -> Result<EventReading, DataError> {
    let rate = |file: &[u8], format| mevents_per_s(file, format, seconds);
    let events = drawn();
    Ok(EventReading {
        evt2_mevents_per_s: rate(&evt2(&events), Format::Evt2)?,
        dat_mevents_per_s: rate(&dat(&events), Format::Dat)?,
        evt3_mevents_per_s: rate(&evt3(&events), Format::Evt3)?,
        n_mnist_mevents_per_s: rate(&n_mnist(&events), Format::NMnist)?,
        events_per_file: EVENTS,
    })
}

fn mevents_per_s(file: &[u8], format: Format, seconds: f64) -> Result<f64, DataError> {
    let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 5 || start.elapsed().as_secs_f64() < seconds {
        let once = Instant::now();
        let mut reader = EventReader::new(file, Path::new("generated"), &options)?;
        let (mut count, mut last_us) = (0, 0);
        while let Some(chunk) = reader.next_chunk()? {
            count += chunk.len();
            last_us = std::hint::black_box(chunk.last().map_or(last_us, |event| event.t_us));
        }
        times.push(once.elapsed().as_secs_f64());
        assert_eq!(count, EVENTS, "every generated event is read");
    }
    Ok(EVENTS as f64 / super::median(times) / 1e6)
}

/// An event before it is written.
struct Drawn {
    t_us: u64,
    x: u32,
    y: u32,
    on: u32,
}

fn drawn() -> Vec<Drawn> {
    let mut draws = Stream::new(0).fork("bench events").draws();
    let mut below = |n: u32| draws.below(n.into()) as u32;
    let event = |i| Drawn { t_us: i as u64 / EVENTS_PER_US, x: below(WIDTH), y: below(HEIGHT), on: below(2) };
    (0..EVENTS).map(event).collect()
}

fn evt2(events: &[Drawn]) -> Vec<u8> {
    let mut file = format!("% evt 2.0\n% geometry {WIDTH}x{HEIGHT}\n% end\n").into_bytes();
    let mut high = None;
    for e in events {
        if high.replace(e.t_us >> 6) != Some(e.t_us >> 6) {
            file.extend((8 << 28 | (e.t_us >> 6) as u32).to_le_bytes());
        }
        file.extend((e.on << 28 | (e.t_us as u32 & 63) << 22 | e.x << 11 | e.y).to_le_bytes());
    }
    file
}

fn dat(events: &[Drawn]) -> Vec<u8> {
    let mut file = format!("% Version 2\n% Width {WIDTH}\n% Height {HEIGHT}\n\x0c\x08").into_bytes();
    for e in events {
        file.extend((e.t_us as u32).to_le_bytes());
        file.extend((e.x | e.y << 14 | e.on << 28).to_le_bytes());
    }
    file
}

fn evt3(events: &[Drawn]) -> Vec<u8> {
    let mut file = format!("% evt 3.0\n% geometry {WIDTH}x{HEIGHT}\n% end\n").into_bytes();
    let mut last = None;
    for e in events {
        let mut word = |w: u32| file.extend((w as u16).to_le_bytes());
        if last.replace(e.t_us) != Some(e.t_us) {
            word(0x8000 | (e.t_us >> 12) as u32 & 0xfff);
            word(0x6000 | e.t_us as u32 & 0xfff);
        }
        word(e.y);
        word(0x2000 | e.on << 11 | e.x);
    }
    file
}

fn n_mnist(events: &[Drawn]) -> Vec<u8> {
    let bytes = |e: &Drawn| {
        let [_, high, middle, low] = (e.t_us as u32).to_be_bytes();
        [(e.x % 34) as u8, (e.y % 34) as u8, (e.on << 7) as u8 | high, middle, low]
    };
    events.iter().flat_map(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_faster_than_cameras_make_them() {
        let measured = event_reading(0.0).unwrap();
        for rate in [measured.evt2_mevents_per_s, measured.dat_mevents_per_s, measured.evt3_mevents_per_s] {
            // A camera of this size gives up to about a million events per second; the machine may be busy.
            assert!(rate > 2.0, "{measured:?}");
        }
    }
}
