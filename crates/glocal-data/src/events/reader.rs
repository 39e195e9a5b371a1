//! Reading a file of events, chunk by chunk or whole.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use crate::{
    DataError, Event, Recording, SensorSize,
    events::{
        EventFault, Format, LeftOut, ReadOptions, Strictness,
        decode::{self, Decode},
        sink::{Located, Sink},
        window::{WINDOW_BYTES, Window},
    },
};

/// Reads events from a stream of bytes, chunk by chunk.
///
/// Memory: one window of bytes and the events in it; see [the module](crate::events) for the exceptions.
pub struct EventReader<'a> {
    file: PathBuf,
    format: Format,
    window: Window<'a>,
    decoder: Box<dyn Decode>,
    sink: Sink,
}

/// Opens the file `path`.
///
/// # Errors
/// As [`EventReader::new`]; the file cannot be opened.
pub fn open(path: &Path, options: &ReadOptions) -> Result<EventReader<'static>, DataError> {
    let file = File::open(path).map_err(|source| DataError::Io { file: path.to_owned(), action: "open", source })?;
    EventReader::new(file, path, options)
}

/// Reads all events of `source`, and says what was left out; `name` stands for the file in errors.
///
/// # Errors
/// As [`EventReader::new`] and [`EventReader::next_chunk`]; strict reading refuses more than
/// [`Limits::events`](crate::events::Limits::events), lenient reading keeps the first of them.
pub fn read_recording(
    source: impl Read,
    name: &Path,
    options: &ReadOptions,
) -> Result<(Recording, LeftOut), DataError> {
    let mut reader = EventReader::new(source, name, options)?;
    let mut recording = Recording { sensor: reader.sensor(), events: Vec::new() };
    let cap = options.limits.events;
    while let Some(chunk) = reader.next_chunk()? {
        let room = usize::try_from(cap).unwrap_or(usize::MAX) - recording.events.len();
        let kept = chunk.get(..room).unwrap_or(chunk);
        recording.events.extend_from_slice(kept);
        let surplus = chunk.len() - kept.len();
        if surplus > 0 {
            reader.sink.left_out.over_limit = surplus as u64;
            let fault = EventFault::TooLarge { what: "number of events", found: cap.saturating_add(1), cap };
            reader.stop(fault, options.strictness)?;
        }
    }
    Ok((recording, reader.left_out()))
}

impl<'a> EventReader<'a> {
    /// Reads the header of `source`; `name` stands for the file in errors and, where the content leaves it open, tells
    /// the format by its extension.
    ///
    /// # Errors
    /// An empty file, an unknown format, a damaged header, a sensor of unknown size; whatever `source` answers.
    pub fn new(source: impl Read + 'a, name: &Path, options: &ReadOptions) -> Result<Self, DataError> {
        let mut window = Window::new(source);
        let head = window.fill(WINDOW_BYTES).map_err(|source| read_error(name, source))?;
        let format = match options.format {
            _ if head.is_empty() => Err(EventFault::Empty),
            Some(format) => Ok(format),
            None => Format::detect(head, name),
        };
        let format = format.map_err(|fault| DataError::Events { file: name.into(), offset: Some(0), fault })?;
        let started = decode::start(format, &mut window, options).map_err(|error| error.of(name))?;
        let sink = Sink::new(started.sensor, options.strictness);
        Ok(EventReader { file: name.into(), format, window, decoder: started.decoder, sink })
    }

    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The sensor.
    pub fn sensor(&self) -> SensorSize {
        self.sink.sensor()
    }

    /// What was left out so far.
    pub fn left_out(&self) -> LeftOut {
        self.sink.left_out
    }

    /// The next events, never none; `None` at the end.
    ///
    /// # Errors
    /// Strict reading: the first fault, with its byte. Any reading: whatever the source answers.
    pub fn next_chunk(&mut self) -> Result<Option<&[Event]>, DataError> {
        self.sink.events.clear();
        while self.sink.events.is_empty() && !self.sink.ended {
            self.advance()?;
        }
        Ok(Some(self.sink.events.as_slice()).filter(|events| !events.is_empty()))
    }

    fn advance(&mut self) -> Result<(), DataError> {
        let needed = self.decoder.needs().max(1);
        let bytes = self.window.fill(needed).map_err(|source| read_error(&self.file, source))?.len();
        let (bytes, offset) = (self.window.bytes().get(..bytes).unwrap_or_default(), self.window.offset());
        if bytes.len() >= needed {
            let used = self.decoder.decode(bytes, offset, &mut self.sink);
            debug_assert!(used > 0 || self.sink.ended || self.decoder.needs() > needed, "a decoder makes headway");
            self.window.consume(used);
        } else {
            self.decoder.finish(bytes, offset, &mut self.sink);
        }
        self.sink.take_fault().map_or(Ok(()), |located| Err(self.error(located)))
    }

    fn stop(&mut self, fault: EventFault, strictness: Strictness) -> Result<(), DataError> {
        self.sink.ended = true;
        match strictness {
            Strictness::Strict => Err(self.error(Located { offset: self.window.offset(), fault })),
            Strictness::Lenient => Ok(()),
        }
    }

    fn error(&mut self, Located { offset, fault }: Located) -> DataError {
        self.sink.ended = true;
        DataError::Events { file: self.file.clone(), offset: Some(offset), fault }
    }
}

fn read_error(name: &Path, source: std::io::Error) -> DataError {
    DataError::Io { file: name.into(), action: "read", source }
}
