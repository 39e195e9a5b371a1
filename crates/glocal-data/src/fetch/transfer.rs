//! One request and what comes of it.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
    time::Duration,
};

use ureq::{
    Agent,
    http::{Response, StatusCode, header},
};

use super::{Progress, existing_bytes, io_error};
use crate::{DataError, registry::KnownFile};

const PIECE_BYTES: usize = 1 << 16;

/// The client.
pub(super) struct Transfer {
    agent: Agent,
}

/// What the server has agreed to send.
struct Offer {
    /// Where in the file it begins.
    start: u64,
    /// Bytes of the whole file, if it says.
    total: Option<u64>,
}

impl Transfer {
    /// Gives up when a server is silent for as long as `silence`.
    pub(super) fn new(silence: Duration) -> Self {
        let silence = Some(silence);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(silence)
            .timeout_recv_response(silence)
            .timeout_per_read(silence)
            // However slowly a server drips.
            .timeout_global(Some(Duration::from_secs(6 * 3600)))
            .user_agent(concat!("glocal/", env!("CARGO_PKG_VERSION")))
            .build();
        Transfer { agent: config.new_agent() }
    }

    /// Brings `part` up to the whole file.
    pub(super) fn run(
        &self,
        file: &KnownFile,
        url: &str,
        part: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), DataError> {
        let have = existing_bytes(part);
        let response = self.request(url, have)?;
        let offer = offer(&response, url, have)?;
        let cap = most_bytes(file);
        if let Some(found) = offer.total.filter(|&total| total > cap) {
            return Err(DataError::WrongSize { url: url.into(), expected: cap, found });
        }
        let target = open_part(part, offer.start)?;
        let mut piece = Piece { url, part, have: offer.start, total: offer.total, cap };
        let mut report = |have| progress(Progress { file: file.name, have, total: offer.total });
        piece.copy(response.into_body().into_reader(), target, &mut report)
    }

    fn request(&self, url: &str, have: u64) -> Result<Response<ureq::Body>, DataError> {
        // The bytes of the file as it is: a server that packs it once more would make ranges meaningless.
        let mut request = self.agent.get(url).header(header::ACCEPT_ENCODING, "identity");
        if have > 0 {
            request = request.header(header::RANGE, format!("bytes={have}-"));
        }
        request.call().map_err(|error| DataError::Connection { url: url.into(), message: error.to_string() })
    }
}

/// No compression makes a file longer than this: gzip's stored blocks add 5 bytes per 64 KiB, plus a header.
fn most_bytes(file: &KnownFile) -> u64 {
    file.content_bytes + file.content_bytes / 1000 + 1024
}

/// A server may ignore the range and begin anew.
fn offer(response: &Response<ureq::Body>, url: &str, have: u64) -> Result<Offer, DataError> {
    let wrong = |message: String| DataError::Connection { url: url.into(), message };
    match response.status() {
        StatusCode::OK => Ok(Offer { start: 0, total: response.body().content_length() }),
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
            let (start, total) = range
                .and_then(parse_content_range)
                .ok_or_else(|| wrong(format!("the server answers with no understandable range: {range:?}")))?;
            if start != have {
                return Err(wrong(format!("asked for the bytes from {have}, the server sends those from {start}")));
            }
            Ok(Offer { start, total })
        }
        status => Err(DataError::HttpStatus { url: url.into(), status: status.as_u16() }),
    }
}

/// First byte and size of the whole of `bytes FIRST-LAST/WHOLE`, whose size may be `*`.
fn parse_content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, whole) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-')?.0.trim().parse().ok()?;
    match whole.trim() {
        "*" => Some((start, None)),
        whole => Some((start, Some(whole.parse().ok()?))),
    }
}

/// Opened to go on at `start`, which is the end of what is there, or 0.
fn open_part(part: &Path, start: u64) -> Result<File, DataError> {
    let options = if start == 0 {
        File::options().write(true).create(true).truncate(true).clone()
    } else {
        File::options().append(true).clone()
    };
    options.open(part).map_err(|source| io_error(part, "open", source))
}

/// The bytes under way.
struct Piece<'a> {
    url: &'a str,
    part: &'a Path,
    have: u64,
    total: Option<u64>,
    cap: u64,
}

impl Piece<'_> {
    /// Copies until the source ends; what was written stays whatever happens.
    fn copy(
        &mut self,
        mut source: impl Read,
        mut target: impl Write,
        report: &mut dyn FnMut(u64),
    ) -> Result<(), DataError> {
        let mut buffer = vec![0; PIECE_BYTES];
        report(self.have);
        loop {
            let count = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.interrupted(error.to_string())),
            };
            if self.have + count as u64 > self.cap {
                return Err(DataError::WrongSize {
                    url: self.url.into(),
                    expected: self.cap,
                    found: self.have + count as u64,
                });
            }
            target.write_all(&buffer[..count]).map_err(|error| self.write_error(error))?;
            self.have += count as u64;
            report(self.have);
        }
        target.flush().map_err(|error| self.write_error(error))?;
        match self.total {
            Some(total) if self.have < total => Err(self.interrupted("the connection ended".into())),
            _ => Ok(()),
        }
    }

    fn interrupted(&self, message: String) -> DataError {
        DataError::Interrupted {
            url: self.url.into(),
            message,
            part: self.part.into(),
            have: self.have,
            expected: self.total,
        }
    }

    fn write_error(&self, source: io::Error) -> DataError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                DataError::NoSpace { file: self.part.into(), have: self.have, expected: self.total }
            }
            _ => io_error(self.part, "write", source),
        }
    }
}
