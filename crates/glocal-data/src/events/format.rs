//! The file formats, and how a file tells which one it is.

use std::{fmt, path::Path, str::FromStr};

use serde::Serialize;

use crate::events::{EventFault, SensorSize, decode::evt};

/// A file format of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Five bytes per event, no header: N-MNIST.
    NMnist,
    /// The same bytes from a larger sensor: N-Caltech101.
    NCaltech101,
    /// AEDAT 2.0: addresses of DVS128 and DAVIS cameras.
    Aedat2,
    /// AEDAT 3.1: packets of libcaer, as DVS128 Gesture has them.
    Aedat3,
    /// AEDAT 4: compressed FlatBuffers of the DV software.
    Aedat4,
    /// Prophesee DAT, version 2.
    Dat,
    /// Prophesee EVT 2.0: words of 32 bits.
    Evt2,
    /// Prophesee EVT 2.1: words of 64 bits.
    Evt21,
    /// Prophesee EVT 3.0: words of 16 bits.
    Evt3,
    /// Event Stream, version 2.
    EventStream,
    /// Arrays t, x, y, p of NumPy, or one structured array `events`.
    Npz,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 11] = [
        Format::NMnist,
        Format::NCaltech101,
        Format::Aedat2,
        Format::Aedat3,
        Format::Aedat4,
        Format::Dat,
        Format::Evt2,
        Format::Evt21,
        Format::Evt3,
        Format::EventStream,
        Format::Npz,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::NMnist => "n-mnist",
            Format::NCaltech101 => "n-caltech101",
            Format::Aedat2 => "aedat2",
            Format::Aedat3 => "aedat3",
            Format::Aedat4 => "aedat4",
            Format::Dat => "dat",
            Format::Evt2 => "evt2",
            Format::Evt21 => "evt21",
            Format::Evt3 => "evt3",
            Format::EventStream => "es",
            Format::Npz => "npz",
        }
    }

    /// The format of a file that begins with `head`; the extension of `name` decides only where the content cannot.
    ///
    /// # Errors
    /// The content belongs to no known format, or to one that is not read.
    pub fn detect(head: &[u8], name: &Path) -> Result<Format, EventFault> {
        if head.is_empty() {
            return Err(EventFault::Empty);
        }
        match by_content(head)? {
            Some(format) => Ok(format),
            None => by_extension(head, name),
        }
    }

    /// The format that a file of this name is written in.
    ///
    /// # Errors
    /// The extension names no format that is written.
    pub fn for_writing(name: &Path) -> Result<Format, EventFault> {
        match extension(name).as_str() {
            "npz" => Ok(Format::Npz),
            "bin" => Ok(Format::NMnist),
            "raw" => Ok(Format::Evt2),
            other => Err(EventFault::NotWritten { extension: other.to_owned() }),
        }
    }

    /// The sensor that the format belongs to, if it belongs to one.
    pub(crate) fn fixed_sensor(self) -> Option<SensorSize> {
        match self {
            Format::NMnist => Some(SensorSize { width: 34, height: 34 }),
            Format::NCaltech101 => Some(SensorSize { width: 240, height: 180 }),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Format::ALL.map(Format::name).join(", ");
        Format::ALL.into_iter().find(|f| f.name() == name).ok_or_else(|| format!("known formats are {}", names()))
    }
}

/// What the first bytes say.
fn by_content(head: &[u8]) -> Result<Option<Format>, EventFault> {
    let magics: [(&[u8], Format); 5] = [
        (b"#!AER-DAT2.0", Format::Aedat2),
        (b"#!AER-DAT3.1", Format::Aedat3),
        (b"#!AER-DAT4.0", Format::Aedat4),
        (b"Event Stream", Format::EventStream),
        (b"PK\x03\x04", Format::Npz),
    ];
    if let Some((_, format)) = magics.into_iter().find(|(magic, _)| head.starts_with(magic)) {
        return Ok(Some(format));
    }
    if head.starts_with(b"#!AER-DAT") {
        let version = head.iter().skip(9).take(4).map(|&b| char::from(b)).filter(char::is_ascii_graphic).collect();
        return Err(EventFault::Unsupported { what: "AEDAT version", found: version });
    }
    evt::format_by_header(head)
}

fn by_extension(head: &[u8], name: &Path) -> Result<Format, EventFault> {
    match (extension(name).as_str(), head.starts_with(b"% ")) {
        ("bin", false) => Ok(Format::NMnist),
        ("raw", true) => Ok(Format::Evt2),
        ("dat", true) => Ok(Format::Dat),
        _ => Err(EventFault::UnknownFormat { head: head.iter().take(8).copied().collect() }),
    }
}

fn extension(name: &Path) -> String {
    name.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_comes_before_the_extension() {
        let detect = |head: &[u8], name: &str| Format::detect(head, Path::new(name));
        assert_eq!(detect(b"Event Stream\x02", "a.bin").unwrap(), Format::EventStream);
        assert_eq!(detect(b"% evt 3.0\n", "a.dat").unwrap(), Format::Evt3);
        assert_eq!(detect(b"% format EVT21;height=4;width=4\n", "a").unwrap(), Format::Evt21);
        assert_eq!(detect(b"% Date 2020\nxxxx", "a.raw").unwrap(), Format::Evt2);
        assert_eq!(detect(b"\x01\x02\x03\x04\x05", "a.BIN").unwrap(), Format::NMnist);
        assert!(matches!(detect(b"\x01\x02", "a.txt"), Err(EventFault::UnknownFormat { .. })));
        assert!(matches!(detect(b"#!AER-DAT1.0\r\n", "a.aedat"), Err(EventFault::Unsupported { .. })));
        assert!(matches!(detect(b"", "a.bin"), Err(EventFault::Empty)));
    }

    #[test]
    fn names_lead_back_to_their_formats() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert!("evt4".parse::<Format>().unwrap_err().contains("evt21"));
    }
}
