//! A moving window over a stream of bytes.

use std::io::{self, ErrorKind, Read};

/// What is read at once where a decoder asks for no more.
pub(crate) const WINDOW_BYTES: usize = 1 << 16;

/// The bytes of a file that lie in memory, and where they lie in the file.
pub(crate) struct Window<'a> {
    source: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
}

impl<'a> Window<'a> {
    pub(crate) fn new(source: impl Read + 'a) -> Self {
        Window { source: Box::new(source), buffer: vec![0; WINDOW_BYTES], start: 0, end: 0, offset: 0 }
    }

    /// Where the window's first byte lies in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes from here on: at least `needed`, or all that are left if those are fewer.
    ///
    /// Memory grows with what really arrives, by a factor of two at most.
    pub(crate) fn fill(&mut self, needed: usize) -> io::Result<&[u8]> {
        if self.end - self.start < needed {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < needed && self.read_more(needed)? {}
        }
        Ok(self.bytes())
    }

    /// Moves on by `count` bytes, or to the end of the window.
    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// The bytes that are here already.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The bytes that are here already, taken out of the window.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.truncate(self.end);
        bytes.drain(..self.start);
        self.offset += bytes.len() as u64;
        (self.start, self.end) = (0, 0);
        bytes
    }

    /// Whether anything came.
    fn read_more(&mut self, needed: usize) -> io::Result<bool> {
        if self.end == self.buffer.len() {
            let longer = needed.min(2 * self.end).max(WINDOW_BYTES);
            self.buffer.try_reserve_exact(longer - self.end).map_err(|_| ErrorKind::OutOfMemory)?;
            self.buffer.resize(longer, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_lies_together() {
        let bytes: Vec<u8> = (0..3 * WINDOW_BYTES).map(|i| (i % 251) as u8).collect();
        let mut window = Window::new(bytes.as_slice());
        let (skip, needed) = (WINDOW_BYTES - 3, WINDOW_BYTES + 10);
        window.fill(1).unwrap();
        window.consume(skip);
        assert_eq!(&window.fill(needed).unwrap()[..needed], &bytes[skip..][..needed]);
        assert_eq!(window.offset(), skip as u64);
        window.consume(needed);
        assert_eq!(window.fill(usize::MAX).unwrap(), &bytes[skip + needed..]);
    }

    #[test]
    fn memory_follows_what_arrives() {
        let mut window = Window::new(&b"abc"[..]);
        assert_eq!(window.fill(usize::MAX).unwrap(), b"abc");
        assert_eq!(window.buffer.len(), WINDOW_BYTES);
    }
}
