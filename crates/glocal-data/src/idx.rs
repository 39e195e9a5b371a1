//! The IDX format of MNIST and its relatives, plain or gzip.
//!
//! ```text
//! offset 0  00 00      always zero
//! offset 2  08         element type: unsigned byte
//! offset 3  rank       number of dimensions
//! offset 4  u32 x rank sizes, big-endian
//! then      data       row-major
//! ```
//!
//! # References
//! <http://yann.lecun.com/exdb/mnist/>, "The IDX file format"; RFC 1952 (gzip).

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use crate::DataError;

/// Enough for every known image set (60,000 x 28 x 28 is 47 MB), small enough to be refused early when damaged.
pub const DEFAULT_CAP_BYTES: u64 = 1 << 30;

/// Memory is taken in steps of this size while data really arrive, so that a lying header costs nothing.
const CHUNK_BYTES: usize = 1 << 16;

/// An array of bytes as an IDX file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxArray {
    /// Sizes, slowest-changing first.
    pub shape: Vec<u32>,
    /// Row-major; its length is the product of `shape`.
    pub data: Vec<u8>,
}

/// Reads the file `path`, plain or gzip whatever its name says.
///
/// A plain file's length is compared to its header before anything is allocated.
///
/// # Errors
/// The file cannot be read, is not IDX of bytes, ends early, goes on too long, is damaged gzip, or declares more
/// than `cap_bytes` of data.
pub fn read_file(path: &Path, cap_bytes: u64) -> Result<IdxArray, DataError> {
    let (length, source) = open(path)?;
    read_plain(source, path, cap_bytes, length)
}

/// Reads IDX bytes from `source`, unpacking gzip if the first bytes say so; `name` stands for the file in errors.
///
/// Keeps no more than the header declares and reads at most one byte beyond: memory stays bounded by what really
/// arrives and by `cap_bytes`, however far a gzip bomb would unpack.
///
/// # Errors
/// As [`read_file`].
pub fn read(source: impl Read, name: &Path, cap_bytes: u64) -> Result<IdxArray, DataError> {
    let (_, source) = unpacked(source).map_err(|source| DataError::Io { file: name.into(), action: "read", source })?;
    read_plain(source, name, cap_bytes, None)
}

/// Writes `array` as plain IDX.
///
/// # Errors
/// [`DataError::Inconsistent`] if the shape does not fit the data; whatever `sink` answers, with `name` for the file.
pub fn write(array: &IdxArray, mut sink: impl Write, name: &Path) -> Result<(), DataError> {
    let rank = u8::try_from(array.shape.len()).ok();
    let (Some(rank), true) = (rank, byte_count(&array.shape) == Some(array.data.len() as u64)) else {
        return Err(DataError::Inconsistent {
            name: name.display().to_string(),
            what: "IDX shape",
            expected: format!("the shape of {} bytes", array.data.len()),
            found: format!("{:?}", array.shape),
        });
    };
    let mut header = vec![0, 0, 8, rank];
    array.shape.iter().for_each(|size| header.extend(size.to_be_bytes()));
    let written = sink.write_all(&header).and_then(|()| sink.write_all(&array.data)).and_then(|()| sink.flush());
    written.map_err(|source| DataError::Io { file: name.into(), action: "write", source })
}

/// How the bytes of a file are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// Compressed as RFC 1952 says.
    Gzip,
}

/// The content of `source`, unpacked if its first bytes are gzip's `1f 8b`: names lie, magic bytes do not.
///
/// # Errors
/// The first bytes cannot be read.
pub fn unpacked<'a>(mut source: impl Read + 'a) -> io::Result<(Packing, Box<dyn Read + 'a>)> {
    let mut magic = Vec::with_capacity(2);
    source.by_ref().take(2).read_to_end(&mut magic)?;
    let gzip = magic == [0x1f, 0x8b];
    let whole = BufReader::with_capacity(CHUNK_BYTES, io::Cursor::new(magic).chain(source));
    Ok(if gzip { (Packing::Gzip, Box::new(MultiGzDecoder::new(whole))) } else { (Packing::Plain, Box::new(whole)) })
}

/// Unpacked content of a file, and its length where that is known beforehand.
pub(crate) fn open(path: &Path) -> Result<(Option<u64>, Box<dyn Read>), DataError> {
    let io_error = |action| move |source| DataError::Io { file: path.into(), action, source };
    let file = File::open(path).map_err(io_error("open"))?;
    let metadata = file.metadata().map_err(io_error("inspect"))?;
    let (packing, source) = unpacked(file).map_err(io_error("read"))?;
    // Pipes and devices have no length to compare.
    let length = (packing == Packing::Plain && metadata.is_file()).then_some(metadata.len());
    Ok((length, source))
}

/// Reads unpacked IDX; `length` is the length of the whole file where it is known.
pub(crate) fn read_plain(
    source: impl Read,
    name: &Path,
    cap_bytes: u64,
    length: Option<u64>,
) -> Result<IdxArray, DataError> {
    let mut source = Counted { inner: source, offset: 0, name };
    let shape = read_header(&mut source)?;
    let size = byte_count(&shape).filter(|&size| size <= cap_bytes).ok_or_else(|| DataError::TooLarge {
        file: name.into(),
        shape: shape.clone(),
        cap: cap_bytes,
    })?;
    let end = source.offset.saturating_add(size);
    if let Some(found) = length.filter(|&found| found < end) {
        return Err(DataError::Truncated { file: name.into(), expected: end, found });
    }
    let data = source.read_data(size, end)?;
    if source.read_up_to(&mut [0])? != 0 {
        return Err(DataError::TrailingData { file: name.into(), expected: end });
    }
    Ok(IdxArray { shape, data })
}

/// Product of the sizes, if it can be counted at all.
fn byte_count(shape: &[u32]) -> Option<u64> {
    // A later size of zero would make the product zero: overflow before it is damage all the same.
    shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(u64::from(size)))
}

fn read_header<R: Read>(source: &mut Counted<'_, R>) -> Result<Vec<u32>, DataError> {
    let mut magic = [0; 4];
    let found = source.read_up_to(&mut magic)?;
    if found < 4 || magic[..3] != [0, 0, 8] {
        return Err(DataError::NotIdx {
            file: source.name.into(),
            offset: 0,
            expected: "00 00 08 rank".into(),
            found: spaced_hex(&magic[..found]),
        });
    }
    let rank = usize::from(magic[3]);
    let mut sizes = vec![0; 4 * rank];
    let found = source.read_up_to(&mut sizes)?;
    if found < sizes.len() {
        let expected = 4 + sizes.len() as u64;
        return Err(DataError::Truncated { file: source.name.into(), expected, found: source.offset });
    }
    Ok(sizes.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect())
}

fn spaced_hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the end of the file".into();
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

/// Knows how far it has come, for errors.
struct Counted<'a, R> {
    inner: R,
    offset: u64,
    name: &'a Path,
}

impl<R: Read> Counted<'_, R> {
    /// Fills the buffer as far as the source goes; returns the bytes read.
    fn read_up_to(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.inner.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.offset += filled as u64;
                    return Err(self.failure(error));
                }
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }

    /// Exactly `size` bytes; grows with what arrives, never ahead of it by more than a factor of two.
    fn read_data(&mut self, size: u64, end: u64) -> Result<Vec<u8>, DataError> {
        let mut data = Vec::new();
        while (data.len() as u64) < size {
            let left = size - data.len() as u64;
            let step = left.min(data.len().max(CHUNK_BYTES) as u64) as usize;
            let start = data.len();
            if data.try_reserve_exact(step).is_err() {
                return Err(self.failure(io::ErrorKind::OutOfMemory.into()));
            }
            data.resize(start + step, 0);
            if self.read_up_to(&mut data[start..])? < step {
                return Err(DataError::Truncated { file: self.name.into(), expected: end, found: self.offset });
            }
        }
        Ok(data)
    }

    fn failure(&self, source: io::Error) -> DataError {
        read_failure(self.name, self.offset, source)
    }
}

/// Tells what the unpacking refuses from what the system does.
pub(crate) fn read_failure(name: &Path, offset: u64, source: io::Error) -> DataError {
    match source.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            DataError::DamagedGzip { file: name.into(), offset, source }
        }
        _ => DataError::Io { file: name.into(), action: "read", source },
    }
}
