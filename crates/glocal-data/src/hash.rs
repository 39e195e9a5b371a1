//! SHA-256 of files and of what flows through a reader.

use std::{
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::{DataError, idx};

/// A SHA-256 digest in lower-case hexadecimal.
pub type Hex = String;

/// SHA-256 of what is in the file, unpacked if it is gzip; reads no more than `cap` bytes of content.
///
/// # Errors
/// The file cannot be opened or read, is damaged gzip, or holds more than `cap` bytes.
pub fn content_sha256(path: &Path, cap: u64) -> Result<Hex, DataError> {
    let (_, content) = idx::open(path)?;
    let mut reader = HashingReader::new(content.take(cap.saturating_add(1)));
    let bytes = match io::copy(&mut reader, &mut io::sink()) {
        Ok(bytes) => bytes,
        Err(source) => return Err(idx::read_failure(path, reader.bytes, source)),
    };
    if bytes > cap {
        return Err(DataError::TrailingData { file: path.into(), expected: cap });
    }
    Ok(reader.finish())
}

/// Passes bytes through and hashes them on the way.
pub struct HashingReader<R> {
    inner: R,
    hasher: Sha256,
    bytes: u64,
}

impl<R: Read> HashingReader<R> {
    /// A reader that hashes all that is read from `inner`.
    pub fn new(inner: R) -> Self {
        HashingReader { inner, hasher: Sha256::new(), bytes: 0 }
    }

    /// The digest of all bytes read so far.
    pub fn finish(self) -> Hex {
        hex(&self.hasher.finalize())
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> Hex {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char]).collect()
}
