//! What can go wrong between bytes and samples, as values.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::episodes::EpisodeError;
use crate::events::EventFault;
use crate::folders::FolderError;
use crate::tasks::TaskError;

/// Errors of `glocal-data`: every variant carries what was expected, what was found, and where.
///
/// # Units
/// Offsets and lengths are bytes. Within a gzip file they count the uncompressed content, which is what the header
/// of the format speaks of.
#[derive(Debug, Error)]
pub enum DataError {
    /// The operating system refused an operation on a file.
    #[error("cannot {action} {}: {source}", file.display())]
    Io {
        /// File or folder.
        file: PathBuf,
        /// What was tried, as a verb: `open`, `read`, ...
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// Not an IDX file at all: the first four bytes are not `00 00 type rank`.
    #[error("{}: not an IDX file: expected bytes {expected} at offset {offset}, found {found}", file.display())]
    NotIdx {
        /// File.
        file: PathBuf,
        /// Where.
        offset: u64,
        /// Bytes of a right file.
        expected: String,
        /// Bytes found.
        found: String,
    },
    /// An IDX file of another rank, such as images where labels belong.
    #[error("{}: expected {expected}, found {found} (rank byte at offset 3)", file.display())]
    WrongRank {
        /// File.
        file: PathBuf,
        /// What belongs here.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The file ends early, or is a damaged gzip file.
    #[error("{}: ends at offset {found}, but its header promises {expected} bytes", file.display())]
    Truncated {
        /// File.
        file: PathBuf,
        /// Bytes that the header promises, header included.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// More data follow than the header declares.
    #[error("{}: data go on after offset {expected}, where the header says that they end", file.display())]
    TrailingData {
        /// File.
        file: PathBuf,
        /// Bytes that the header promises, header included.
        expected: u64,
    },
    /// The header declares more data than the caller allows, or than can be counted.
    #[error("{}: header declares shape {shape:?}, more than the allowed {cap} bytes", file.display())]
    TooLarge {
        /// File.
        file: PathBuf,
        /// Declared shape.
        shape: Vec<u32>,
        /// Most bytes allowed.
        cap: u64,
    },
    /// The compressed stream is damaged.
    #[error("{}: damaged gzip data after {offset} uncompressed bytes: {source}", file.display())]
    DamagedGzip {
        /// File.
        file: PathBuf,
        /// Uncompressed bytes read so far.
        offset: u64,
        /// What the decoder says.
        source: io::Error,
    },
    /// Images and labels do not pair up.
    #[error("{images} images but {labels} labels ({})", file.display())]
    CountMismatch {
        /// The labels' file, or the data set's name.
        file: PathBuf,
        /// Images found.
        images: usize,
        /// Labels found.
        labels: usize,
    },
    /// A label names a class that does not exist.
    #[error("{}: label {found} of sample {sample} (offset {offset}) is not a class 0..{classes}", file.display())]
    LabelOutOfRange {
        /// The labels' file, or the data set's name.
        file: PathBuf,
        /// Offset in the file.
        offset: u64,
        /// Sample.
        sample: usize,
        /// Label found.
        found: u8,
        /// Number of classes.
        classes: usize,
    },
    /// A data set's parts do not fit together.
    #[error("data set {name}: {what}: expected {expected}, found {found}")]
    Inconsistent {
        /// Data set.
        name: String,
        /// Which part.
        what: &'static str,
        /// What would be right.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A sample that is not in the set.
    #[error("data set {name} has {len} samples: there is no sample {index}")]
    NoSuchSample {
        /// Data set.
        name: String,
        /// Index asked for.
        index: usize,
        /// Samples there are.
        len: usize,
    },
    /// No data set of that name.
    #[error("unknown data set `{name}`: known are {}", known.join(", "))]
    UnknownDataset {
        /// Name asked for.
        name: String,
        /// Names that exist.
        known: Vec<&'static str>,
    },
    /// A known data set that is nowhere on this machine.
    #[error("data set {name} not found: {file} is in none of\n{}", bullet_list(looked_in))]
    NotFound {
        /// Data set.
        name: String,
        /// First file that is missing.
        file: String,
        /// Folders looked in, in order, each with why it was not accepted.
        looked_in: Vec<String>,
        /// Debian package that carries the set.
        debian_package: Option<&'static str>,
    },
    /// The bytes are not those of the known data set.
    #[error("{}: SHA-256 {found}, expected {expected}", file.display())]
    WrongHash {
        /// File.
        file: PathBuf,
        /// Address that it was downloaded from, if it was.
        url: Option<String>,
        /// Hash of the true file.
        expected: String,
        /// Hash found.
        found: String,
    },
    /// The server's file is larger than the true one can be.
    #[error("{url}: the file has at most {expected} bytes, the server sends {found} or more")]
    WrongSize {
        /// Address.
        url: String,
        /// Most bytes that the true file can have, however it is packed.
        expected: u64,
        /// Bytes offered or sent.
        found: u64,
    },
    /// The server answered, but not with the file.
    #[error("{url}: the server answered with status {status}")]
    HttpStatus {
        /// Address.
        url: String,
        /// HTTP status code.
        status: u16,
    },
    /// No connection, or none that works.
    #[error("{url}: {message}")]
    Connection {
        /// Address.
        url: String,
        /// What went wrong.
        message: String,
    },
    /// The connection was cut or stalled; what came is kept.
    #[error("{url}: {message} after {}, kept in {}", of_bytes(*have, *expected), part.display())]
    Interrupted {
        /// Address.
        url: String,
        /// What went wrong.
        message: String,
        /// The partial file.
        part: PathBuf,
        /// Bytes so far.
        have: u64,
        /// Bytes of the whole file, if the server says.
        expected: Option<u64>,
    },
    /// The disk is full; what came is kept.
    #[error("no space left for {} ({} written)", file.display(), of_bytes(*have, *expected))]
    NoSpace {
        /// File being written.
        file: PathBuf,
        /// Bytes so far.
        have: u64,
        /// Bytes of the whole file, if the server says.
        expected: Option<u64>,
    },
    /// Another process downloads the same file.
    #[error("{} is being downloaded by another process", part.display())]
    Busy {
        /// The partial file that the other process holds.
        part: PathBuf,
    },
    /// A file of events is damaged, unknown, or cannot be written.
    #[error("{}: {fault}{}", file.display(), at_byte(*offset))]
    Events {
        /// File.
        file: PathBuf,
        /// Byte at which the fault lies, where it lies at one; in compressed packets, the packet's first byte.
        offset: Option<u64>,
        /// What is wrong.
        fault: EventFault,
    },
    /// A float input that is no intensity in 0..=1, such as NaN.
    #[error("sample {sample}, input {input}: {value} is not an intensity in 0..=1")]
    Intensity {
        /// Sample, counted from 0.
        sample: u32,
        /// Position in the sample.
        input: usize,
        /// Value found.
        value: f32,
    },
    /// A folder that should be a data set, and is not quite.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Classes that episodes cannot be drawn from.
    #[error(transparent)]
    Episodes(#[from] EpisodeError),
    /// Data sets that make no sequence of tasks.
    #[error(transparent)]
    Tasks(#[from] TaskError),
    /// A parameter out of its range.
    #[error("{what} = {value}: expected {expected}")]
    Parameter {
        /// Which parameter.
        what: &'static str,
        /// Value found.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
}

fn bullet_list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn at_byte(offset: Option<u64>) -> String {
    offset.map_or_else(String::new, |offset| format!(" (at byte {offset})"))
}

fn of_bytes(have: u64, expected: Option<u64>) -> String {
    expected.map_or_else(|| format!("{have} bytes"), |expected| format!("{have} of {expected} bytes"))
}

impl DataError {
    /// What the user can do about it, for a `hint:` line.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            DataError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "check the permissions of the file and of its folder".into()
            }
            DataError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space and run again".into()
            }
            DataError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path, and that it is the folder of this data set; IDX files have MNIST's names, or these with .gz".into()
            }
            DataError::Io { .. } | DataError::NoSuchSample { .. } => return None,
            DataError::NotIdx { .. } => {
                "IDX files begin with 00 00 08 and their rank; is this a download's error page?".into()
            }
            DataError::WrongRank { .. } => "are the images' and the labels' files swapped?".into(),
            DataError::Truncated { .. } | DataError::TrailingData { .. } | DataError::DamagedGzip { .. } => {
                "the file is damaged: fetch it again with `glocal data fetch`".into()
            }
            DataError::TooLarge { .. } => "the header is damaged, or the file is no data set of this kind".into(),
            DataError::CountMismatch { .. } => "are images and labels of the same split?".into(),
            DataError::LabelOutOfRange { .. } => "is this the labels' file of this data set?".into(),
            DataError::Inconsistent { expected, .. } => format!("give {expected}"),
            DataError::UnknownDataset { .. } => "`glocal data list` shows the known data sets".into(),
            DataError::NotFound { name, debian_package, .. } => not_found_hint(name, *debian_package),
            DataError::WrongHash { url: Some(_), .. } => {
                "the partial file was removed; run again, or give another mirror".into()
            }
            DataError::WrongHash { url: None, .. } => {
                "the file is not the published one: remove it and run `glocal data fetch`".into()
            }
            DataError::WrongSize { .. } => "the address serves another file: give another mirror".into(),
            DataError::HttpStatus { .. } => "try later, or give another mirror".into(),
            DataError::Connection { .. } => "check the network, the proxy settings and the address".into(),
            DataError::Interrupted { .. } => "run the same command again: it goes on where it stopped".into(),
            DataError::NoSpace { .. } => "free some space and run again: it goes on where it stopped".into(),
            DataError::Busy { .. } => "wait for the other download to end".into(),
            DataError::Events { fault, .. } => fault.hint(),
            DataError::Intensity { .. } => "scale the inputs to 0..=1, and leave no NaN in them".into(),
            DataError::Folder(error) => error.hint(),
            DataError::Episodes(error) => error.hint(),
            DataError::Tasks(error) => error.hint().into(),
            DataError::Parameter { what, expected, .. } => format!("set {what} to {expected}"),
        })
    }
}

fn not_found_hint(name: &str, debian_package: Option<&str>) -> String {
    let debian = debian_package.map(|package| format!(", or on Debian `apt install {package}`")).unwrap_or_default();
    format!("run `glocal data fetch {name}`{debian}, or name its folder with --data DIR or GLOCAL_DATA")
}
