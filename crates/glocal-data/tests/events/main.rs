//! Files of events: other people's recordings, files made from the published descriptions, and damage of all kinds.

mod formats;
mod hostile;
mod made;
mod samples;

use std::path::{Path, PathBuf};

use glocal_data::{Event, Polarity};

/// What `tests/interop/events_oracle.py` calls the digest: every value and its place counts.
fn digest(events: &[Event]) -> u64 {
    let value = |e: &Event| {
        let on = u64::from(e.polarity == Polarity::On);
        e.t_us.wrapping_add(3 * u64::from(e.x) + 5 * u64::from(e.y) + 7 * on)
    };
    let places = events.iter().zip(1_u64..);
    places.fold(0_u64, |sum, (event, place)| sum.wrapping_add(place.wrapping_mul(value(event))))
}

/// An event as the oracle prints it.
fn tuple(event: &Event) -> (u64, u16, u16, u8) {
    (event.t_us, event.x, event.y, event.polarity as u8)
}

/// A path in the folder of data that lie outside the repository; says so where it is absent.
fn outside(path: &str) -> Option<PathBuf> {
    let found = std::env::var_os("GLOCAL_DATA").map(|folder| Path::new(&folder).join(path)).filter(|p| p.exists());
    if found.is_none() {
        eprintln!("skipped: no {path} in $GLOCAL_DATA");
    }
    found
}
