//! Writing recordings: npz, N-MNIST and N-Caltech101 `.bin`, EVT 2.0.

mod evt2;
mod nmnist;
mod npz;

use std::{fmt::Display, path::Path};

use crate::{
    DataError, Recording,
    events::{EventFault, Format},
    whole_file,
};

/// The recording as a file of `format`.
///
/// # Errors
/// The format has no room for the recording (nothing is cut or rounded), or is not written.
pub fn encode(recording: &Recording, format: Format) -> Result<Vec<u8>, EventFault> {
    check_order(recording)?;
    match format {
        Format::Npz => npz::encode(recording),
        Format::NMnist | Format::NCaltech101 => nmnist::encode(recording, format),
        Format::Evt2 => evt2::encode(recording),
        other => Err(EventFault::NotWritten { extension: other.name().to_owned() }),
    }
}

/// Writes the recording to the file `path`, whole or not at all: to a temporary name, synced, renamed.
///
/// # Errors
/// As [`encode`]; the disk refuses. A file that was there before is then still there.
pub fn save(path: &Path, recording: &Recording, format: Format) -> Result<(), DataError> {
    let bytes =
        encode(recording, format).map_err(|fault| DataError::Events { file: path.into(), offset: None, fault })?;
    whole_file::write(path, &bytes).map_err(|source| DataError::Io { file: path.into(), action: "write", source })
}

/// What [`Recording`] promises, checked once for all formats: its fields are open.
fn check_order(recording: &Recording) -> Result<(), EventFault> {
    let sensor = recording.sensor;
    if let Some(event) = recording.events.iter().find(|event| !sensor.contains(event.x, event.y)) {
        return Err(EventFault::OffSensor { x: event.x, y: event.y, sensor });
    }
    let backwards = recording.events.iter().zip(recording.events.iter().skip(1)).find(|(a, b)| b.t_us < a.t_us);
    match backwards {
        Some((last, event)) => Err(EventFault::Backwards { t_us: event.t_us, last_us: last.t_us }),
        None => Ok(()),
    }
}

/// A refusal that names the value.
fn does_not_fit(format: Format, what: &'static str, found: impl Display, expected: impl Display) -> EventFault {
    let (found, expected) = (found.to_string(), expected.to_string());
    EventFault::DoesNotFit { format: format.name(), what, found, expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Polarity, SensorSize};

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        std::fs::write(&path, b"old").unwrap();
        let sensor = SensorSize { width: 1, height: 1 };
        let event = |t_us, x| Event { t_us, x, y: 0, polarity: Polarity::On };
        let wrong = Recording { sensor, events: vec![event(0, 1)] };
        assert!(save(&path, &wrong, Format::Npz).is_err());
        let wrong = Recording { sensor, events: vec![event(1, 0), event(0, 0)] };
        assert!(save(&path, &wrong, Format::Npz).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        save(&path, &Recording { sensor, events: vec![event(0, 0)] }, Format::Npz).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(std::fs::read(&path).unwrap().starts_with(b"PK"));
        assert!(encode(&wrong, Format::Aedat4).is_err());
    }
}
