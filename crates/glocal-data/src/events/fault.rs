//! What can be wrong with a file of events.

use std::fmt;

use thiserror::Error;

use crate::events::SensorSize;

/// What is wrong with a file of events, or with writing one; [`DataError::Events`](crate::DataError::Events) adds where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EventFault {
    /// A file of no bytes.
    #[error("the file is empty")]
    Empty,
    /// A file of no known format.
    #[error("not a known format of events: the file begins with {}", Hex(head))]
    UnknownFormat {
        /// Its first bytes.
        head: Vec<u8>,
    },
    /// A known format, but a part of it that is not read.
    #[error("{what} `{found}` is not read")]
    Unsupported {
        /// What is not read.
        what: &'static str,
        /// Its name in the file.
        found: String,
    },
    /// The header is not what the format asks for.
    #[error("damaged header: expected {expected}")]
    Header {
        /// What belongs here.
        expected: &'static str,
    },
    /// The file says nothing of its sensor, and neither does its format.
    #[error("the file does not say which sensor it is of")]
    UnknownSensor,
    /// The file ends within a word or a packet.
    #[error("the file ends {missing} bytes too early, within {within}")]
    CutOff {
        /// Bytes that are missing.
        missing: u64,
        /// What is incomplete.
        within: &'static str,
    },
    /// An event outside the sensor.
    #[error("event at pixel {x},{y}, outside the sensor of {sensor}")]
    OffSensor {
        /// Column.
        x: u16,
        /// Row.
        y: u16,
        /// The sensor.
        sensor: SensorSize,
    },
    /// An event earlier than the one before it.
    #[error("time runs backwards: {t_us} us after {last_us} us")]
    Backwards {
        /// Its time.
        t_us: u64,
        /// Time of the one before.
        last_us: u64,
    },
    /// A time that cannot be, such as a negative one.
    #[error("time {found} us is not a time")]
    Time {
        /// Time found.
        found: i64,
    },
    /// A word of a kind that the format does not have.
    #[error("word {word:#x} is of no known kind")]
    UnknownWord {
        /// The word.
        word: u64,
    },
    /// A part of the file contradicts the format.
    #[error("damaged {what}: {found}")]
    Damaged {
        /// What.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// Compressed bytes that cannot be unpacked.
    #[error("cannot unpack {what}: {message}")]
    Unpack {
        /// What.
        what: &'static str,
        /// What the decoder says.
        message: String,
    },
    /// The file asks for more than is allowed.
    #[error("{what}: {found} is more than the allowed {cap}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// Amount found or declared; the true one may be larger.
        found: u64,
        /// Most that is allowed.
        cap: u64,
    },
    /// A line of a labels file that is none.
    #[error("line {line}: expected {expected}, found `{found}`")]
    Label {
        /// Line, from 1.
        line: usize,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A file name whose format is not written.
    #[error("files of events are not written as `.{extension}`")]
    NotWritten {
        /// The extension.
        extension: String,
    },
    /// A recording that the format has no room for.
    #[error("the recording does not fit {format}: {what} {found}, where {expected}")]
    DoesNotFit {
        /// The format.
        format: &'static str,
        /// What does not fit.
        what: &'static str,
        /// Its value.
        found: String,
        /// What would fit.
        expected: String,
    },
}

impl EventFault {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            EventFault::Empty => "was the download or the copy cut?".into(),
            EventFault::UnknownFormat { .. } => format!("name the format with --format: {}", format_names()),
            EventFault::Unsupported { .. } => "convert the file with the software that wrote it".into(),
            EventFault::UnknownSensor => "give the sensor's size with --sensor WxH".into(),
            EventFault::OffSensor { .. } => {
                "if the file is of another sensor, give its size with --sensor WxH (N-Caltech101: \
                 --format n-caltech101); if it is damaged, read with --lenient"
                    .into()
            }
            EventFault::TooLarge { .. } => "the file is damaged, or made to exhaust the machine".into(),
            EventFault::Label { .. } => "labels are lines of class,startTime_usec,endTime_usec below a heading".into(),
            EventFault::NotWritten { .. } => "choose a name with .npz, .bin (N-MNIST) or .raw (EVT 2.0)".into(),
            EventFault::DoesNotFit { .. } => "npz holds every recording: choose a name with .npz".into(),
            EventFault::Header { .. } => "is the file of this format? name another with --format".into(),
            _ => "the good part of the file is read with --lenient".into(),
        }
    }
}

fn format_names() -> String {
    super::Format::ALL.map(super::Format::name).join(", ")
}

impl fmt::Display for SensorSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} pixels", self.width, self.height)
    }
}

/// Bytes as a person reads them.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if i > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}
